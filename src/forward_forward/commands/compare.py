"""`ff compare`: pairs of nets with the same hidden layers, by Forward-Forward and by backpropagation."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.completion import data_names
from forward_forward.commands.given import DataDir, Device
from forward_forward.commands.parts import find_device, find_widths
from forward_forward.commands.program import going_on, refuse_to_replace, say_json
from forward_forward.errors import UsageError


def compare(
    data: Annotated[
        str, typer.Option(help="Data set; `ff list` names them.", autocompletion=data_names)
    ] = "mnist",
    widths: Annotated[
        list[str] | None,
        typer.Option(
            help="Hidden layers of a pair, as in 1000,500; may be given more than once.",
            show_default="Bewtra's five",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(help="How often each net goes through its data.")] = 60,
    target: Annotated[
        float,
        typer.Option(help="Count the epochs until the held-out error, in %, is down to this."),
    ] = 2.0,
    seed: Annotated[int, typer.Option(help="Of weights, order and negatives.")] = 0,
    runs: Annotated[Path, typer.Option(help="Where checkpoints go.")] = Path("runs"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from checkpoints.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="A few images, one epoch.")] = False,
    device: Device = "auto",
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare matched pairs of nets: error, macro F1, time, epochs to an error, memory.

    Both nets learn from 5/6 of the training split, the rest of it is looked at after each epoch, and the test split
    judges both at the end. `ff reproduce bewtra2023_mnist` keeps records of the published architectures.
    """
    from forward_forward.data import load
    from forward_forward.recipes.matched import FOR_DIGITS, FOR_PHOTOS, matched_recipe

    if not 0 <= target <= 100:
        raise UsageError(f"--target {target}: an error, from 0 to 100 %")
    typed = [found for each in widths or () if (found := find_widths(each)) is not None]
    chosen = typed or (FOR_PHOTOS if load(data, data_dir).shape[0] > 1 else FOR_DIGITS)
    recipe = matched_recipe(data, dict.fromkeys(chosen), "", epochs=epochs, target=target)
    options = {"data_dir": data_dir, "device": find_device(device), "runs": runs}
    record = _run(f"compare-{data}", recipe, seed, resume, smoke, options)
    if as_json:
        say_json({"metrics": record["metrics"], "environment": record["environment"]})
        return
    _tell(record["metrics"], list(recipe.nets), target)


def _run(
    name: str, recipe: Any, seed: int, resume: bool, smoke: bool, options: dict[str, Any]
) -> Any:
    from forward_forward.console import ProgressBar
    from forward_forward.reproduce import reproduce

    folder = options["runs"] / name / f"seed{seed}"
    if not resume and not smoke:
        refuse_to_replace(*folder.glob("**/checkpoint"))
    try:
        with ProgressBar() as bar:

            def watcher(net: str, number: int, nets: int) -> Any:
                return bar.watch(f"{net} ({number + 1}/{nets})")

            return reproduce(
                name,
                seed,
                recipe=recipe,
                resume=resume,
                smoke=smoke,
                watcher=watcher,
                **options,
            )
    except KeyboardInterrupt as stop:
        if smoke or not any(folder.glob("**/checkpoint")):
            raise
        raise going_on(stop, "--resume") from None


def _tell(metrics: dict[str, Any], nets: list[str], target: float) -> None:
    from forward_forward.console import say_table

    columns = {
        "error": "test error, %",
        "macro_f1": "macro F1, %",
        "seconds": "seconds",
        f"epochs_to_{target:g}": f"epochs to {target:g} %",
        "peak_memory_mib": "peak memory, MiB",
    }
    rows = [[net, *(_show(metrics[f"{net}_{key}"]) for key in columns)] for net in nets]
    say_table(["net", *columns.values()], rows)
    pairs = dict.fromkeys(net.rpartition("_")[0] for net in nets)
    gaps = [[pair, _show(metrics[f"{pair}_gap"])] for pair in pairs]
    say_table(["hidden layers", "Forward-Forward less backpropagation, points"], gaps)


def _show(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f}".removesuffix(".00")
