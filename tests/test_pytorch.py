"""Our layers inside other people's PyTorch code: as modules, with any optimiser, compiled, hooked."""

import copy

import pytest
import torch
from torch import nn

import forward_forward as ff
from forward_forward.training.reference import reference_gradients
from toys import generator, uniform

IN, UNITS, BATCH = 6, 5, 8


class Around(ff.LocalLayer):
    """A layer around any module, as docs/pytorch.md shows it."""

    def __init__(self, module, units, **parts):
        super().__init__(units, **parts)
        self.module = module

    def preactivation(self, *inputs):
        return self.module(*inputs).flatten(1)


def dense(seed=0, **parts):
    return ff.Dense(
        IN, UNITS, generator=generator(seed), dtype=torch.float64, **{"peer": 0.1, **parts}
    )


def rmsnorm(units):
    return nn.RMSNorm(units, eps=1e-10, elementwise_affine=False, dtype=torch.float64)


def stack():
    return nn.Sequential(
        dense(),
        rmsnorm(UNITS),
        ff.Dense(UNITS, 4, generator=generator(1), dtype=torch.float64),
        rmsnorm(4),
    )


def rows(seed=0):
    return uniform(2 * BATCH, IN, seed=seed) - 0.3


def test_a_state_dict_brings_everything_over():
    """Weights, and the peers' running mean, of a net that has learned."""
    taught, fresh = stack(), stack()
    taught[0].learn((rows(),))
    torch.optim.SGD(taught.parameters(), lr=0.1).step()
    assert set(taught.state_dict()) == {
        "0.weight", "0.bias", "0.peer.mean_activity", "2.weight", "2.bias"
    }  # fmt: skip
    assert not torch.equal(taught(rows()), fresh(rows()))
    assert fresh.load_state_dict(taught.state_dict()).missing_keys == []
    assert torch.equal(taught(rows()), fresh(rows()))
    for layer in (taught[0], fresh[0]):  # and they learn on alike
        layer.learn((rows(1),))
    assert torch.equal(taught[0].weight.grad, fresh[0].weight.grad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_layer_goes_to_another_dtype_with_all_it_has(dtype):
    layer = dense().to(dtype)
    assert {tensor.dtype for tensor in layer.state_dict().values()} == {dtype}
    y, _ = layer.learn((rows().to(dtype),))
    assert y.dtype == layer.weight.grad.dtype == dtype


def test_a_net_goes_to_another_device():
    assert {t.device.type for t in stack().to("meta").state_dict().values()} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_layer_learns_the_same_on_a_gpu():
    here, there = dense(), dense().to("cuda")
    here.learn((rows(),))
    there.learn((rows().to("cuda"),))
    torch.testing.assert_close(there.weight.grad.cpu(), here.weight.grad)


def test_a_copy_is_a_layer_of_its_own():
    layer = dense(matmul_dtype=torch.bfloat16)
    layer(rows())
    other = copy.deepcopy(layer)
    with torch.no_grad():
        layer.weight.zero_()
    assert not layer(rows()).any()
    assert other(rows()).any()


def test_torch_s_own_rms_norm_is_ours():
    y = dense()(rows())
    torch.testing.assert_close(rmsnorm(UNITS)(y), ff.length(y))


def test_hooks_see_what_a_layer_is_given_and_gives():
    seen, net = [], stack()
    net[2].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    net[2].register_forward_hook(lambda layer, inputs, y: seen.append(y))
    net(rows())
    assert torch.equal(seen[0], net[:2](rows()))
    assert torch.equal(seen[1], net[:3](rows()))


def test_backpropagation_around_our_layer_stops_at_it():
    below, above = nn.Linear(IN, IN).double(), nn.Linear(UNITS, 2).double()
    net = nn.Sequential(below, dense(), above)
    net(rows()).sum().backward()
    assert all(p.grad is None for p in [*below.parameters(), *net[1].parameters()])
    assert all(p.grad.any() for p in above.parameters())


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        lambda p: torch.optim.Adam(p, lr=0.02, amsgrad=True),
        lambda p: torch.optim.AdamW(p, lr=0.02, foreach=True),
        lambda p: torch.optim.RMSprop(p, lr=0.01),
        lambda p: torch.optim.Adagrad(p, lr=0.1),
    ],
)
@pytest.mark.parametrize("matmul_dtype", [None, torch.bfloat16])
def test_any_torch_optimiser_teaches_a_layer(optimizer, matmul_dtype):
    layer = dense(matmul_dtype=matmul_dtype)
    step = optimizer(layer.parameters())
    losses = []
    for _ in range(40):
        losses.append(layer.learn((rows(),))[1].loss.item())
        step.step()
    assert losses[-1] < 0.9 * losses[0]


