"""A figure of several nets side by side: what each came to, seed by seed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from forward_forward.pictures.style import BLUE, HAIRLINE, INK, finish, labelled, new_figure, words


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
