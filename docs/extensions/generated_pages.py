"""Pages that are made when the site is built, into `generated/`: nothing that stands elsewhere is copied by hand.

One for each group of modules, from docstrings; one for each recipe, from its docstring and its records; the options
of `ff`; and README, CHANGELOG, LOG, CONTRIBUTING and RESULTS, with their links bent to where things are on the site.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forward_forward import _HOMES, recipes, results
from forward_forward.records import read_all

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
SOURCE = ROOT / "src" / "forward_forward"
GENERATED = DOCS / "generated"
SHARED = {f"{name}.md" for name in ("README", "CHANGELOG", "LOG", "CONTRIBUTING", "RESULTS")}

# In the order data flows; the first group that names a module, or a package above it, has it.
GROUPS = {
    "Data": "data encoding video",
    "Positives and negatives": "labels negatives hybrids generated adversarial augment",
    "Goodness, losses, normalisation": "goodness losses normalization slopes",
    "Layers": "layers",
    "Networks": "networks",
    "Learning": "training",
    "Readouts": "readout context",
    "Rivals by backpropagation": "baselines",
    "Records, results, reports": "records results tables report pictures overview gallery exhibits",
    "Models": "models model_folder model_card model_checks blueprints hub answers",
    "Experiments": "recipes reproduce experiment composition text_composition tuning journal events",
    "Estimators": "estimators",
    "Streams": "streams",
    "Beyond backpropagation": "beyond",
    "Hardware": "hardware",
    "Export": "export",
    "The page": "web",
    "Benchmarks": "benchmarks memory",
    "Underneath": "",  # all the rest
}
LEFT_OUT = (
    "commands cli __main__ console beyond.external_child"  # they are the program; see commands.md
)


def setup(app: Any) -> dict[str, bool]:
    """Write the pages before anything is read, and bend links as files are."""
    app.connect("builder-inited", lambda app: write_pages())
    app.connect("source-read", bend)
    return {"parallel_read_safe": True}


def write_pages() -> None:
    """Write every page; one that has not changed keeps its date, one that is no longer made goes."""
    pages = {Path(name): text for name, text in _pages()}
    for old in set(GENERATED.rglob("*.md")) - {GENERATED / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        path = GENERATED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _pages() -> Iterator[tuple[str, str]]:
    yield from _recipe_pages()
    yield from _module_pages()
    yield "commands.md", "\n".join(_command_page())
    for name in sorted(SHARED):
        text = (ROOT / name).read_text(encoding="utf-8")
        yield name.lower(), relinked(text, ROOT, GENERATED)


# --- links ---


def bend(app: Any, docname: str, source: list[str]) -> None:
    """Bend the links of a page that is read where it is written; the first page lists the pages there are.

    An example ends with an empty line, for doctest; the reader need not see it.
    """
    source[0] = source[0].replace("\n\n```\n", "\n```\n")
    if not docname.startswith("generated/"):
        here = (DOCS / docname).parent
        source[0] = relinked(source[0], here, here)


def relinked(text: str, old: Path, new: Path) -> str:
    """Return a page's text, written for the folder `old`, with links that hold in the folder `new` of the site.

    A link to a file that is not on the site becomes its words.
    """

    def link(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        path, mark, anchor = target.partition("#")
        if "://" in target or not path:
            return match[0]
        there = Path(os.path.normpath(old / path))
        if there.parent == ROOT and there.name in SHARED:
            there = GENERATED / there.name.lower()
        elif not there.is_relative_to(DOCS):
            return words
        return f"{picture}[{words}]({os.path.relpath(there, new)}{mark}{anchor})"

    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", link, text)


# --- recipes ---


def _recipe_pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each recipe, and one that lists them."""
    names = recipes.names()
    rows = results.summarize(
        read_all(ROOT / "records"), {name: recipes.find(name).claims for name in names}
    )
    entries = []
    for name in names:
        said = _docstring(SOURCE / "recipes" / f"{name}.py")
        own = [row for row in rows if row["recipe"] == name]
        entries.append((name, said.partition("\n")[0], sorted({row["verdict"] for row in own})))
        yield f"recipes/{name}.md", _recipe_page(name, said, own)
    table = _table(
        ("recipe", "what it is", "verdicts"),
        [(f"[`{name}`]({name}.md)", what, ", ".join(each)) for name, what, each in entries],
    )
    verdicts = re.search(r"How to read a verdict:.*", results.HEADER, re.DOTALL)[0]  # type: ignore[index]
    yield "recipes/index.md", _page("Reproductions", _RECIPES, table, verdicts, _toctree(names))


_RECIPES = """\
One page for each claim: what the source says and where it stands, the numbered differences from it, its figure beside
ours, and the command that makes ours again. They are made from the recipes' docstrings and from the records."""


