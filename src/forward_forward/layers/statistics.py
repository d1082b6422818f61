"""What a layer saw in a batch."""

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class LayerStatistics:
    """What a layer saw in one batch; tensors of no dimension on the layer's device.

    Arguments:
        loss: mean loss, without the objective's factor.
        accuracy: share of pairs in which real data has the higher goodness; NaN where one pass is missing.
        goodness_pos, goodness_neg: mean goodness of each pass; NaN of a missing one.
    """

    loss: Tensor
    accuracy: Tensor
    goodness_pos: Tensor
    goodness_neg: Tensor


def statistics_of(
    loss: Tensor, g_pos: Tensor, g_neg: Tensor, both: bool, weights: Tensor | None = None
) -> LayerStatistics:
    """Return the means over a batch, by the samples' weights `[B]` of mean 1, if any.

    Unless it has both passes, the missing one has none.
    """
    right = (g_pos > g_neg).to(g_pos)
    if weights is not None:
        loss, right, g_pos, g_neg = (value * weights for value in (loss, right, g_pos, g_neg))
    means, right = [g_pos.mean(), g_neg.mean()], right.mean()
    if not both:
        means, right = [mean.where(mean.isfinite(), math.nan) for mean in means], right * math.nan
    return LayerStatistics(loss.mean(), right, *means)
