"""What is asked of a wiring before a net is built by it, and what its sources are to a layer."""

import operator
from collections.abc import Iterator, Sequence
from typing import Any

from forward_forward.errors import UsageError, check_whole
from forward_forward.layers.joint import Joint
from forward_forward.networks.wiring import IMAGE, LABEL, Source, Wiring


def from_above(wiring: Wiring) -> Iterator[tuple[int, int]]:
    """Yield (layer, position among its sources) of all that comes down: from higher layers, and from the label."""
    for layer, sources in enumerate(wiring):
        for position, source in enumerate(sources):
            if is_above(source, layer):
                yield layer, position


def is_above(source: Source, layer: int) -> bool:
    """Return whether what this source says comes down to a layer: it is a higher one, or the label."""
    return source == LABEL or (isinstance(source, int) and source > layer)


def is_below(source: Source, layer: int) -> bool:
    """Return whether what this source says comes up to a layer: it is a lower one, or the image."""
    return source == IMAGE or (isinstance(source, int) and source < layer)


def hears_label(wiring: Wiring) -> bool:
    """Return whether a label feeds any layer; if not, a net learns without labels."""
    return any(LABEL in sources for sources in wiring)


def hears_higher(wiring: Wiring) -> bool:
    """Return whether any layer hears a higher one."""
    return any(wiring[layer][position] != LABEL for layer, position in from_above(wiring))


def turns(layers: int, alternate: bool) -> tuple[range, ...]:
    """Return the layers that react together, group by group: all of them; or the even ones, and then the odd ones."""
    everyone = range(layers)
    return (everyone[::2], everyone[1::2]) if alternate else (everyone,)


def arrivals(wiring: Wiring, alternate: bool = False) -> dict[int, int]:
    """Return, for each layer that a label reaches, the first iteration in which it hears of it, counted from 1."""
    found: dict[int, int] = {}
    for iteration in range(1, len(wiring) + 1):
        for group in turns(len(wiring), alternate):
            told = {LABEL, *found}
            found |= {
                i: iteration for i in group if i not in found and told.intersection(wiring[i])
            }
    return found


def check_reach(wiring: Wiring, iterations: int | None, alternate: bool = False) -> None:
    """Raise a `UsageError` where no label reaches a layer: positives and negatives would be the same to it.

    None are as many iterations as it takes.
    """
    found = arrivals(wiring, alternate)
    for layer in range(len(wiring)):
        if layer not in found or (iterations is not None and found[layer] > iterations):
            within = "" if iterations is None else f" within {iterations} iterations"
            raise UsageError(
                f"no label reaches layer {layer}{within}, so it cannot tell right from wrong; choose more iterations, "
                "or a wiring that brings a label there"
            )


def checked(wiring: Sequence[Sequence[Source]]) -> Wiring:
    """Return a wiring as tuples.

    Raises:
        UsageError: when it is of another form, a source does not exist or is named twice, or a layer hears nothing
            from below.
    """
    if not isinstance(wiring, list | tuple) or not all(
        isinstance(sources, list | tuple) for sources in wiring
    ):
        raise UsageError(
            f"a wiring is {wiring!r:.60}; give for each hidden layer a tuple of what it hears, as neighbours(2) does"
        )
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
        if not any(is_below(source, layer) for source in sources):
            raise UsageError(
                f"layer {layer} hears nothing from below: feed it the image or a lower layer, "
                "or the first bottom-up pass leaves it silent"
            )
    return tuple(tuple(sources) for sources in wiring)


def _plain(source: Any) -> Source:
    """Return a source as text or as a plain int, whatever kind of whole number it was."""
    if isinstance(source, str | bool):
        return str(source)
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
    check_whole("classes", classes)
    if classes < 2:
        raise UsageError(f"{classes} classes: there is something to tell apart from 2 on")
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
