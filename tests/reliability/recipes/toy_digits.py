"""A recipe for tests: a tiny net on the embedded digits.

Claim: none; it is over in a fraction of a second.
"""

from forward_forward.data import Dataset
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous


def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    draw = generator(seed, "weights")
    network = FeedForward.dense(data.features, data.classes, [12, 8], generator=draw, device=device)
    learner = Simultaneous(network, hard_by_softmax, SmoothedGradient(0.005), SmoothedGradient(0.1))
    return learner, Plan(epochs=3, batch_size=200, seed=seed)


RECIPE = Recipe("digits", (Claim("goodness_error", None, 99.0, "none"),), build)
