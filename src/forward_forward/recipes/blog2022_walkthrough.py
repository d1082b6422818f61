"""The 2022 walkthrough of a widely copied port: 2 × 500, label concatenated, greedy, full batch, 1000 steps a layer.

Claim: 7.09 % test error on MNIST. It learns from 50,000 images with one fixed set of negatives, labels shuffled
among images, so that one negative in ten carries the true label.

Differences from the walkthrough:
1. The 50,000 images are the first ones of the training set; there they are a random batch of the loader.
2. The label's strength is the largest standardised pixel, 2.8215, as there; the threshold, 2, stands in the
   port's source and not in the text.
3. Weights start at N(0, 1/fan_in) with zero bias; there at torch's default for linear layers.
4. Where the walkthrough divides by ‖x‖ + 1e-8, here it is √(‖x‖² + 1e-10).
"""

from dataclasses import replace

from forward_forward.data import Dataset, Split
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import concatenate
from forward_forward.losses import ThresholdLogistic
from forward_forward.negatives import shuffled_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import unit_length
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from forward_forward.training.greedy import Greedy
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import constant

IMAGES = 50_000


def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return the walkthrough's learner and plan; a step is the whole set, 1000 a layer."""
    network = FeedForward.dense(
        data.features,
        data.classes,
        [500] * 2,
        generator=generator(seed, "weights"),
        goodness=mean_of_squares,
        loss=ThresholdLogistic(threshold=2.0),
        normalization=unit_length,
        place=concatenate,
        strength=2.8215,
        pixel_mean=0.1307,
        pixel_std=0.3081,
        head=False,
        matmul_dtype=fast_matmul_dtype(device),
        device=device,
    )
    learner = Greedy(network, shuffled_label, rule=Adam(rate=0.03), cached=True)
    return learner, Plan(
        epochs=50, passes=20, batch_size=len(data.train), seed=seed, schedule=constant
    )


def first_images(data: Dataset) -> Dataset:
    """Return the data with the walkthrough's number of training images."""
    train = Split(data.train.images[:IMAGES], data.train.labels[:IMAGES])
    return replace(data, train=train)


RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("goodness_error", paper=7.09, target=7.1, source="the 2022 walkthrough"),),
    build=build,
    prepare=first_images,
)
