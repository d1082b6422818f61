"""How many bytes learning takes on a small device, beside what backpropagation would take there.

One image at a time, plain descent, updates in place; code, tables and the image itself, which its owner keeps, are
not counted. Forward-Forward keeps the weights, and the input and the activities of the layer that learns; the first
input is image and label, normalised as one. Backpropagation, written as tightly, keeps the activities of all layers
until the errors come back, and one layer's errors beside them. A gradient that is kept, to add up a batch or to smooth
it, has as many numbers as there are weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Storage:
    """How many bytes a number takes.

    Arguments:
        name: as tables spell it.
        weight: bytes of a weight.
        activity: bytes of an input, an activity, an error, or a number of a gradient.
    """

    name: str
    weight: int
    activity: int


FLOAT, INT8 = Storage("float", 4, 4), Storage("int8", 1, 2)
CHANCE = 4
"""Bytes of the random generator's state."""

KIB = 1024
LIMITS = {"64 KiB": 64 * KIB, "256 KiB": 256 * KIB, "1 MiB": KIB * KIB}


@dataclass(frozen=True)
class Sizes:
    """The sizes of a net.

    Arguments:
        pixels: of an image.
        classes: how many labels.
        widths: units of each layer, bottom to top.
        overlay: whether the label stands in the image, and not beside it.
    """

    pixels: int
    classes: int
    widths: tuple[int, ...]
    overlay: bool = False

    @property
    def inputs(self) -> int:
        """Inputs of the first layer."""
        return self.pixels if self.overlay else self.pixels + self.classes


def buffers(sizes: Sizes) -> tuple[int, int]:
    """Return the lengths of the two vectors that layers read from and write to in turn, a place for the bias behind.

    Example:
        >>> buffers(Sizes(64, 10, (100, 80, 60), overlay=True))
        (81, 101)
    """
    lengths = [sizes.inputs, *sizes.widths]
    return max(lengths[0::2]) + 1, max(lengths[1::2]) + 1


def forward_forward_bytes(sizes: Sizes, storage: Storage, passes: int = 1) -> int:
    """Return what Forward-Forward takes.

    Arguments:
        sizes: of the net.
        storage: of its numbers.
        passes: how many are under way at once: 1 where each is judged on its own, 2 where a loss compares them.

    Example:
        >>> forward_forward_bytes(Sizes(784, 10, (100,), overlay=True), INT8)
        80276
    """
    weights = _connections([sizes.inputs, *sizes.widths])
    return weights * storage.weight + passes * sum(buffers(sizes)) * storage.activity + CHANCE


def backpropagation_bytes(sizes: Sizes, storage: Storage, gradient: bool = False) -> int:
    """Return what backpropagation takes in a net of the same hidden layers, with a softmax on top.

    Arguments:
        sizes: of the net; the label is no input here.
        storage: of its numbers.
        gradient: whether a gradient of all weights is kept, and not each used as soon as it is there.
    """
    lengths = [sizes.pixels, *sizes.widths, sizes.classes]
    weights = _connections(lengths)
    kept = sum(lengths[1:]) + max(lengths[1:]) + (weights if gradient else 0)
    return weights * storage.weight + kept * storage.activity


def widest(limit: int, pixels: int, classes: int, depth: int, storage: Storage) -> int:
    """Return the most units that each of so many equal layers can have within a limit in bytes; 0 where none fits."""
    fitting, too_many = 0, 1 << 20
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        sizes = Sizes(pixels, classes, (middle,) * depth)
        fits = forward_forward_bytes(sizes, storage) <= limit
        fitting, too_many = (middle, too_many) if fits else (fitting, middle)
    return fitting


def table(several: Sequence[Sizes], passes: int = 1) -> list[dict[str, Any]]:
    """Return two rows for every net, in floats and in 8 bits: its bytes by method, and the smallest limit it keeps to.

    Arguments:
        several: sizes of the nets.
        passes: of Forward-Forward that are under way at once.
    """
    rows: list[dict[str, Any]] = []
    for sizes in several:
        for storage in (FLOAT, INT8):
            needed = {
                "forward_forward": forward_forward_bytes(sizes, storage, passes),
                "backpropagation": backpropagation_bytes(sizes, storage),
                "backpropagation_with_gradient": backpropagation_bytes(sizes, storage, True),
            }
            row = {"widths": list(sizes.widths), "numbers": storage.name, **needed}
            rows.append(row | {"fits": smallest_limit(needed["forward_forward"])})
    return rows


def smallest_limit(needed: int) -> str | None:
    """Return the name of the smallest limit that so many bytes keep to."""
    return next((name for name, limit in LIMITS.items() if needed <= limit), None)


EXAMPLES = [
    Sizes(784, 10, widths, overlay=True)
    for widths in [(16,) * 2, (64,) * 2, (64,) * 8, (64,) * 32, (200,) * 2, (500,) * 2, (1000,)]
]
"""Nets for images of 28×28 and ten labels."""


def _connections(lengths: Sequence[int]) -> int:
    """Return how many weights there are between layers of these lengths, biases included."""
    return sum((below + 1) * above for below, above in pairwise(lengths))
