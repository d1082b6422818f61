"""Positives and negatives that come one at a time: what stands for the pass that is missing."""

import math

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.losses import Loss


def completed(loss: Loss, g_pos: Tensor, g_neg: Tensor) -> tuple[Tensor, Tensor]:
    """Return goodness of both passes `[R]`; of one that is missing, `[0]`, such as leaves a separable loss no doubt.

    Raises:
        UsageError: when a pass is missing and the loss compares the two.
    """
    if len(g_pos) == len(g_neg):
        return g_pos, g_neg
    if not loss.separable:
        raise UsageError(
            f"{type(loss).__name__} compares each positive with its negative, so the two cannot be learned apart; "
            "take ThresholdLogistic"
        )
    if len(g_neg):
        return torch.full_like(g_neg, math.inf), g_neg
    return g_pos, torch.full_like(g_pos, -math.inf)
