"""From settings and a data set to a learner and its plan: our best method, but for what the settings say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from forward_forward.adversarial import Adversary, FastGradientSign
from forward_forward.augment import Augmentation, Jitter
from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset, Examples
from forward_forward.data.table import Table
from forward_forward.errors import UsageError
from forward_forward.hybrids import HybridImages
from forward_forward.labels import Placement, concatenate, overlay
from forward_forward.losses import Loss
from forward_forward.negatives import Negatives, random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.wiring import Wiring, neighbours, without_labels
from forward_forward.networks.wiring_checks import hears_label
from forward_forward.normalization import Normalization
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.best_supervised import (
    ADVERSARY,
    RATE,
    best_learner,
    fitting_pixels,
    fitting_place,
)
from forward_forward.recipes.hinton2022_recurrent import recurrent_learner
from forward_forward.slopes import Goodness
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.greedy import Greedy
from forward_forward.training.iterated import Iterated
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam, Rule
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear
from forward_forward.training.simultaneous import Simultaneous

BACKPROP_RATE = 5e-4

Build = Callable[["Settings", Any], tuple[Learner, Plan]]
"""Given settings and data, returns a fresh learner and its plan."""


@dataclass(frozen=True)
class Budget:
    """How large a net and how long a training suit a data set; chosen on held-out training images.

    Arguments:
        widths, epochs, batch_size, rate: of both nets, but for the rival's rate.
        threads: of torch, None for its own choice. Where matrices are small, one thread that waits for nobody is as
            fast as two, and many times faster where another program holds a core.
    """

    widths: tuple[int, ...] = (1000, 1000, 1000)
    epochs: int = 60
    batch_size: int = 100
    rate: float = RATE
    threads: int | None = None


BUDGETS = {"digits": Budget((400, 400, 400), epochs=30, batch_size=50, rate=3e-3, threads=1)}
"""By data set; the others get a `Budget()`."""
OWN_STEPS, OWN_BATCH = 6000, 50
"""Of data of one's own are about so many batches learned, in 10 to 60 epochs."""
FOR_ROWS, FOR_OWN_IMAGES = (200, 200), (400, 400, 400)
"""Widths; the first were chosen on held-out rows of four tables, on which three layers of 400 were no better."""


