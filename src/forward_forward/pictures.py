"""Figures of runs: each function returns a matplotlib `Figure` and touches no global state.

A figure's label (`figure.get_label()`) says in words what it shows, for readers who cannot see it.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

INK, MUTED, HAIRLINE = "#1d2430", "#5d6675", "#dfe3e8"
BLUE, VERMILION = "#0072B2", "#D55E00"
WIDTH = 8.4
MAX_SVG_BYTES = 200_000

_OKABE_ITO = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_NAMED_CELLS = 20


def learning_curves(curves: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw training accuracy and loss of each layer by epoch, and the validation errors.

    Arguments:
        curves: A record's curves; accuracies lie in [0, 1], validation errors are in percent.
    """
    depth = max((len(epoch.get("layers", ())) for epoch in curves), default=0)
    errors = _validation_errors(curves)
    figure, axes = _panels(2 + bool(errors))
    for layer, colour in enumerate(_depth_colours(depth)):
        accuracy = _layer_series(curves, layer, "accuracy") * [1, 100]
        _line(axes[0], accuracy, f"layer {layer + 1}", colour)
        _line(axes[1], _layer_series(curves, layer, "loss"), f"layer {layer + 1}", colour)
    _finish(axes[0], "Training accuracy, %")
    _finish(axes[1], "Training loss", legend=False)
    if errors:
        for (name, series), colour in zip(errors.items(), _OKABE_ITO, strict=False):
            _line(axes[2], series, _words(name), colour)
        _error_scale(axes[2], list(errors.values()))
        _finish(axes[2], "Validation error, %")
    last = ", ".join(f"{_words(name)} {series[-1, 1]:.2f} %" for name, series in errors.items())
    text = f"Accuracy and loss by layer over {len(curves)} epochs, layers: {depth}."
    return _labelled(figure, f"{text} Last validation: {last}." if last else text)


