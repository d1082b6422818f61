"""Figures of learning: losses, accuracies and errors by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from forward_forward.pictures.style import OKABE_ITO, finish, finite, labelled, panels, words


def learning_curves(curves: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw training accuracy and loss of each layer by epoch, and the validation errors.

    Arguments:
        curves: A record's curves; accuracies lie in [0, 1], validation errors are in percent.
    """
    depth = max((len(epoch.get("layers", ())) for epoch in curves), default=0)
    errors = _validation_errors(curves)
    figure, axes = panels(2 + bool(errors))
    for layer, colour in enumerate(_depth_colours(depth)):
        accuracy = _layer_series(curves, layer, "accuracy") * [1, 100]
        _line(axes[0], accuracy, f"layer {layer + 1}", colour)
        _line(axes[1], _layer_series(curves, layer, "loss"), f"layer {layer + 1}", colour)
    finish(axes[0], "Training accuracy, %")
    finish(axes[1], "Training loss", legend=False)
    if errors:
        for (name, series), colour in zip(errors.items(), OKABE_ITO, strict=False):
            _line(axes[2], series, words(name), colour)
        _error_scale(axes[2], list(errors.values()))
        finish(axes[2], "Validation error, %")
    last = ", ".join(f"{words(name)} {series[-1, 1]:.2f} %" for name, series in errors.items())
    text = f"Accuracy and loss by layer over {len(curves)} epochs, layers: {depth}."
    return labelled(figure, f"{text} Last validation: {last}." if last else text)


def curves_by_recipe(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw the first validation error of several runs by epoch; runs without one are left out.

    Arguments:
        runs: Name of a run to the curves of its record.
    """
    found = {
        name: next(iter(_validation_errors(curves).values()), None) for name, curves in runs.items()
    }
    series = {name: points for name, points in found.items() if points is not None}
    figure, (axis,) = panels(1, height=3.6)
    for index, (name, points) in enumerate(series.items()):
        style = ("-", "--", ":")[index // len(OKABE_ITO) % 3]
        _line(axis, points, name, OKABE_ITO[index % len(OKABE_ITO)], style)
    _error_scale(axis, list(series.values()))
    finish(axis, "Validation error, %")
    return labelled(figure, f"Validation error by epoch of {', '.join(series) or 'no run'}.")


def memory_by_depth(
    transient: Mapping[str, Mapping[Any, float]], time: Mapping[str, Mapping[Any, float]]
) -> Figure:
    """Draw what a training step holds, and how long it takes, against the number of layers.

    Arguments:
        transient: method → depth → MiB.
        time: method → depth → microseconds per image.
    """
    figure, axes = panels(2, height=3.6)
    titles = ("Memory beside weights and optimiser, MiB", "Time per image, µs")
    for axis, found, title in zip(axes, (transient, time), titles, strict=True):
        for index, (method, sizes) in enumerate(found.items()):
            points = np.array([[int(depth), size] for depth, size in sizes.items()], dtype=float)
            axis.plot(
                *points.T, "o-", color=OKABE_ITO[index], lw=1.7, markersize=3.5, label=words(method)
            )
        depths = sorted({int(depth) for sizes in found.values() for depth in sizes})
        axis.set_xscale("log", base=2)
        axis.set_xticks(depths, list(map(str, depths)))
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        finish(axis, title, x="layers", legend=axis is axes[0])
    deepest = {
        method: max(sizes.items(), key=lambda pair: int(pair[0]))
        for method, sizes in transient.items()
    }
    text = "; ".join(
        f"{words(m)} {size:g} MiB at {depth} layers" for m, (depth, size) in deepest.items()
    )
    return labelled(figure, f"Memory and time of a training step by depth: {text}.")


def _line(axis: Axes, series: np.ndarray, name: str, colour: str, style: str = "-") -> None:
    marker = "o" if len(series) < 4 else ""
    axis.plot(*series.T, style, color=colour, lw=1.7, marker=marker, markersize=3.5, label=name)


def _error_scale(axis: Axes, every: Sequence[np.ndarray]) -> None:
    values = finite(np.concatenate([np.ones(0), *(series[:, 1] for series in every)]))
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
