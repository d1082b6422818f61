"""`ff stream` from the outside: lines in, answers out, and a model that is kept whatever happens."""

import json
import signal
import subprocess
import sys

import pytest
import typer.testing

from forward_forward.cli import app
from forward_forward.commands import stream as command
from forward_forward.errors import CheckpointError
from forward_forward.streams.session import Session
from forward_forward.training.checkpoints import alone_in

FEW = ["--widths", "8", "--warm-up", "20", "--block", "10"]


def lines(number, first=0):
    """Return lines whose label says which of two numbers is larger."""
    rows = [((7 * i) % 11, (5 * i) % 13) for i in range(first, number)]
    told = [{"a": a, "b": b, "kind": "more" if a > b else "less"} for a, b in rows]
    return "".join(json.dumps(each) + "\n" for each in told)


def ff(*words, text="", code=0):
    result = typer.testing.CliRunner().invoke(app, ["stream", *map(str, words)], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.stderr
    return result


def answers(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_answers_every_line_and_keeps_a_model(tmp_path):
    unlabelled = '{"b": 1, "a": 12}\n'
    result = ff(tmp_path / "m", "--target", "kind", *FEW, text=lines(200) + "\n" + unlabelled)
    told = answers(result)
    assert [each["line"] for each in told] == [*range(1, 201), 202]
    assert told[0] == {"line": 1, "said": None, "true": "less"}
    assert told[-1] == {"line": 202, "said": "more"}
    assert sum(each["said"] == each["true"] for each in told[100:200]) > 85
    assert "201 samples  error" in result.stderr
    session = Session.load(tmp_path / "m")
    assert session.model.samples == 200
    assert session.model.classes == ["less", "more"]
    assert session.reader.names == ["a", "b"]


def test_bad_lines_are_told_counted_and_skipped(tmp_path):
    bad = ["{", '{"a": 1, "kind": "less"}', '{"a": NaN, "b": 1}', '{"a": "1", "b": 1}']
    text = lines(30) + "\n".join(bad) + "\n" + lines(50, 30)
    result = ff(tmp_path / "m", "--target", "kind", *FEW, text=text)
    told = answers(result)
    assert [each["line"] for each in told if "error" in each] == [31, 32, 33, 34]
    assert "line 31 skipped: not JSON" in result.stderr
    assert "4 lines were skipped, first line 31: not JSON" in result.stderr
    assert Session.load(tmp_path / "m").model.samples == 50


@pytest.mark.parametrize(
    ("text", "code"), [("", 0), ("oh no\n", 1), ('{"a": 1}\n', 0)], ids=["empty", "bad", "bare"]
)
def test_where_nothing_was_learned_no_model_stands_in_the_way(tmp_path, text, code):
    words = [tmp_path / "m", "--target", "kind", *FEW]
    ff(*words, text=text, code=code)
    ff(*words, text=lines(40))
    assert Session.load(tmp_path / "m").model.samples == 40


def test_goes_on_in_place_as_if_it_had_never_stopped(tmp_path):
    words = ["--target", "kind", *FEW]
    whole = answers(ff(tmp_path / "whole", *words, text=lines(80)))
    first = answers(ff(tmp_path / "m", *words, text=lines(40)))
    second = answers(ff(tmp_path / "m", "--from", tmp_path / "m", text=lines(80, 40)))
    assert [each["said"] for each in first + second] == [each["said"] for each in whole]
    quiet = ff(tmp_path / "m", "--from", tmp_path / "m", "--quiet", text=lines(90, 80))
    assert quiet.stdout == ""
    assert Session.load(tmp_path / "m").model.samples == 90


@pytest.mark.parametrize(
    ("words", "text", "code", "says"),
    [
        (["--target", "kind"], "{\n[]\n", 1, "error: no line held a sample; the first: not JSON"),
        (["--every", "0"], "", 2, "at least 1"),
        (["--warm-up", "1"], "", 2, "warm-up 1"),
        (["--widths", "a"], "", 2, "whole numbers"),
        (["--from", "nothing"], "", 1, "cannot read"),
        (["full"], "", 2, "holds something already; add --from full"),
        (["file"], "", 2, "is a file"),
        (["--from", "full", "--seed", "1"], "", 2, "leave them out"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path, monkeypatch, words, text, code, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    (tmp_path / "file").touch()
    last = ff(*words, text=text, code=code).stderr.splitlines()[-1]
    assert says in last
    assert last.startswith("error: ")


def test_a_target_that_no_line_has_is_told():
    result = ff("--target", "colour", text='{"a": 1}\n{"a": 2}\n')
    assert [each["said"] for each in answers(result)] == [None, None]
    assert "no line held a label 'colour': nothing was learned" in result.stderr


def test_another_target_than_the_models_is_refused(tmp_path):
    ff(tmp_path / "m", "--target", "kind", *FEW, text=lines(30))
    told = ff("--from", tmp_path / "m", "--target", "a", code=2, text=lines(3)).stderr
    assert "this model learned 'kind'" in told


def test_a_save_that_fails_in_between_does_not_end_the_stream(tmp_path, monkeypatch):
    save, calls = Session.save, []

    def failing_once(self, folder):
        calls.append(self.model.samples)
        if len(calls) == 1:
            raise CheckpointError("disk full")
        save(self, folder)

    monkeypatch.setattr(Session, "save", failing_once)
    result = ff(tmp_path / "m", "--target", "kind", *FEW, "--every", 20, text=lines(70))
    assert "not saved this time: disk full" in result.stderr
    assert calls == [20, 40, 60, 70]
    assert len(answers(result)) == 70


def test_what_was_learned_is_kept_when_the_reader_of_answers_goes(tmp_path, monkeypatch):
    printed = []

    def gone(answers):
        printed.extend(answers)
        if len(printed) > 24:
            raise BrokenPipeError

    monkeypatch.setattr(command, "_print", gone)
    monkeypatch.setattr("forward_forward.console.quiet_pipe", lambda: None)
    ff(tmp_path / "m", "--target", "kind", *FEW, text=lines(60), code=1)
    assert Session.load(tmp_path / "m").model.samples == 25


def test_ctrl_c_while_it_waits_for_a_line_keeps_all_that_was_learned(tmp_path):
    words = [sys.executable, "-m", "forward_forward", "stream", "m", "--target", "kind", *FEW]
    pipes = {"stdin": -1, "stdout": -1, "stderr": -1, "text": True, "cwd": tmp_path}
    with subprocess.Popen(words, **pipes) as run:
        run.stdin.write(lines(34))
        run.stdin.flush()
        told = [json.loads(run.stdout.readline()) for _ in range(34)]  # each at once
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=200)
    assert run.returncode == 130, errors
    assert "Traceback" not in errors
    last = errors.splitlines()[-1]
    assert last == "interrupted; all is saved; go on with: ff stream m --from m"
    assert [each["line"] for each in told] == list(range(1, 35))
    assert Session.load(tmp_path / "m").model.samples == 34


def test_two_streams_do_not_save_over_one_another(tmp_path):
    pytest.importorskip("fcntl")
    words = [tmp_path / "m", "--target", "kind"]
    ff(*words, *FEW, text=lines(60))
    with alone_in(tmp_path / "m"):
        result = ff(*words, "--from", tmp_path / "m", text=lines(90, 60), code=1)
        assert "another run is at work in" in result.stderr
    ff(*words, "--from", tmp_path / "m", text=lines(90, 60))
    assert Session.load(tmp_path / "m").model.samples == 90


def test_a_stream_of_nothing_leaves_no_folder(tmp_path):
    ff(tmp_path / "m", "--target", "kind", *FEW)
    assert not (tmp_path / "m").exists()
