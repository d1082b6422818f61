"""What a recurrent net passes along: the frame it sees, the state it is in, what a layer just did."""

from dataclasses import dataclass

from torch import Tensor


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
