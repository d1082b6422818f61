"""Figures of nets that read text: how well they predict, and how they fare awake and asleep, by epoch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forward_forward.pictures.style import OKABE_ITO, finish, finite, labelled, panels, words

Curves = Sequence[Mapping[str, Any]]
Value = Callable[[Mapping[str, Any]], Any]
"""One epoch's entry of a record's curves → a number, or None where it has none."""


def perplexity_by_epoch(nets: Mapping[str, Sequence[Curves]]) -> Figure:
    """Draw the perplexity on held-out text (lines) and on what was learned (dashes) by epoch.

    Arguments:
        nets: name of a net → the curves of each seed; lines are their means, a band reaches from least to most.
    """
    figure, (axis,) = panels(1, height=3.8)
    last = []
    for index, (name, seeds) in enumerate(nets.items()):
        look = _draw(axis, seeds, _looked("validation", "softmax_perplexity"), index, words(name))
        _draw(axis, seeds, _looked("training", "softmax_perplexity"), index, None, "--")
        if len(look):
            last.append(f"{words(name)} {look[-1, 1]:.2f}")
    axis.set_ylim(bottom=0)
    _leave_out_what_shoots_up(axis)
    finish(axis, "Perplexity: held-out text, and (dashes) what was learned")
    return labelled(figure, f"Perplexity by epoch; on held-out text in the end: {', '.join(last)}.")


def goodness_and_silence(nets: Mapping[str, Sequence[Curves]]) -> Figure:
    """Draw the goodness of positives (lines) and negatives (dashes), mean over layers, and the share of silent units.

    Arguments:
        nets: name of a net → the curves of each seed; those of the first are drawn.
    """
    figure, axes = panels(2, height=3.6)
    for index, (name, seeds) in enumerate(nets.items()):
        _draw(axes[0], seeds[:1], _layers("goodness_pos"), index, words(name))
        _draw(axes[0], seeds[:1], _layers("goodness_neg"), index, None, "--")
        _draw(axes[1], seeds[:1], _looked("validation", "silent_units"), index, words(name))
    finish(axes[0], "Goodness: positives, and (dashes) negatives", legend=False)
    finish(axes[1], "Units that answer to nothing, %")
    return labelled(figure, f"Goodness and silent units by epoch of {', '.join(map(words, nets))}.")


def tells_perplexity(curves: Curves) -> bool:
    """Return whether any epoch's look was one at text."""
    return any("softmax_perplexity" in entry.get("validation", {}) for entry in curves)


def _looked(part: str, metric: str) -> Value:
    return lambda entry: entry.get(part, {}).get(metric)


def _layers(statistic: str) -> Value:
    def mean(entry: Mapping[str, Any]) -> float | None:
        found = [v for layer in entry["layers"] if (v := layer.get(statistic)) is not None]
        return sum(found) / len(found) if found else None

    return mean


def _draw(
    axis: Axes,
    seeds: Sequence[Curves],
    value: Value,
    index: int,
    name: str | None,
    style: str = "-",
) -> np.ndarray:
    """Draw the mean over seeds, and a band where there are several; return its points `[N, 2]`."""
    epochs = sorted({entry["epoch"] for curves in seeds for entry in curves})
    table = np.full((len(seeds), len(epochs)), np.nan)
    for row, curves in zip(table, seeds, strict=True):
        for entry in curves:
            found = value(entry)
            row[epochs.index(entry["epoch"])] = np.nan if found is None else found
    there = np.isfinite(table).all(0)
    points = np.stack([np.array(epochs, dtype=float)[there], table[:, there].mean(0)], axis=1)
    colour = OKABE_ITO[index % len(OKABE_ITO)]
    marker = (
        "os^"[index // len(OKABE_ITO) % 3] if len(points) < 4 or index >= len(OKABE_ITO) else ""
    )
    axis.plot(*points.T, style, color=colour, lw=1.7, marker=marker, markersize=3.5, label=name)
    if len(seeds) > 1:
        axis.fill_between(
            points[:, 0],
            table[:, there].min(0),
            table[:, there].max(0),
            color=colour,
            alpha=0.15,
            lw=0,
        )
    return points


def _leave_out_what_shoots_up(axis: Axes) -> None:
    """Cut the axis at three times the middle of what it shows, so that first epochs leave room for the others."""
    heights = finite(np.concatenate([np.ones(0), *(line.get_ydata() for line in axis.lines)]))
    if len(heights) and heights.max() > 3 * np.median(heights):
        axis.set_ylim(top=3 * float(np.median(heights)))
