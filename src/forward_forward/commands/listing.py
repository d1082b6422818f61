"""`ff list`: what there is to choose from."""

import inspect
from typing import Annotated, Any

import typer

from forward_forward.commands.program import say_json


def listing(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List recipes, data sets, and the parts that options name.

    Of a part any beginning of its name that fits no other will do, in capitals or not.
    """
    from pathlib import Path

    from forward_forward.commands.parts import known_parts
    from forward_forward.data import dataset

    found = {
        "recipes": _recipes(Path("records")),
        "data": [{"name": n, "about": _first_line(dataset.find(n))} for n in dataset.names()],
        "parts": {
            kind: [{"name": n, "about": about(n, part)} for n, part in parts.items()]
            for kind, parts in known_parts().items()
        },
    }
    if as_json:
        say_json(found)
    else:
        _tell(found)


def about(name: str, part: Any) -> str:
    """Return the first line of a part's docstring; of a named value, what it is."""
    value = inspect.isfunction(part) or inspect.isclass(part)
    return _first_line(part) if value else _comment_below(name, part)


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").partition("\n")[0]


def _comment_below(name: str, value: Any) -> str:
    """Return the string that stands below `name = ...` in the module that defines the value's class."""
    import ast

    module = inspect.getmodule(type(value))
    body = ast.parse(inspect.getsource(module)).body if module is not None else []
    for statement, below in zip(body, body[1:], strict=False):
        named = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return " ".join(str(below.value.value).split())
    return ""


def _recipes(root: Any) -> list[dict[str, Any]]:
    import importlib

    from forward_forward import records, results
    from forward_forward.recipes import find, names

    rows = results.summarize(records.read_all(root), {n: find(n).claims for n in names()})
    keys = ("metric", "unit", "paper", "mean", "std", "n", "verdict")
    return [
        {
            "name": name,
            "about": _first_line(importlib.import_module(f"forward_forward.recipes.{name}")),
            "data": find(name).dataset,
            "claims": [{key: row[key] for key in keys} for row in rows if row["recipe"] == name],
        }
        for name in names()
    ]


def _tell(found: dict[str, Any]) -> None:
    from forward_forward.console import say_table
    from forward_forward.results import show, show_spread

    rows = []
    for recipe in found["recipes"]:
        claim = recipe["claims"][0]
        paper, ours = show(claim["metric"], claim["paper"]), show_spread(claim["metric"], claim)
        rows.append([recipe["name"], claim["unit"], paper, ours, recipe["about"]])
    say_table(["recipe", "unit ", "paper", "ours (n)", "about "], rows)
    say_table(["data set", "about "], [[row["name"], row["about"]] for row in found["data"]])
    for kind, parts in found["parts"].items():
        say_table([f"--{kind}", "about "], [[part["name"], part["about"]] for part in parts])
