"""What `ff train` runs: a Forward-Forward net and its matched rival on one data set, into one folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from forward_forward import composition, gallery, records, report, text_composition
from forward_forward.composition import Build, Settings
from forward_forward.data import Examples
from forward_forward.data.windows import Windows
from forward_forward.memory import training_peak
from forward_forward.models import save_model
from forward_forward.precision import fast_matmul_dtype
from forward_forward.records import Record
from forward_forward.reproduce import run_record
from forward_forward.training.evaluation import evaluate
from forward_forward.training.learner import Learner
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan, Progress, Watch

FORWARD_FORWARD, BACKPROPAGATION = "Forward-Forward", "backpropagation"
PLACES = {FORWARD_FORWARD: "", BACKPROPAGATION: "backprop"}
"""Where each net's files lie, in the folder of the run."""

Watcher = Callable[[str, Learner, Plan], Watch | None]
"""Given a net's name, learner and plan, returns what the loop is to tell of its progress."""


def run(
    settings: Settings,
    data: Examples,
    folder: Path,
    *,
    resume: bool = False,
    page: bool = True,
    command: str = "ff train",
    watcher: Watcher = lambda name, learner, plan: None,
) -> dict[str, Record]:
    """Train the nets, judge each once on `data.test`, and leave everything in `folder`.

    The Forward-Forward net's model, checkpoint, log and record lie in the folder itself, those of its rival in
    `backprop/` below it, and the page of pictures is `report.html`.

    Arguments:
        settings: what to train.
        data: images, or windows of text, on the device to train on.
        folder: made if need be.
        resume: go on from the checkpoints in it.
        page: whether to draw the pictures.
        command: what the records say made them.
        watcher: told of progress.

    Returns:
        The records by name, the Forward-Forward net's first.

    Raises:
        FFError: any of the errors of `train`, or a folder that cannot be written.
        KeyboardInterrupt: on Ctrl-C, after the state was saved.
    """
    compose: Any = text_composition if isinstance(data, Windows) else composition
    builders: dict[str, Build] = {FORWARD_FORWARD: compose.forward_forward}
    if settings.baseline:
        builders[BACKPROPAGATION] = compose.backpropagation
    kept, networks = {}, []
    for name, build in builders.items():
        place = folder / PLACES[name]
        learner, plan = build(settings, data)
        watch = watcher(name, learner, plan)
        progress = train(learner, data, plan, folder=place, resume=resume, watch=watch)
        record = _keep(name, settings, data, place, build, learner, plan, progress)
        record["command"] = command
        records.write_file(record, place / "record.json")
        kept[name] = record
        networks.append(learner.network)
    if page:
        write_page(folder, networks[0], data, kept)
    return kept


def _keep(
    name: str,
    settings: Settings,
    data: Examples,
    folder: Path,
    build: Build,
    learner: Learner,
    plan: Plan,
    progress: Progress,
) -> Record:
    """Judge a finished net, save its model and return its record."""
    dtype = settings.matmul_dtype or fast_matmul_dtype(data.train.images.device)
    result = evaluate(learner.scores, data.test, data.classes)
    peak = training_peak(lambda: build(settings, data)[0], data.train, plan.batch_size)
    record = run_record(f"{name} on {data.name}", learner, plan, data, progress, result, peak)
    model = folder / "model"
    save_model(model, learner.network, data, result.metrics, dtype, record["config"])
    return record


def write_page(folder: Path, network: nn.Module, data: Examples, kept: dict[str, Record]) -> Path:
    """Write `report.html`: the pictures of a net beside the figures of its record and its rival's."""
    record = next(iter(kept.values()))
    rows = [report.comparison_row(name, each) for name, each in kept.items()]
    html = report.run_page(record, gallery.figures(network, data, record), rows)
    report.write_page(folder / "report.html", html)
    return folder / "report.html"
