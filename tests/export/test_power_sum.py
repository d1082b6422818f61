"""A goodness found by asking it computes what the goodness itself does."""

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.export.power_sum import forms, power_sum
from toys import GOODNESS, network, uniform


@pytest.mark.parametrize("units", [1, 2, 7])
@pytest.mark.parametrize("name", GOODNESS)
def test_every_goodness_is_found(name, units):
    y = 3 * uniform(5, units)
    torch.testing.assert_close(power_sum(GOODNESS[name], units)(y), GOODNESS[name](y))


def test_a_cube_is_found_and_its_scale():
    found = power_sum(lambda y: -0.5 * y.pow(3).sum(-1), 4)
    assert (found.power, found.scale) == (3, -0.5)


def test_units_of_different_weight_have_no_one_scale():
    found = power_sum(lambda y: y[:, 0] - y[:, 1], 2)
    assert (found.power, found.scale, found.weights.tolist()) == (1, None, [1, -1])


@pytest.mark.parametrize(
    "goodness",
    [
        lambda y: y.amax(-1),
        lambda y: y.square().sum(-1).sqrt(),
        lambda y: y.square().sum(-1) + 1,
        lambda y: y.prod(-1),
        lambda y: y.pow(4).sum(-1),
    ],
)
def test_what_is_no_such_sum_is_refused(goodness):
    with pytest.raises(UsageError, match="no sum over units"):
        power_sum(goodness, 5)


def test_layers_of_the_same_kind_are_asked_once():
    asked = []

    def counted(y):
        asked.append(y.shape)
        return y.square().sum(-1)

    net = network(widths=[6, 6, 6], goodness=counted, head=False)
    asked.clear()
    forms(net)
    assert len(asked) == 3
