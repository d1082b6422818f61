"""Our best permutation-invariant net: the silu loss on pairs, hard negatives, images moved against the first layer.

Claim: below every published Forward-Forward result on permutation-invariant MNIST, the lowest of which is the
paper's 1.31 % of a recurrent net; 1.15 % counts as reached.

Differences from the author's program, each chosen on the 10,000 held-out training images (LOG.md):
1. The loss of a pair is silu(−6 (g⁺ − g⁻)) on mean squares, and not a threshold for each pass: 1.39 % after 20 epochs
   of 3 × 1000, where the threshold needs three times as many; 1.26 % after 40.
2. The layers learn from images whose pixels are moved by 0.05 to where the first layer's own objective is higher
   (`adversarial.py`): 1.02 % after 40 epochs, and the softmax 1.15 %. No other layer takes part in that, nor does it
   travel between layers; but the first layer's weights are used in both directions.
3. The smoothed gradient's rate is 1.5e-3.
4. 80 epochs, there 100.
Label overlay, normalisation, peers, cool-down, head and the net, 3 × 1000, are the program's.
"""

from collections.abc import Sequence
from typing import Any

import torch

from forward_forward.adversarial import Adversary, FastGradientSign
from forward_forward.augment import Augmentation
from forward_forward.data import Dataset
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import Placement, concatenate, overlay
from forward_forward.losses import SiLU
from forward_forward.negatives import Negatives, hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.author_program import HEAD_RULE, PEER
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous

ADVERSARY, RATE = FastGradientSign(0.05), 1.5e-3


def best_learner(
    data: Dataset,
    widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    *,
    place: Placement | None = None,
    strength: float | None = None,
    rate: float = RATE,
    negatives: Negatives = hard_by_softmax,
    adversary: Adversary | None = ADVERSARY,
    augment: Augmentation | None = None,
    matmul_dtype: torch.dtype | None = None,
) -> Simultaneous:
    """Return a fresh learner by our best method.

    Arguments:
        data: what it is to learn; only its features and classes count.
        widths: units of each layer, bottom to top.
        seed: of the weights.
        device: as torch spells it.
        place: where the label stands in the input; None takes `fitting_place`.
        strength: of the label; None takes `fitting_strength`.
        rate: full learning rate.
        negatives: makes the negative data.
        adversary: moves the images that the layers learn from; None leaves them as they are.
        augment: changes images before anything else sees them; None leaves them as they are.
        matmul_dtype: None chooses the fast one for the device.
    """
    network = FeedForward.dense(
        data.features,
        data.classes,
        widths,
        generator=generator(seed, "weights"),
        goodness=mean_of_squares,
        loss=SiLU(alpha=6.0),
        peer=PEER,
        place=place or fitting_place(data),
        strength=fitting_strength(data) if strength is None else strength,
        **fitting_pixels(data),
        matmul_dtype=matmul_dtype or fast_matmul_dtype(device),
        device=device,
    )
    return Simultaneous(
        network,
        negatives,
        rule=SmoothedGradient(rate=rate, weight_decay=0.002),
        head_rule=HEAD_RULE,
        augment=augment,
        adversary=adversary,
    )


def fitting_place(data: Dataset) -> Placement:
    """Return `overlay` where the first C pixels are the same in all training images, else `concatenate`."""
    first = data.train.images[:, : data.classes]
    blank = data.features > data.classes and bool((first == first[0]).all())
    return overlay if blank else concatenate


def fitting_pixels(data: Dataset) -> dict[str, Any]:
    """Return the `pixel_mean` and `pixel_std` to standardise by: those of the training images where they have colours.

    On CIFAR-10's held-out images that is worth 4 points of error, and 8 to backpropagation (LOG.md, 2026-11-28). Ink on
    blank paper stays as it is.
    """
    if data.shape[0] == 1:
        return {"pixel_mean": 0.0, "pixel_std": 1.0}
    mean, std = (
        round(float(value), 3) for value in (data.train.images.mean(), data.train.images.std())
    )
    return {"pixel_mean": mean, "pixel_std": std or 1.0}


def fitting_strength(data: Dataset) -> float:
    """Return how strong a label is to be: beside images in colour, in which it would be lost, four times as strong."""
    return 1.0 if data.shape[0] == 1 else 4.0


def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return the learner and the plan of the recipe."""
    plan = Plan(epochs=80, batch_size=100, seed=seed)
    return best_learner(data, [1000] * 3, seed, device), plan


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim(
            "goodness_error",
            paper=1.31,
            target=1.15,
            source="lowest published Forward-Forward result without image structure (Hinton 2022, §3.4)",
        ),
    ),
    build=build,
)
