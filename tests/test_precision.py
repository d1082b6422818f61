"""Low-precision matmuls: close to the parameters' own, and never from a copy that has gone stale."""

import copy

import pytest
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from forward_forward.labels import one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.precision import CastCache, accumulate, accumulate_product, product
from forward_forward.readout import goodness_per_label
from toys import PIXELS, RULES, generator, labels_of, network, simultaneous, split, uniform

BF16 = torch.bfloat16


def relative(a, b):
    return float((a - b).norm() / b.norm())


def dense(dtype=BF16):
    return Dense(40, 30, generator=generator(), matmul_dtype=dtype)


def labelled(dtype=BF16):
    return LabelledDense(40, 3, 30, generator=generator(), matmul_dtype=dtype)


def block_for(layer):
    if isinstance(layer, Dense):
        return (uniform(16, 40, dtype=torch.float32),)
    right, wrong = (one_of_n(labels_of(8, s), 3, torch.empty(0)).unsqueeze(0) for s in (1, 2))
    return uniform(8, 40, dtype=torch.float32), torch.cat([right, wrong])


@pytest.mark.parametrize("make", [dense, labelled])
def test_gradients_are_close(make):
    low, full = make(), make(None)
    y, _ = low.learn(block_for(low))
    expected, _ = full.learn(block_for(full))
    assert 0 < relative(y, expected) < 0.01
    for p, q in zip(low.parameters(), full.parameters(), strict=True):
        assert p.grad.dtype == torch.float32
        assert relative(p.grad, q.grad) < 0.02
    assert not low.weight.grad.equal(full.weight.grad)  # so the low path was taken


def test_goodness_per_label_is_close():
    net = network(widths=(40, 40))
    images = uniform(6, PIXELS, dtype=torch.float32)
    full = goodness_per_label(net, images)
    for layer in net.layers:
        layer.set_matmul_dtype(BF16)
    low = goodness_per_label(net, images)
    assert 0 < relative(low, full) < 0.02
    assert low.dtype == torch.float32


def test_the_image_s_share_is_multiplied_in_low_precision_and_makes_no_graph():
    net = network(matmul_dtype=BF16)
    images = uniform(6, PIXELS, dtype=torch.float32)
    projection = net.project(images)
    with torch.no_grad():
        expected = net.project(images)
    assert not projection.share.requires_grad
    assert projection.share.equal(expected.share)


def test_a_matmul_in_the_weight_s_own_dtype_is_a_plain_one():
    left, weight = uniform(4, 5), uniform(5, 6)
    for dtype in (None, torch.float64):
        assert product(left, weight, dtype, CastCache()).equal(left @ weight)


def assert_fresh(layer, inputs):
    """The layer answers as one that has never kept a copy."""
    expected = type(layer).forward(copy.deepcopy(layer), *inputs)
    assert layer(*inputs).equal(expected)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("make", [dense, labelled])
def test_the_copy_follows_every_rule(make, rule):
    layer = make()
    inputs = block_for(layer)
    optimizer = rule(rate=0.5).build(layer.parameters())
    before, _ = layer.learn(inputs)
    optimizer.step()
    assert not layer(*inputs).equal(before)
    assert_fresh(layer, inputs)


def test_the_copy_follows_a_whole_step():
    learner = simultaneous(matmul_dtype=BF16)
    data = split(12)
    learner.begin(data, 0, 0)
    for _ in range(3):
        learner.step(torch.arange(12), generator(), 1.0)
    again = copy.deepcopy(learner.network)
    now = goodness_per_label(learner.network, data.images)
    assert now.equal(goodness_per_label(again, data.images))


def change_in_place(layer):
    with torch.no_grad():
        layer.weight.mul_(2)


def change_by_loading(layer):
    state = {k: 2 * v for k, v in layer.state_dict().items()}
    layer.load_state_dict(state)


def change_by_assigning(layer):
    state = {k: 2 * v for k, v in layer.state_dict().items()}
    layer.load_state_dict(state, assign=True)


