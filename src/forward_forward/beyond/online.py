"""Learning from a stream: one sample at a time, each seen once, by exact steps (Hinton 2022, §6).

No batch, no epoch, no learning rate, and no activity that outlives its layer. For every sample

    image ─► x W of the first layer, once ─► + each label's weights ─► y ─► normalised ─► second layer ─► …
                                                                       │
             S with the true label, and S with the wrong one that looks most real to this layer
                                                                       │
         too near one another, or the wrong way round? then ΔW takes each of the two to its goal

All labels are asked at once, so the positive and the negative pass are two rows of one block, and a layer learns as
they go by. Each of its two steps alone would be exact (`exact.py`). Both are taken from the same pass, and as the two
inputs share their image they partly undo one another: the sample moves towards its goals, not onto them.

Weights that jump favour the last sample. So a second, slow set follows them, their running average, and answers
(`slow.py`). The two sets are all that is kept, however long the stream.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, cast

import torch
from torch import Tensor

from forward_forward.beyond.exact import exact_rate, squared_lengths
from forward_forward.beyond.slow import Average, SlowWeights
from forward_forward.data import Split
from forward_forward.errors import DataError, UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import unit_length
from forward_forward.slopes import squared_length
from forward_forward.spec import describe
from forward_forward.training.evaluation import Scores
from forward_forward.training.simultaneous import network_scores

Step = Callable[[float, float], float]
"""(goodness S, goal S*) → ε, by which share all activities are to change."""


@dataclass(frozen=True)
class EqualSteps:
    """Steps of one size towards the goal, however far it is: ε = ±rate, plain gradient ascent or descent on S / 2.

    Arguments:
        rate: in (0, 1].
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise UsageError(f"steps of {self.rate}: activities change by a share in (0, 1]")

    def __call__(self, goodness: float, goal: float) -> float:
        return math.copysign(self.rate, goal - goodness)


@dataclass(frozen=True)
class Goals:
    """Where goodness is to go, and when it is left alone; sums of squares, of inputs of length 1.

    Arguments:
        right: an image with its own label is raised to this where it is below.
        wrong: one with a wrong label is lowered to this where it is above.
        margin: neither moves while the right goodness is so many times the wrong one, or more.
    """

    right: float = 0.72
    wrong: float = 0.08
    margin: float = 1.25

    def __post_init__(self) -> None:
        if not 0 <= self.wrong < self.right < math.inf or not 1 <= self.margin < math.inf:
            raise UsageError(
                f"goals {self.right} and {self.wrong}, margin {self.margin}: the right goal lies above the wrong one, "
                "that is not below 0, and the margin is 1 or more"
            )


def online_network(
    features: int,
    classes: int,
    widths: Sequence[int],
    *,
    generator: torch.Generator,
    strength: float = 7.0,
    pixel_mean: float = 0.13,
    pixel_std: float = 0.31,
    **options: Any,
) -> FeedForward:
    """Return a net fit to learn online: inputs of length 1, no softmax, all layers read.

    Arguments:
        features: pixels of an image, D.
        classes: C.
        widths: units of each layer.
        generator: draws the weights.
        strength: of the label beside the image; as strong as a quarter of MNIST's standardised image.
        pixel_mean, pixel_std: of the images; MNIST's.
        options: whatever else `FeedForward.dense` takes.
    """
    label = {"strength": strength, "pixel_mean": pixel_mean, "pixel_std": pixel_std}
    parts = {"normalization": unit_length, "head": False, "read_from": 0, **label, **options}
    return FeedForward.dense(features, classes, widths, generator=generator, **parts)


