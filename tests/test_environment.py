"""Where a run ran: complete, private, and without what is private."""

import json
import os
import platform
from pathlib import Path

import pytest

import toys
from forward_forward import environment
from forward_forward.baselines.backprop import Perceptron
from forward_forward.errors import UsageError
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent_nets import dense_recurrent


def test_the_environment_is_complete_and_private():
    found = environment.environment("cpu", "float32")
    assert set(found) == {
        "threads", "device", "processor", "dtype", "python", "torch", "forward_forward",
        "commit", "dirty",
    }  # fmt: skip
    assert found["python"] == platform.python_version()
    assert found["threads"] >= 1
    assert found["processor"]
    text = json.dumps(found)
    assert str(Path.home()) + "/" not in text
    assert os.getcwd() not in text
    assert (found["commit"] is None) == (found["dirty"] is None)


def test_nets_that_cannot_fit_are_told_before_they_are_made(monkeypatch):
    monkeypatch.setattr(environment, "_memory", lambda device: 2**20)
    environment.check_room([16, 2**13])
    with pytest.raises(UsageError, match=r"layers of 8193 units take .* choose smaller widths"):
        environment.check_room([16, 2**13 + 1])
    words = {"generator": toys.generator()}
    makers = [
        lambda widths: FeedForward.dense(16, 3, widths, **words),
        lambda widths: dense_recurrent(16, 3, widths, **words),
        lambda widths: Perceptron(16, 3, widths, **words),
    ]
    for make in makers:
        make([200, 200])
        with pytest.raises(UsageError, match="layers of 300, 300, 300"):
            make([300, 300, 300])


def test_this_machine_has_some_memory():
    assert environment._memory("cpu") > 2**28
    with pytest.raises(UsageError, match="GiB"):
        environment.check_room([10**6] * 5)


def test_without_a_source_checkout_there_is_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "site-packages" / "environment.py"))
    (tmp_path / "site-packages").mkdir()
    found = environment.environment("cpu", "float32")
    assert (found["commit"], found["dirty"]) == (None, None)