def curves_by_recipe(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw the first validation error of several runs by epoch; runs without one are left out.

    Arguments:
        runs: Name of a run to the curves of its record.
    """
    found = {
        name: next(iter(_validation_errors(curves).values()), None) for name, curves in runs.items()
    }
    series = {name: points for name, points in found.items() if points is not None}
    figure, (axis,) = _panels(1, height=3.6)
    for index, (name, points) in enumerate(series.items()):
        style = ("-", "--", ":")[index // len(_OKABE_ITO) % 3]
        _line(axis, points, name, _OKABE_ITO[index % len(_OKABE_ITO)], style)
    _error_scale(axis, list(series.values()))
    _finish(axis, "Validation error, %")
    return _labelled(figure, f"Validation error by epoch of {', '.join(series) or 'no run'}.")


def receptive_fields(weights: np.ndarray, shape: tuple[int, int, int], count: int = 100) -> Figure:
    """Draw the incoming weights of the `count` units with the largest norms, the largest first.

    Arguments:
        weights: `[D, U]`, D = C · H · W inputs and U units.
        shape: (C, H, W) of an image; three channels are drawn in colour.
        count: How many units to draw at most.

    Raises:
        ValueError: If D is not C · H · W, or C is neither 1 nor 3.
    """
    channels, height, width = shape
    if channels not in (1, 3) or weights.shape[0] != channels * height * width:
        raise ValueError(f"weights {weights.shape} are no images of shape {shape}")
    norms = np.linalg.norm(weights, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:count]
    images = weights[:, chosen].T.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    limit = float(np.percentile(np.abs(images), 99.5)) or 1.0
    mosaic = _mosaic(images)
    figure = _figure(WIDTH, WIDTH * mosaic.shape[0] / mosaic.shape[1] * 0.9 + 0.3)
    axis = figure.subplots()
    axis.set_axis_off()
    if channels == 3:
        axis.imshow(np.nan_to_num(np.clip(mosaic / limit / 2 + 0.5, 0, 1), nan=1.0))
    else:
        shown = axis.imshow(mosaic[..., 0], cmap="RdBu_r", vmin=-limit, vmax=limit)
        bar = figure.colorbar(shown, ax=axis, fraction=0.025, pad=0.015)
        bar.ax.tick_params(labelsize=8, colors=MUTED, length=0)
        bar.outline.set_visible(False)
    text = f"Incoming weights of {len(chosen)} units as images, those with the largest norms first."
    return _labelled(figure, text)


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
    figure = _figure(WIDTH, 2.5 * rows + 0.2)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for layer, axis in enumerate(axes[: len(pos)]):
        good, bad = (np.asarray(part[layer], dtype=float) for part in (pos, neg))
        edges = np.histogram_bin_edges(_finite(np.concatenate([good, bad])), bins=48)
        for part, name, colour in ((bad, "negative", VERMILION), (good, "positive", BLUE)):
            axis.hist(_finite(part), bins=list(edges), color=colour, alpha=0.25, linewidth=0)
            axis.hist(_finite(part), list(edges), color=colour, histtype="step", lw=1.4, label=name)
        title = f"Layer {layer + 1}"
        if thresholds is not None:
            axis.axvline(thresholds[layer], color=INK, linewidth=1, linestyle=(0, (4, 3)))
            share = np.concatenate([good > thresholds[layer], bad <= thresholds[layer]]).mean()
            title += f": {100 * share:.1f} % on the right side"
        _finish(axis, title, x="goodness", legend=layer == 0)
        axis.set_yticks([])
    for axis in axes[len(pos) :]:
        axis.set_axis_off()
    titles = "; ".join(axis.get_title(loc="left") for axis in axes[: len(pos)])
    return _labelled(figure, f"Goodness of positive and negative samples. {titles}.")


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
    figure = _figure(6.2, 5.6)
    axis = figure.subplots()
    axis.imshow(colours)
    if len(counts) <= _NAMED_CELLS:
        for row, column in np.argwhere(counts > 0):
            colour = "white" if shares[row, column] > 0.8 else INK
            text = f"{counts[row, column]:d}"
            axis.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
        slant = 45 if max(map(len, class_names)) > 3 else 0
        axis.set_xticks(range(len(counts)), class_names, rotation=slant)
        axis.set_yticks(range(len(counts)), class_names)
    wrong, total = int(mistakes.sum()), int(counts.sum())
    title = f"{wrong:,} of {total:,} wrong ({100 * wrong / max(total, 1):.2f} %)"
    _finish(axis, title, x="predicted class", grid=False)
    axis.set_ylabel("true class", fontsize=9, color=MUTED)
    true, taken = divmod(int(mistakes.argmax()), len(counts))
    worst = f" Most often {class_names[true]} is taken for {class_names[taken]}." if wrong else ""
    return _labelled(figure, f"Confusion matrix of {len(counts)} classes: {title}.{worst}")


def error_bars_by_readout(
    metrics: Mapping[str, float | None], layer_errors: Sequence[float | None]
) -> Figure:
    """Draw the error of each readout, and of each layer when it is read alone.

    Arguments:
        metrics: A record's metrics; those whose name ends in "error" are drawn.
        layer_errors: The error of each layer alone, in percent.
    """
    readouts = {_words(name): value for name, value in metrics.items() if name.endswith("error")}
    layers = {f"layer {number} alone": value for number, value in enumerate(layer_errors, start=1)}
    bars = {name: value for name, value in {**readouts, **layers}.items() if value is not None}
    figure = _figure(WIDTH, 0.7 + 0.34 * max(len(bars), 1))
    axis = figure.subplots()
    colours = [BLUE if name in readouts else "#9db4c6" for name in bars]
    axis.barh(list(bars), list(bars.values()), color=colours, height=0.68)
    for position, value in enumerate(bars.values()):
        axis.text(value, position, f" {value:.2f}", va="center", fontsize=9, color=INK)
    axis.invert_yaxis()
    axis.margins(x=0.08)
    _finish(axis, "Error, %", x="", grid=False)
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)
    axis.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
    values = ", ".join(f"{name} {value:.2f} %" for name, value in bars.items())
    return _labelled(figure, f"Errors: {values}.")


def to_svg_or_png(figure: Figure) -> str:
    """Return the figure as a data URI, the same for the same figure: SVG where small, else PNG."""
    metadata: dict[str, Any] = {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "forward_forward"}):
        figure.savefig(buffer, format="svg", metadata=metadata)
    kind = "svg+xml"
    if buffer.tell() > MAX_SVG_BYTES:
        buffer, kind = io.BytesIO(), "png"
        figure.savefig(buffer, format="png", dpi=180, metadata={"Software": None})
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _panels(count: int, height: float = 3.1) -> tuple[Figure, Sequence[Axes]]:
    figure = _figure(WIDTH * (1.25 if count > 2 else 1), height)
    return figure, figure.subplots(1, count, squeeze=False)[0]


def _labelled(figure: Figure, text: str) -> Figure:
    figure.set_label(text)
    return figure


def _finish(
    axis: Axes, title: str, x: str = "epoch", grid: bool = True, legend: bool = True
) -> None:
    axis.set_title(title, loc="left", fontsize=10.5, color=INK, fontweight="bold", pad=8)
    axis.set_xlabel(x, fontsize=9, color=MUTED)
    axis.tick_params(labelsize=8.5, colors=MUTED, length=0, which="both")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.spines["bottom"].set_color(HAIRLINE)
    axis.set_axisbelow(True)
    if grid:
        axis.grid(axis="y", color=HAIRLINE, linewidth=0.8)
    if x == "epoch":
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    if legend and axis.get_legend_handles_labels()[1]:
        axis.legend(frameon=False, fontsize=8.5, labelcolor=INK, handlelength=1.4)


def _line(axis: Axes, series: np.ndarray, name: str, colour: str, style: str = "-") -> None:
    marker = "o" if len(series) < 4 else ""
    axis.plot(*series.T, style, color=colour, lw=1.7, marker=marker, markersize=3.5, label=name)


def _error_scale(axis: Axes, every: Sequence[np.ndarray]) -> None:
    values = _finite(np.concatenate([np.ones(0), *(series[:, 1] for series in every)]))
    if not len(values) or values.min() <= 0 or values.max() < 5 * values.min():
        return
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def _depth_colours(depth: int) -> list[str]:
    return [
        to_hex(colormaps["viridis"](at)) for at in np.linspace(0.05, 0.8, max(depth, 1))[:depth]
    ]


def _layer_series(curves: Sequence[Mapping[str, Any]], layer: int, key: str) -> np.ndarray:
    points = [
        (epoch["epoch"], epoch["layers"][layer].get(key))
        for epoch in curves
        if layer < len(epoch.get("layers", ()))
    ]
    return np.array(points, dtype=float).reshape(-1, 2)


def _validation_errors(curves: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    points: dict[str, list[tuple[int, Any]]] = {}
    for epoch in curves:
        for name, value in (epoch.get("validation") or {}).items():
            if name.endswith("error"):
                points.setdefault(name, []).append((epoch["epoch"], value))
    return {name: np.array(pairs, dtype=float) for name, pairs in points.items()}


def _mosaic(images: np.ndarray) -> np.ndarray:
    count, height, width, channels = images.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    canvas: np.ndarray = np.full(
        (rows * (height + 1) - 1, columns * (width + 1) - 1, channels), np.nan
    )
    for index, image in enumerate(images):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image
    return canvas


def _finite(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.isfinite(values)])


def _words(name: str) -> str:
    return name.replace("_", " ")