def test_layers_may_have_groups_of_their_own():
    net = stack()
    optimizer = torch.optim.SGD(
        [{"params": net[0].parameters(), "lr": 0.1}, {"params": net[2].parameters(), "lr": 0.0}]
    )
    before = copy.deepcopy(net)
    y, _ = net[0].learn((rows(),))
    net[2].learn((net[1](y),))
    optimizer.step()
    assert not torch.equal(net[0].weight, before[0].weight)
    assert torch.equal(net[2].weight, before[2].weight)


def test_gradients_of_portions_add_up():
    whole, portions = dense(peer=0), dense(peer=0)
    x = rows()
    whole.learn((x,))
    for half in (slice(0, BATCH // 2), slice(BATCH // 2, BATCH)):
        portion = torch.cat([x[:BATCH][half], x[BATCH:][half]])
        portions.learn((portion,), decay=0.0 if half.start == 0 else 1.0, share=0.5)
    torch.testing.assert_close(portions.weight.grad, whole.weight.grad)


def test_wrapped_around_a_matrix_it_is_dense():
    """The gradient that autograd gives a wrapped module is the closed form of the layer that has one."""
    layer, linear = dense(), nn.Linear(IN, UNITS).double()
    with torch.no_grad():
        linear.weight.copy_(layer.weight.mT)
        linear.bias.copy_(layer.bias)
    around = Around(linear, UNITS, peer=0.1)
    y, seen = layer.learn((rows(),))
    z, same = around.learn((rows(),))
    torch.testing.assert_close(y, z)
    torch.testing.assert_close(linear.weight.grad, layer.weight.grad.mT)
    torch.testing.assert_close(linear.bias.grad, layer.bias.grad)
    assert seen.loss.item() == pytest.approx(same.loss.item())


@pytest.mark.parametrize("peer", [0.0, 0.1])
@pytest.mark.parametrize(
    "goodness", [ff.sum_of_squares, ff.mean_of_squares, lambda y: y.pow(3).mean(-1)]
)
def test_wrapped_around_convolutions_it_learns_by_the_gradient_of_its_objective(goodness, peer):
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 2)).double()
    # as torch draws them, now and then all units are off
    for seed, weights in enumerate(module.parameters()):
        weights.data = uniform(*weights.shape, seed=seed) - 0.4
    layer = Around(module, 2 * 3 * 3, goodness=goodness, peer=peer).double()
    images = uniform(2 * BATCH, 1, 6, 6)
    expected = reference_gradients(copy.deepcopy(layer), (images[:BATCH],), (images[BATCH:],))
    layer.learn((images.requires_grad_(),))
    assert images.grad is None
    for parameter, gradient in zip(layer.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)
        assert parameter.grad.any()


@pytest.mark.slow
def test_a_stack_compiles_whole():
    net = stack()
    compiled = torch.compile(net, fullgraph=True)
    torch.testing.assert_close(compiled(rows()), net(rows()))
    net[0].learn((rows(),))
    torch.optim.SGD(net.parameters(), lr=0.1).step()
    torch.testing.assert_close(compiled(rows()), net(rows()))  # and sees what was learned since
