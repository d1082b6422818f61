"""Local receptive fields without weight sharing: every place of a grid looks at its own patch with its own weights."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forward_forward.allocator import KEPT
from forward_forward.errors import UsageError, check_whole
from forward_forward.layers.dense import accumulate_bias, clear_
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.precision import accumulate_product, product

Size = tuple[int, int]


class LocalFields(LocalLayer):
    """A grid of places, each with `channels` units that see one square field of the map below and nothing else.

    The field of place (i, j) starts at row i · stride − margin and column j · stride − margin of the map below, is
    cut off at its edges, and takes in all its channels. Inputs `[R, height · width · depth]` are flat maps, rows,
    then columns, then channels; so are the activities `[R, grid rows · grid columns · channels]`.

    One batched matmul does all places. Where units are few and fields overlap much, `tile` × `tile` neighbouring
    places share one matmul over the window that holds all their fields; weights outside a unit's field are zero and
    stay so.

    References:
        Hinton 2022, note 8 (4×4 places, stride 6, 10×10 fields, 128 channels) and note 12 (32×32 places, 11×11 fields,
        cut off at the edge).

    Arguments:
        in_shape: (height, width, depth) of the map below.
        grid: (rows, columns) of places.
        channels: units at each place.
        field: height and width of a field.
        stride: steps of the map below from one place to the next.
        margin: how far the first field reaches beyond the edge.
        tile: places that share a window, along each side.
        channels_first: whether the map below lies channel by channel, as images of a data set do.
        bias: whether there is one for each unit.
        generator: draws the weights, from N(0, 1/inputs of the unit).
        device, dtype: as torch spells them.
        parts: goodness, loss, peer, matmul_dtype of a `LocalLayer`.

    Raises:
        UsageError: when a size is not above 0, the grid does not fit, or a field lies wholly outside.

    Example:
        >>> layer = LocalFields((28, 28, 1), (4, 4), 128, field=10, stride=6)
        >>> layer.units, layer.weight.shape
        (2048, torch.Size([16, 100, 128]))
    """

    linear_in_rows = True

    def __init__(
        self,
        in_shape: tuple[int, int, int],
        grid: Size,
        channels: int,
        *,
        field: int,
        stride: int = 1,
        margin: int = 0,
        tile: int = 1,
        channels_first: bool = False,
        bias: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **parts: Any,
    ) -> None:
        _check_sizes(in_shape, grid, channels, field, stride, margin, tile)
        super().__init__(grid[0] * grid[1] * channels, **parts)
        self.in_shape = (in_shape[0], in_shape[1], in_shape[2])
        self.in_features = math.prod(in_shape)
        self.grid = (grid[0], grid[1])
        self.channels = channels
        self.field, self.stride, self.margin, self.tile = field, stride, margin, tile
        self.channels_first = channels_first
        self.tiles = (math.ceil(grid[0] / tile), math.ceil(grid[1] / tile))
        self.window = (tile - 1) * stride + field
        shape = (math.prod(self.tiles), self.window**2 * in_shape[2], tile**2 * channels)
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.bias = (
            nn.Parameter(torch.empty(self.units, device=device, dtype=dtype)) if bias else None
        )
        self.to(device=device, dtype=dtype)
        seen = self._seen()
        kept = None if bool(seen.all()) else seen.to(self.weight)
        self.register_buffer("seen", kept, persistent=False)
        self.fan_in = seen.sum(1, keepdim=True).clamp(min=1)
        self.reset_parameters(generator)

    seen: Tensor | None
    """1 where a unit sees an input of its window, else 0, `[tiles, inputs, units]`; None where it sees them all."""

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights again."""
        device = generator.device if generator is not None else self.weight.device
        draw = torch.randn(self.weight.shape, generator=generator, device=device)
        with torch.no_grad():
            self.weight.copy_(draw / self.fan_in.to(draw).sqrt())
            self._forget_unseen(self.weight)
        clear_(self.bias)

    def parts(self) -> dict[str, Any]:
        names = ("in_shape", "grid", "channels", "field", "stride", "margin", "tile")
        own = {name: getattr(self, name) for name in (*names, "channels_first")}
        return {**own, "bias": self.bias is not None, **super().parts()}

    def preactivation(self, h: Tensor) -> Tensor:  # type: ignore[override]
        weight = self.weight
        if self.seen is not None and torch.is_grad_enabled():
            weight = weight * self.seen  # type: ignore[assignment]  # no gradient where nothing is seen
        if self.matmul_dtype is not None and not torch.is_grad_enabled():
            h = h.to(self.matmul_dtype)  # before windows repeat each value
        z = product(self._windows(self._framed(h)), weight, self.matmul_dtype, self.cast)
        z = self._as_map(z)
        return z if self.bias is None else z + self.bias

    def accumulate(self, inputs: tuple[Any, ...], dz: Tensor, decay: float) -> None:
        gradient = self.weight.grad
        assert gradient is not None
        (h,) = inputs
        h, dz_tiles = self._framed(h), self._as_tiles(dz)
        for tiles in self._portions(h):
            windows = self._windows(h, tiles)
            accumulate_product(gradient[tiles], windows, dz_tiles[tiles], decay, self.matmul_dtype)
        self._forget_unseen(gradient)
        accumulate_bias(self.bias, dz, decay)

    def dense_weight(self) -> Tensor:
        """Return the weights as one matrix `[inputs, U]`, zero outside the fields: the same layer, fully connected."""
        height, width, depth = self.in_shape
        places = torch.eye(
            height * width * depth, device=self.weight.device, dtype=self.weight.dtype
        )
        return self._as_map(self._windows(self._framed(places)) @ self.weight).detach()

    def _framed(self, h: Tensor) -> Tensor:
        """Return flat maps as `[R, rows, columns, depth]`, with zeros around them as far as windows reach."""
        height, width, depth = self.in_shape
        if self.channels_first:
            h = h.unflatten(1, (depth, height, width)).permute(0, 2, 3, 1)
        else:
            h = h.unflatten(1, (height, width, depth))
        step = self.tile * self.stride
        ends = [
            (tiles - 1) * step + self.window - self.margin - size
            for tiles, size in zip(self.tiles, (height, width), strict=True)
        ]
        if self.margin or any(ends):
            h = F.pad(h, (0, 0, self.margin, ends[1], self.margin, ends[0]))
        return h

    def _windows(self, framed: Tensor, tiles: slice = slice(None)) -> Tensor:
        """Return what each of some tiles of places sees, `[tiles, R, inputs]`."""
        step, size = self.tile * self.stride, self.window
        starts = [range(0, count * step, step) for count in self.tiles]
        corners = [(top, left) for top in starts[0] for left in starts[1]][tiles]
        return torch.stack(
            [framed[:, top : top + size, left : left + size] for top, left in corners]
        ).flatten(2)

    def _portions(self, framed: Tensor) -> list[slice]:
        """Return tiles in groups whose windows are small enough for the CPU to keep their memory between steps."""
        count = math.prod(self.tiles)
        one = len(framed) * self.window**2 * self.in_shape[2] * framed.element_size()
        many = count if framed.device.type != "cpu" else max(1, KEPT // max(1, one))
        return [slice(start, start + many) for start in range(0, count, many)]

    def _as_map(self, tiles: Tensor) -> Tensor:
        """Return values `[tiles, R, units]` as flat maps `[R, U]`."""
        tile, (rows, columns) = self.tile, self.grid
        z = tiles.unflatten(2, (tile, tile, self.channels)).unflatten(0, self.tiles)
        z = z.permute(2, 0, 3, 1, 4, 5).flatten(3, 4).flatten(1, 2)
        return z[:, :rows, :columns].flatten(1)

    def _as_tiles(self, maps: Tensor) -> Tensor:
        """Undo `_as_map`; places that a last tile has beyond the grid get zeros."""
        tile, (rows, columns) = self.tile, self.grid
        z = maps.unflatten(1, (rows, columns, self.channels))
        beyond = [n * tile - size for n, size in zip(self.tiles, self.grid, strict=True)]
        if any(beyond):
            z = F.pad(z, (0, 0, 0, beyond[1], 0, beyond[0]))
        z = z.unflatten(2, (self.tiles[1], tile)).unflatten(1, (self.tiles[0], tile))
        return z.permute(1, 3, 0, 2, 4, 5).flatten(3).flatten(0, 1)

    def _forget_unseen(self, weights: Tensor) -> None:
        if self.seen is not None:
            weights.mul_(self.seen)

    def _seen(self) -> Tensor:
        """Return which inputs of its window each unit sees: those of its own field, and inside the map below."""
        along = [
            _seen_along(size, places, tiles, self)
            for size, places, tiles in zip(self.in_shape[:2], self.grid, self.tiles, strict=True)
        ]
        rows, columns = along  # each [tiles, window, tile]
        seen = (
            rows[:, None, :, None, None, :, None, None]
            & columns[None, :, None, :, None, None, :, None]
        )
        shape = (
            *self.tiles,
            self.window,
            self.window,
            self.in_shape[2],
            *[self.tile] * 2,
            self.channels,
        )
        return seen.expand(shape).flatten(5).flatten(2, 4).flatten(0, 1)


def _seen_along(size: int, places: int, tiles: int, layer: LocalFields) -> Tensor:
    """Return whether a position of a tile's window lies in a place's field, along one side, `[tiles, window, tile]`."""
    start = torch.arange(tiles)[:, None, None] * layer.tile * layer.stride - layer.margin
    position = start + torch.arange(layer.window)[None, :, None]
    within = torch.arange(layer.tile)[None, None, :]
    place = torch.arange(tiles)[:, None, None] * layer.tile + within
    first = place * layer.stride - layer.margin
    inside = (position >= 0) & (position < size) & (place < places)
    return inside & (position >= first) & (position < first + layer.field)


def _check_sizes(
    in_shape: tuple[int, int, int],
    grid: Size,
    channels: int,
    field: int,
    stride: int,
    margin: int,
    tile: int,
) -> None:
    for name, given, parts in (
        ("a map", in_shape, "(height, width, depth)"),
        ("a grid", grid, "(rows, columns)"),
    ):
        if not isinstance(given, Sequence) or len(given) != parts.count(",") + 1:
            raise UsageError(f"{name} of {given!r}: give {parts}")
    sizes = (*in_shape, *grid, channels, field, stride, margin, tile)
    check_whole("sizes of local fields", *sizes)
    if min(*in_shape, *grid, channels, field, stride, tile) <= 0 or not 0 <= margin < field:
        raise UsageError(
            f"local fields of {field}, stride {stride}, margin {margin}, tile {tile}, {channels} channels on a "
            f"{grid[0]}×{grid[1]} grid over a map of {in_shape}: sizes must be above 0, the margin below the field"
        )
    for side, places, name in zip(in_shape, grid, ("high", "wide"), strict=False):
        if field > side + 2 * margin:
            raise UsageError(
                f"fields of {field}×{field} do not fit a map {side} {name}; take smaller fields"
            )
        reach = (places - 1) * stride + field - 2 * margin
        last = (places - 1) * stride - margin
        if reach > side + (stride - 1 if margin else 0) or last >= side:
            raise UsageError(
                f"{places} fields of {field} at stride {stride} reach over {reach} of a map {side} {name}; "
                "take fewer places, a smaller stride, or a margin at the edge"
            )
