"""`ff reproduce`: run a recipe, a seed at a time, and keep a record of each."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.completion import recipe_names
from forward_forward.commands.given import DataDir, Device
from forward_forward.commands.parts import check_tensorboard, find_device, watched
from forward_forward.commands.program import going_on, refuse_to_replace
from forward_forward.errors import UsageError

MOST_SEEDS = 10_000
_KEPT = "seeds {} have a record already; if the recipe has changed, remove it and the run first"


def reproduce(
    name: Annotated[
        str, typer.Argument(help="Recipe; `ff list` names them.", autocompletion=recipe_names)
    ],
    seeds: Annotated[int, typer.Option(help="How many runs, each with a seed of its own.")] = 1,
    first_seed: Annotated[int, typer.Option(help="The seed of the first.")] = 0,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from checkpoints; skip seeds that have a record."),
    ] = False,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few images, one epoch, no record.")
    ] = False,
    records: Annotated[Path, typer.Option(help="Where records go.")] = Path("records"),
    runs: Annotated[Path, typer.Option(help="Where checkpoints go.")] = Path("runs"),
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into the runs.")
    ] = False,
    device: Device = "auto",
    data_dir: DataDir = None,
) -> None:
    """Run a published experiment and set its result beside the published one."""
    from forward_forward.records import record_path
    from forward_forward.training.checkpoints import check_writable

    _check_seeds(seeds, first_seed)
    place = find_device(device)
    check_tensorboard(tensorboard)
    wanted = range(first_seed, first_seed + seeds)
    found = _existing(name, wanted, resume and not smoke, records)
    options = {"data_dir": data_dir, "device": place, "runs": runs, "resume": resume}
    due = [seed for seed in wanted if seed not in found]
    if not resume and not smoke:
        for seed in due:
            run = runs / name / f"seed{seed}"
            refuse_to_replace(*run.glob("**/checkpoint"), record_path(records, name, seed))
    if not smoke:
        check_writable(records)
    _run(name, due, found, None if smoke else records, options, tensorboard)
    _tell(name, [found[seed] for seed in sorted(found)], smoke)


def _run(
    name: str,
    seeds: list[int],
    found: dict[int, Any],
    root: Path | None,
    options: dict[str, Any],
    tensorboard: bool,
) -> None:
    """Run the seeds and add their records to `found`; without a root for records it is a smoke run."""
    from forward_forward import records, reproduce
    from forward_forward.console import ProgressBar, say

    folder = options["runs"] / (name if root is not None else f"{name}-smoke")
    if found:
        say(f"{name}: {_KEPT.format(', '.join(map(str, found)))}", stderr=True)
    try:
        with ProgressBar() as bar:
            for run, seed in enumerate(seeds):

                def watcher(
                    net: str, number: int, nets: int, run: int = run, seed: int = seed
                ) -> Any:
                    title, place = f"{name} seed {seed}", folder / f"seed{seed}" / net
                    if nets > 1:  # each takes a time of its own: what is left is told of one
                        line = bar.watch(f"{title} {net} ({number + 1}/{nets})")
                    else:
                        line = bar.watch(title, run=run, runs=len(seeds))
                    return watched(line, place, tensorboard)

                learned: list[Any] = []
                options |= {"smoke": root is None, "watcher": watcher, "finished": learned.extend}
                record = reproduce.reproduce(name, seed, **options)
                if root is not None:
                    records.write(record, root)
                found[seed] = record
                if learned:
                    _draw(learned, tensorboard)
    except KeyboardInterrupt as stop:
        if not found and not any(folder.glob("**/checkpoint")):
            raise
        raise going_on(stop, "--resume") from None


def _draw(learned: list[Any], tensorboard: bool) -> None:
    """Leave the model, its record and a page of pictures in the run's folder, as `ff train` does."""
    folder, network, data, record = learned
    from forward_forward import records
    from forward_forward.events import add_first_layer
    from forward_forward.experiment import write_page
    from forward_forward.models import save_model
    from forward_forward.precision import fast_matmul_dtype

    dtype = fast_matmul_dtype(data.train.images.device)
    save_model(folder / "model", network, data, record["metrics"], dtype, record["config"])
    path = folder / "record.json"
    records.write_file(record, path)
    write_page(folder, network, data, {record["recipe"]: records.read(path)})
    if tensorboard:
        add_first_layer(folder, network, data.shape, record["epochs"])


def _check_seeds(seeds: int, first: int) -> None:
    if not 1 <= seeds <= MOST_SEEDS:
        raise UsageError(f"--seeds {seeds}: at least 1, at most {MOST_SEEDS}")
    if first < 0:
        raise UsageError(f"--first-seed {first}: 0 at least")


def _existing(name: str, seeds: range, resume: bool, root: Path) -> dict[int, Any]:
    """Return the records that need not be made again, by seed."""
    from forward_forward import records
    from forward_forward.recipes import find

    find(name)
    if not resume:
        return {}
    paths = {seed: records.record_path(root, name, seed) for seed in seeds}
    return {seed: records.read(path) for seed, path in paths.items() if path.exists()}


def _tell(name: str, kept: list[Any], smoke: bool) -> None:
    from forward_forward.console import say, say_table
    from forward_forward.recipes import find
    from forward_forward.results import name_of, show, show_spread, summarize

    rows = []
    for row in summarize(kept, {name: find(name).claims}):
        metric = row["metric"]
        ours = show_spread(metric, {**row, "n": row["n"] - row["diverged"]})
        paper, verdict = show(metric, row["paper"]), "smoke run" if smoke else row["verdict"]
        unit, minutes = row["unit"], f"{row['minutes']:.1f}"
        rows.append([name, name_of(metric), unit, paper, ours, verdict, minutes])
    columns = ["recipe", "metric ", "unit ", "paper", "ours (n)", "verdict ", "minutes a seed"]
    say_table(columns, rows)
    if not smoke:
        say("`ff results` takes it into RESULTS.md.")
