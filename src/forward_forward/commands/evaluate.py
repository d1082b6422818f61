"""`ff evaluate`: how well a saved model does."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.given import DataDir, Device
from forward_forward.commands.parts import find_device
from forward_forward.commands.program import say_json
from forward_forward.errors import DataError, UsageError


def evaluate(
    model: Annotated[
        Path, typer.Argument(help="Folder of a run or of its model, or hub:user/name.")
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Data set, or a file or folder.", show_default="the model's own"),
    ] = None,
    data_dir: DataDir = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Judge a model on a test split: every readout, and every layer alone.

    A file or folder that it did not learn from is judged whole.
    """
    from forward_forward.models import load_model
    from forward_forward.training import evaluation

    place = find_device(device)
    judged = load_model(model, place)
    images = fitting_data(judged, data, data_dir, place)
    result = evaluation.evaluate(judged.scores, images.test, images.classes)
    if as_json:
        say_json(
            {
                "model": str(model),
                "data": images.name,
                "images": len(images.test),
                "metrics": result.metrics,
                "layer_errors": result.layer_errors,
                "run_errors": result.run_errors,
                "confusion": result.confusion,
            }
        )
        return
    _tell(result, images)


def fitting_data(model: Any, name: str | None, data_dir: Path | None, device: str) -> Any:
    """Return a data set the model can be judged on: its own, or the one named.

    Where the model learned from the first part of a training set, that is the rest of it.

    Raises:
        UsageError: there is no such data set, or the model's own are not told of.
        DataError: its images or classes are not the model's.
    """
    from forward_forward.data import load
    from forward_forward.data.dataset import names
    from forward_forward.data.examples import HELD_OUT
    from forward_forward.data.own import is_path

    if model.reads_text:
        return _fitting_text(model, name, data_dir, device)
    if is_path(name) if name is not None else model.source is not None:
        return _fitting_own(model, name, device)
    if name is not None and model.columns is not None:
        raise UsageError(f"{name}: images, but the model reads rows of a table; give --data FILE")
    if name is None and model.learned_own:
        raise UsageError(
            f"the model learned from {model.data.removesuffix(HELD_OUT)!r}, data of one's own; say where they are: "
            "--data FILE"
        )
    given = model.data if name is None else name
    own = given.removesuffix(HELD_OUT)
    if name is None and own not in names():
        raise UsageError(
            f"the model learned from {model.data!r}, which has no name here; add --data"
        )
    data = load(own, data_dir, device)
    if own != given:
        data = data.for_validation()
    if data.shape != model.shape or data.classes != len(model.class_names):
        raise DataError(
            f"{own} has {data.classes} classes of images {_size(data.shape)}, the model "
            f"{len(model.class_names)} of {_size(model.shape)}; choose a data set that fits"
        )
    return data


def _fitting_own(model: Any, name: str | None, device: str) -> Any:
    """Return what a model of one's own data can be judged on: what it has not learned of them, or all of others."""
    from forward_forward.data.examples import HELD_OUT
    from forward_forward.data.own import known_data

    path = model.source.found() if name is None else Path(name)
    data = known_data(
        path, model.columns, model.shape, model.class_names, model.source, model.scaled
    )
    held_out = model.data.endswith(HELD_OUT) and data.train is not data.test
    return (data.for_validation() if held_out else data).to(device)


def _fitting_text(model: Any, name: str | None, data_dir: Path | None, device: str) -> Any:
    """Return the windows of a text in the model's own alphabet: the one it learned from, or the one named."""
    from forward_forward.data.dataset import names
    from forward_forward.data.text import load_text
    from forward_forward.data.windows import windowed

    own, _, part = model.data.partition("/") if name is None else (name, "", "")
    if name is None and model.file is not None:
        own = model.file.found()
    elif name is None and own not in names():
        raise UsageError(f"the model learned from {own!r}, a file; say where it is: --data FILE")
    alphabet = "".join(model.class_names)
    data = windowed(load_text(own, data_dir, device, alphabet), model.shape[2])
    return data.for_validation() if part == "validation" else data


def _size(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape[1:] if shape[0] == 1 else shape))


def _tell(result: Any, data: Any) -> None:
    from forward_forward.console import say, say_table
    from forward_forward.results import name_of

    say(*getattr(data, "notes", ()), f"{data.name}: {len(data.test):,} {data.unit}")
    for metric, value in result.metrics.items():
        if metric.endswith(("_perplexity", "_bits")):
            say(f"{name_of(metric)}: {value:.3f}")
    rows = []
    for metric, error in result.metrics.items():
        if metric.endswith("_error"):
            readout = metric.removesuffix("_error")
            rows.append(
                [name_of(readout), f"{error:.2f}", f"{result.metrics[f'{readout}_macro_f1']:.2f}"]
            )
    layers = enumerate(result.layer_errors, start=1)
    rows += [[f"layer {number} alone", f"{error:.2f}", ""] for number, error in layers]
    say_table(["readout", "error, %", "macro F1, %"], rows)
