"""Which way an image would have to change for the layers that see it to be further from their aim."""

import torch
from torch import Tensor

from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.state import Frame, State, rows_of
from forward_forward.networks.wiring import IMAGE
from forward_forward.networks.wiring_checks import arrivals
from forward_forward.normalization import standardised


@torch.no_grad()
def image_slope(
    network: Recurrent, images: Tensor, frame: Frame, codes: Tensor | None, state: State
) -> Tensor:
    """Return ∂(Σ objective)/∂images `[B, D]` of the layers that see the image.

    The objective is that of the first iteration in which all of them hear of the label; it stands for all. What they
    hear of other layers and of their own past is a constant: the slope passes through their connections from the
    image, and through no other.

    Arguments:
        network: a label reaches all its layers.
        images: `[B, D]`.
        frame: of these images.
        codes: label codes `[2, B, C]`, the true ones first.
        state: as the bottom-up pass left it; changed in place.

    Raises:
        UsageError: when codes are missing, too many, of another form, or for another number of classes; when a
            connection from the image cannot be read backwards.
    """
    drives, leading = network.drives(frame, codes), frame.leading(codes)
    seeing = [layer for layer, sources in enumerate(network.wiring) if IMAGE in sources]
    told = arrivals(network.wiring, network.alternate)
    for _ in range(max(told[layer] for layer in seeing)):
        reactions = network.advance(state, drives)
    shown = frame.images[0].to(drives[0])
    slope = torch.zeros_like(shown)
    for did in reactions:
        if did.layer in seeing:
            layer = network.layers[did.layer]
            y, rectified = rows_of(did.y, leading), rows_of(did.rectified, leading)
            dz = layer.slope_of_objective(y, rectified, 1 - network.keep)
            connection = layer.connections[network.wiring[did.layer].index(IMAGE)]
            slope += connection.read_back(dz.view(*leading, -1).sum(0), shown)
    with torch.enable_grad():
        leaf = images.detach().requires_grad_()
        again = network.normalization(standardised(leaf, *network.pixels))
        return torch.autograd.grad(again, leaf, slope.to(again))[0]
