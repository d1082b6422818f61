"""`ff results`: records into RESULTS.md."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.program import say_json
from forward_forward.errors import FFError, UsageError


def results(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where the file is stale.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as JSON; write nothing.")
    ] = False,
    records: Annotated[Path, typer.Option(help="Where records lie.")] = Path("records"),
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("RESULTS.md"),
    readme: Annotated[
        Path, typer.Option(help="Gets a short table too, where it has the marks for one.")
    ] = Path("README.md"),
    pages: Annotated[
        Path, typer.Option(help="Folder of pages; their tables of results are renewed.")
    ] = Path("docs"),
) -> None:
    """Set every record beside the published number, failures included."""
    from forward_forward import results as core
    from forward_forward.console import say
    from forward_forward.records import write_atomically
    from forward_forward.tables import between_marks

    rows = rows_of(records)
    if as_json:
        say_json(rows)
    texts = {out: core.markdown(rows)}
    if readme.is_file():
        old = _text_of(readme)
        texts[readme] = between_marks(old, core.summary(rows))
    texts |= _pages(pages, rows, records)
    stale = [path for path, text in texts.items() if not core.check(path, text)]
    if check and stale:
        options = "" if records == Path("records") else f" --records {records}"
        options += "" if out == Path("RESULTS.md") else f" --out {out}"
        names = " and ".join(map(str, stale))
        raise FFError(f"{names}: not what the records say; mend it with: ff results{options}")
    if as_json:
        return
    for path in [] if check else stale:
        write_atomically(path, texts[path])
    say(f"{out}: {len(rows)} rows, {'written' if stale and not check else 'up to date'}")


def _pages(folder: Path, rows: Any, root: Path) -> dict[Path, str]:
    """Return each page of a folder that shows results, as it should be."""
    from forward_forward.records import read_all
    from forward_forward.tables import filled

    kept, texts = read_all(root), {}
    for path in sorted(folder.glob("*.md")):
        old = _text_of(path)
        texts[path] = filled(old, rows, kept)
    return texts


def _text_of(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FFError(
            f"{page} is no text in UTF-8 ({error.reason} at byte {error.start}); "
            "convert it, or name another file"
        ) from None


def rows_of(root: Path) -> list[dict[str, object]]:
    """Return one row for each claim of every recipe, from the records below `root`."""
    from forward_forward.recipes import find, names
    from forward_forward.records import read_all
    from forward_forward.results import summarize

    if not root.is_dir() and root != Path("records"):
        raise UsageError(f"{root} is no folder of records; name one with --records")
    return summarize(read_all(root), {name: find(name).claims for name in names()})
