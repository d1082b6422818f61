"""What a recurrent net passes along: the frame it sees, the state it is in, what a layer just did."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from forward_forward.errors import UsageError, check_whole

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


@dataclass
class State:
    """Where a net stands: for each layer its activities before normalisation, `[R, U]`, and after."""

    y: list[Tensor]
    h: list[Tensor]

    def repeated(self, times: int) -> "State":
        """Return the same state for several labels, label by label."""
        y, h = ([x.repeat(times, 1) for x in xs] for xs in (self.y, self.h))
        return State(y, h)


@dataclass(frozen=True)
class Reaction:
    """What one layer did in one iteration.

    Arguments:
        layer: its index.
        heard: normalised activities of the hidden layers that feed it, `[R, U']`, in the wiring's order.
        rectified: ReLU(z), `[R, U]`.
        y: its new activities, `[R, U]`.
    """

    layer: int
    heard: tuple[Tensor, ...]
    rectified: Tensor
    y: Tensor


def checked_window(iterations: int, window: Sequence[int]) -> tuple[int, tuple[int, int]]:
    """Return how long a net runs, and the first and last iteration that count, as plain numbers.

    Raises:
        UsageError: when they are not whole, or the window does not lie within the iterations.
    """
    if not isinstance(window, Sequence) or len(window) != 2:
        raise UsageError(f"a window of {window!r}: give its first and last iteration")
    check_whole("iterations, and a window of them", iterations, *window)
    first, last = map(int, window)
    if not 1 <= first <= last <= iterations <= MOST_ITERATIONS:
        raise UsageError(
            f"goodness of iterations {first} to {last}, but the net runs for {iterations}: choose a window "
            f"within them, and {MOST_ITERATIONS:,} at most"
        )
    return int(iterations), (first, last)
