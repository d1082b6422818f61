"""`ff report`: pages of pictures."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.evaluate import fitting_data
from forward_forward.commands.results import rows_of
from forward_forward.errors import FFError, UsageError


def report(
    run: Annotated[
        Path | None, typer.Argument(help="Folder of a run, to draw its page again.")
    ] = None,
    out: Annotated[Path, typer.Option(help="File of the page over all records.")] = Path(
        "runs/results.html"
    ),
    records: Annotated[Path, typer.Option(help="Where records lie.")] = Path("records"),
    benchmarks: Annotated[
        Path, typer.Option(help="Where `ff bench --save` put its figures.")
    ] = Path("benchmarks"),
    data: Annotated[
        str | None, typer.Option(help="Data set or text of a run.", show_default="its own")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
) -> None:
    """Write a page over all records, or draw a run's page again."""
    from forward_forward.console import say

    say(f"wrote {_all(records, benchmarks, out) if run is None else _one(run, data, data_dir)}")


def _all(root: Path, benchmarks: Path, out: Path) -> Path:
    from forward_forward import overview
    from forward_forward.records import read_all
    from forward_forward.report import results_page, write_page

    pictures = overview.figures(read_all(root), _memory(benchmarks))
    write_page(out, results_page(rows_of(root), pictures))
    return out


def _memory(folder: Path) -> Any:
    """Return what `ff bench memory --save` left in a folder, None where it left nothing."""
    path = folder / "memory.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if {"transient_mib", "us_per_image", "units", "batch"} <= found.keys():
            return found
    except (ValueError, AttributeError):
        pass
    raise FFError(
        f"{path} holds no figures of memory; make it again: ff bench memory --save {folder}"
    )


def _one(run: Path, name: str | None, data_dir: Path | None) -> Path:
    if not (run / "record.json").is_file():
        raise UsageError(f"{run} is no run's folder: it holds no record.json")
    from forward_forward.experiment import write_page
    from forward_forward.models import load_model
    from forward_forward.records import read

    model = load_model(run)
    data = fitting_data(model, name, data_dir, "cpu")
    paths = run / "record.json", run / "backprop" / "record.json"
    records = [read(path) for path in paths if path.is_file()]
    kept = {record["recipe"].partition(" on ")[0]: record for record in records}
    return write_page(run, model.network, data, kept)
