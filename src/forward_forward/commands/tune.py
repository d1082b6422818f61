"""`ff tune`: search for settings on held-out data, and say which command to type next."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.given import (
    BatchSize,
    DataDir,
    Device,
    Epochs,
    Size,
    Target,
    Without,
    images_or_rows,
)
from forward_forward.commands.parts import find_device, find_dtype, free_folder
from forward_forward.commands.program import Interrupted, again, say_json


def tune(
    data: Annotated[
        str, typer.Option(help="Data set, `ff list` names them; or a table, a .npz, a folder.")
    ] = "digits",
    target: Target = None,
    without: Without = None,
    size: Size = None,
    data_dir: DataDir = None,
    trials: Annotated[int, typer.Option(help="How many, with those before a stop.")] = 20,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    seed: Annotated[int, typer.Option(help="Of the search, and of every net in it.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the search.", show_default="runs/tune-<data>, if it is free"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a search.")] = False,
    device: Device = "auto",
    dtype: Annotated[str, typer.Option(help="Of matmuls: auto, float32 or bfloat16.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Search for widths, rate, sharpness of the loss, strength of peers and of the label, and more.

    A net learns from 5/6 of the training split and is judged on the rest, after every epoch; one that lags is stopped.
    The test split is never seen.
    """
    from forward_forward.composition import Settings

    base = Settings(epochs=epochs, batch_size=batch_size, seed=seed, matmul_dtype=find_dtype(dtype))
    own = {"target": target, "without": without or (), "size": size}
    read = images_or_rows(data, data_dir, own, find_device(device)).for_validation()
    folder = out or free_folder(Path("runs"), f"tune-{Path(data).stem}", resume)
    found = _search(base, read, folder, trials, resume, as_json)
    words = ["--data", data, *(["--data-dir", str(data_dir)] if data_dir else [])]
    words += [*(["--target", target] if target else []), *(["--size", str(size)] if size else [])]
    words += [word for column in without or () for word in ("--without", column)]
    words += [*(["--device", device] if device != "auto" else [])]
    words += [*(["--dtype", dtype] if dtype != "auto" else [])]
    _tell(found, words, folder, as_json)


def _search(
    base: Any, data: Any, folder: Path, trials: int, resume: bool, as_json: bool
) -> list[Any]:
    import torch

    from forward_forward import tuning
    from forward_forward.composition import fitting_threads
    from forward_forward.console import ProgressBar, say
    from forward_forward.journal import JOURNAL

    torch.set_num_threads(fitting_threads(data))
    if not as_json:
        sizes = f"{len(data.train):,} {data.unit} to learn from, {len(data.test):,} to judge by"
        say(f"{data.name}: {sizes}; {trials} trials → {folder}")
    try:
        with ProgressBar() as bar:
            return tuning.search(
                base,
                data,
                folder,
                trials=trials,
                resume=resume,
                watcher=lambda trial, count: bar.watch(f"trial {trial + 1}/{count}"),
                tell=lambda outcome: say(_line(outcome), stderr=True),
            )
    except KeyboardInterrupt as stop:
        if not (folder / JOURNAL).exists():
            raise
        what = f"all trials but the one under way are kept; go on with: {again('--resume', '--out', str(folder))}"
        raise Interrupted(what, stop) from None


def _line(outcome: Any) -> str:
    from forward_forward import tuning

    came = f"held-out {outcome.error:.2f} %" if outcome.error is not None else outcome.state
    return f"trial {outcome.number}: {came}  {shlex.join(tuning.options(outcome.settings))}"


def _tell(found: list[Any], words: list[str], folder: Path, as_json: bool) -> None:
    from forward_forward import tuning
    from forward_forward.console import say

    best = tuning.best_of(found)
    command = shlex.join(["ff", "train", *words, *tuning.options(best.settings)])
    states = [outcome.state for outcome in found]
    if as_json:
        say_json(
            {
                "folder": str(folder),
                "trials": [
                    {
                        "trial": outcome.number,
                        "state": outcome.state,
                        "error": outcome.error,
                        "options": tuning.options(outcome.settings),
                    }
                    for outcome in found
                ],
                "best": {"trial": best.number, "error": best.error},
                "command": command,
            }
        )
        return
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    say(
        f"{len(found)} trials: {counted}; the best is trial {best.number}, held-out error {best.error:.2f} %",
        f"Next: {command}",
    )
