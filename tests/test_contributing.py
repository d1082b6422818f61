"""The layer that CONTRIBUTING shows is run: it learns, is local, and comes back from its config."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"


@pytest.fixture
def between(monkeypatch):
    (code,) = re.findall(r"```python\n(\"\"\"A layer .*?)```", CONTRIBUTING.read_text(), re.DOTALL)
    module = ModuleType("between_of_contributing")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, "CONTRIBUTING.md", "exec"), vars(module))
    return module.Between


def test_the_layer_of_contributing_learns_from_both_inputs(between) -> None:
    draw = torch.Generator().manual_seed(0)
    layer = between(4, 3, 5, generator=draw, peer=0.1)
    below, above = torch.rand(6, 4, generator=draw), torch.rand(6, 3, generator=draw)
    y, seen = layer.learn((below.requires_grad_(), above))
    assert y.shape == (6, 5)
    assert not y.requires_grad
    assert below.grad is None
    assert layer.weight.grad.abs().sum() > 0
    assert layer.top_down.grad.abs().sum() > 0
    assert bool(seen.loss.isfinite())


def test_the_layer_of_contributing_is_of_one_dtype(between) -> None:
    layer = between(4, 3, 5, peer=0.1, dtype=torch.float64)
    assert {value.dtype for value in layer.state_dict().values()} == {torch.float64}


def test_the_layer_of_contributing_is_built_again_from_its_parts(between) -> None:
    layer = between(4, 3, 5, peer=0.1)
    again = between(**layer.parts(), generator=torch.Generator().manual_seed(1))
    again.load_state_dict(layer.state_dict())
    assert str(again) == str(layer)


def test_the_wiring_of_contributing_makes_a_net_that_learns() -> None:
    from forward_forward.data import Split
    from forward_forward.labels import every_label
    from forward_forward.negatives import random_wrong_label
    from forward_forward.networks import wiring
    from forward_forward.networks.recurrent_nets import dense_recurrent
    from forward_forward.networks.wiring_checks import checked
    from forward_forward.training.iterated import Iterated
    from forward_forward.training.optimizers import SmoothedGradient

    (code,) = re.findall(
        r"```python\n(def label_everywhere.*?)```", CONTRIBUTING.read_text(), re.DOTALL
    )
    names = dict(vars(wiring))
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    mine = checked(names["label_everywhere"](3))
    image, label = wiring.IMAGE, wiring.LABEL
    assert mine == ((image, 1, label), (0, 2, label), (1, label))
    assert checked(names["label_everywhere"](1)) == ((image, label),)
    draw = torch.Generator().manual_seed(0)
    network = dense_recurrent(4, 3, [5, 6, 7], generator=draw, wiring=mine)
    images = torch.rand(2, 4, generator=draw)
    assert network.label_goodness(images, every_label(3, images)).shape == (3, 2, 3)
    rule = SmoothedGradient(rate=0.1)
    learner = Iterated(network, random_wrong_label, rule, rule)
    learner.begin(Split(images, torch.tensor([0, 2])), 0, 0)
    before = [p.clone() for p in network.layers.parameters()]
    learner.step(torch.arange(2), draw, 1.0)
    changed = [
        not torch.equal(p, q) for p, q in zip(network.layers.parameters(), before, strict=True)
    ]
    assert all(changed)