def budget_for(data: Examples) -> Budget:
    """Return the budget that suits a data set: by its name, or, where it is one's own, by its size."""
    rows = isinstance(data, Table)
    if not rows and (not isinstance(data, Dataset) or data.source is None):
        return BUDGETS.get(data.name.partition("/")[0], Budget())
    epochs = min(max(OWN_STEPS * OWN_BATCH // len(data.train), 10), 60)
    widths = FOR_ROWS if rows else FOR_OWN_IMAGES
    return Budget(widths, epochs, OWN_BATCH, rate=3e-3, threads=1)


@dataclass(frozen=True)
class Settings:
    """What to train; None leaves a choice to `best_learner`, or to the data set's `Budget`.

    Arguments:
        widths: units of each layer, bottom to top.
        epochs: of each net; of each layer where the method is `Greedy`.
        batch_size: images a step.
        rate, weight_decay: of the update rule.
        rule: class of the update rule.
        goodness, loss, peer: of every layer.
        normalization: of activities between layers.
        negatives: makes the negative data; `HybridImages`, the class, has the net learn without labels.
        jitter: both nets see each image shifted by up to so many pixels each way.
        adversary: how far pixels move against the layers that see them, 0 for not at all, as is right for tables.
        place: where the label stands in the input.
        strength: of the label there.
        method: `Simultaneous`, `Greedy`, or `Iterated` for a recurrent net.
        wiring: who feeds whom in a recurrent net of so many hidden layers.
        matmul_dtype: of both nets; None is the fast one of the device.
        seed: of weights, batch order and negatives.
        baseline: whether the backpropagation net is trained too.
    """

    widths: tuple[int, ...] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    rate: float | None = None
    weight_decay: float | None = None
    rule: type[Rule] | None = None
    goodness: Goodness | None = None
    loss: Loss | None = None
    peer: float | None = None
    normalization: Normalization | None = None
    negatives: Negatives | type[HybridImages] | None = None
    jitter: int = 0
    adversary: float | None = None
    place: Placement | None = None
    strength: float | None = None
    method: type[Simultaneous] | type[Greedy] | type[Iterated] = Simultaneous
    wiring: Callable[[int], Wiring] | None = None
    matmul_dtype: torch.dtype | None = None
    seed: int = 0
    baseline: bool = True


def fitting_threads(data: Examples) -> int:
    """Return how many of torch's threads suit a data set."""
    return budget_for(data).threads or torch.get_num_threads()


def forward_forward(settings: Settings, data: Dataset) -> tuple[Learner, Plan]:
    """Return the Forward-Forward learner and plan: our best method, but for what the settings say."""
    budget = budget_for(data)
    if settings.adversary and settings.method is Greedy:
        raise UsageError("greedy learning takes no adversary; leave it out")
    if settings.wiring is not None and settings.method is not Iterated:
        raise UsageError("a wiring is for a recurrent net; choose the method recurrent")
    if isinstance(data, Table):
        _check_for_rows(settings)
    if settings.method is Iterated:
        return _recurrent(settings, data, budget), plan_for(settings, data)
    place = settings.place or (concatenate if isinstance(data, Table) else fitting_place(data))
    best = best_learner(
        data,
        settings.widths or budget.widths,
        settings.seed,
        str(data.train.images.device),
        place=place,
        strength=settings.strength,
        adversary=_adversary(settings, data),
        matmul_dtype=settings.matmul_dtype,
        rate=_first(settings.rate, budget.rate),
    )
    changed = settings.jitter or any(getattr(settings, name) is not None for name in _PARTS)
    learner: Learner = best
    if changed or settings.method is not Simultaneous:
        learner = _composed(settings, data, best, place)
    return learner, plan_for(settings, data)


def _check_for_rows(settings: Settings) -> None:
    """Raise a `UsageError` for settings that are for images alone, where rows of a table are learned."""
    if settings.place is overlay:
        raise UsageError("an overlaid label would hide a table's first inputs; leave --label out")
    if settings.jitter:
        raise UsageError("--jitter shifts images, and the rows of a table are none; leave it out")
    if isinstance(settings.negatives, type):
        raise UsageError(
            f"{settings.negatives.__name__} are made of images, not of rows; leave them out"
        )


def plan_for(settings: Settings, data: Dataset) -> Plan:
    """Return how long to learn; held-out images are looked at every epoch, a test split never."""
    budget = budget_for(data)
    return Plan(
        epochs=_first(settings.epochs, budget.epochs),
        batch_size=_first(settings.batch_size, budget.batch_size),
        seed=settings.seed,
        look_every=int(data.held_out),
    )


def backpropagation(settings: Settings, data: Dataset) -> tuple[Learner, Plan]:
    """Return the rival: the same widths, epochs, batches and dtype, AdamW, the rate falling linearly."""
    device = str(data.train.images.device)
    network = Perceptron(
        data.features,
        data.classes,
        settings.widths or budget_for(data).widths,
        generator=generator(settings.seed, "weights"),
        **fitting_pixels(data),
        device=device,
    )
    dtype = settings.matmul_dtype or fast_matmul_dtype(device)
    learner = Backpropagation(network, Adam(rate=BACKPROP_RATE), dtype, _augment(settings, data))
    return learner, replace(plan_for(settings, data), schedule=linear)


_PARTS = ("weight_decay", "rule", "goodness", "loss", "peer", "normalization", "negatives")


def _composed(
    settings: Settings, data: Dataset, best: Simultaneous, place: Placement
) -> Simultaneous | Greedy:
    """Return a learner whose parts are the settings', and where they say nothing, the best one's."""
    layer, greedy = best.network.layers[0], settings.method is Greedy
    negatives = settings.negatives
    label: dict[str, Any] = {
        "place": place,
        "strength": layer.strength,
        "pixel_mean": layer.pixel_mean,
        "pixel_std": layer.pixel_std,
    }
    if isinstance(negatives, type):
        if settings.place is not None or settings.strength is not None:
            raise UsageError("a net that learns without labels has no place for one; leave it out")
        negatives, label = negatives(data.shape), {"labelled": False}
    augment = _augment(settings, data)
    network = FeedForward.dense(
        data.features,
        data.classes,
        [layer.units for layer in best.network.layers],
        generator=generator(settings.seed, "weights"),
        goodness=settings.goodness or layer.goodness,
        loss=settings.loss or layer.loss,
        peer=_first(settings.peer, layer.peer.strength if layer.peer is not None else 0.0),
        normalization=settings.normalization or best.network.normalization,
        **label,
        head=not greedy,
        matmul_dtype=layer.matmul_dtype,
        device=str(data.train.images.device),
    )
    decay = _first(settings.weight_decay, best.rule.weight_decay)
    rule = (settings.rule or type(best.rule))(rate=best.rule.rate, weight_decay=decay)
    if greedy:
        return Greedy(network, negatives or random_wrong_label, rule, augment=augment)
    adversary = _adversary(settings, data, network.labelled)
    hard = negatives or best.negatives
    return Simultaneous(network, hard, rule, best.head_rule, augment, adversary)


def _recurrent(settings: Settings, data: Dataset, budget: Budget) -> Iterated:
    """Return a recurrent net's learner; its label comes from above, and so has no place in the image."""
    if settings.place is not None or settings.strength is not None:
        raise UsageError("a recurrent net hears its label from above; leave its place out")
    widths = settings.widths or budget.widths
    kind = settings.negatives
    wiring = settings.wiring or (without_labels if isinstance(kind, type) else neighbours)
    who = wiring(len(widths))
    if kind is None and not hears_label(who):
        kind = HybridImages
    negatives = kind(data.shape) if isinstance(kind, type) else kind
    names = ("goodness", "loss", "peer", "normalization", "rate", "rule", "weight_decay")
    chosen = {name: getattr(settings, name) for name in names}
    return recurrent_learner(
        data,
        widths,
        settings.seed,
        str(data.train.images.device),
        negatives=negatives,
        adversary=_adversary(settings, data, hears_label(who)),
        augment=_augment(settings, data),
        wiring=who,
        iterations=max(8, len(widths)),  # a label comes down by a layer in each
        matmul_dtype=settings.matmul_dtype,
        **{name: value for name, value in chosen.items() if value is not None},
    )


def _adversary(settings: Settings, data: Dataset, labelled: bool = True) -> Adversary | None:
    if settings.adversary is None:  # on held-out rows of tables it takes time and gains little
        return ADVERSARY if labelled and not isinstance(data, Table) else None
    return FastGradientSign(settings.adversary) if settings.adversary else None


def _augment(settings: Settings, data: Dataset) -> Augmentation | None:
    return Jitter(data.shape, settings.jitter) if settings.jitter else None


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)