def change_by_vector(layer):
    vector_to_parameters(2 * parameters_to_vector(layer.parameters()).detach(), layer.parameters())


def change_by_reset(layer):
    layer.reset_parameters(generator(7))


@pytest.mark.parametrize(
    "change",
    [change_in_place, change_by_loading, change_by_assigning, change_by_vector, change_by_reset],
)
def test_the_copy_follows_every_change(change):
    layer = dense()
    inputs = block_for(layer)
    before = layer(*inputs)
    change(layer)
    assert not layer(*inputs).equal(before)
    assert_fresh(layer, inputs)


def test_the_copy_follows_a_move_to_another_dtype():
    layer = dense()
    inputs = block_for(layer)
    layer(*inputs)
    layer.double()
    assert layer(*(x.double() for x in inputs)).dtype == torch.float64
    assert_fresh(layer, tuple(x.double() for x in inputs))


def test_a_new_weight_where_an_old_one_lay_is_not_taken_for_it():
    cast = CastCache()
    for value in range(50):
        weight = torch.full((3, 3), float(value))
        assert cast(weight, BF16).unique().tolist() == [value]
        del weight


def test_a_copy_made_in_inference_mode_is_made_anew_outside():
    layer = dense()
    inputs = block_for(layer)
    with torch.inference_mode():
        layer(*inputs)
    layer.learn(inputs)
    change_in_place(layer)
    assert_fresh(layer, inputs)


@pytest.mark.parametrize("above", ["ieee", "bf16"])
def test_torch_s_own_precision_is_left_as_it_was(above):
    torch_settings = torch.backends.mkldnn
    before = torch_settings.fp32_precision
    try:
        torch_settings.fp32_precision = above
        dense().learn(block_for(dense()))
        assert torch_settings.matmul.fp32_precision == above
        torch_settings.fp32_precision = "ieee"
        assert torch_settings.matmul.fp32_precision == "ieee"
    finally:
        torch_settings.fp32_precision = before


def test_the_copy_is_made_once():
    cast, weight = CastCache(), uniform(3, 3, dtype=torch.float32)
    first = cast(weight, BF16)
    assert cast(weight, BF16) is first
    assert cast(weight, torch.float16).dtype == torch.float16


def test_a_copied_layer_goes_its_own_way():
    layer = dense()
    inputs = block_for(layer)
    before = layer(*inputs)
    other = copy.deepcopy(layer)
    change_in_place(other)
    assert layer(*inputs).equal(before)
    assert not other(*inputs).equal(before)


def test_copies_are_no_part_of_a_model():
    layer = dense()
    names = set(layer.state_dict())
    layer(*block_for(layer))
    assert set(layer.state_dict()) == names == {"weight", "bias"}


@pytest.mark.parametrize("dtype", [None, BF16])
@pytest.mark.parametrize("decay", [0.0, 0.9])
@pytest.mark.parametrize(("amx", "few_rows"), [(True, 0), (True, 512), (False, 512)])
def test_a_product_is_added_to_what_decays(monkeypatch, dtype, decay, amx, few_rows):
    monkeypatch.setattr("forward_forward.precision.FEW_ROWS", few_rows)
    monkeypatch.setattr("forward_forward.precision._has_amx", lambda: amx)
    left, right = uniform(8, 4, dtype=torch.float32), uniform(8, 3, seed=1, dtype=torch.float32)
    total = uniform(4, 3, seed=2, dtype=torch.float32)
    expected = decay * total + left.t() @ right
    accumulate_product(total, left, right, decay, dtype)
    tolerance = 1e-6 if dtype is None else 1e-2
    torch.testing.assert_close(total, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [None, BF16])
def test_without_decay_the_old_total_does_not_matter(dtype):
    left, right = uniform(8, 4, dtype=torch.float32), uniform(8, 3, dtype=torch.float32)
    total, term = torch.full((4, 3), torch.nan), torch.full((4, 3), torch.nan)
    accumulate_product(total, left, right, 0.0, dtype)
    accumulate(term, left.t() @ right, 0.0)
    assert total.isfinite().all()
    assert term.isfinite().all()
