"""The layer that reads symbols is a dense one on one-of-N codes, and reads no more than its window."""

import pytest
import torch
import torch.nn.functional as F

from forward_forward.errors import DataError, UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.symbols import Symbols
from forward_forward.normalization import length
from toys import generator

WINDOW, SYMBOLS, UNITS, ROWS = 4, 5, 6, 8


def made(dtype=torch.float64, **parts):
    return Symbols(WINDOW, SYMBOLS, UNITS, generator=generator(), dtype=dtype, **parts)


def rows(width=WINDOW):
    return torch.randint(SYMBOLS, (ROWS, width), generator=generator(1))


def test_it_is_a_dense_layer_on_normalised_codes():
    layer = made(peer=0.1)
    dense = Dense(WINDOW * SYMBOLS, UNITS, generator=generator(), dtype=torch.float64, peer=0.1)
    assert torch.equal(layer.weight, dense.weight)
    codes = length(F.one_hot(rows(), SYMBOLS).double().flatten(1))
    assert torch.allclose(layer(rows()), dense(codes))
    layer.learn((rows(),))
    dense.learn((codes,))
    assert torch.allclose(layer.weight.grad, dense.weight.grad)
    assert torch.allclose(layer.bias.grad, dense.bias.grad)


def test_only_the_last_symbols_are_read():
    longer = torch.cat([torch.zeros(ROWS, 2, dtype=torch.int64), rows()], dim=1)
    assert torch.equal(made()(longer), made()(rows()))


@pytest.mark.parametrize("wrong", [rows(WINDOW - 1), rows().double()])
def test_what_is_no_window(wrong):
    with pytest.raises(DataError, match="reads 4 symbols"):
        made()(wrong)


@pytest.mark.parametrize("place", range(WINDOW))
@pytest.mark.parametrize("symbol", [-1, SYMBOLS])
def test_a_symbol_that_is_not_known(symbol, place):
    """It would be taken for one at the place before or after."""
    wrong = rows()
    wrong[3, place] = symbol
    with pytest.raises(DataError, match="this net knows those from 0 to 4"):
        made()(wrong)


@pytest.mark.parametrize("sizes", [(0, 5, 6), (4, 0, 6), (4, 5, 0)])
def test_sizes_below_one(sizes):
    with pytest.raises(UsageError, match="above 0"):
        Symbols(*sizes)
