"""A search sees held-out data alone, goes the same way stopped or not, and says what to type next."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest
import torch

pytest.importorskip("optuna")

from forward_forward import tuning
from forward_forward.composition import Settings, forward_forward
from forward_forward.data import Split, load
from forward_forward.data.table import table_of
from forward_forward.errors import CheckpointError, DivergenceError, FFError, UsageError
from forward_forward.journal import JOURNAL, STARTS
from forward_forward.training.checkpoints import alone_in
from forward_forward.training.loop import train
from forward_forward.tuning import best_of, options, search, settings_of
from test_cli import fails, ff
from toys import dataset

KNOWN, TRIALS = tuning.known_best, 12
FABLES = "THE FOX\n\n\nA fox ran.\n\n\n\nTHE HEN\n\n\nA hen sat.\n" * 9
BASE = Settings(epochs=4, batch_size=10, seed=3, matmul_dtype=torch.float32)


@pytest.fixture(autouse=True)
def _one_thread():
    """One thread, as small nets have it in the program."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(patch):
    """Look for nets of a few units, on toy data."""
    usual = KNOWN(dataset())
    patch.setattr(tuning, "known_best", lambda data: {**usual, "units": 8, "rate": 0.02})


@pytest.fixture(autouse=True)
def _small(request, monkeypatch):
    if request.cls is None:
        small(monkeypatch)


def rows(count):
    """Return a table of two columns, of which one tells the class."""
    draw = torch.Generator().manual_seed(0)
    frame = pd.DataFrame(torch.rand(count, 2, generator=draw).tolist(), columns=["a", "b"])
    return table_of("rows", frame.assign(kind=["low" if a < 0.5 else "high" for a in frame["a"]]))


def toy():
    return dataset(60).for_validation()


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A search that nothing stopped, and its folder."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        folder = tmp_path_factory.mktemp("search")
        return search(BASE, toy(), folder, trials=TRIALS), folder


def test_the_first_trial_is_our_best_method(straight):
    first = straight[0][0]
    settings = replace(
        BASE, widths=(8, 8, 8), rate=0.02, adversary=0.05, peer=0.06, weight_decay=0.002
    )
    learner, plan = forward_forward(settings, toy())
    progress = train(learner, toy(), plan)
    assert first.error == progress.curve[-1]["validation"]["goodness_error"]
    assert (first.number, first.state) == (1, "finished")


@pytest.mark.parametrize(
    "data", [load("digits"), dataset(60), rows(60)], ids=lambda data: data.name
)
def test_what_is_usual_is_our_best_method_for_images_and_for_rows(data):
    """A table's is without an adversary, so a search of it begins without one too."""
    chosen = settings_of(KNOWN(data), Settings())
    assert (
        forward_forward(chosen, data)[0].describe()
        == forward_forward(Settings(), data)[0].describe()
    )


def test_trials_differ_and_those_that_lag_are_stopped(straight):
    found = straight[0]
    assert [outcome.number for outcome in found] == list(range(1, TRIALS + 1))
    assert len({tuple(options(outcome.settings)) for outcome in found}) == TRIALS
    states = [outcome.state for outcome in found]
    assert set(states[:STARTS]) == {"finished"}
    assert "stopped" in states
    for outcome in found:
        assert (outcome.error is None) == (outcome.state != "finished")
    assert best_of(found).error == min(o.error for o in found if o.error is not None)


def test_a_test_split_is_refused_and_never_seen(straight, tmp_path):
    with pytest.raises(UsageError, match="for_validation"):
        search(BASE, dataset(60), tmp_path / "none", trials=1)
    assert not (tmp_path / "none").exists()
    blank = Split(torch.zeros(3, 12), torch.zeros(3, dtype=torch.long))
    other = replace(dataset(60), test=blank).for_validation()
    assert search(BASE, other, tmp_path / "other", trials=3) == straight[0][:3]


@pytest.mark.parametrize("at", [0, 7])
def test_ctrl_c_costs_the_trial_under_way_alone(at, straight, tmp_path):
    def stop(progress, steps, epochs):
        if progress.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    told = []
    with pytest.raises(KeyboardInterrupt):
        search(
            BASE,
            toy(),
            tmp_path,
            trials=TRIALS,
            watcher=lambda trial, trials: stop if trial == at else None,
            tell=told.append,
        )
    assert told == straight[0][:at]
    assert search(BASE, toy(), tmp_path, trials=TRIALS, resume=True) == straight[0]


def test_more_trials_go_on_from_those_there_are(straight, tmp_path):
    assert search(BASE, toy(), tmp_path, trials=2) == straight[0][:2]
    assert search(BASE, toy(), tmp_path, trials=2, resume=True) == straight[0][:2]
    assert search(BASE, toy(), tmp_path, trials=6, resume=True) == straight[0][:6]
    with pytest.raises(UsageError, match="--resume"):
        search(BASE, toy(), tmp_path, trials=6)


@pytest.mark.parametrize(
    "change", [{"epochs": 5}, {"seed": 1}, {"batch_size": 11}, {"matmul_dtype": torch.bfloat16}]
)
def test_another_search_is_not_gone_on_with(change, straight, tmp_path):
    shutil.copytree(straight[1], tmp_path / "run")
    with pytest.raises(CheckpointError, match="holds another search"):
        search(replace(BASE, **change), toy(), tmp_path / "run", trials=20, resume=True)
    data = dataset(60)
    data.train.images[0, 5] = 0.123
    with pytest.raises(CheckpointError, match="data_sha256 was"):
        search(BASE, data.for_validation(), tmp_path / "run", trials=20, resume=True)


