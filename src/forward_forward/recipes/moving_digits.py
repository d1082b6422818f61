"""A task that needs time: digits that drift through a larger frame, of which each frame shows a seventh of the pixels.

Claim: ours, made before the runs: after 20 frames the error is at most half of what one frame alone gives, seen once,
seen again and again, or read by the softmax, whichever is best; and learning from frame to frame needs no more memory
for a longer video (`ff bench recurrent`), where backpropagation through time of the same width keeps them all.

1. Forward-Forward: 2 × 1000, one iteration a frame and an update after each; goodness is averaged over frames. Its
   rate is the best of three on held-out images (LOG.md).
2. Backpropagation through time: the same layers and wiring without the label, AdamW, logits averaged over frames. Of
   its rate one value alone was tried.
"""

from dataclasses import replace

from forward_forward.baselines.through_time import ThroughTime
from forward_forward.data import Dataset
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.hinton2022_recurrent import HEAD_RULE, PARTS, RULE
from forward_forward.recipes.recipe import Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.iterated import Iterated
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import Adam
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear
from forward_forward.video import MovingImages

WIDTHS, EPOCHS = (1000, 1000), 6


def forward_forward(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return the Forward-Forward learner and its plan."""
    video = MovingImages(data.shape)
    network = dense_recurrent(
        video.features,
        data.classes,
        WIDTHS,
        generator=generator(seed, "weights"),
        iterations=1,
        window=(1, 1),
        matmul_dtype=fast_matmul_dtype(device),
        device=device,
        **PARTS,
    )
    rule = replace(RULE, rate=1e-3)
    learner = Iterated(network, hard_by_softmax, rule, HEAD_RULE, video=video)
    return learner, Plan(epochs=EPOCHS, batch_size=100, seed=seed)


def backpropagation(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return its rival and the rival's plan."""
    video = MovingImages(data.shape)
    network = ThroughTime(
        video.features,
        data.classes,
        WIDTHS,
        generator=generator(seed, "weights"),
        video=video,
        device=device,
    )
    learner = Backpropagation(network, Adam(rate=5e-4), fast_matmul_dtype(device))
    return learner, Plan(epochs=EPOCHS, batch_size=100, seed=seed, schedule=linear)


def measure(results: Results) -> dict[str, float | None]:
    """Return both nets' metrics, and the error after all frames over the lowest that one frame alone gives."""
    ff = results["ff"]["metrics"]
    alone = min(ff[f"{readout}_error"] for readout in ("frames_1", "one_frame", "softmax"))
    ratio = ff["goodness_error"] / alone if alone else None
    return {**prefixed(results), "all_frames_ratio": ratio}


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim("all_frames_ratio", paper=None, target=0.5, source="ours, before the runs", unit=""),
    ),
    build={"ff": forward_forward, "bp": backpropagation},
    measure=measure,
)
