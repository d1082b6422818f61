"""`ff export`: a saved net as ONNX graphs or as C code, which go on learning where there is no torch."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.program import say_json
from forward_forward.errors import UsageError


def export(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a run or of its model, or hub:user/name.", show_default=False
        ),
    ] = None,
    onnx: Annotated[
        Path | None, typer.Option(help="New folder for the graphs predict.onnx and learn.onnx.")
    ] = None,
    c: Annotated[
        Path | None, typer.Option("--c", help="New folder for ff_net.c, ff_net.h and main.c.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="C with weights of 8 bits and whole numbers alone.")
    ] = False,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Learning rate.", show_default="0.0015 for ONNX, one that suits its width for C"
        ),
    ] = None,
    budget: Annotated[
        bool, typer.Option("--budget", help="Show how many bytes learning takes in C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Write a net, prediction and training step alike, as ONNX graphs or as C code.

    --budget alone shows nets of several widths on images of 28×28.
    """
    _check_words(model, onnx, c, int8, budget)
    done: dict[str, Any] = {}
    exported = None if model is None else _exportable(model)
    if onnx is not None:
        done["onnx"] = _write_onnx(exported, onnx, rate)
    if c is not None:
        done["c"] = _write_c(exported, c, rate, int8)
    if budget:
        done["budget"] = _budget(None if exported is None else exported.network)
    if as_json:
        say_json(done)
    else:
        _tell(done)


def _check_words(
    model: Path | None, onnx: Path | None, c: Path | None, int8: bool, budget: bool
) -> None:
    if onnx is None and c is None and not budget:
        raise UsageError("say what to write: --onnx FOLDER, --c FOLDER, or --budget")
    if model is None and (onnx is not None or c is not None):
        raise UsageError("say which MODEL to export: the folder of a run or of its model")
    if int8 and c is None:
        raise UsageError("--int8 is for C code; add --c FOLDER")
    _check_folders(onnx, c)


def _check_folders(*folders: Path | None) -> None:
    """See that each folder can be made, before any is written."""
    from forward_forward.export.folder import check_free

    named = [folder.absolute() for folder in folders if folder is not None]
    for folder in named:
        check_free(folder)
    if len(set(named)) < len(named):
        raise UsageError("--onnx and --c name the same folder; give each its own")


def _exportable(model: Path) -> Any:
    from forward_forward.export.supported import exportable
    from forward_forward.models import load_model

    loaded = load_model(model)
    exportable(loaded.network)
    return loaded


def _beside(model: Any) -> dict[str, bytes]:
    """Return what lies beside the net of a table: how its columns become inputs."""
    from forward_forward.export.columns import columns_file

    if model.columns is None:
        return {}
    return {"columns.json": columns_file(model.columns, model.class_names)}


def _write_onnx(model: Any, folder: Path, rate: float | None) -> dict[str, Any]:
    from dataclasses import replace

    from forward_forward.export.folder import check_free, write_new
    from forward_forward.export.onnx import RULE, onnx_files

    check_free(folder)
    rule = RULE if rate is None else replace(RULE, rate=rate)
    files = {**onnx_files(model.network, rule, model.columns), **_beside(model)}
    write_new(folder, files)
    return {"folder": str(folder), "files": {name: len(data) for name, data in files.items()}}


def _write_c(model: Any, folder: Path, rate: float | None, int8: bool) -> dict[str, Any]:
    from forward_forward.export.budget import FLOAT, INT8, forward_forward_bytes
    from forward_forward.export.c import c_sources, passes_at_once, sizes_of
    from forward_forward.export.folder import check_free, write_new

    check_free(folder)
    network = model.network
    sources = c_sources(network, rate=rate, int8=int8)
    files = {**{name: text.encode() for name, text in sources.items()}, **_beside(model)}
    write_new(folder, files)
    needed = forward_forward_bytes(
        sizes_of(network), INT8 if int8 else FLOAT, passes_at_once(network)
    )
    sizes = {name: len(data) for name, data in files.items()}
    return {"folder": str(folder), "files": sizes, "ram": needed}


def _budget(network: Any) -> list[dict[str, Any]]:
    from forward_forward.export.budget import EXAMPLES, table

    if network is None:
        return table(EXAMPLES)
    from forward_forward.export.c import passes_at_once, sizes_of

    return table([sizes_of(network)], passes_at_once(network))


def _tell(done: dict[str, Any]) -> None:
    from forward_forward.console import say, say_table

    for what in ("onnx", "c"):
        if what in done:
            names = ", ".join(done[what]["files"])
            ram = f"; it takes {done[what]['ram']:,} bytes of RAM" if "ram" in done[what] else ""
            say(f"wrote {names} to {done[what]['folder']}{ram}")
    if "budget" in done:
        columns = ["hidden layers", "numbers ", "Forward-Forward", "backpropagation"]
        rows = [_row(row) for row in done["budget"]]
        say_table([*columns, "and a gradient", "fits "], rows, title="bytes of RAM to learn in")


def _row(row: dict[str, Any]) -> list[str]:
    names = ("forward_forward", "backpropagation", "backpropagation_with_gradient")
    needed = [f"{row[name]:,}" for name in names]
    widths = row["widths"]
    alike = len(set(widths)) == 1
    layers = f"{len(widths)} × {widths[0]}" if alike else ", ".join(map(str, widths))
    return [layers, row["numbers"], *needed, row["fits"] or "–"]
