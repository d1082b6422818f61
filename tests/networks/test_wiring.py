"""Wirings: what can be one, and that every one makes a net."""

import json

import numpy as np
import pytest

from forward_forward.errors import UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.joint import Joint
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.wiring import (
    IMAGE,
    LABEL,
    neighbours,
    with_skips,
)
from forward_forward.networks.wiring_checks import check_reach, checked
from recurrent_toys import local, recurrent
from toys import CLASSES


@pytest.mark.parametrize(
    ("wiring", "words"),
    [
        (((IMAGE, 5), (0, LABEL)), "fed by 5"),
        (((IMAGE, True), (0, LABEL)), "fed by 'True'"),
        (5, "a tuple of what it hears"),
        ((IMAGE, 0), "a tuple of what it hears"),
        (({IMAGE, 1}, {0, LABEL}), "a tuple of what it hears"),
        (neighbours, "a tuple of what it hears"),
        (((IMAGE, 1.0), (0, LABEL)), "fed by '1.0'"),
        ((), "no hidden layers"),
        (((IMAGE, 0, 0), (0, LABEL)), "twice"),
        (((IMAGE, 1), (LABEL,)), "nothing from below"),
        (((1,), (0, IMAGE)), "nothing from below"),
        ((("picture",),), "'picture'"),
    ],
)
def test_a_wiring_that_cannot_be(wiring, words):
    with pytest.raises(UsageError, match=words):
        checked(wiring)


def test_any_whole_number_is_a_source():
    wiring = ((IMAGE, np.int64(1)), (np.int8(0), LABEL))
    assert checked(wiring) == neighbours(2)
    assert json.dumps(recurrent(wiring=wiring).config()["wiring"])


def test_wirings_are_checked_before_a_net_is_built():
    with pytest.raises(UsageError, match="fed by 5"):
        recurrent(wiring=((IMAGE, 5), (0, LABEL)))
    with pytest.raises(UsageError, match="for 3 hidden layers"):
        recurrent(wiring=neighbours(3))
    with pytest.raises(UsageError, match="for 1 hidden layers"):
        local(wiring=neighbours(1))


def test_layers_and_wiring_must_fit():
    layers = recurrent().layers
    with pytest.raises(UsageError, match="'label' of 7 values"):
        Recurrent(layers, neighbours(2), 7)
    with pytest.raises(UsageError, match="0 of 9 values"):
        Recurrent([layers[0], recurrent((8, 8)).layers[1]], neighbours(2), CLASSES)
    with pytest.raises(UsageError, match="without"):
        Joint([Dense(2, 3)])
    with pytest.raises(UsageError, match="1 connections for 2"):
        Recurrent([Joint([layers[0].connections[0]])], [(IMAGE, LABEL)], CLASSES)
    with pytest.raises(UsageError, match="2 layers"):
        Recurrent(layers, neighbours(3), CLASSES)
    with pytest.raises(UsageError, match="units"):
        Joint([Dense(2, 3, bias=False), Dense(2, 4, bias=False)])


@pytest.mark.parametrize("depth", [0, -1, 2.0, None])
def test_a_wiring_is_for_some_layers(depth):
    with pytest.raises(UsageError, match="give at least one|no whole number"):
        neighbours(depth)


def test_a_label_goes_down_by_a_layer_an_iteration():
    check_reach(neighbours(3), 3)
    with pytest.raises(UsageError, match="no label reaches layer 0 within 2 iterations"):
        check_reach(neighbours(3), 2)
    check_reach(with_skips(3), 1)
    with pytest.raises(UsageError, match="no label reaches layer 0, so"):
        check_reach(((IMAGE,), (0, LABEL)), None)
