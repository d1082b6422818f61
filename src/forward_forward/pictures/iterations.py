"""Figures of recurrent nets: what happens from iteration to iteration, and from frame to frame."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from forward_forward.pictures.style import BLUE, OKABE_ITO, VERMILION, finish, labelled, panels

SIDES = {"positive": (BLUE, "-"), "negative": (VERMILION, "--")}


def by_iteration(traces: Mapping[str, Any]) -> Figure:
    """Draw the error, the goodness of true and wrong label, and what is cancelled of the input, by iteration.

    Arguments:
        traces: `error_by_iteration` `[T]` in percent; `goodness_by_iteration` and `cancelled_by_iteration`, each
            `positive` and `negative`, `[T][L]`; None where a layer has none.
    """
    error = np.array(traces["error_by_iteration"], dtype=float)
    steps = np.arange(1, len(error) + 1)
    figure, axes = panels(3, height=3.4)
    axes[0].plot(steps, error, "o-", color=BLUE, lw=1.7, markersize=3.5)
    finish(axes[0], "Test error, %", x="iteration")
    titles = ("Goodness of true and wrong label", "Share of input cancelled")
    kinds = ("goodness_by_iteration", "cancelled_by_iteration")
    for axis, kind, title in zip(axes[1:], kinds, titles, strict=True):
        for side, (colour, style) in SIDES.items():
            rows = np.array(traces[kind][side], dtype=float)
            for layer, values in enumerate(rows.T):
                if np.isfinite(values).any():
                    marker = "os^vD"[layer % 5]
                    name = f"{side}, layer {layer + 1}"
                    axis.plot(steps, values, style, color=colour, marker=marker, ms=3.5, label=name)
        finish(axis, title, x="iteration")
    for axis in axes:
        axis.set_xticks(steps)
    text = f"Error by iteration: {', '.join(f'{value:g}' for value in error)} %."
    return labelled(figure, f"{text} Goodness and cancelled input of each layer beside it.")


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
        axis.axhline(
            still, color=VERMILION, ls="--", lw=1.2, label="the first frame, again and again"
        )
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
    return {int(frames): value for frames, value in found.items()}
