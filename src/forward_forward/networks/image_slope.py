"""Which way an image would have to change for the layers that see it to be further from their aim."""

import torch
from torch import Tensor

from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.state import Frame, State
from forward_forward.networks.wiring import IMAGE
from forward_forward.networks.wiring_checks import label_arrives
from forward_forward.normalization import standardised


@torch.no_grad()
def image_slope(
    network: Recurrent, images: Tensor, frame: Frame, codes: Tensor, state: State
) -> Tensor:
    """Return ∂(Σ objective)/∂images `[B, D]` of the layers that see the image, once a label has reached them all.

    What they hear of other layers and of their own past is a constant: the slope passes through their connections
    from the image alone.

    Arguments:
        network: whose layers a label reaches.
        images: `[B, D]`.
        frame: of them.
        codes: label codes `[2, B, C]`, the true ones first.
        state: as the bottom-up pass left it; runs on until that iteration.
    """
    seeing = [layer for layer, sources in enumerate(network.wiring) if IMAGE in sources]
    arrives = label_arrives(network.wiring)
    drives, leading = network.drives(frame, codes), frame.leading(codes)
    for _ in range(max(arrives[layer] for layer in seeing) - 1):
        network.advance(state, drives)
    with torch.enable_grad():
        leaf = images.detach().requires_grad_()
        shown = network.normalization(standardised(leaf.unsqueeze(0), *network.pixels))
        total = leaf.new_zeros(())
        for index in seeing:
            layer, sources = network.layers[index], network.wiring[index]
            z = layer.share(sources.index(IMAGE), shown) + layer.bias
            for source in sources:
                if source != IMAGE:
                    z = z + network.share(index, source, frame, codes, state.h)
            y = torch.lerp(z.relu(), state.y[index].to(z.dtype), network.keep)
            total = total + layer.objective(y.expand(*leading, -1).flatten(0, 1)).sum()
        return torch.autograd.grad(total, leaf)[0]
