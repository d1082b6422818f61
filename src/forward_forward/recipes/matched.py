"""Matched pairs: a Forward-Forward net and a backpropagation net with the same hidden layers, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.best_supervised import best_learner, fitting_pixels
from forward_forward.recipes.recipe import Build, Recipe, Results
from forward_forward.records import Claim
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear

Widths = tuple[int, ...]

FF, BP = "ff", "bp"
"""How the names of a pair's nets end."""
FF_RATE, BP_RATE = 6e-3, 1e-3
FOR_DIGITS: list[Widths] = [
    (500, 500), (1000, 500), (1500, 500), (1000, 500, 100), (1500, 500, 100)
]  # fmt: skip
FOR_PHOTOS: list[Widths] = [
    (3000, 500), (3000, 1000), (3000, 2000, 1000), (5000, 1000, 500), (5000, 2000, 1000)
]  # fmt: skip
"""The architectures of Bewtra 2023, tables 1 to 3."""


def matched_recipe(
    dataset: str,
    architectures: Mapping[Widths, float | None],
    source: str,
    *,
    epochs: int = 20,
    target: float,
    most_points: float | None = None,
    input_dropout: float = 0.0,
    rates: tuple[float, float] = (FF_RATE, BP_RATE),
) -> Recipe:
    """Return a recipe that trains a pair of nets for each architecture.

    Both nets of a pair see the same images in batches of 100, learn in the same dtype for as many epochs and are judged
    once on the test split. Neither has its images moved against it (`adversarial.py`), which would help both.
    Forward-Forward's label takes the place of the first pixels, or is `classes` inputs more; the hidden layers are the
    same.

    Arguments:
        dataset: name of the data set.
        architectures: hidden widths → published gap, backpropagation's accuracy less Forward-Forward's in points.
        source: where the gaps stand.
        epochs: of each net.
        target: error on held-out images, in percent; how many epochs a net takes to it is measured.
        most_points: a pair counts as matched where Forward-Forward is at most so far behind; None holds it to the
            published gap.
        input_dropout: share of pixels that backpropagation leaves out.
        rates: Forward-Forward's and backpropagation's, before they fall.
    """
    nets: dict[str, Build] = {}
    for widths in architectures:
        name = name_of(widths)
        nets[f"{name}_{FF}"] = _forward_forward(widths, epochs, rates[0])
        nets[f"{name}_{BP}"] = _backpropagation(widths, epochs, input_dropout, rates[1])
    claims = tuple(
        Claim(f"{name_of(widths)}_gap", paper=gap, target=most_points, source=source, unit="points")
        for widths, gap in architectures.items()
    )
    return Recipe(
        dataset, claims, nets, watched=True, measure=lambda results: measure(results, target)
    )


def name_of(widths: Sequence[int]) -> str:
    """Return the name of an architecture.

    Example:
        >>> name_of((1000, 500))
        '1000x500'
    """
    return "x".join(map(str, widths))


def measure(results: Results, target: float) -> dict[str, float | None]:
    """Return each net's error, macro F1, epochs to an error of `target`, seconds and memory; and each pair's gap."""
    found: dict[str, float | None] = {}
    for net, result in results.items():
        readout = "goodness" if net.endswith(FF) else "softmax"
        found[f"{net}_error"] = result["metrics"][f"{readout}_error"]
        found[f"{net}_macro_f1"] = result["metrics"][f"{readout}_macro_f1"]
        found[f"{net}_epochs_to_{target:g}"] = epochs_to(result["curves"], target)
        found[f"{net}_seconds"] = result["seconds"]
        found[f"{net}_peak_memory_mib"] = result["peak_memory_mib"]
    for pair in dict.fromkeys(net.rpartition("_")[0] for net in results):
        ff, bp = found[f"{pair}_{FF}_error"], found[f"{pair}_{BP}_error"]
        found[f"{pair}_gap"] = None if ff is None or bp is None else round(ff - bp, 6)
    return found


def epochs_to(curves: Sequence[Mapping[str, Any]], target: float) -> int | None:
    """Return after how many epochs the error on held-out images first was at or below `target`; None: never.

    Arguments:
        curves: a record's; the main readout is goodness, or the softmax where there is no goodness.
        target: in percent.
    """
    for entry in curves:
        looked = entry.get("validation", {})
        error = looked.get("goodness_error", looked.get("softmax_error"))
        if error is not None and error <= target:
            return int(entry["epoch"])
    return None


def _forward_forward(widths: Widths, epochs: int, rate: float) -> Build:

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        plan = Plan(epochs, batch_size=100, seed=seed, look_every=int(data.held_out))
        return best_learner(data, widths, seed, device, rate=rate, adversary=None), plan

    return build


def _backpropagation(widths: Widths, epochs: int, input_dropout: float, rate: float) -> Build:

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        network = Perceptron(
            data.features,
            data.classes,
            widths,
            generator=generator(seed, "weights"),
            dropout=0.2,
            input_dropout=input_dropout,
            **fitting_pixels(data),
            device=device,
        )
        learner = Backpropagation(network, Adam(rate), fast_matmul_dtype(device))
        plan = Plan(
            epochs, batch_size=100, seed=seed, schedule=linear, look_every=int(data.held_out)
        )
        return learner, plan

    return build
