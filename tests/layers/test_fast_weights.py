"""Fast weights: what resembles the present is recalled, the nearer the more; nothing else differs from `Symbols`."""

import pytest
import torch

from forward_forward.errors import DataError, UsageError
from forward_forward.layers.fast_weights import FastWeights
from forward_forward.layers.symbols import Symbols
from toys import generator

WINDOW, SYMBOLS, UNITS, STRETCH = 3, 5, 40, 9


def layer(**more):
    return FastWeights(
        WINDOW, SYMBOLS, UNITS, stretch=STRETCH, generator=generator(), dtype=torch.float64, **more
    )


def plain():
    return Symbols(WINDOW, SYMBOLS, UNITS, generator=generator(), dtype=torch.float64)


def stretches(count=6):
    return torch.randint(SYMBOLS, (count, STRETCH), generator=generator(1))


def test_the_memory_is_the_sum_of_outer_products_that_fade():
    symbols, slow, made = stretches(), plain(), layer(fading=0.8, strength=0.3)
    z = slow.preactivation(symbols)
    recalled = []
    for row in symbols:
        places = [slow(row[i : i + WINDOW].unsqueeze(0))[0] for i in range(STRETCH - WINDOW + 1)]
        memory = torch.zeros(UNITS, UNITS, dtype=torch.float64)
        for u in places[:-1]:
            memory = 0.8 * memory + 0.3 * torch.outer(u, u / u.norm())
        recalled.append(memory @ (places[-1] / places[-1].norm()))
    assert torch.allclose(made.preactivation(symbols), z + torch.stack(recalled), atol=1e-12)


def test_it_has_no_weights_but_the_slow_ones():
    ours, theirs = layer().state_dict(), plain().state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_in_low_precision_it_is_the_same_to_that_precision():
    low = FastWeights(
        WINDOW, SYMBOLS, UNITS, stretch=STRETCH, generator=generator(), matmul_dtype=torch.bfloat16
    )
    exact = layer().float()(stretches())
    assert torch.allclose(low(stretches()), exact, atol=0.02 * float(exact.max()))


@pytest.mark.parametrize("bad", [{"fading": 0}, {"fading": 1.1}, {"strength": 0}])
def test_memories_that_cannot_be(bad):
    with pytest.raises(UsageError, match="fading in"):
        layer(**bad)
    with pytest.raises(UsageError, match="stretch must be the longer"):
        FastWeights(3, SYMBOLS, UNITS, stretch=3)


def test_windows_that_are_too_short():
    with pytest.raises(DataError, match="attends to 9"):
        layer()(stretches()[:, :5])
