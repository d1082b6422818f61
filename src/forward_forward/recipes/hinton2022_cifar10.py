"""Table 1 (§4): CIFAR-10 with two and three maps of 32 × 32 places, 3 units each, 11 × 11 fields; ten rows.

Claim: test errors of Forward-Forward that minimises (`min`) or maximises (`max`) the sum of squares for real data, by
goodness over iterations 4 to 6 of 10 and by the one-pass softmax; and of backpropagation with the same fields (`bp`).
Within two points of the paper counts as reached, for backpropagation the paper's own number.

Differences from the paper:
1. The loss of a pair is silu(−6 (g⁺ − g⁻)) on mean squares; the paper's, its rates, weight decay, batch size and number
   of epochs are not stated: 60 epochs here, batches of 100.
2. The top layer's label feeds all of its units, through ten weights each, as there; where a net has three layers, the
   middle one hears 11 × 11 fields on both sides.
3. Backpropagation: AdamW at 5e-4, falling linearly, weight decay 0.1, half of the hidden units left out; its units
   have fields below only.
"""

from collections.abc import Mapping
from typing import Any

from forward_forward.baselines.local import LocalPerceptron
from forward_forward.data import Dataset
from forward_forward.goodness import mean_of_squares, negative_mean_of_squares
from forward_forward.layers.local_fields import LocalFields
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.recurrent_nets import local_recurrent
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.recipe import Build, Recipe
from forward_forward.records import Claim
from forward_forward.slopes import Goodness
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.evaluation import evaluate
from forward_forward.training.iterated import Iterated
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear

EPOCHS, FIELD, CHANNELS, TILE = 60, 11, 3, 8


def forward_forward(goodness: Goodness, depth: int) -> Build:
    """Return what builds one of the table's Forward-Forward nets."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        network = local_recurrent(
            data.shape,
            data.classes,
            depth,
            channels=CHANNELS,
            field=FIELD,
            tile=TILE,
            generator=generator(seed, "weights"),
            goodness=goodness,
            loss=SiLU(alpha=6.0),
            peer=0.06,
            iterations=10,
            window=(4, 6),
            matmul_dtype=fast_matmul_dtype(device),
            device=device,
        )
        learner = Iterated(
            network,
            hard_by_softmax,
            rule=SmoothedGradient(rate=3e-3, weight_decay=0.002),
            head_rule=SmoothedGradient(rate=0.1, weight_decay=0.003),
        )
        return learner, Plan(epochs=EPOCHS, batch_size=100, seed=seed)

    return build


def backpropagation(depth: int) -> Build:
    """Return what builds one of the table's backpropagation nets."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        colours, height, width = data.shape
        draw = generator(seed, "weights")
        maps: dict[str, Any] = {"field": FIELD, "margin": FIELD // 2, "tile": TILE}
        layers = [
            LocalFields(
                (height, width, colours if index == 0 else CHANNELS),
                (height, width),
                CHANNELS,
                channels_first=index == 0,
                generator=draw,
                device=device,
                **maps,
            )
            for index in range(depth)
        ]
        network = LocalPerceptron(layers, data.classes, generator=draw, dropout=0.5)
        learner = Backpropagation(
            network.to(device), Adam(rate=5e-4, weight_decay=0.1), fast_matmul_dtype(device)
        )
        return learner, Plan(epochs=EPOCHS, batch_size=100, seed=seed, schedule=linear)

    return build


def training_errors(learner: Learner, data: Dataset) -> Mapping[str, float]:
    """Return each readout's error on the images it learned from."""
    metrics = evaluate(learner.scores, data.train, data.classes).metrics
    return {f"training_{name}": v for name, v in metrics.items() if name.endswith("_error")}


def _claim(metric: str, paper: float, allowed: float) -> Claim:
    return Claim(metric, paper=paper, target=paper + allowed, source="Hinton 2022, table 1")


RECIPE = Recipe(
    dataset="cifar10",
    claims=(
        _claim("bp2_softmax_error", 37, 0),
        _claim("min2_goodness_error", 41, 2),
        _claim("min2_softmax_error", 45, 2),
        _claim("max2_goodness_error", 44, 2),
        _claim("max2_softmax_error", 46, 2),
        _claim("bp3_softmax_error", 39, 0),
        _claim("min3_goodness_error", 41, 2),
        _claim("min3_softmax_error", 44, 2),
        _claim("max3_goodness_error", 44, 2),
        _claim("max3_softmax_error", 46, 2),
    ),
    build={
        "bp2": backpropagation(2),
        "min2": forward_forward(negative_mean_of_squares, 2),
        "max2": forward_forward(mean_of_squares, 2),
        "bp3": backpropagation(3),
        "min3": forward_forward(negative_mean_of_squares, 3),
        "max3": forward_forward(mean_of_squares, 3),
    },
    also=training_errors,
)
