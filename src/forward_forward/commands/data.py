"""`ff data`: fetch data sets, and say which are here."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.completion import data_names
from forward_forward.commands.program import Interrupted, again, say_json

app = typer.Typer(no_args_is_help=True, help="Fetch data sets, and say which are here.")

Folder = Annotated[
    Path | None, typer.Option(help="Where data sets lie.", show_default="$FF_DATA, or the cache")
]


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="Data set; `ff list` names them.", autocompletion=data_names)
    ],
    data_dir: Folder = None,
) -> None:
    """Download a data set; files that are here and right stay as they are."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from forward_forward.console import console, say
    from forward_forward.data import download

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    where = console(stderr=True)
    bars: dict[str, Any] = {}
    with Progress(*columns, console=where, disable=not where.is_terminal) as bar:

        def show(file: str, done: int, total: int) -> None:
            if file not in bars:
                bars[file] = bar.add_task(file, total=total or None)
            bar.update(bars[file], completed=done)

        try:
            folder = download.fetch(name, data_dir, show)
        except KeyboardInterrupt as stop:
            raise Interrupted(f"complete files are kept; go on with: {again()}", stop) from None
    say(f"{name} is in {folder}")


@app.command()
def status(
    data_dir: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say for each data set whether its files are here, and right."""
    from forward_forward.console import say_table
    from forward_forward.data import dataset, download

    found = {name: download.status(name, data_dir) for name in dataset.names()}
    if as_json:
        say_json(
            {
                name: {
                    "ready": _ready(files),
                    "files": [{**f, "path": str(f["path"])} for f in files],
                }
                for name, files in found.items()
            }
        )
        return
    rows = [[name, *_words(name, files)] for name, files in found.items()]
    say_table(["data set", "state ", "where "], rows)


def _ready(files: list[Any]) -> bool:
    return all(file["present"] and file["sha256_ok"] is not False for file in files)


def _words(name: str, files: list[Any]) -> tuple[str, str]:
    from forward_forward.data.dataset import find

    if not files:
        return "here", "ships with a library"
    folder = str(files[0]["path"].parent)
    archive = getattr(find(name), "ARCHIVE", None)
    if archive is not None and not _ready(files):
        return f"missing or damaged: fetch by hand from {archive}", folder
    if any(file["sha256_ok"] is False for file in files):
        return f"damaged: `ff data fetch {name}` mends it", folder
    if not _ready(files):
        return f"missing: `ff data fetch {name}`", folder
    return "here", folder
