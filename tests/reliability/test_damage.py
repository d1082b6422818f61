"""Checkpoints and models that were cut off or had bits flipped: a typed error, never a wrong model."""

import random

import pytest
import torch

from forward_forward.errors import CheckpointError
from forward_forward.model_card import CARD
from forward_forward.models import load_model, save_model
from forward_forward.training.checkpoints import read_folder
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from toys import dataset, simultaneous

PLAN = Plan(epochs=2, batch_size=8)
FEW, MANY = 500, 5_000
"""Flips in each of the two folders."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a checkpoint and a model."""
    folder = tmp_path_factory.mktemp("run")
    learner = simultaneous()
    train(learner, dataset(), PLAN, folder=folder)
    save_model(folder / "model", learner.network, dataset(), {"goodness_error": 1.5})
    return folder


def state(folder):
    if folder.name == "model":
        return load_model(folder).network.state_dict(), load_model(folder).metrics
    return read_folder(folder)


def same(a, b):
    return (
        a[1] == b[1]
        and a[0].keys() == b[0].keys()
        and all(torch.equal(v, b[0][k]) for k, v in a[0].items())
    )


def told(folder, whole):
    """Return whether a typed error of one line tells; what is read all the same must be what was written."""
    try:
        found = state(folder)
    except CheckpointError as error:
        assert "\n" not in str(error)
        return True
    assert same(found, whole), "read as something else"
    return False


def files_read(folder):
    """Return the files of a folder but its card, which is made for people and never read back."""
    return [path for path in sorted(folder.iterdir()) if path.name != CARD]


@pytest.mark.parametrize("name", ["checkpoint", "model"])
def test_every_truncation(run, count, name):
    folder, whole = run / name, state(run / name)
    for path in files_read(folder):
        data = path.read_bytes()
        for size in range(len(data)):
            path.write_bytes(data[:size])
            assert told(folder, whole), f"{path.name} cut to {size} bytes was read"
        path.write_bytes(data)
        count("4 damage", truncations=len(data), truncations_told=len(data))
    assert same(state(folder), whole)


@pytest.mark.parametrize(
    "flips", [FEW, pytest.param(MANY, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
@pytest.mark.parametrize("name", ["checkpoint", "model"])
def test_flipped_bits(run, count, name, flips):
    """Over all files, every bit as likely as every other. An error; or, where an `e` turned `E`, the same state."""
    folder, whole = run / name, state(run / name)
    contents = {path: path.read_bytes() for path in files_read(folder)}
    draw, telling = random.Random(0), 0
    for path in draw.choices(list(contents), [len(data) for data in contents.values()], k=flips):
        bit = draw.randrange(8 * len(contents[path]))
        damaged = bytearray(contents[path])
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        telling += told(folder, whole)
        path.write_bytes(contents[path])
    assert telling > 0.99 * flips
    if flips == MANY:
        count("4 damage", flips=flips, flips_told=telling, flips_without_effect=flips - telling)
