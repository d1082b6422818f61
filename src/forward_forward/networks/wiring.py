"""Wirings: who feeds whom in a recurrent net. A wiring names, for each hidden layer, all that it hears.

A source is the index of a hidden layer, counted from 0 at the bottom, or `IMAGE` or `LABEL`; a layer that names itself
hears its own normalised activities of the iteration before. To add a wiring, write one function here; nothing else
changes.
"""

from forward_forward.errors import UsageError, check_whole

IMAGE, LABEL = "image", "label"

Source = int | str
Wiring = tuple[tuple[Source, ...], ...]


def neighbours(depth: int) -> Wiring:
    """Return figure 3's: each layer hears the one below and the one above, image and label at the ends (§3.4).

    Example:
        >>> neighbours(2)
        (('image', 1), (0, 'label'))
    """
    check_whole("hidden layers of a wiring", depth)
    if depth < 1:
        raise UsageError(f"a wiring of {depth} hidden layers; give at least one")
    column = (IMAGE, *range(depth), LABEL)
    return tuple((column[i], column[i + 2]) for i in range(depth))


def without_labels(depth: int) -> Wiring:
    """Return figure 3's without a label at the top: the top layer hears the one below and nothing else."""
    return tuple(tuple(s for s in sources if s != LABEL) for sources in neighbours(depth))


def with_skips(depth: int) -> Wiring:
    """Return figure 3's with the image fed to every layer and the label too (note 10: skip connections).

    Example:
        >>> with_skips(2)
        (('image', 1, 'label'), (0, 'label', 'image'))
    """
    both = (IMAGE, LABEL)
    return tuple((*s, *(end for end in both if end not in s)) for s in neighbours(depth))
