"""Ctrl-C once saves and exits with 130, SIGTERM with 143, twice stops now; the same command again goes on."""

import random
import signal

import pytest

from forward_forward.training.checkpoints import read_folder
from reliability.outcomes import RUNS, litter, outcome

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
FEW, MANY = 2, 12


@pytest.mark.parametrize(
    "times", [FEW, pytest.param(MANY, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
@pytest.mark.parametrize("name", ["train", pytest.param("reproduce", marks=pytest.mark.long)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once(warm, count, tmp_path, number, name, times):
    (tmp_path / "straight").mkdir()
    straight = warm.run(*RUNS[name], cwd=tmp_path / "straight")
    expected, draw, stopped = outcome(tmp_path / "straight"), random.Random(times), 0
    for attempt in range(4 * times):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        moment = draw.uniform(0.1, 0.9) * straight.seconds
        ended = warm.run(*RUNS[name], cwd=folder, signals=[(moment, number)])
        if ended.code == 0:
            continue  # it was done before
        assert "Traceback" not in ended.errors
        if ended.code != CODES[number]:  # SIGTERM outside training: the system's own way
            assert number != signal.SIGINT and ended.code == -number, ended.errors
        elif saved := list(folder.rglob("checkpoint/manifest.json")):
            assert "interrupted; " in ended.errors
            read_folder(saved[0].parent)
            stopped += 1
        assert not litter(folder) or ended.code == -number
        assert warm.run(*RUNS[name], cwd=folder).code == 0
        assert outcome(folder) == expected
        if stopped == times:
            break
    assert stopped
    if times == MANY:
        count("13 signals", once=stopped, saved_and_resumed_bit_equal=stopped)


@pytest.mark.parametrize("gap", [0.0, 0.01, 0.05])
def test_twice(warm, count, tmp_path, gap):
    """Whenever the second comes, what was saved can be gone on from."""
    (tmp_path / "straight").mkdir()
    straight = warm.run("loop", cwd=tmp_path / "straight")
    moment = 0.5 * straight.seconds
    signals = [(moment, signal.SIGINT), (moment + gap, signal.SIGINT)]
    (tmp_path / "stopped").mkdir()
    ended = warm.run("loop", cwd=tmp_path / "stopped", signals=signals)
    assert ended.code in (0, 70)  # 70: KeyboardInterrupt reached the top
    assert warm.run("loop", cwd=tmp_path / "stopped").code == 0
    assert outcome(tmp_path / "stopped") == outcome(tmp_path / "straight")
    count("13 signals", twice=1, twice_resumed_bit_equal=1)
