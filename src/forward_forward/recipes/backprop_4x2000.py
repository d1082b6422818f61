"""The rival: 4 × 2000 rectified units and a linear softmax, trained by backpropagation with AdamW.

Claim: about 1.4 % test error for plain feed-forward nets on permutation-invariant MNIST, after about 20 epochs
(§3.1); 1.6 % or more would mean that it is mistrained.

Differences from the paper: it names no optimiser; AdamW at 5e-4, linear cool-down over 20 epochs, is used here.
"""

from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear


def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return the backpropagation learner and its plan."""
    network = Perceptron(
        data.features,
        data.classes,
        [2000] * 4,
        generator=generator(seed, "weights"),
        device=device,
    )
    learner = Backpropagation(network, Adam(rate=5e-4), fast_matmul_dtype(device))
    return learner, Plan(epochs=20, batch_size=250, seed=seed, schedule=linear)


RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("softmax_error", paper=1.4, target=1.6, source="Hinton 2022, §3.1"),),
    build=build,
)
