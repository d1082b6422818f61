"""Figures of several nets side by side: what each came to, seed by seed."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from forward_forward.pictures.style import (
    BLUE,
    HAIRLINE,
    INK,
    OKABE_ITO,
    finish,
    labelled,
    new_figure,
    panels,
    words,
)


def values_by_net(nets: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Draw one row for each net: a dot a seed, a line at their mean.

    Arguments:
        nets: name of a net → what each seed came to, top to bottom.
        title: what is drawn, with its unit.
    """
    figure = new_figure(8.4, 1.1 + 0.3 * len(nets))
    axis = figure.subplots()
    for row, seeds in enumerate(nets.values()):
        axis.plot([np.mean(seeds)], [row], "|", color=INK, markersize=14, markeredgewidth=1.6)
        axis.plot(seeds, [row] * len(seeds), "o", color=BLUE, markersize=5, alpha=0.75)
    finish(axis, title, x="", grid=False)
    axis.grid(axis="both", color=HAIRLINE, linewidth=0.8)
    axis.set_yticks(range(len(nets)), [words(name) for name in nets], fontsize=9, color=INK)
    axis.set_ylim(len(nets) - 0.5, -0.5)
    means = ", ".join(f"{words(name)} {np.mean(seeds):.2f}" for name, seeds in nets.items())
    return labelled(figure, f"{title}, means over seeds: {means}.")


def error_by_samples(nets: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw errors against the number of samples seen, both logarithmic, a line for each seed.

    Arguments:
        nets: name of a net → of each seed its `samples` and, in percent, its `error_by_samples`.
    """
    figure, (axis,) = panels(1, height=3.6)
    for (name, seeds), colour in zip(nets.items(), cycle(OKABE_ITO), strict=False):
        for index, seed in enumerate(seeds):
            pairs = zip(seed["samples"], seed["error_by_samples"], strict=True)
            points = np.array([pair for pair in pairs if pair[1] is not None], dtype=float)
            points = points.reshape(-1, 2)  # of a net that diverged at once there are none
            label = None if index else words(name)
            axis.plot(*points.T, "o-", color=colour, lw=1.2, markersize=3, alpha=0.8, label=label)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    finish(axis, "Test error, %", x="samples seen")
    return labelled(figure, f"Test error by samples seen of {', '.join(map(words, nets))}.")
