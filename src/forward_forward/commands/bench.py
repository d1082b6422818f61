"""`ff bench`: how fast it is."""

import ast
import importlib
import importlib.util
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.completion import begun
from forward_forward.commands.given import Device
from forward_forward.commands.parts import find_device
from forward_forward.commands.program import say_json
from forward_forward.discover import pick, submodules
from forward_forward.records import write_atomically


def _names(incomplete: str) -> list[str]:
    return begun(benchmarks(), incomplete)


def bench(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Which one: memory, predict, step …; a wrong name lists near ones.",
            show_default="all of them",
            autocompletion=_names,
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small and short, to see that it runs.")
    ] = False,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    save: Annotated[
        Path | None, typer.Option(help="Folder that keeps the figures, for `ff report` to draw.")
    ] = None,
) -> None:
    """Measure speed against rivals, all in one run.

    Without a name all benchmarks run, one after the other.
    """
    known = benchmarks()
    chosen = list(known) if name is None else [pick({n: n for n in known}, name, "benchmark")]
    if save is not None:
        from forward_forward.training.checkpoints import check_writable

        check_writable(save)
    found = {}
    for each in chosen:
        if not as_json:
            from forward_forward.console import say

            say(f"{each}: {known[each]}")
        module = importlib.import_module(f"forward_forward.benchmarks.{each}")
        options = {"quick": quick, "device": find_device(device), "tell": _progress}
        takes = inspect.signature(module.run).parameters
        found[each] = module.run(**{key: v for key, v in options.items() if key in takes})
        if save is not None:
            write_atomically(save / f"{each}.json", json.dumps(found[each], indent=1) + "\n")
        if not as_json:
            _tell(found[each])
    if as_json:
        say_json(found if name is None else found[chosen[0]])


def _progress(text: str) -> None:
    from forward_forward.console import say

    say(text, stderr=True)


def benchmarks() -> dict[str, str]:
    """Return the name of every benchmark and what it measures, without importing any."""
    from forward_forward import benchmarks as package

    found = {name: _description(full) for name, full in submodules(package).items()}
    return {name: text for name, text in found.items() if text is not None}


def _description(module: str) -> str | None:
    """Return the text of a module's `DESCRIPTION`, None where it has none."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    for statement in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "DESCRIPTION":
            return str(ast.literal_eval(statement.value))
    return None


def _tell(figures: dict[str, Any]) -> None:
    from forward_forward.console import say_table

    say_table(["figure", "value "], list(_flat(figures)))


def _flat(figures: dict[str, Any], prefix: str = "") -> Iterator[list[str]]:
    for key, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield [f"{prefix}{key}", f"{value:g}" if isinstance(value, float) else str(value)]
