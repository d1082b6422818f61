"""A weight that is not finite, in any layer at any step: told within that step, and the last good checkpoint stays."""

import pytest
import torch

from forward_forward.errors import DivergenceError
from forward_forward.training.checkpoints import read_folder
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from toys import dataset, simultaneous

PLAN = Plan(epochs=3, batch_size=8)  # 3 steps an epoch


@pytest.mark.parametrize("value", [torch.nan, torch.inf], ids=str)
@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("layer", [1, 2, 3])
def test_it_is_told_within_a_step(layer, step, value, count, tmp_path):
    learner, data = simultaneous(), dataset()
    inner, taken = learner.step, []

    def poisoned(*arguments):
        if len(taken) == 3 + step - 1:  # the second epoch's
            poison(learner.network.layers[layer - 1], value)
        taken.append(1)
        return inner(*arguments)

    learner.step = poisoned
    with pytest.raises(DivergenceError, match=rf"layer {layer} .*epoch 2, step {step}"):
        train(learner, data, PLAN, folder=tmp_path)
    assert len(taken) == 3 + step
    tensors, manifest = read_folder(tmp_path / "checkpoint")
    assert manifest["progress"]["epoch"] == 1
    assert all(bool(kept.isfinite().all()) for kept in tensors.values())
    count("9 divergence", told_within_the_step=1, good_checkpoint_kept=1)


def poison(layer, value):
    with torch.no_grad():
        next(layer.parameters())[...] = value


def test_it_goes_on_from_there(tmp_path):
    straight = simultaneous()
    train(straight, dataset(), PLAN)
    learner = simultaneous()
    inner, taken = learner.step, []

    def poisoned(*arguments):
        taken.append(1)
        if len(taken) == 5:
            poison(learner.network.layers[1], torch.nan)
        return inner(*arguments)

    learner.step = poisoned
    with pytest.raises(DivergenceError):
        train(learner, dataset(), PLAN, folder=tmp_path)
    again = simultaneous(1)
    train(again, dataset(), PLAN, folder=tmp_path, resume=True)
    for name, value in straight.network.state_dict().items():
        assert value.equal(again.network.state_dict()[name])
