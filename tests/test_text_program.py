"""Text from the command line: train on a file, judge the net, let it write."""

import json

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.models import load_model
from forward_forward.training.checkpoints import _seal
from test_cli import fails, ff
from toys import generator

RHYME = "The cat sat on the mat, the fox sat on the box; " * 40
SMALL = [
    "--window",
    "6",
    "--widths",
    "60,50",
    "--epochs",
    "3",
    "--batch-size",
    "40",
    "--device",
    "cpu",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run on a file, and what `ff train --json` printed."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "rhyme.txt").write_text(RHYME, encoding="utf-8")
    printed = ff(
        *("train", "--text", folder / "rhyme.txt", *SMALL, "--out", folder / "run", "--json")
    ).stdout
    return folder, json.loads(printed)


def test_both_nets_are_told_of_by_bits(trained):
    _, told = trained
    for net in ("forward_forward", "backpropagation"):
        assert 0 < told[net]["metrics"]["softmax_bits"] < 3
    assert (trained[0] / "run/report.html").exists()


def test_a_model_is_judged_on_its_own_text_again(trained):
    folder, told = trained
    judged = json.loads(
        ff("evaluate", folder / "run", "--data", folder / "rhyme.txt", "--json").stdout
    )
    assert judged["metrics"]["softmax_bits"] == pytest.approx(
        told["forward_forward"]["metrics"]["softmax_bits"], rel=1e-3
    )
    assert "bits" in ff("evaluate", folder / "run", "--data", folder / "rhyme.txt").stdout


def test_a_text_that_has_changed_is_not_gone_on_with(tmp_path):
    text = tmp_path / "rhyme.txt"
    words = [
        "train",
        "--text",
        text,
        *SMALL,
        "--no-baseline",
        "--no-report",
        "--out",
        tmp_path / "run",
    ]
    text.write_text(RHYME, encoding="utf-8")
    ff(*words)
    text.write_text(RHYME.replace("sat", "tas"), encoding="utf-8")
    fails(*words, "--resume", code=1, says="holds another run: content was")


def test_it_goes_on_writing(trained):
    folder, _ = trained
    words = ["generate", folder / "run", "--prompt", "the cat ", "--length", 60]
    written = ff(*words, "--temperature", 0).stdout
    assert written.startswith("the cat sat on the ")
    assert len(written.rstrip("\n")) == 68
    assert ff(*words, "--seed", 1).stdout == ff(*words, "--seed", 1).stdout
    assert ff(*words, "--temperature", 5, "--seed", 1).stdout != written


def test_the_rival_writes_too(trained):
    words = ["generate", trained[0] / "run/backprop", "--prompt", "the cat ", "--length", 30]
    assert len(ff(*words).stdout.rstrip("\n")) <= 38


def test_a_page_is_drawn_again_where_the_text_is_named(trained):
    folder, _ = trained
    assert "report.html" in ff("report", folder / "run", "--data", folder / "rhyme.txt").stdout


def judged(*words):
    return json.loads(ff("evaluate", *words, "--json").stdout)["metrics"]


@pytest.fixture
def moved(trained, tmp_path):
    """A short run, and the text of it, at a place of its own and so free to move."""
    text = tmp_path / "aesop"  # named like a text set, but it is none
    text.write_text(RHYME, encoding="utf-8")
    words = ["--no-baseline", "--no-report", "--out", tmp_path / "run"]
    ff("train", "--text", text, *SMALL, *words)
    return tmp_path / "run", text


def test_a_model_finds_its_text_again_from_anywhere(moved, trained, monkeypatch):
    run, text = moved
    monkeypatch.chdir("/")
    assert judged(run) == judged(run, "--data", text)
    folder, _ = trained
    own = folder / "run/backprop"
    assert judged(own) == judged(own, "--data", folder / "rhyme.txt")


def test_of_a_text_held_out_the_same_part_is_judged_again(trained, tmp_path):
    words = ["--no-baseline", "--no-report", "--validation", "--out", tmp_path / "run", "--json"]
    told = ff("train", "--text", trained[0] / "rhyme.txt", *SMALL, *words).stdout
    bits = json.loads(told)["forward_forward"]["metrics"]["softmax_bits"]
    assert judged(tmp_path / "run")["softmax_bits"] == pytest.approx(bits, rel=1e-3)


def test_a_text_that_has_moved_or_changed_is_told(moved):
    run, text = moved
    before = judged(run)
    text.write_text(RHYME + "more", encoding="utf-8")
    for command in ("evaluate", "report"):
        fails(command, run, code=1, says=["has changed since", "--data FILE"])
    assert judged(run, "--data", text) != before
    elsewhere = text.rename(text.with_name("elsewhere.txt"))
    fails("evaluate", run, code=1, says=[f"{text}, the text", "No such file", "--data FILE"])
    elsewhere.write_text(RHYME, encoding="utf-8")
    assert judged(run, "--data", elsewhere) == before
    elsewhere.rename(text)
    assert judged(run) == before


def test_a_model_that_does_not_know_its_file_asks_for_it(moved):
    run, text = moved
    path = run / "model" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert manifest["model"].pop("file")["path"] == str(text)
    manifest["model"]["data"] = "rhyme.txt"
    manifest["seal"] = _seal(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    fails("evaluate", run, code=2, says=["'rhyme.txt', a file", "--data FILE"])


def test_what_is_no_symbol_of_the_net_is_left_out_of_the_prompt(trained):
    folder, _ = trained
    result = ff("generate", folder / "run", "--prompt", "THE 3 Cats!", "--length", 5, "--json")
    told = json.loads(result.stdout)
    assert told["prompt"] == "the cats"
    assert len(told["text"]) == 5
    assert "read as: 'the cats'" in result.stderr


def test_a_short_prompt_is_filled_up_with_spaces(trained):
    model = load_model(trained[0] / "run")
    short, long = ("".join(model.written(prompt, 9, generator())) for prompt in ("fox", "   fox"))
    assert short == long
    assert len("".join(model.written("", 4, generator()))) == 4


def test_bad_wishes(trained, tmp_path):
    folder, _ = trained
    fails("generate", folder / "run", "--length", 0, code=2, says="at least 1")
    fails("generate", folder / "run", "--temperature", -1, code=2, says="temperature -1")
    fails("predict", folder / "run", "--index", 0, code=2, says="ff generate")
    fails("generate", tmp_path, code=1, says="is this a run's folder")
    fails("train", "--text", "aesop", "--data", "digits", code=2, says="leave one of them out")
    fails("train", "--window", 3, code=2, says="--window is for --text")
    fails("train", "--text", tmp_path / "none.txt", code=1, says="No such file")
    fails("train", "--text", "digits", code=2, says="images, not text")
    fails("train", "--text", folder / "rhyme.txt", "--jitter", 1, code=2, says="jitter is for nets")
    fails("train", "--text", folder / "rhyme.txt", "--window", 0, code=2, says="windows of 0")
    fails("train", "--text", folder / "rhyme.txt", "--window", 9999, code=1, says="shorter windows")


@pytest.mark.parametrize("place", ["", "/dev/null", "/dev/zero", "."])
def test_what_is_no_file_of_text_is_not_read(place):
    for words in (["train", "--text", place], ["train", "--text", f"{place}/"]):
        fails(*words, code=1, says="give the path of a text file")


def test_a_text_too_short_for_a_window_is_named(tmp_path):
    (tmp_path / "short.txt").write_text("abc def", encoding="utf-8")
    words = ["--text", tmp_path / "short.txt", "--window", 3]
    fails("train", *words, code=1, says="short.txt: the test part, 1 symbols, has no window of 3")


def test_a_net_that_names_images_writes_nothing(tmp_path):
    ff(
        "train",
        "--widths",
        "12,10",
        "--epochs",
        "1",
        "--no-baseline",
        "--no-report",
        "--out",
        tmp_path / "run",
    )
    fails("generate", tmp_path / "run", code=2, says="names images")
    with pytest.raises(UsageError, match="names images"):
        next(load_model(tmp_path / "run").written("a", 1, torch.Generator()))
