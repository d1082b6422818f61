"""Figures of recurrent nets: what happens from iteration to iteration, and from frame to frame."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forward_forward.pictures.style import (
    BLUE,
    INK,
    OKABE_ITO,
    VERMILION,
    finish,
    labelled,
    legend_below,
    panels,
)

SIDES = {"positive": (BLUE, "-"), "negative": (VERMILION, "--")}
ITERATION_TITLES = {
    "error_by_iteration": "Test error, %",
    "goodness_by_iteration": "Goodness of positives, negatives",
    "cancelled_by_iteration": "Share of input cancelled",
}
ITERATIONS_CAPTION = (
    "Over test images, of each layer the share of its input from below that its input from above takes away where it "
    "drives a unit; where labels feed the net, its goodness and the error if only that iteration counted."
)


def by_iteration(traces: Mapping[str, Any]) -> Figure:
    """Draw what there is of the error, the goodness of both sides, and what is cancelled of the input, by iteration.

    Arguments:
        traces: `error_by_iteration` `[T]` in percent; `goodness_by_iteration` and `cancelled_by_iteration`, each
            `positive` and `negative`, `[T][L]`; None where a layer has none.
    """
    kinds = [kind for kind in ITERATION_TITLES if kind in traces]
    figure, axes = panels(len(kinds), height=3.4)
    drawn = [_by_side(traces[kind]) for kind in kinds]
    for axis, kind, sides in zip(axes, kinds, drawn, strict=True):
        _draw(axis, sides)
        finish(axis, ITERATION_TITLES[kind], x="iteration", legend=False)
    layers = max(len(of_layers) for sides in drawn for of_layers in sides.values())
    legend_below(figure, axes, columns=layers)
    error = [value for value in traces.get("error_by_iteration", ()) if value is not None]
    text = f" Errors: {', '.join(f'{value:g}' for value in error)} %." if error else ""
    return labelled(
        figure, f"By iteration: {', '.join(ITERATION_TITLES[kind] for kind in kinds)}.{text}"
    )


def _by_side(found: Any) -> dict[str, np.ndarray]:
    """Return a trace as `[L, T]` for each side; one that has no sides is of a side without a name."""
    sides = found if isinstance(found, Mapping) else {"": [[value] for value in found]}
    return {side: np.array(rows, dtype=float).T for side, rows in sides.items()}


def _draw(axis: Axes, sides: Mapping[str, np.ndarray]) -> None:
    """Draw a line for each layer and side, both sides of a layer in turn; none for a layer that has no values."""
    for layer, of_layer in enumerate(zip(*sides.values(), strict=True)):
        for side, values in zip(sides, of_layer, strict=True):
            colour, style = SIDES.get(side, (BLUE, "-"))
            if np.isfinite(values).any():
                name = f"{side}, layer {layer + 1}" if side else None
                steps = np.arange(1, len(values) + 1)
                marker = "os^vD"[layer % 5]
                axis.plot(steps, values, style, color=colour, marker=marker, ms=3.5, label=name)
                axis.set_xticks(steps)


def error_by_frames(
    errors: Mapping[str, Mapping[int, float]], still: float | None = None
) -> Figure:
    """Draw the error of a video's readout by the number of frames seen.

    Arguments:
        errors: name of a net → number of frames → error in percent.
        still: error of as many iterations on the first frame alone, drawn as a line.
    """
    figure, (axis,) = panels(1, height=3.4)
    for (name, found), colour in zip(errors.items(), OKABE_ITO, strict=False):
        points = np.array(sorted(found.items()), dtype=float)
        axis.plot(*points.T, "o-", color=colour, lw=1.7, markersize=3.5, label=name)
    if still is not None:
        again = "the first frame, again and again"
        axis.axhline(still, color=INK, ls="--", lw=1.2, label=again)
    axis.set_xscale("log")
    frames = sorted({n for found in errors.values() for n in found})
    axis.set_xticks(frames, list(map(str, frames)))
    axis.minorticks_off()
    axis.set_ylim(bottom=0)
    finish(axis, "Test error, %", x="frames seen")
    last = {name: found[max(found)] for name, found in errors.items()}
    text = ", ".join(f"{name} {error:.2f} %" for name, error in last.items())
    return labelled(figure, f"Error by frames seen; after all of them: {text}.")


def errors_by_frames(metrics: Mapping[str, float], net: str) -> dict[int, float]:
    """Return number of frames → error from metrics such as `ff_frames_5_error` of a net.

    Example:
        >>> errors_by_frames({"ff_frames_5_error": 3.0, "ff_softmax_error": 9.0}, "ff")
        {5: 3.0}
    """
    name = re.compile(rf"{re.escape(net)}_frames_(\d+)_error")
    found = {match[1]: value for key, value in metrics.items() if (match := name.fullmatch(key))}
    return {int(frames): value for frames, value in found.items() if value is not None}
