"""Streams: recovery from drift, with and without going on learning; memory over a million samples; samples a second."""

import gc
import importlib
import importlib.util
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from forward_forward.data import load
from forward_forward.environment import environment
from forward_forward.streams.classifier import StreamClassifier
from forward_forward.streams.drift import Recovery, recovery
from forward_forward.streams.made import hyperplane, relabelled
from forward_forward.streams.makers import Batches, Maker, Singles
from forward_forward.streams.prequential import StreamLearner, prequential

DESCRIPTION = "learning while predicting: recovery from drift, memory over a million samples, samples a second"

Tell = Callable[[str], None]


@dataclass
class StopsLearning:
    """Another learner, which learns from its first samples alone.

    Arguments:
        learner: is asked, and taught for a while.
        left: how many samples it still learns from; a block may exceed it.
    """

    learner: StreamLearner
    left: int
    predict: Any = field(init=False)

    def __post_init__(self) -> None:
        self.predict = self.learner.predict

    def partial_fit(self, rows: Any, labels: Any, /) -> Any:
        """Learn, or let it be."""
        if self.left > 0:
            self.learner.partial_fit(rows, labels)
        self.left -= len(labels)


def run(quick: bool = False, tell: Tell = lambda text: None) -> dict[str, Any]:
    """Measure streams in which a plane jumps, or every digit is named as the next one, and a long one for memory.

    All of it runs on one core. In `drift`, exact steps (`Singles`) go on learning or stop at the drift, and the same
    classifier by gradients (`Batches`) goes on; each figure is the median of its seeds.

    Arguments:
        quick: small and short, to see that it runs.
        tell: gets a line of progress now and then.

    Returns:
        By stream and learner: `before`, `after` (errors) and `samples` to recovery (None: not within the stream).
        `memory`, of small batches, and `memory_singles`, of exact steps: by number of samples what Python holds at
        most, tensors, and the process at most; with their ratios. `samples_per_second`.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {
            "drift": _drifts(quick, tell),
            "memory": _memory(
                Batches(widths=(30,)), *((400, 800) if quick else (10_000, 1_000_000)), tell
            ),
            "memory_singles": _memory(
                Singles(widths=(30,)), *((400, 800) if quick else (2000, 20_000)), tell
            ),
            "samples_per_second": _speeds(300 if quick else 3000, 1 if quick else 3),
            "environment": environment("cpu", "float32"),
        }
    finally:
        torch.set_num_threads(threads)


def _drifts(quick: bool, tell: Tell) -> dict[str, Any]:
    digits = load("digits").train
    images, labels = digits.images.numpy(), digits.labels.numpy()
    drift, length, seeds = (300, 500, 1) if quick else (4000, 10_000, 3)
    streams: dict[str, Callable[[int], Iterator[Any]]] = {
        "hyperplane": lambda seed: hyperplane(length, (drift,), seed=seed),
        "digits_relabelled": lambda seed: relabelled(images, labels, drift, length, seed=seed),
    }
    learners: dict[str, Callable[[int], StreamLearner]] = {
        "goes_on": lambda seed: StreamClassifier(seed=seed),
        "stops": lambda seed: StopsLearning(StreamClassifier(seed=seed), drift),
        "gradients": lambda seed: StreamClassifier(Batches(), seed=seed),
    }
    if quick:
        learners.pop("gradients")
    found: dict[str, Any] = {"drift_at": drift, "samples": length, "seeds": seeds}
    for name, stream in streams.items():
        found[name] = {}
        for learner, make in learners.items():
            seen = [_recovered(make(seed), stream(seed), drift) for seed in range(seeds)]
            found[name][learner] = _medians(seen)
            tell(f"{name}, {learner}: {found[name][learner]}")
    return found


def _recovered(learner: StreamLearner, stream: Iterator[Any], drift: int) -> Recovery:
    wrong = [each.said != each.true for each in prequential(learner, stream)]
    return recovery(wrong, drift, min(500, drift // 2), min(1000, drift))


def _medians(seen: list[Recovery]) -> dict[str, Any]:
    """Return the median of each figure; a run that never recovers counts as longer than any other."""
    samples = sorted(sys.maxsize if each.samples is None else each.samples for each in seen)
    middle = samples[len(samples) // 2]
    return {
        "before": round(statistics.median(each.before for each in seen), 4),
        "after": round(statistics.median(each.after for each in seen), 4),
        "samples": None if middle == sys.maxsize else middle,
    }


def _memory(make: Maker, short: int, long: int, tell: Tell) -> dict[str, Any]:
    """Return what is held after few samples and after many, of one and the same stream.

    Python's own is the peak since the measure before; what tensors hold is counted at the time; the process's is its
    highest ever, with all libraries.
    """
    for _ in prequential(StreamClassifier(make, warm_up=64), hyperplane(200, columns=5)):
        pass  # so that what libraries load late is there before anything is counted
    model = StreamClassifier(make, batch=64)
    gc.collect()
    tracemalloc.start()
    found: dict[str, Any] = {}
    for number, _ in enumerate(prequential(model, hyperplane(long, columns=5), block=64), 1):
        if number in (short, long):
            found[str(number)] = _held()
            tracemalloc.reset_peak()
        if number % 50_000 == 0:
            tell(f"{number:,} samples")
    tracemalloc.stop()
    few, many = found[str(short)], found[str(long)]
    ratios = {f"{key.rpartition('_')[0]}_ratio": round(many[key] / few[key], 4) for key in few}
    return {**found, **ratios}


def _held() -> dict[str, float]:
    gc.collect()
    _, python = tracemalloc.get_traced_memory()  # before the list of all objects adds to it
    storages = {}
    for each in gc.get_objects():
        if issubclass(type(each), torch.Tensor):  # isinstance would ask proxies, which warn
            storage = each.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    held = {
        "python_kib": round(python / 2**10, 1),
        "tensors_kib": round(sum(storages.values()) / 2**10, 1),
    }
    if importlib.util.find_spec("resource"):  # not on Windows
        resource: Any = importlib.import_module("resource")
        unit = 2**10 if sys.platform == "darwin" else 1  # macOS tells bytes, Linux KiB
        held["process_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return held


def _speeds(length: int, rounds: int) -> dict[str, float]:
    """Return samples a second, predicted and learned; medians of rounds that take turns."""
    makers: dict[str, Maker] = {
        "singles_100_100": Singles(),
        "singles_30": Singles(widths=(30,)),
        "batches_100_100": Batches(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, make in makers.items():
            started = time.perf_counter()
            for _ in prequential(StreamClassifier(make), hyperplane(length)):
                pass
            seconds[name].append(time.perf_counter() - started)
    return {name: round(length / statistics.median(each)) for name, each in seconds.items()}
