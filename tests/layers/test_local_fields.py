"""Local fields: the same layer as a fully connected one with zeros outside the fields, and faster."""

import copy

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.layers import local_fields
from forward_forward.layers.local_fields import LocalFields
from forward_forward.losses import SymBa, ThresholdLogistic
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.reference import reference_gradients
from toys import generator, normal

SHAPES = {
    "paper's first": dict(in_shape=(28, 28, 1), grid=(4, 4), channels=3, field=10, stride=6),
    "paper's second": dict(in_shape=(4, 4, 5), grid=(3, 3), channels=3, field=2),
    "cut off at the edge": dict(in_shape=(7, 6, 3), grid=(7, 6), channels=2, field=5, margin=2),
    "tiles": dict(in_shape=(7, 6, 3), grid=(7, 6), channels=2, field=5, margin=2, tile=3),
    "strides and tiles": dict(in_shape=(9, 7, 2), grid=(5, 4), channels=2, field=3, stride=2, margin=1, tile=2),
    "channels first": dict(in_shape=(6, 5, 2), grid=(2, 2), channels=3, field=4, channels_first=True, tile=2),
}  # fmt: skip
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def layer(shape, **parts):
    return LocalFields(**shape, generator=generator(), **{"dtype": torch.float64, **parts})


def inputs_of(made, rows=8):
    return normal(rows, made.in_shape[0] * made.in_shape[1] * made.in_shape[2])


@every_shape
def test_it_is_the_masked_dense_layer(shape):
    made = layer(shape)
    h, weight = inputs_of(made), made.dense_weight()
    torch.testing.assert_close(made.preactivation(h), h @ weight + made.bias)


@every_shape
def test_a_unit_sees_its_field_and_nothing_else(shape):
    made = layer(shape)
    height, width, depth = made.in_shape
    weight = made.dense_weight().view(*made.in_shape, *made.grid, made.channels)
    if made.channels_first:
        weight = made.dense_weight().view(depth, height, width, *made.grid, made.channels)
        weight = weight.permute(1, 2, 0, 3, 4, 5)
    for i in range(made.grid[0]):
        for j in range(made.grid[1]):
            top, left = (k * made.stride - made.margin for k in (i, j))
            field = torch.zeros(height, width, dtype=torch.bool)
            field[max(top, 0) : top + made.field, max(left, 0) : left + made.field] = True
            seen = (weight[:, :, :, i, j] != 0).all(-1).all(-1)
            assert seen.equal(field)
            assert (weight[~field][:, :, i, j] == 0).all()


@every_shape
@pytest.mark.parametrize("loss", [ThresholdLogistic(), SymBa()])
@pytest.mark.parametrize("peer", [0.0, 0.1])
def test_the_closed_form_is_autograd_s_within_the_fields(shape, loss, peer):
    made = layer(shape, loss=loss, peer=peer)
    reference = copy.deepcopy(made)
    h = 0.3 * inputs_of(made)  # torch's own softplus is a straight line beyond 20
    weight, bias = reference_gradients(reference, (h[:4],), (h[4:],))
    made.learn((h,))
    if made.seen is not None:
        weight = weight * made.seen
    torch.testing.assert_close(made.weight.grad, weight, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(made.bias.grad, bias, rtol=1e-9, atol=1e-9)


@every_shape
def test_what_lies_outside_a_field_stays_zero(shape):
    made = layer(shape)
    before = (made.dense_weight() != 0).sum()
    optimizer = SmoothedGradient(rate=0.1, weight_decay=0.01).build(made.parameters())
    for _ in range(3):
        made.learn((inputs_of(made),), decay=0.9)
        optimizer.step()
    assert (made.dense_weight() != 0).sum() == before == (made.weight != 0).sum()


@every_shape
@pytest.mark.parametrize(("amx", "few_rows"), [(True, 0), (True, 512), (False, 512)])
def test_low_precision_is_close(monkeypatch, shape, amx, few_rows):
    monkeypatch.setattr("forward_forward.precision.FEW_ROWS", few_rows)
    monkeypatch.setattr("forward_forward.precision._has_amx", lambda: amx)
    low, full = layer(shape, matmul_dtype=torch.bfloat16), layer(shape)
    low.float()
    h = inputs_of(full)
    y, _ = low.learn((h.float(),))
    expected, _ = full.learn((h,))
    assert (y - expected).norm() < 0.02 * expected.norm()
    assert (low.weight.grad - full.weight.grad).norm() < 0.02 * full.weight.grad.norm()


def test_tiles_change_nothing_but_speed():
    alone = layer(SHAPES["cut off at the edge"])
    for tile in (2, 3, 7):
        tiled = layer({**SHAPES["cut off at the edge"], "tile": tile})
        with torch.no_grad():
            whole = alone.dense_weight()
            places = torch.eye(len(whole), dtype=torch.float64)
            wanted = tiled._as_tiles(whole)
            tiled.weight.copy_((tiled._windows(tiled._framed(places)).mT @ wanted) * tiled.seen)
        h = inputs_of(alone)
        torch.testing.assert_close(tiled(h), alone(h))


def test_windows_in_portions_teach_the_same(monkeypatch):
    made = layer(SHAPES["tiles"])
    h, dz = inputs_of(made), normal(8, made.units)
    made.make_gradients()
    made.accumulate((h,), dz, 0)
    whole = made.weight.grad.clone()
    two_tiles = 2 * made.weight[0, :, 0].numel() * h[:, 0].nbytes
    monkeypatch.setattr(local_fields, "KEPT", two_tiles)
    assert [part.stop for part in made._portions(h)] == [2, 4, 6]
    made.accumulate((h,), dz, 0.5)
    torch.testing.assert_close(made.weight.grad, 1.5 * whole)


def test_units_of_a_place_start_with_the_variance_of_their_own_field():
    made = layer(dict(in_shape=(9, 9, 4), grid=(9, 9), channels=200, field=5, margin=2))
    scale = made.dense_weight().square().sum(0).view(9, 9, 200).mean(2)
    assert scale.sub(1).abs().max() < 0.15


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": 11, "grid": (1, 1)},
        {"grid": (5, 4)},
        {"grid": (4, 5)},
        {"grid": (0, 4)},
        {"channels": 0},
        {"stride": 0},
        {"field": 0},
        {"margin": -1},
        {"margin": 3},
        {"tile": 0},
        {"grid": (2, 2), "stride": 9, "margin": 0},
        {"grid": (2, 2), "field": 9, "stride": 17, "margin": 8},
        {"in_shape": (0, 8, 1)},
    ],
)
def test_what_does_not_fit_is_refused(wrong):
    fits = dict(in_shape=(9, 9, 1), grid=(4, 4), channels=2, field=3, stride=2)
    layer(fits)
    with pytest.raises(UsageError):
        layer({**fits, **wrong})


@pytest.mark.parametrize(
    "sizes",
    [dict(in_shape=(6, 6)), dict(in_shape=(6, 6, 1, 1)), dict(grid=(2,)), dict(grid=(2, 2, 2)), dict(grid=2),
     dict(field=2.5), dict(field="3"), dict(stride=1.5), dict(channels=1.5), dict(field=None)],
)  # fmt: skip
def test_sizes_of_another_kind_are_refused(sizes):
    with pytest.raises(UsageError, match=r"give \(|no whole number"):
        layer({"in_shape": (6, 6, 1), "grid": (2, 2), "channels": 2, "field": 3, **sizes})
