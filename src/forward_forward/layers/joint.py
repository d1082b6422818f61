"""A layer that hears from several places at once: from the layer below, from the one above, from anywhere."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.layers.dense import accumulate_bias
from forward_forward.layers.local_layer import LocalLayer


class Joint(LocalLayer):
    """z = Σᵢ cᵢ(hᵢ) + b, where every connection cᵢ is a linear layer of its own: dense, or with local fields.

    Inputs `[..., Iᵢ]` broadcast against one another, so that what is the same for many rows, an image under several
    labels or over several time steps, is multiplied once; its gradient then takes ∂/∂z summed over those rows. All
    leading dimensions of z are flattened into rows.

    References:
        Hinton 2022, §3.4 and figure 3.

    Arguments:
        connections: layers without biases and with equally many units; only their weights are used.
        parts: goodness, loss, peer, matmul_dtype of a `LocalLayer`.

    Raises:
        UsageError: when there is no connection, they differ in units, or one has a bias.

    Example:
        >>> from forward_forward.layers.dense import Dense
        >>> below, above = Dense(4, 3, bias=False), Dense(2, 3, bias=False)
        >>> Joint([below, above])(torch.ones(5, 4), torch.ones(2, 1, 2)).shape
        torch.Size([10, 3])
    """

    connections: Sequence[LocalLayer]

    def __init__(self, connections: Sequence[LocalLayer], **parts: Any) -> None:
        units = {connection.units for connection in connections}
        if len(units) != 1:
            raise UsageError(
                f"connections into one layer have {sorted(units)} units; give one or more, all with as many"
            )
        if any(getattr(connection, "bias", None) is not None for connection in connections):
            raise UsageError("a joint layer has one bias of its own; make its connections without")
        super().__init__(units.pop(), **parts)
        self.connections = cast("Sequence[LocalLayer]", nn.ModuleList(connections))
        like = next(connections[0].parameters())
        self.bias = nn.Parameter(like.new_zeros(self.units))
        self.to(device=like.device, dtype=like.dtype)
        self.set_matmul_dtype(self.matmul_dtype)

    def set_matmul_dtype(self, dtype: torch.dtype | None) -> None:
        super().set_matmul_dtype(dtype)
        for connection in self.connections:
            connection.set_matmul_dtype(dtype)

    def parts(self) -> dict[str, Any]:
        return {"connections": list(self.connections), **super().parts()}

    def share(self, index: int, h: Tensor) -> Tensor:
        """Return what connection `index` makes of `h [..., I]`, a fresh `[..., U]`."""
        return self.connections[index].preactivation(h.flatten(0, -2)).view(*h.shape[:-1], -1)

    def preactivation(self, *inputs: Tensor) -> Tensor:
        shares = [self.share(index, h) for index, h in enumerate(inputs)]
        return (sum(shares[1:], shares[0]) + self.bias).flatten(0, -2)

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        """As of a `LocalLayer`; dz may come with leading dimensions, `[..., U]`, that all inputs broadcast to."""
        accumulate_bias(self.bias, dz, decay)
        if dz.ndim == 2:
            leading = torch.broadcast_shapes(*(h.shape[:-1] for h in inputs))
            dz = dz.view(*leading, self.units)
        for connection, h in zip(self.connections, inputs, strict=True):
            heard = dz.sum_to_size(*h.shape[:-1], self.units)
            connection.accumulate((h.flatten(0, -2),), heard.flatten(0, -2), decay)
            connection.cast.mark_stale()