def _recipe_page(name: str, said: str, rows: list[dict[str, Any]]) -> str:
    cells = [results.claim_cells(row) for row in rows]
    sources = [row["source"] or "–" for row in rows]
    columns = ("metric", "where it stands", "paper", "target", "ours (n)", "verdict")
    table = _table(
        columns,
        [
            (c[1], source, *(number.replace(" ", "\u00a0") for number in c[2:5]), c[5])
            for c, source in zip(cells, sources, strict=True)
        ],
    )
    parts = [_linked(said, name), "## Beside the source", table]
    if any(row["n"] for row in rows):
        minutes, machine, commit = cells[0][6:9]
        parts.append(f"{minutes} minutes a seed; {machine}; commit {commit}.")
    measures = [cells[1:] for cells in results.measure_cells(rows[0])]
    if measures:
        parts += ["## Other measures", _table(("measure", "ours (n)"), measures)]
    parts += ["## Run it again", f"```console\n$ {rows[0]['command']} --resume\n```"]
    return _page(f"`{name}`", *parts, f"The whole recipe: `src/forward_forward/recipes/{name}.py`.")


def _linked(said: str, name: str) -> str:
    """Return a recipe's docstring with links to the other recipes that it names."""
    others = "|".join(other for other in recipes.names() if other != name)
    return re.sub(rf"`({others})(\.py)?`", r"[`\1`](\1.md)", said)


# --- modules ---


def _module_pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each group of modules, and one that lists the groups."""
    grouped: dict[str, list[str]] = {group: [] for group in GROUPS}
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if path.name != "__init__.py" and not _within(module, LEFT_OUT) and not _is_recipe(module):
            grouped[_group_of(module)].append(module)
    groups = {group: modules for group, modules in grouped.items() if modules}
    for group, modules in groups.items():
        table = _table(("module", "owns"), [(f"[`{m}`](#{_slug(m)})", _owns(m)) for m in modules])
        yield f"api/{_slug(group)}.md", _page(group, table, *map(_module_section, modules))
    names = _table(
        ("names of daily use, as `forward_forward.Name`", "where they are"),
        [
            (", ".join(f"`{name}`" for name in names), f"[`{module}`]({_place_of(module)})")
            for module, names in _HOMES.items()
            if not _is_recipe(module)
        ],
    )
    listed = [
        (f"[{g}]({_slug(g)}.md)", ", ".join(f"`{m}`" for m in ms)) for g, ms in groups.items()
    ]
    parts = _API, _table(("group", "modules"), listed), names, _toctree(list(map(_slug, groups)))
    yield "api/index.md", _page("API", *parts)


_API = (
    "In the order data flows, as in [design](../../design.md); every page is made from docstrings."
)


def _module_section(module: str) -> str:
    directive = f"```{{eval-rst}}\n.. automodule:: forward_forward.{module}\n```"
    return f"({_slug(module)})=\n\n## `{module}`\n\n{directive}"


def _owns(module: str) -> str:
    return _docstring(SOURCE / f"{module.replace('.', '/')}.py").partition("\n")[0]


def _place_of(module: str) -> str:
    """Return where a module is told of: its section, or the page of a package."""
    page = f"{_slug(_group_of(module))}.md"
    is_file = (SOURCE / f"{module.replace('.', '/')}.py").exists()
    return f"{page}#{_slug(module)}" if is_file else page


def _group_of(module: str) -> str:
    return next((g for g, names in GROUPS.items() if _within(module, names)), list(GROUPS)[-1])


def _within(module: str, names: str) -> bool:
    """Return whether a module is one of these, or lies in a package of these."""
    return bool({module.partition(".")[0], module} & set(names.split()))


def _is_recipe(module: str) -> bool:
    package, _, name = module.partition(".")
    return package == "recipes" and name in recipes.names()


# --- commands ---


def _command_page() -> Iterator[str]:
    """Yield the lines of a page on every command and its options, as `--help` tells them."""
    from typer.main import get_command

    from forward_forward.cli import app

    yield "# `ff`, command by command\n"
    for name, command in _commands(get_command(app), "ff"):
        yield f"## `{name}`\n\n{command.help}\n"
        rows = [_option(p) for p in command.params if p.name != "help"]
        yield _table(("option", "what it says", "default"), rows) if rows else ""


def _commands(group: Any, above: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{above} {name}")
        else:
            yield f"{above} {name}", command


def _option(parameter: Any) -> tuple[str, str, str]:
    flags = [*parameter.opts, *parameter.secondary_opts]
    is_option = parameter.opts[0].startswith("-")
    name = ", ".join(f"`{flag}`" for flag in flags) if is_option else f"`{parameter.name.upper()}`"
    shown = getattr(parameter, "show_default", None)
    default = shown if isinstance(shown, str) else parameter.default
    says_nothing = default is None or isinstance(default, bool | tuple | list) or callable(default)
    said = re.sub(r"(?<![`\w-])(--[a-z][a-z-]*)", r"`\1`", parameter.help or "")
    return name, said, "" if says_nothing else str(default)


# --- pieces ---


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def _table(columns: tuple[str, ...], rows: Any) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    cells = [[_cell(str(text)) for text in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"[ \n]+", " ", text).replace("|", "\\|").replace("<", "&lt;")


def _toctree(names: list[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower())
