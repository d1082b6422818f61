"""What a recurrent net passes along: the frame it sees, the state it is in, what a layer just did."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from forward_forward.errors import DataError, UsageError, check_number, check_whole

MOST_ITERATIONS = 10_000
"""A net that runs for longer than this never answers."""


@dataclass(frozen=True)
class Frame:
    """What can be had of images before a label or a state is known.

    Arguments:
        images: normalised, `[1, B, D]`; or `[2, B, D]` where positives and negatives differ in their images.
        shares: for each layer that the image feeds, its share of the preactivation, `[1 or 2, B, U]`.
    """

    images: Tensor
    shares: dict[int, Tensor]

    def leading(self, codes: Tensor | None) -> torch.Size:
        """Return (K, B): under how many labels, or of how many blocks, and of how many images there are rows."""
        of_codes = (1, 1) if codes is None else codes.shape[:2]
        return torch.broadcast_shapes(self.images.shape[:2], of_codes)


@dataclass
class State:
    """Where a net stands: for each layer its activities before normalisation and after, `[1 or K, B, U]`.

    Whatever no label has reached yet is the same for all K of them, and is there once.
    """

    y: list[Tensor]
    h: list[Tensor]

    def check_fit(self, leading: torch.Size) -> None:
        """Raise a `DataError` where it cannot go on under K labels and on B images, `leading` = (K, B)."""
        labels, images = leading
        if not all(y.shape[0] in (1, labels) and y.shape[1] == images for y in self.y):
            raise DataError(
                f"a frame of {images} images under {labels} labels follows one of other ones: videos of a batch are "
                "equally long"
            )


def rows_of(values: Tensor, leading: torch.Size) -> Tensor:
    """Return values `[1 or K, B, U]` under K labels on B images, leading = (K, B), as rows `[K · B, U]`."""
    return values.expand(*leading, -1).flatten(0, 1)


@dataclass(frozen=True)
class Reaction:
    """What one layer did in one iteration.

    Arguments:
        layer: its index.
        heard: normalised activities of the hidden layers that feed it, `[1 or K, B, U']`, in the wiring's order.
        rectified: ReLU(z), `[1 or K, B, U]`.
        y: its new activities, `[1 or K, B, U]`.
    """

    layer: int
    heard: tuple[Tensor, ...]
    rectified: Tensor
    y: Tensor


def added(z: Tensor, term: Tensor) -> Tensor:
    """Return z + term, broadcast; in place where z is of the sum's shape."""
    return z.add_(term) if torch.broadcast_shapes(z.shape, term.shape) == z.shape else z + term


def checked_keep(keep: float) -> float:
    """Return how much of the old activities stays.

    Raises:
        UsageError: when it is not in [0, 1).
    """
    check_number("keep", keep)
    if not 0 <= keep < 1:
        raise UsageError(f"keep {keep} must be from 0 to below 1")
    return float(keep)


def checked_times(iterations: int) -> int:
    """Return for how many iterations to run.

    Raises:
        UsageError: when it is no whole number from 1 to `MOST_ITERATIONS`.
    """
    check_whole("iterations", iterations)
    if not 1 <= iterations <= MOST_ITERATIONS:
        raise UsageError(f"{iterations} iterations; a net runs for 1 to {MOST_ITERATIONS:,}")
    return int(iterations)


def checked_window(iterations: int, window: Sequence[int]) -> tuple[int, tuple[int, int]]:
    """Return how long a net runs, and the first and last iteration that count, as plain numbers.

    Raises:
        UsageError: when they are not whole, or the window does not lie within iterations that can be run.
    """
    if not isinstance(window, Sequence) or len(window) != 2:
        raise UsageError(f"a window of {window!r}: give its first and last iteration")
    check_whole("a window of iterations", *window)
    times, (first, last) = checked_times(iterations), map(int, window)
    if not 1 <= first <= last <= times:
        raise UsageError(
            f"goodness of iterations {first} to {last}, but the net runs for {times}: choose a window within them"
        )
    return times, (first, last)
