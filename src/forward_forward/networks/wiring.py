"""Wirings: who feeds whom in a recurrent net. A wiring names, for each hidden layer, all that it hears.

A source is the index of a hidden layer, counted from 0 at the bottom, or `IMAGE` or `LABEL`. To add a wiring, write
one function here; nothing else changes.
"""

import operator
from collections.abc import Iterator, Sequence
from typing import Any

from forward_forward.errors import UsageError
from forward_forward.layers.joint import Joint

IMAGE, LABEL = "image", "label"

Source = int | str
Wiring = tuple[tuple[Source, ...], ...]


def neighbours(depth: int) -> Wiring:
    """Return figure 3's: each layer hears the one below and the one above, image and label at the ends (§3.4).

    Example:
        >>> neighbours(2)
        (('image', 1), (0, 'label'))
    """
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


def from_above(wiring: Wiring) -> Iterator[tuple[int, int]]:
    """Yield (layer, position among its sources) of all that comes down: from higher layers, and from the label."""
    for layer, sources in enumerate(wiring):
        for position, source in enumerate(sources):
            if is_above(source, layer):
                yield layer, position


def is_above(source: Source, layer: int) -> bool:
    """Return whether what this source says comes down to a layer: it is a higher one, or the label."""
    return source == LABEL or (isinstance(source, int) and source > layer)


def checked(wiring: Sequence[Sequence[Source]]) -> Wiring:
    """Return a wiring as tuples.

    Raises:
        UsageError: when a source does not exist or is named twice, or a layer hears nothing from below.
    """
    if not wiring:
        raise UsageError("a wiring of no hidden layers; give at least one")
    wiring = [[_plain(source) for source in sources] for sources in wiring]
    known = (IMAGE, LABEL, *range(len(wiring)))
    for layer, sources in enumerate(wiring):
        unknown = [s for s in sources if s not in known]
        if unknown:
            raise UsageError(
                f"layer {layer} is fed by {unknown[0]!r}; there are {', '.join(map(repr, known))}"
            )
        if len(set(sources)) < len(sources):
            raise UsageError(f"layer {layer} is fed twice by one source: {tuple(sources)}")
        if not any(s == IMAGE or (s != LABEL and int(s) < layer) for s in sources):
            raise UsageError(
                f"layer {layer} hears nothing from below: feed it the image or a lower layer, "
                "or the first bottom-up pass leaves it silent"
            )
    return tuple(tuple(sources) for sources in wiring)


def _plain(source: Any) -> Source:
    """Return a source as text or as a plain int, whatever kind of whole number it was."""
    if isinstance(source, str):
        return source
    try:
        return operator.index(source)
    except TypeError:
        return str(source)  # which is unknown, and is told so


def image_size(layers: Sequence[Joint], wiring: Wiring) -> int:
    """Return how many values an image has; by `checked`, at least the first layer hears it."""
    sizes = {
        int(layer.connections[sources.index(IMAGE)].in_features)  # type: ignore[arg-type]
        for layer, sources in zip(layers, wiring, strict=True)
        if IMAGE in sources
    }
    if len(sizes) > 1:
        raise UsageError(f"layers hear images of different sizes: {sorted(sizes)}")
    return sizes.pop()


def check_fit(layers: Sequence[Joint], wiring: Wiring, classes: int) -> None:
    """Raise a `UsageError` where layers and connections are not those that the wiring names, in number and in size."""
    if not layers or len(layers) != len(wiring):
        raise UsageError(f"{len(layers)} layers, but the wiring is for {len(wiring)}")
    for index, (layer, sources) in enumerate(zip(layers, wiring, strict=True)):
        if len(layer.connections) != len(sources):
            raise UsageError(
                f"layer {index} has {len(layer.connections)} connections for {len(sources)} sources"
            )
        for connection, source in zip(layer.connections, sources, strict=True):
            size = (
                classes if source == LABEL else 0 if source == IMAGE else layers[int(source)].units
            )
            if size and connection.in_features != size:
                raise UsageError(
                    f"layer {index} hears {source!r} of {size} values by a connection for "
                    f"{connection.in_features}"
                )
