"""The slow, obvious step: autograd inside each layer, whole inputs, no sharing. Tests hold the fast one to it."""

from typing import Any

import torch
from torch import Tensor

from forward_forward.layers.local_layer import LocalLayer


def reference_gradients(
    layer: LocalLayer, pos: tuple[Any, ...], neg: tuple[Any, ...]
) -> list[Tensor]:
    """Return the gradient of the layer's mean objective for each parameter, by autograd.

    Two separate passes, as the paper tells it. Peer normalisation adds −pull to ∂/∂z of every positive row,
    through a term that is linear in z.

    Arguments:
        layer: its peer normalisation, if any, takes in the positive activities.
        pos, neg: the layer's inputs in the positive and in the negative pass.
    """
    with torch.enable_grad():
        z_pos = layer.preactivation(*pos)
        y_pos, y_neg = z_pos.relu(), layer.preactivation(*neg).relu()
        objective = layer.objective(torch.cat([y_pos, y_neg])).mean()
        if layer.peer is not None:
            objective = objective - (z_pos * layer.peer.pull(y_pos.detach())).sum() / len(z_pos)
        return list(torch.autograd.grad(objective, list(layer.parameters()), allow_unused=True))
