"""Context: what comes down from the layers above, as a prediction of what comes up from below (§3.5)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.state import Frame, State
from forward_forward.networks.wiring_checks import is_above, is_below


@torch.no_grad()
def cancelled(network: Recurrent, images: Tensor, codes: Tensor | None) -> Tensor:
    """Return how much of a layer's input from below its input from above takes away, `[T, L, K, B]`.

    −Σ below · above / Σ below² over the units that the input from below drives, below > 0, at the start of each
    iteration: 1 where the two cancel, 0 where above has nothing to do with below or nothing comes, negative where it
    adds to it. What rectified units do not pass on counts for nothing: input from above that drives other units is
    for `activity_kept` to tell. Biases, and what a layer says to itself, are on neither side. NaN for a layer that
    hears nothing from above, or where below drives nothing.

    References:
        Hinton 2022, §3.5: with low activity for real data "the top-down input should learn to cancel out the
        bottom-up input on positive data".

    Arguments:
        network: runs all its iterations.
        images: `[B, D]`.
        codes: label codes, `[K, 1 or B, C]`; None for a net without labels.
    """

    def ratio(below: Tensor, above: Tensor) -> Tensor:
        driven = below.relu()
        return -(driven * above).sum(-1) / driven.square().sum(-1)

    return _by_iteration(network, images, codes, ratio)


@torch.no_grad()
def activity_kept(network: Recurrent, images: Tensor, codes: Tensor | None) -> Tensor:
    """Return what is left of the squared activity that input from below alone would call for, `[T, L, K, B]`.

    Σ relu(below + above)² / Σ relu(below)² over a layer's units: 0 where above silences the layer, above 1 where more
    is active with it than without. It is what the inputs of the moment call for, without biases and without what is
    kept of earlier activities. Arguments, moments and NaN are those of `cancelled`.
    """

    def ratio(below: Tensor, above: Tensor) -> Tensor:
        return (below + above).relu().square().sum(-1) / below.relu().square().sum(-1)

    return _by_iteration(network, images, codes, ratio)


def _by_iteration(
    network: Recurrent,
    images: Tensor,
    codes: Tensor | None,
    ratio: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Return `ratio(below, above)` of every layer at the start of each iteration, `[T, L, K, B]`."""
    if not isinstance(network, Recurrent):
        raise UsageError(
            f"a {type(network).__name__} has no context; give a Recurrent, such as learner.network"
        )
    frame = network.project(images)
    drives = network.drives(frame, codes)
    state = network.begin(frame)
    rows = []
    for _ in range(network.iterations):
        row = []
        for index, sources in enumerate(network.wiring):
            found = ratio(*_sides(network, index, frame, codes, state))
            hears = any(is_above(source, index) for source in sources)
            row.append(found if hears else torch.full_like(found, float("nan")))
        rows.append(torch.stack(row))
        network.advance(state, drives)
    return torch.stack(rows)


def _sides(
    network: Recurrent, index: int, frame: Frame, codes: Tensor | None, state: State
) -> tuple[Tensor, Tensor]:
    """Return layer `index`'s input from below and from above, each `[K, B, U]`."""
    layer = network.layers[index]
    shape = (*frame.leading(codes), layer.units)
    below, above = (layer.bias.new_zeros(shape) for _ in range(2))
    for source in network.wiring[index]:
        if is_below(source, index):
            below += network.share(index, source, frame, codes, state.h)
        elif is_above(source, index):
            above += network.share(index, source, frame, codes, state.h)
    return below, above


def of_another_image(h: Tensor) -> Tensor:
    """Return activities `[2B, U]` in which each negative has those of its neighbour's positive, in place of its own.

    Negatives made of internal representations and not of data: the same image, in a context that is not its own.

    References:
        Hinton 2022, §3.5: the collapse of representations "is not fully solved by using the contextual predictions
        from other images to create the negative pairs".

    Raises:
        UsageError: when there are fewer than two images, or negatives and positives are not equally many.
    """
    if h.ndim != 2 or len(h) % 2 or len(h) < 4:
        raise UsageError(
            f"activities of {tuple(h.shape)}: another image's context takes two images or more, in pairs"
        )
    pos = h[: len(h) // 2]
    return torch.cat([pos, pos.roll(1, 0)])


def same_images(
    images: Tensor, labels: Tensor, **of_negatives: Any
) -> tuple[tuple[Tensor], tuple[Tensor]]:
    """Give positives and negatives the same images: what tells them apart is their context alone."""
    return (images,), (images.clone(),)


same_images.labelled = False  # type: ignore[attr-defined]


def effective_rank(activities: Tensor) -> float:
    """Return in how many directions activities `[N, U]` vary: (Σλ)² / Σλ² of their covariance's eigenvalues λ.

    1 where all lie on one line, as after a collapse; U where they vary alike in every direction; 0 where they do not
    vary; NaN where they are not finite.

    Raises:
        UsageError: when they are no `[N, U]` of floats, or of fewer than two images.

    Example:
        >>> effective_rank(torch.eye(4) - 0.25)
        3.0
    """
    if activities.ndim != 2 or len(activities) < 2 or not activities.is_floating_point():
        raise UsageError(
            f"activities of {tuple(activities.shape)} {activities.dtype}: give floats [N, U] of two images or more"
        )
    if not bool(activities.isfinite().all()):
        return float("nan")
    centred = (activities - activities.mean(0)).double()
    squares = torch.linalg.svdvals(centred).square()
    total = float(squares.sum())
    return round(total**2 / float(squares.square().sum()), 6) if total else 0.0
