"""kill −9 at any moment, then the same command again: the same bits as a run that was never killed."""

import random
import signal

import pytest

from forward_forward.training.checkpoints import read_folder, read_manifest
from reliability.outcomes import RUNS, outcome

FEW = {"loop": 14, "train": 3, "reproduce": 3}
MANY = {"loop": 110, "train": 30, "reproduce": 20, "greedy": 20, "recurrent": 20}
EVERY_MOMENT = 10_000


@pytest.fixture(scope="module")
def straight(warm, tmp_path_factory):
    """What comes of each kind of run that is left alone, and how long it takes; made once."""
    known = {}

    def of(name):
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            took = min(
                warm.run(*RUNS[name], cwd=folder / str(i)).seconds for i in mkdirs(folder, 2)
            )
            known[name] = outcome(folder / "0"), took
            assert outcome(folder / "1") == known[name][0]  # the same seed, the same bits
        return known[name]

    return of


def mkdirs(folder, number):
    for i in range(number):
        (folder / str(i)).mkdir()
        yield i


@pytest.mark.parametrize(
    ("name", "kills"),
    [
        *(pytest.param(name, kills, id=f"{name}-{kills}") for name, kills in FEW.items()),
        *(
            pytest.param(*each, marks=[pytest.mark.long, pytest.mark.timeout(3600)])
            for each in MANY.items()
        ),
    ],
)
def test_killed_at_random(warm, straight, count, tmp_path, name, kills):
    expected, seconds = straight(name)
    draw, killed, tried = random.Random(kills), 0, 0
    while killed < kills:
        folder = tmp_path / str(tried)
        folder.mkdir()
        moment = draw.uniform(0, seconds)
        ended = warm.run(*RUNS[name], cwd=folder, signals=[(moment, signal.SIGKILL)])
        assert ended.code in (0, -signal.SIGKILL), ended.errors
        killed, tried = killed + (ended.code != 0), tried + 1
        again = warm.run(*RUNS[name], cwd=folder)
        assert again.code == 0, again.errors
        assert outcome(folder) == expected
        if kills == MANY[name]:
            dead = int(ended.code != 0)
            count("1 kills", killed=dead, resumed_bit_equal=dead)
        assert tried < 3 * kills + 10, "too few were killed before they were done"


@pytest.mark.parametrize(
    "step", [5, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
def test_killed_at_every_moment_of_writing(warm, straight, count, tmp_path, step):
    """At an open, before and after a sync, at a rename, at a removal: loadable, and at most one epoch is lost."""
    expected, _ = straight("loop")
    epochs = []
    for point in range(0, EVERY_MOMENT, step):
        folder = tmp_path / str(point)
        folder.mkdir()
        ended = warm.run("loop", cwd=folder, die_at=point)
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL, ended.errors
        if any((folder / "checkpoint").glob("*.json")):
            tensors, manifest = read_folder(folder / "checkpoint")
            assert tensors
            epochs.append(manifest["progress"]["epoch"])
        else:
            epochs.append(0)
        again = warm.run("loop", cwd=folder)
        assert again.code == 0, again.errors
        assert outcome(folder) == expected
        assert not list((folder / "checkpoint").glob(".*"))
    assert epochs == sorted(epochs) and set(epochs) == {0, 1, 2, 3}
    assert len(epochs) > 30 // step
    if step == 1:
        count("2 kills within a write", killed=len(epochs), loadable_and_bit_equal=len(epochs))


def test_killed_again_and_again_it_still_ends(warm, straight, tmp_path):
    expected, seconds = straight("loop")
    for attempt in range(200):
        ended = warm.run(
            "loop", cwd=tmp_path, signals=[(seconds * (0.6 + attempt / 20), signal.SIGKILL)]
        )
        if ended.code == 0:
            break
    assert outcome(tmp_path) == expected
    assert read_manifest(tmp_path / "checkpoint")["progress"]["epoch"] == 3
