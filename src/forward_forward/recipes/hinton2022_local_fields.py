"""Local receptive fields without weight sharing, without labels (§3.2, note 8): 60 epochs.

Claim: 1.16 % test error by a softmax on the normalised activities of the last two of three layers.

Differences from the paper:
1. Those of `hinton2022_unsupervised`: rates, batches, schedule, blurs and the softmax are not stated there.
2. Which layers the softmax reads is not stated for this net: all but the first, as for the one before it.
3. Lengths are normalised over a whole layer, as in the fully connected nets.
"""

from typing import Any

from forward_forward.data import Dataset
from forward_forward.hybrids import HybridImages
from forward_forward.layers.local_fields import LocalFields
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.author_program import PEER, taught
from forward_forward.recipes.hinton2022_unsupervised import RATE
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan


def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return the learner and the plan of the recipe."""
    depth, height, width = data.shape
    parts: dict[str, Any] = {
        "peer": PEER,
        "generator": generator(seed, "weights"),
        "matmul_dtype": fast_matmul_dtype(device),
        "device": device,
    }
    layers = [
        LocalFields(
            (height, width, depth), (4, 4), 128, field=10, stride=6, channels_first=True, **parts
        ),
        LocalFields((4, 4, 128), (3, 3), 220, field=2, **parts),
        LocalFields((3, 3, 220), (2, 2), 512, field=2, **parts),
    ]
    network = FeedForward(layers, data.classes)
    learner = taught(network, HybridImages(data.shape), RATE)
    return learner, Plan(epochs=60, batch_size=100, seed=seed)


RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("softmax_error", paper=1.16, target=1.20, source="Hinton 2022, §3.2"),),
    build=build,
)
