"""Blocks (§5.3) and regions (§9): a layer cut into groups of units, each of which must tell real data by itself.

Claim: the information that it takes to satisfy the constraints "scales linearly with the number of blocks"; goodness
functions for regions of the image "should allow learning to be much faster". No number is given. Ours, set before the
runs: no number of blocks is worse than one by more than a twentieth; one goodness per region is no worse than one per
layer, and gets to 3 % error on held-out images in half the epochs.

`blocks_<n>`: 3 × 600 with labels, 8 epochs, every layer of n blocks: 600 units to a block, or 3. `whole`, `regions`:
the local fields of `hinton2022_local_fields`, without labels, 4 epochs; one goodness per layer, or one at each of the
4×4, 3×3 and 2×2 places. An epoch is 50,000 images, the rest is looked at.

Differences from the paper, which reports no net of blocks:
1. The goodness is a mean of squares, so that threshold and rate mean the same for blocks of every size.
2. Rate and temperature were chosen on held-out training images, after two epochs of 20,000. Blocks of 12 units and
   fewer have a temperature of their own: with that of the others they fall silent.
3. Lengths are normalised over a whole layer. A layer's goodness, which names the label, is the mean of its blocks'.
4. The paper's net of local fields learns for 60 epochs and by sums of squares.
"""

from typing import Any

from forward_forward.data import Dataset
from forward_forward.goodness import mean_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.layers.local_fields import LocalFields
from forward_forward.losses import ThresholdLogistic
from forward_forward.negatives import Negatives, hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.author_program import PEER, taught
from forward_forward.recipes.matched import epochs_to
from forward_forward.recipes.recipe import Build, Recipe, Results
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

WIDTHS, EPOCHS, FIELD_EPOCHS, RATE, TARGET = [600] * 3, 8, 4, 3e-3, 3.0
TEMPERATURES = {1: 1 / 6, 2: 1 / 6, 5: 1 / 6, 10: 1 / 6, 50: 1 / 2, 200: 1 / 2}
"""Of the threshold, by the number of blocks: goodness of few units is less sure."""


def _parts(temperature: float, seed: int, device: str) -> dict[str, Any]:
    """Return what all layers of these nets share."""
    return {
        "goodness": mean_of_squares,
        "loss": ThresholdLogistic(temperature=temperature),
        "peer": PEER,
        "generator": generator(seed, "weights"),
        "matmul_dtype": fast_matmul_dtype(device),
        "device": device,
    }


def _taught(
    network: FeedForward, negatives: Negatives, epochs: int, data: Dataset, seed: int
) -> tuple[Learner, Plan]:
    plan = Plan(epochs, batch_size=100, seed=seed, look_every=int(data.held_out))
    return taught(network, negatives, RATE), plan


def blocks(number: int) -> Build:
    """Return the build function of a net with labels, every layer of so many blocks."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        parts = _parts(TEMPERATURES[number], seed, device)
        network = FeedForward.dense(data.features, data.classes, WIDTHS, blocks=number, **parts)
        return _taught(network, hard_by_softmax, EPOCHS, data, seed)

    return build


def fields(*, by_region: bool) -> Build:
    """Return the build function of a net of local fields without labels, judged by region or by layer."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        depth, height, width = data.shape
        parts = _parts(1 / 6, seed, device)

        def places(below: tuple[int, int, int], side: int, units: int, **own: Any) -> LocalFields:
            number = side**2 if by_region else 1
            return LocalFields(below, (side, side), units, blocks=number, **own, **parts)

        layers = [
            places((height, width, depth), 4, 128, field=10, stride=6, channels_first=True),
            places((4, 4, 128), 3, 220, field=2),
            places((3, 3, 220), 2, 512, field=2),
        ]
        network = FeedForward(layers, data.classes)
        return _taught(network, HybridImages(data.shape), FIELD_EPOCHS, data, seed)

    return build


ONE, WHOLE, REGIONS = "blocks_1", "whole", "regions"


def measure(results: Results) -> dict[str, float | None]:
    """Return each net's error, epochs to an error of `TARGET` and seconds; and what more goodness does to both.

    Where a net has not got there by its end, that epoch stands for it in the ratio of epochs.
    """
    errors, epochs = {}, {}
    found: dict[str, float | None] = {}
    for net, result in results.items():
        readout = "softmax" if net in (WHOLE, REGIONS) else "goodness"
        errors[net] = result["metrics"][f"{readout}_error"]
        reached = epochs_to(result["curves"], TARGET)
        epochs[net] = reached or result["epochs"]
        found[f"{net}_error"] = errors[net]
        found[f"{net}_epochs_to_{TARGET:g}"] = reached
        found[f"{net}_seconds"] = result["seconds"]
    ratios = {f"{net}_to_one": errors[net] / errors[ONE] for net in BLOCKS if net != ONE}
    return {
        **found,
        **ratios,
        "regions_to_whole": errors[REGIONS] / errors[WHOLE],
        "regions_epochs_to_whole": epochs[REGIONS] / epochs[WHOLE],
    }


BLOCKS = {f"blocks_{number}": blocks(number) for number in TEMPERATURES}
TARGETS = {
    **{f"{net}_to_one": (1.05, "§5.3") for net in BLOCKS if net != ONE},
    "regions_to_whole": (1.0, "§9"),
    "regions_epochs_to_whole": (0.5, "§9"),
}

RECIPE = Recipe(
    dataset="mnist",
    claims=tuple(
        Claim(ratio, None, target, f"Hinton 2022, {section}, which gives no number", unit="")
        for ratio, (target, section) in TARGETS.items()
    ),
    build={**BLOCKS, WHOLE: fields(by_region=False), REGIONS: fields(by_region=True)},
    watched=True,
    measure=measure,
)
