"""`ff report`: pages of pictures."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.evaluate import fitting_data
from forward_forward.commands.given import DataDir
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
    pictures: Annotated[
        Path | None, typer.Option(help="Also save the pictures of all records as PNGs there.")
    ] = None,
    only: Annotated[
        str, typer.Option(help="Of --pictures, save those whose title begins so.")
    ] = "",
    data: Annotated[
        str | None, typer.Option(help="Data set or text of a run.", show_default="its own")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a page over all records, or draw a run's page again."""
    from forward_forward.console import say

    if run is not None and (pictures is not None or only):
        raise UsageError("--pictures and --only are of all records; leave the run away")
    if only and pictures is None:
        raise UsageError("--only chooses among pictures to be saved; say where: --pictures FOLDER")
    written = (
        [_one(run, data, data_dir)]
        if run is not None
        else _all(records, benchmarks, out, pictures, only)
    )
    for path in written:
        say(f"wrote {path}")


def _all(root: Path, benchmarks: Path, out: Path, folder: Path | None, only: str) -> list[Path]:
    from forward_forward import overview
    from forward_forward.records import read_all
    from forward_forward.report import results_page, save_pictures, write_page

    figures = overview.figures(read_all(root), _memory(benchmarks))
    write_page(out, results_page(rows_of(root), figures))
    return [out, *([] if folder is None else save_pictures(figures, folder, only))]


def _memory(folder: Path) -> Any:
    """Return what `ff bench memory --save` left in a folder, None where it left nothing."""
    path = folder / "memory.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if {"units", "batch"} <= found.keys() and all(
            math.isfinite(size) and size > 0 and int(depth) > 0
            for part in ("transient_mib", "us_per_image")
            for sizes in found[part].values()
            for depth, size in sizes.items()
        ):
            return found
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
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
