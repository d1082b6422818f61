"""Figures of runs: each function returns a matplotlib `Figure` and touches no global state.

A figure's label (`figure.get_label()`) says in words what it shows, for readers who cannot see it.
"""

from forward_forward.pictures.curves import curves_by_recipe, learning_curves, memory_by_depth
from forward_forward.pictures.images import hybrid_images, receptive_fields
from forward_forward.pictures.iterations import (
    ITERATION_TITLES,
    ITERATIONS_CAPTION,
    by_iteration,
    error_by_frames,
    errors_by_frames,
)
from forward_forward.pictures.judged import (
    confusion_matrix,
    error_bars_by_readout,
    goodness_histograms,
)
from forward_forward.pictures.nets import error_by_samples, values_by_net
from forward_forward.pictures.style import to_png, to_svg_or_png
from forward_forward.pictures.text import (
    goodness_and_silence,
    perplexity_by_epoch,
    tells_perplexity,
)

__all__ = [
    "ITERATIONS_CAPTION",
    "ITERATION_TITLES",
    "by_iteration",
    "confusion_matrix",
    "curves_by_recipe",
    "error_bars_by_readout",
    "error_by_frames",
    "error_by_samples",
    "errors_by_frames",
    "goodness_and_silence",
    "goodness_histograms",
    "hybrid_images",
    "learning_curves",
    "memory_by_depth",
    "perplexity_by_epoch",
    "receptive_fields",
    "tells_perplexity",
    "to_png",
    "to_svg_or_png",
    "values_by_net",
]
