"""The paper's unsupervised net (§3.2): 4 × 2000, 100 epochs, hybrid images as negatives, then a linear softmax.

Claim: 1.37 % test error by a softmax on the normalised activities of the last three of four layers.

Differences from the paper:
1. The paper states neither rates, nor batch size, nor schedule, nor peer normalisation for this net: those of the
   author's program for the supervised 3 × 1000 are taken over unchanged, the threshold being the number of units, 2000.
2. The number of blurs is not stated: six, as large as a stroke is wide. Beyond the edge a mask goes on as at the edge.
3. The other image of a hybrid is any other of the batch, one of the same digit too; its label is not looked at.
4. The softmax learns alongside, from the positives' activities, and not afterwards; it never touches the layers.
"""

from forward_forward.data import Dataset
from forward_forward.exhibits import first_layer, hybrid_images
from forward_forward.hybrids import HybridImages
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.author_program import PEER, taught
from forward_forward.recipes.recipe import Build, Recipe
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

RATE = 0.005


def builder(read_from: int) -> Build:
    """Return the build function of a net whose softmax reads this layer and those above."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        network = FeedForward.dense(
            data.features,
            data.classes,
            [2000] * 4,
            generator=generator(seed, "weights"),
            peer=PEER,
            labelled=False,
            read_from=read_from,
            matmul_dtype=fast_matmul_dtype(device),
            device=device,
        )
        learner = taught(network, HybridImages(data.shape), RATE)
        return learner, Plan(epochs=100, batch_size=100, seed=seed)

    return build


RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("softmax_error", paper=1.37, target=1.40, source="Hinton 2022, §3.2"),),
    build=builder(read_from=1),
    traces=lambda learner, data: hybrid_images(data) | first_layer(learner.network, data),
)
