"""Figures of what a net answers: goodness, mistakes, errors."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from forward_forward.errors import escaped
from forward_forward.pictures.style import (
    BLUE,
    INK,
    MUTED,
    VERMILION,
    WIDTH,
    finish,
    finite,
    labelled,
    new_figure,
    words,
)

NAMED_CELLS, NAMED_SYMBOLS = 20, 40
LONGEST_NAME = 24


def goodness_histograms(
    pos: Sequence[np.ndarray], neg: Sequence[np.ndarray], thresholds: Sequence[float] | None = None
) -> Figure:
    """Draw how the goodness of positive and of negative samples is spread in each layer.

    Arguments:
        pos: For each layer the goodness `[N]` of positive samples.
        neg: The same of negative samples.
        thresholds: The goodness that divides the two in each layer, drawn as a line.
    """
    rows = -(-len(pos) // 3)
    columns = -(-len(pos) // rows)
    figure = new_figure(WIDTH, 2.5 * rows + 0.2)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for layer, axis in enumerate(axes[: len(pos)]):
        good, bad = (np.asarray(part[layer], dtype=float) for part in (pos, neg))
        edges = np.histogram_bin_edges(finite(np.concatenate([good, bad])), bins=48)
        for part, name, colour in ((bad, "negative", VERMILION), (good, "positive", BLUE)):
            axis.hist(finite(part), bins=list(edges), color=colour, alpha=0.25, linewidth=0)
            axis.hist(finite(part), list(edges), color=colour, histtype="step", lw=1.4, label=name)
        title = f"Layer {layer + 1}"
        if thresholds is not None:
            axis.axvline(thresholds[layer], color=INK, linewidth=1, linestyle=(0, (4, 3)))
            share = np.concatenate([good > thresholds[layer], bad <= thresholds[layer]]).mean()
            title += f": {100 * share:.1f} % on the right side"
        finish(axis, title, x="goodness", legend=layer == 0)
        axis.set_yticks([])
    for axis in axes[len(pos) :]:
        axis.set_axis_off()
    titles = "; ".join(axis.get_title(loc="left") for axis in axes[: len(pos)])
    return labelled(figure, f"Goodness of positive and negative samples. {titles}.")


def confusion_matrix(counts: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw which classes are taken for which; colour shows mistakes alone, the diagonal is grey.

    Arguments:
        counts: `[C, C]`, row the true class, column the predicted one.
        class_names: C names.
    """
    counts = np.asarray(counts)
    diagonal = np.eye(len(counts), dtype=bool)
    mistakes = np.where(diagonal, 0, counts)
    shares = mistakes / max(1, mistakes.max())
    colours = colormaps["Oranges"](0.8 * shares)
    colours[diagonal] = to_rgba("#e9edf1")
    figure = new_figure(6.2, 5.6)
    axis = figure.subplots()
    axis.imshow(colours)
    if len(counts) <= NAMED_CELLS:
        for row, column in np.argwhere(counts > 0):
            colour = "white" if shares[row, column] > 0.8 else INK
            text = f"{counts[row, column]:d}"
            axis.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
    names = [_shortened(escaped(name)) for name in class_names]
    widest = max(map(len, class_names))
    if len(counts) <= NAMED_CELLS or (widest == 1 and len(counts) <= NAMED_SYMBOLS):
        shown = [name.replace(" ", "␣") if widest == 1 else name for name in names]
        shown = [name.replace("$", r"\$") for name in shown]  # two of them would begin a formula
        axis.set_xticks(range(len(counts)), shown, rotation=45 if widest > 3 else 0)
        axis.set_yticks(range(len(counts)), shown)
    wrong, total = int(mistakes.sum()), int(counts.sum())
    title = f"{wrong:,} of {total:,} wrong ({100 * wrong / max(total, 1):.2f} %)"
    finish(axis, title, x="predicted class", grid=False)
    axis.set_ylabel("true class", fontsize=9, color=MUTED)
    true, taken = divmod(int(mistakes.argmax()), len(counts))
    worst = f" Most often {names[true]} is taken for {names[taken]}." if wrong else ""
    return labelled(figure, f"Confusion matrix of {len(counts)} classes: {title}.{worst}")


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def error_bars_by_readout(
    metrics: Mapping[str, float | None], layer_errors: Sequence[float | None]
) -> Figure:
    """Draw the error of each readout, and of each layer when it is read alone.

    Arguments:
        metrics: A record's metrics; those whose name ends in "error" are drawn.
        layer_errors: The error of each layer alone, in percent.
    """
    readouts = {words(name): value for name, value in metrics.items() if name.endswith("error")}
    layers = {f"layer {number} alone": value for number, value in enumerate(layer_errors, start=1)}
    bars = {name: value for name, value in {**readouts, **layers}.items() if value is not None}
    figure = new_figure(WIDTH, 0.7 + 0.34 * max(len(bars), 1))
    axis = figure.subplots()
    colours = [BLUE if name in readouts else "#9db4c6" for name in bars]
    axis.barh(list(bars), list(bars.values()), color=colours, height=0.68)
    for position, value in enumerate(bars.values()):
        axis.text(value, position, f" {value:.2f}", va="center", fontsize=9, color=INK)
    axis.invert_yaxis()
    axis.margins(x=0.08)
    finish(axis, "Error, %", x="", grid=False)
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)
    axis.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
    values = ", ".join(f"{name} {value:.2f} %" for name, value in bars.items())
    return labelled(figure, f"Errors: {values}.")
