"""`ff train`: a Forward-Forward net beside its backpropagation rival."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.completion import data_names
from forward_forward.commands.given import (
    BY_DATA,
    BatchSize,
    DataDir,
    Device,
    Epochs,
    Size,
    Target,
    Without,
    images_or_rows,
    windows,
)
from forward_forward.commands.outcome import add_picture, announce, summary, tell
from forward_forward.commands.parts import (
    check_tensorboard,
    find,
    find_device,
    find_dtype,
    find_loss,
    find_widths,
    free_folder,
    watched,
)
from forward_forward.commands.program import again, going_on, say_json
from forward_forward.errors import UsageError

BEST = "the best known"


def train(
    data: Annotated[
        str | None,
        typer.Option(
            help="Data set, `ff list` names them; or a table (.csv, .tsv, .parquet), a .npz, or a folder with a folder "
            "of pictures per class.",
            show_default="digits",
            autocompletion=data_names,
        ),
    ] = None,
    target: Target = None,
    without: Without = None,
    size: Size = None,
    text: Annotated[
        str | None, typer.Option(help="Or: learn to write as this text file does, or as `aesop`.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(help="Characters of a text read at a time.", show_default="10")
    ] = None,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run.", show_default="runs/<data>, the first that is free"),
    ] = None,
    widths: Annotated[
        str | None,
        typer.Option(
            help="Units of each layer, bottom to top, as in 2000,2000.", show_default=BY_DATA
        ),
    ] = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of the layers; it falls in the second half.", show_default=BEST
        ),
    ] = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(help="How strongly weights shrink.", show_default=BEST),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Of all that is drawn by chance: the same seed, the same net.")
    ] = 0,
    goodness: Annotated[
        str | None,
        typer.Option(
            help="How strongly a layer says that data are real; `ff list` names them.",
            show_default=BEST,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="What a layer makes small: ThresholdLogistic, or on pairs SymBa or SiLU.",
            show_default=BEST,
        ),
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Steepness of --loss SymBa or SiLU.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Goodness from which --loss ThresholdLogistic takes data for real.",
            show_default="that of activities that are all 1",
        ),
    ] = None,
    negatives: Annotated[
        str | None,
        typer.Option(help="What makes the unreal data; `ff list` names them.", show_default=BEST),
    ] = None,
    normalization: Annotated[
        str | None,
        typer.Option(
            help="What is taken out of activities between layers; `ff list` names them.",
            show_default=BEST,
        ),
    ] = None,
    strength: Annotated[
        float | None, typer.Option(help="Of the label in the input.", show_default="1")
    ] = None,
    peer: Annotated[
        float | None,
        typer.Option(help="How strongly rarely active units are woken, 0 for not at all."),
    ] = None,
    jitter: Annotated[
        int, typer.Option(help="Shift images by up to so many pixels, anew each time.")
    ] = 0,
    adversary: Annotated[
        float | None,
        typer.Option(
            help="Move pixels by so much against the layers that see them, 0 for not.",
            show_default="0.05, of a table 0",
        ),
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="smoothed, adam or plain.", show_default=BEST)
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="simultaneous: all layers on every batch; greedy: one after the other; or recurrent."
        ),
    ] = "simultaneous",
    wiring: Annotated[
        str | None,
        typer.Option(
            help="Who feeds whom with --method recurrent; `ff list` names them.",
            show_default="neighbours",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="Where the label goes: overlay, on the first pixels, or concatenate, beside them.",
            show_default="overlay where images have a blank corner",
        ),
    ] = None,
    device: Device = "auto",
    dtype: Annotated[
        str, typer.Option(help="Of matrix products: auto, float32 or bfloat16.")
    ] = "auto",
    validation: Annotated[
        bool,
        typer.Option(
            "--validation",
            help="Leave the test split alone: learn from 5/6 of the rest, judge on 1/6.",
        ),
    ] = False,
    baseline: Annotated[bool, typer.Option(help="Train the backpropagation net too.")] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, or the last one.")
    ] = False,
    report: Annotated[bool, typer.Option(help="Draw the page of pictures.")] = True,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into the run.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a network without backpropagation, and one with it to compare.

    Without options: our best method on the digits that ship with scikit-learn. Of data of your own a fifth of each
    class is for the test, the same every time, where they do not say themselves which.
    """
    from forward_forward.composition import Settings

    settings = Settings(
        widths=find_widths(widths),
        epochs=epochs,
        batch_size=batch_size,
        rate=rate,
        weight_decay=weight_decay,
        rule=find("optimizer", optimizer),
        goodness=find("goodness", goodness),
        loss=find_loss(loss, alpha=alpha, threshold=threshold),
        peer=peer,
        normalization=find("normalization", normalization),
        negatives=find("negatives", negatives),
        jitter=jitter,
        adversary=adversary,
        place=find("label", label),
        strength=strength,
        method=find("method", method),
        wiring=find("wiring", wiring),
        matmul_dtype=find_dtype(dtype),
        seed=seed,
        baseline=baseline,
    )
    where = find_device(device)
    check_tensorboard(tensorboard)
    if text is None and window is not None:
        raise UsageError("--window is for --text")
    if text is not None and data is not None:
        raise UsageError("--data names images and --text a text; leave one of them out")
    if text is not None and (target or without or size):
        raise UsageError("--target, --without and --size are for --data; leave them out")
    own = {"target": target, "without": without or (), "size": size}
    read: Any = (
        images_or_rows("digits" if data is None else data, data_dir, own, where)
        if text is None
        else windows(text, window, data_dir, where)
    )
    if validation:
        read = read.for_validation()
    name = read.name.partition("/")[0].partition(".")[0] or "own"
    _run(settings, read, _folder(out, name, resume), resume, report, as_json, tensorboard)


def _folder(out: Path | None, data: str, resume: bool) -> Path:
    folder = out or free_folder(Path("runs"), data, resume)
    checkpoint, *kept = (folder / name for name in ("checkpoint", "model", "record.json"))
    if not resume and any(path.exists() for path in (checkpoint, *kept)):
        raise UsageError(f"{folder} holds a run already; add --resume, or choose another --out")
    if any(path.exists() for path in kept) and not checkpoint.exists():
        raise UsageError(
            f"{folder} holds a run without its checkpoint, so there is nothing to go on from; choose another --out"
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; --out names a folder")
    return folder


def _run(
    settings: Any,
    data: Any,
    folder: Path,
    resume: bool,
    report: bool,
    as_json: bool,
    events: bool,
) -> None:
    import torch

    from forward_forward.composition import fitting_threads
    from forward_forward.console import ProgressBar
    from forward_forward.experiment import PLACES, run

    torch.set_num_threads(fitting_threads(data))
    if not as_json:
        announce(data, folder)
    try:
        with ProgressBar() as bar:
            kept = run(
                settings,
                data,
                folder,
                resume=resume,
                page=report,
                command=again(),
                watcher=lambda name, learner, plan: watched(
                    bar.watch(name, learner.stages), folder / PLACES[name], events
                ),
            )
    except KeyboardInterrupt as stop:
        if (folder / "checkpoint").exists():
            raise going_on(stop, "--resume", "--out", str(folder)) from None
        raise
    add_picture(folder, data, kept, events)
    if as_json:
        say_json(summary(kept, folder, report))
    else:
        tell(kept, data, folder, report)
