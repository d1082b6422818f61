"""How every figure looks: sizes, colours, axes; and how it gets into a page."""

import base64
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, MUTED, HAIRLINE = "#1d2430", "#5d6675", "#dfe3e8"
BLUE, VERMILION = "#0072B2", "#D55E00"
OKABE_ITO = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 8.5, "labelcolor": INK, "handlelength": 1.4}
WIDTH = 8.4
MAX_SVG_BYTES = 200_000


def to_svg_or_png(figure: Figure) -> str:
    """Return the figure as a data URI, the same for the same figure: SVG where small, else PNG."""
    metadata: dict[str, Any] = {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "forward_forward"}), _quietly():
        figure.savefig(buffer, format="svg", metadata=metadata)
    kind = "svg+xml"
    drawn = buffer.getvalue()
    if len(drawn) > MAX_SVG_BYTES:
        drawn, kind = to_png(figure), "png"
    return f"data:image/{kind};base64,{base64.b64encode(drawn).decode('ascii')}"


def to_png(figure: Figure) -> bytes:
    """Return the figure as a PNG, the same for the same figure."""
    buffer = io.BytesIO()
    with _quietly():
        figure.savefig(buffer, format="png", dpi=180, metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def _quietly() -> Iterator[None]:
    """Let a character that the font lacks be drawn as a box, and the best place be sought, without a word about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Creating legend with loc")
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches, on white."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def panels(count: int, height: float = 3.1) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with `count` axes side by side."""
    figure = new_figure(WIDTH * (1.25 if count > 2 else 1), height)
    return figure, figure.subplots(1, count, squeeze=False)[0]


def labelled(figure: Figure, text: str) -> Figure:
    """Return the figure with words for readers who cannot see it."""
    figure.set_label(text)
    return figure


def finish(
    axis: Axes, title: str, x: str = "epoch", grid: bool = True, legend: bool = True
) -> None:
    """Give an axis its title, its names and its quiet frame."""
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
        axis.legend(**LEGEND)


def legend_below(figure: Figure, axes: Sequence[Axes], columns: int) -> None:
    """Name all that the axes show once, below them, where no line runs; column by column."""
    named: dict[str, Any] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    if named:
        handles = list(named.values())
        figure.legend(
            handles, list(named), loc="outside lower center", ncols=min(columns, 4), **LEGEND
        )


def finite(values: np.ndarray) -> np.ndarray:
    """Return the values that are neither NaN nor infinite, `[N]`."""
    return np.asarray(values[np.isfinite(values)])


def words(name: str) -> str:
    """Return a name as words."""
    return name.replace("_", " ")
