"""Draws `images/goodness_parts.svg`: goodness of right and of wrong labels parts at the threshold as a net learns."""

from pathlib import Path

import matplotlib
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import forward_forward as ff
from forward_forward.readout import goodness_per_label

FILE = Path(__file__).parents[1] / "images" / "goodness_parts.svg"
LAYER, UNITS = 1, 200
EPOCHS = (0, 2, 15)
RIGHT, WRONG, GREY = "#2b8cc4", "#e0701f", "#808894"  # each readable on white and on black


def shares() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return goodness / units of every test image with its right label, and with a wrong one, after each of EPOCHS."""
    digits = ff.load("digits")
    images, labels = digits.test.images, digits.test.labels
    found = []
    for epochs in EPOCHS:
        draw = ff.generator(0, "weights")
        network = ff.FeedForward.dense(
            digits.features, digits.classes, [UNITS] * 3, generator=draw, peer=0.06
        )
        rules = ff.SmoothedGradient(5e-3), ff.SmoothedGradient(0.1)
        if epochs:
            learner = ff.Simultaneous(network, ff.hard_by_softmax, *rules)
            ff.train(learner, digits, ff.Plan(epochs=epochs, batch_size=50))
        goodness = goodness_per_label(network, images)[LAYER] / UNITS
        rows = range(len(labels))
        found.append((goodness[rows, labels], goodness[rows, (labels + 1) % 10]))
    return found


def draw(axis: Axes, right: torch.Tensor, wrong: torch.Tensor, title: str) -> None:
    """Draw two histograms and the threshold between them."""
    for values, colour, name in ((right, RIGHT, "right label"), (wrong, WRONG, "wrong label")):
        bins = torch.linspace(0.25, 1.35, 56).tolist()
        axis.hist(values.tolist(), bins, color=colour, alpha=0.75, label=name)
    axis.axvline(1, color=GREY, linewidth=1, linestyle="--")
    axis.set_title(title, color=GREY, fontsize=10)
    axis.set_yticks([])
    axis.tick_params(colors=GREY, labelsize=8)
    for side, spine in axis.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(GREY)


def main() -> None:
    """Write the figure."""
    figure = Figure(figsize=(8.4, 2.4), layout="constrained")
    figure.patch.set_alpha(0)
    names = {0: "as drawn"}
    axes = figure.subplots(1, len(EPOCHS), sharey=False)
    for axis, epochs, pair in zip(axes, EPOCHS, shares(), strict=True):
        axis.patch.set_alpha(0)
        draw(axis, *pair, names.get(epochs, f"after {epochs} epochs"))
    axes[0].legend(frameon=False, fontsize=8, labelcolor=GREY)
    axes[1].set_xlabel("goodness / number of units; dashed: the threshold", color=GREY, fontsize=9)
    with matplotlib.rc_context({"svg.hashsalt": "forward_forward", "svg.fonttype": "none"}):
        figure.savefig(FILE, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
