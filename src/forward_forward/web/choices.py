"""What the page offers by name for a run, and the parts that those names mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forward_forward import goodness, losses, negatives
from forward_forward.composition import BUDGETS, Budget, Settings
from forward_forward.discover import pick
from forward_forward.losses import Loss
from forward_forward.negatives import Negatives
from forward_forward.slopes import Goodness

GOODNESS: dict[str, Goodness] = {
    "mean of squares": goodness.mean_of_squares,
    "sum of squares": goodness.sum_of_squares,
    "mean of opposed squares": goodness.mean_of_opposed_squares,
}
LOSSES: dict[str, Loss] = {
    "silu of pairs": losses.SiLU(),
    "SymBa": losses.SymBa(),
    "threshold": losses.ThresholdLogistic(),
}
NEGATIVES: dict[str, Negatives] = {
    "hard": negatives.hard_by_softmax,
    "random": negatives.random_wrong_label,
}
MOST_LAYERS, MOST_UNITS = 5, 2000


@dataclass(frozen=True)
class Wish:
    """What a visitor of the page asks of a run, in plain values.

    Arguments:
        data: name of the data set.
        widths: units of each layer.
        epochs: how many.
        rate: learning rate.
        negatives, goodness, loss: names, as above.
        peer: strength of peer normalisation.
        seed: of weights, batches and negatives.
    """

    data: str
    widths: Sequence[int]
    epochs: int
    rate: float
    negatives: str
    goodness: str
    loss: str
    peer: float
    seed: int


def settings_of(wish: Wish) -> Settings:
    """Return what is to be trained.

    Raises:
        UsageError: a name is unknown; the message names near ones.

    Example:
        >>> wish = Wish("digits", (20, 20), 2, 3e-3, "random", "mean of squares", "SymBa", 0.06, 0)
        >>> settings_of(wish).negatives.__name__
        'random_wrong_label'
    """
    return Settings(
        widths=tuple(wish.widths),
        epochs=wish.epochs,
        rate=wish.rate,
        negatives=negatives_of(wish.negatives),
        goodness=pick(GOODNESS, wish.goodness, "goodness"),
        loss=pick(LOSSES, wish.loss, "loss"),
        peer=wish.peer,
        seed=wish.seed,
        baseline=False,
    )


def negatives_of(name: str) -> Negatives:
    """Return the negatives of this name."""
    found: Negatives = pick(NEGATIVES, name, "negatives")
    return found


def offered(data: Sequence[str]) -> dict[str, Any]:
    """Return what the page is to offer: the names of parts, and what suits each data set."""
    return {
        "negatives": list(NEGATIVES),
        "goodness": list(GOODNESS),
        "loss": list(LOSSES),
        "data": {name: _suiting(name) for name in data},
    }


def _suiting(name: str) -> dict[str, Any]:
    """Return the settings that a run on a data set starts from: small, so that it can be watched."""
    budget = BUDGETS.get(name, Budget())
    small = name in BUDGETS
    return {
        "widths": [200, 200, 200] if small else [500, 500],
        "epochs": 30 if small else 5,
        "rate": budget.rate,
    }