def test_a_net_that_diverges_is_a_trial_like_any_other(tmp_path, monkeypatch):
    honest = tuning.forward_forward

    def odd(settings, data):
        if settings.widths == (8, 8, 8) and settings.peer == 0.06:
            raise DivergenceError("the loss of layer 1 is not finite")
        return honest(settings, data)

    monkeypatch.setattr(tuning, "forward_forward", odd)
    found = search(BASE, toy(), tmp_path, trials=1)
    assert [(o.state, o.error) for o in found] == [("diverged", None)]
    with pytest.raises(FFError, match="none of 1 trials"):
        best_of(found)
    found = search(BASE, toy(), tmp_path, trials=3, resume=True)
    assert [o.state for o in found] == ["diverged", "finished", "finished"]
    assert best_of(found).number in (2, 3)


def test_a_damaged_journal_is_told_or_harmless(straight, tmp_path):
    good = (straight[1] / JOURNAL).read_bytes()
    draw = torch.Generator().manual_seed(0)
    for _ in range(25):
        at = int(torch.randint(len(good), (1,), generator=draw))
        for number, bad in enumerate((good[:at], good[:at] + b"\x00" + good[at + 1 :])):
            folder = tmp_path / f"{at}-{number}"
            folder.mkdir()
            (folder / JOURNAL).write_bytes(bad)
            try:
                found = search(BASE, toy(), folder, trials=1, resume=True)
            except CheckpointError as error:
                assert "\n" not in str(error)
            else:
                assert found[0].number == 1


def test_options_say_all_that_was_chosen(straight):
    for outcome in straight[0]:
        words = options(outcome.settings)
        typed = dict(zip(words[::2], words[1::2], strict=True))
        assert float(typed["--rate"]) == outcome.settings.rate
        assert float(typed["--alpha"]) == outcome.settings.loss.alpha
        assert float(typed["--weight-decay"]) == outcome.settings.weight_decay
        assert typed["--widths"] == ",".join(map(str, outcome.settings.widths))
        assert set(typed) == {
            "--widths", "--epochs", "--batch-size", "--rate", "--alpha", "--peer", "--strength",
            "--weight-decay", "--adversary", "--seed",
        }  # fmt: skip


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"pip install 'forward-forward\[tune\]'"):
        search(BASE, toy(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


class TestProgram:
    WORDS = ("--epochs", "2", "--batch-size", "300", "--device", "cpu", "--dtype", "float32")

    def test_the_command_it_prints_gives_what_it_found(self, tmp_path):
        words = [*self.WORDS, "--trials", "3", "--seed", "2", "--out", tmp_path / "search"]
        printed = json.loads(ff("tune", *words, "--json").stdout)
        assert [t["trial"] for t in printed["trials"]] == [1, 2, 3]
        best = printed["best"]
        assert best["error"] == min(t["error"] for t in printed["trials"])
        program, command, *typed = shlex.split(printed["command"])
        assert (program, command) == ("ff", "train")
        more = ["--validation", "--no-baseline", "--no-report", "--json", "--out", tmp_path / "run"]
        learned = json.loads(ff("train", *typed, *more).stdout)["forward_forward"]
        assert learned["metrics"]["goodness_error"] == best["error"]
        again = ff("tune", *words, "--resume")
        assert f"Next: {printed['command']}" in again.stdout
        assert f"the best is trial {best['trial']}" in again.stdout
        fails("tune", *words, code=2, says="--resume")

    def test_a_killed_search_goes_on(self, tmp_path):
        words = [*self.WORDS, "--epochs", "1", "--trials", "2", "--out", str(tmp_path / "search")]
        started = subprocess.Popen(
            [sys.executable, "-m", "forward_forward", "tune", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in started.stderr:
            if line.startswith("trial 1:"):
                break
        started.send_signal(signal.SIGKILL)
        started.wait()
        started.stderr.close()
        time.sleep(0.1)
        killed = json.loads(ff("tune", *words, "--resume", "--json").stdout)
        words[-1] = str(tmp_path / "straight")
        assert json.loads(ff("tune", *words, "--json").stdout)["trials"] == killed["trials"]

    @pytest.mark.parametrize(
        ("words", "code", "says"),
        [
            (["--trials", "0"], 2, "at least 1"),
            (["--data", "digts"], 2, "did you mean 'digits'"),
            (["--data", "aesop"], 2, "holds text"),
            (["--epochs", "0"], 2, "above 0"),
            (["--dtype", "int8"], 2, "dtype"),
            (["--out", "file"], 1, "cannot write to file"),
        ],
    )
    def test_bad_words_take_one_line(self, words, code, says, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("FF_DATA", str(tmp_path))
        (tmp_path / "file").write_text("")
        (tmp_path / "aesop").mkdir()
        (tmp_path / "aesop" / "aesop.txt").write_text(FABLES)
        fails("tune", *words, code=code, says=says)
        assert not list(tmp_path.rglob(JOURNAL))


def test_a_second_search_is_kept_out_of_a_folder(tmp_path):
    """It would call lost what the first one is trying."""
    pytest.importorskip("fcntl")
    with alone_in(tmp_path), pytest.raises(CheckpointError, match="another run is at work in"):
        search(BASE, toy(), tmp_path, trials=1, resume=True)
    assert len(search(BASE, toy(), tmp_path, trials=1, resume=True)) == 1
