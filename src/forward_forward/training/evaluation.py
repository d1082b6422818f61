"""From scores to errors: every readout, every layer alone, every run of layers."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from forward_forward.data import Split
from forward_forward.data.dataset import check_labels
from forward_forward.errors import DataError, DivergenceError, UsageError, check_callable

SHORTLIST = 3


@dataclass(frozen=True)
class Scores:
    """Scores of a batch by each readout.

    Arguments:
        readouts: name → `[B, C]`; the largest score is the answer. The first one is the main readout.
        layers: goodness of each layer with each label, `[L, B, C]`, where there is such a thing.
        predictions: whether scores are logits of what comes next; then their perplexity is told.
        active: whether each hidden unit answered to anything in the batch, `[U]`; None where nobody asks.
    """

    readouts: dict[str, Tensor]
    layers: Tensor | None = None
    predictions: bool = False
    active: Tensor | None = None


@dataclass(frozen=True)
class Evaluation:
    """How well a network does on a split; errors and F1 in percent.

    Arguments:
        metrics: `<readout>_error` and `<readout>_macro_f1`; of predictions also `<readout>_perplexity`, the
            exponential of the mean cross entropy, and `<readout>_bits` of it per symbol. `silent_units` is the
            percentage of hidden units that answered to nothing in the split.
        layer_errors: error of each layer alone.
        run_errors: "1-3" → error of the summed goodness of layers 1 to 3, counted from 1.
        confusion: `[C, C]` counts by the main readout, rows are true classes.
    """

    metrics: dict[str, float]
    layer_errors: list[float] = field(default_factory=list)
    run_errors: dict[str, float] = field(default_factory=dict)
    confusion: list[list[int]] = field(default_factory=list)


def evaluate(
    scores: Callable[[Tensor], Scores], split: Split, classes: int, batch_size: int = 1000
) -> Evaluation:
    """Return the errors of a learner's `scores` on a split.

    Arguments:
        scores: images `[B, D]` → `Scores`.
        split: what to judge on.
        classes: C.
        batch_size: images at a time.

    Raises:
        UsageError: when the scores are of another number of classes.
        DataError: when the labels are no classes, or not one for each image.
        DivergenceError: when the best score of an image is not finite: then there is no answer.
    """
    check_callable("scores, such as learner.scores", scores)
    _check_labels(split, classes)
    confusions: dict[str, Tensor] = {}
    surprise: dict[str, float] = {}
    active = torch.zeros(1, dtype=torch.bool, device=split.labels.device)
    for images, labels in zip(
        split.images.split(batch_size), split.labels.split(batch_size), strict=True
    ):
        batch = scores(images)
        for name, value in batch.readouts.items():
            if value.shape[1] != classes:
                raise UsageError(
                    f"{name} scores {value.shape[1]} classes, but there are {classes}; take a net for these data"
                )
        answers = {name: _answers(name, value) for name, value in batch.readouts.items()}
        if batch.layers is not None:
            for name, run in _runs(len(batch.layers)).items():
                answers[f"layers {name}"] = _answers("goodness", batch.layers[run].sum(0))
        if batch.predictions:
            for name, logits in batch.readouts.items():
                lost = F.cross_entropy(logits.double(), labels, reduction="sum")
                surprise[name] = surprise.get(name, 0.0) + float(lost)
        if batch.active is not None:
            active = active | batch.active
        for name, answer in answers.items():
            cells = (labels * classes + answer).bincount(minlength=classes**2)
            confusions[name] = confusions.get(name, 0) + cells.view(classes, classes)
    result = _summarize(confusions)
    for name, total in surprise.items():
        mean = total / len(split)
        perplexity = float(torch.tensor(mean, dtype=torch.float64).exp())  # infinite, not an error
        result.metrics[f"{name}_perplexity"] = round(perplexity, 6)
        result.metrics[f"{name}_bits"] = round(mean / math.log(2), 6)
    if len(active) > 1:
        result.metrics["silent_units"] = round(100 * float((~active).double().mean()), 6)
    return result


def shortlisted(logits: Tensor, goodness: Tensor, k: int = SHORTLIST) -> Tensor:
    """Return `goodness [B, C]` with −inf outside the k labels that the logits name."""
    named = logits.topk(min(k, logits.shape[1]), dim=1).indices
    return torch.full_like(goodness, float("-inf")).scatter(1, named, goodness.gather(1, named))


def _check_labels(split: Split, classes: int) -> None:
    labels, images = split.labels, len(split.images)
    if labels.ndim != 1 or labels.dtype != torch.int64 or not 0 < len(labels) == images:
        raise DataError(
            f"{images} images with labels {labels.dtype} {list(labels.shape)}; give int64, one for each image"
        )
    check_labels("labels to judge by", labels, classes)


def _answers(name: str, scores: Tensor) -> Tensor:
    """Return the class of the largest of each row's scores `[B, C]`."""
    best, answers = scores.max(1)
    lost = ~best.isfinite()
    if bool(lost.any()):
        raise DivergenceError(
            f"{name} has no answer to {int(lost.sum())} of {len(lost)}, as its scores are not finite; look for what is "
            "odd in the data, or train again with a lower learning rate"
        )
    return answers


def _runs(layers: int) -> dict[str, slice]:
    return {
        f"{first + 1}-{last + 1}": slice(first, last + 1)
        for first in range(layers)
        for last in range(first, layers)
    }


def _summarize(confusions: dict[str, Tensor]) -> Evaluation:
    main = next(iter(confusions))
    runs = {n.removeprefix("layers "): c for n, c in confusions.items() if n.startswith("layers ")}
    metrics = {}
    for name, confusion in confusions.items():
        if not name.startswith("layers "):
            metrics[f"{name}_error"] = _error(confusion)
            metrics[f"{name}_macro_f1"] = _macro_f1(confusion)
    run_errors = {name: _error(confusion) for name, confusion in runs.items()}
    alone = [e for name, e in run_errors.items() if len(set(name.split("-"))) == 1]
    return Evaluation(metrics, alone, run_errors, confusions[main].tolist())


def _error(confusion: Tensor) -> float:
    return round(100 * (1 - int(confusion.trace()) / int(confusion.sum())), 6)


def _macro_f1(confusion: Tensor) -> float:
    """Return the mean over classes of 2·hits / (true + answered), in percent; a class never met counts 0."""
    hits = confusion.diagonal().double()
    answered_and_true = (confusion.sum(0) + confusion.sum(1)).double().clamp(min=1)
    return round(100 * float((2 * hits / answered_and_true).mean()), 6)