class Online:
    """Learns from one sample at a time, and never goes back to one.

    Use it by itself, `learn` and `predict`, or in the loop with `batch_size=1`; of larger batches it takes one sample
    after the other. Biases stay as they are: beside an input of length 1 they would take half of every step.

    Arguments:
        network: of a `LabelledDense` and `Dense` layers above it; is read, and becomes the average.
        step: `exact_rate`, or `EqualSteps`.
        goals: of the two passes.
        average: how the weights that are read follow those that learn; None reads those that learn.

    Raises:
        UsageError: for any other network.

    Example:
        >>> net = online_network(4, 2, [20], generator=torch.Generator().manual_seed(0))
        >>> learner = Online(net, average=None)
        >>> for _ in range(4):
        ...     seen = learner.learn(torch.tensor([0.0, 0.0, 1.0, 0.0]), 0)
        ...     seen = learner.learn(torch.tensor([0.0, 0.0, 0.0, 1.0]), 1)
        >>> learner.predict(torch.eye(4)[2:])
        tensor([0, 1])
    """

    stages = 1

    def __init__(
        self,
        network: FeedForward,
        step: Step = exact_rate,
        goals: Goals = Goals(),  # noqa: B008, frozen
        average: Average | None = Average(),  # noqa: B008, frozen
    ) -> None:
        _check(network)
        self.network: Any = network
        self.step_rule, self.goals = step, goals
        self.matmul_dtype: torch.dtype | None = None
        self.optimizers: list[torch.optim.Optimizer] = []
        self.fast = network if average is None else copy.deepcopy(network)
        self.slow = None if average is None else SlowWeights(network, self.fast, average)

    @property
    def memory(self) -> dict[str, Tensor]:
        """The fast weights, where the slow ones are the network's, and how far they are."""
        return {} if self.slow is None else self.slow.memory

    @memory.setter
    def memory(self, memory: dict[str, Tensor]) -> None:
        if self.slow is not None:
            self.slow.restore(memory)

    def begin(self, split: Split, stage: int, seed: int) -> None:
        self.split = split

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        images, labels = self.split.images, self.split.labels
        seen = [self.learn(images[row], int(labels[row]), gain) for row in rows.tolist()]
        return seen[0] if len(seen) == 1 else torch.stack(seen).mean(0)

    @torch.no_grad()
    def learn(self, image: Tensor, label: int, gain: float = 1.0) -> Tensor:
        """Learn from one image `[D]` and its label; return `[layers, 4]` statistics from before.

        Arguments:
            image: as its data set has it.
            label: 0 to C − 1.
            gain: share of the step that is taken, in (0, 1].

        Raises:
            UsageError: an image of another size, or a label that is none.
            DataError: an image with a value that is NaN or infinite; no weight has moved.
        """
        first, *above = cast("tuple[LabelledDense, *tuple[Dense, ...]]", tuple(self.fast.layers))
        if not isinstance(image, Tensor) or tuple(image.shape) != (first.in_features,):
            shape = list(getattr(image, "shape", ()))
            raise UsageError(
                f"a {type(image).__name__} {shape}: give an image as a tensor [{first.in_features}]"
            )
        if not isinstance(label, Integral) or not 0 <= label < self.fast.classes:
            raise UsageError(
                f"label {label!r}: give a whole number from 0 to {self.fast.classes - 1}"
            )
        if not 0 < gain <= 1:
            raise UsageError(f"{gain} of the step: the share must be in (0, 1]")
        y, seen = self._learn_first(first, image, label, gain)
        statistics = [seen]
        for index, layer in enumerate(above):
            h = self.fast.passed_on(self.fast.normalization(y), index)
            y, seen = self._learn_above(layer, h, label, gain)
            statistics.append(seen)
        if self.slow is not None:
            self.slow.follow()
        return torch.tensor(statistics, device=image.device)

    def predict(self, images: Tensor) -> Tensor:
        """Return the label `[B]` with the highest goodness for each image `[B, D]`.

        Raises:
            DataError: an image with a value that is NaN or infinite.
        """
        if not bool(images.isfinite().all()):
            raise DataError("an image holds what is no finite number; nothing was said of any")
        return self.scores(images).readouts["goodness"].argmax(1)

    @torch.no_grad()
    def scores(self, images: Tensor) -> Scores:
        return network_scores(self.network, images)

    def describe(self) -> dict[str, Any]:
        return {
            "method": "online",
            "network": self.network.config(),
            "step": describe(self.step_rule),
            "goals": describe(self.goals),
            "average": None if self.slow is None else describe(self.slow.average),
        }

    def _learn_first(
        self, layer: LabelledDense, image: Tensor, label: int, gain: float
    ) -> tuple[Tensor, list[float]]:
        """Let the first layer learn; return its activities with every label `[C, U]`, and statistics."""
        x = layer.placed(image.to(layer.weight))
        total = layer.normalization.total(x) + layer.strength**2
        if not math.isfinite(total):
            raise DataError("the image holds what is no finite number; nothing was learned of it")
        factor = float(layer.normalization.factor(total, layer.fan_in))
        share = torch.addmv(layer.bias, layer.weight.t(), x, alpha=factor)
        y = torch.add(share, layer.label_weight, alpha=factor * layer.strength).relu_()
        wrong, up, down, seen = self._judge(y, label, gain)
        if up or down:
            by = 1 / (factor * float(total))  # factor · ε / ‖h‖², where ‖h‖² = factor² · total
            layer.label_weight[label].add_(y[label], alpha=up * by * layer.strength)
            layer.label_weight[wrong].add_(y[wrong], alpha=down * by * layer.strength)
            layer.weight.addr_(x, torch.add(y[label] * up, y[wrong], alpha=down), alpha=by)
        return y, seen

    def _learn_above(
        self, layer: Dense, h: Tensor, label: int, gain: float
    ) -> tuple[Tensor, list[float]]:
        """Let a layer learn from normalised inputs, one for each label; return its activities and statistics."""
        y = (
            h @ layer.weight if layer.bias is None else torch.addmm(layer.bias, h, layer.weight)
        ).relu_()
        wrong, up, down, seen = self._judge(y, label, gain)
        for row, rate in ((label, up), (wrong, down)):
            size = squared_lengths([h[row]]) if rate else 0.0
            if size:  # where the layer below is silent, only biases speak, and they do not learn
                layer.weight.addr_(h[row], y[row], alpha=rate / size)
        return y, seen

    def _judge(self, y: Tensor, label: int, gain: float) -> tuple[int, float, float, list[float]]:
        """Return the wrong label that looks most real, ε for the right and for the wrong row, and statistics."""
        goals = self.goals
        goodness: list[float] = squared_length(y).tolist()
        right = goodness[label]
        wrong = max((k for k in range(len(goodness)) if k != label), key=goodness.__getitem__)
        worst, up, down = goodness[wrong], 0.0, 0.0
        if right < goals.margin * worst:
            up = gain * self.step_rule(right, goals.right) if right < goals.right else 0.0
            down = gain * self.step_rule(worst, goals.wrong) if worst > goals.wrong else 0.0
        loss = max(goals.margin * worst - right, 0.0)  # in this order NaN stays NaN
        return wrong, up, down, [loss, float(right > worst), right, worst]


def _check(network: FeedForward) -> None:
    first, *above = network.layers
    if type(first) is not LabelledDense or any(type(each) is not Dense for each in above):
        kinds = ", ".join(type(layer).__name__ for layer in network.layers)
        raise UsageError(
            f"online learning asks a net about labels: its first layer must be a LabelledDense, those above Dense, "
            f"and nothing derived from them; these are {kinds}"
        )
    if {network.normalization.power, first.normalization.power} != {2}:
        raise UsageError("exact steps need lengths normalised; take unit_length, or length")
