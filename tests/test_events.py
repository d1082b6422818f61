"""What TensorBoard reads of a run: with its own reader."""

import json
import signal
import struct
import subprocess
import sys
import time
import zlib

import pytest

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from forward_forward.errors import UsageError
from forward_forward.events import Events, add_first_layer
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from test_cli import SMALL, fails, ff
from toys import dataset, network, simultaneous

QUIET = ["--no-report", "--no-baseline"]


def read(folder):
    """Return tag → [(step, value)] of a folder, and its images by tag, as TensorBoard sees them."""
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    tags = found.Tags()
    scalars = {t: [(e.step, round(e.value, 5)) for e in found.Scalars(t)] for t in tags["scalars"]}
    return scalars, {tag: found.Images(tag) for tag in tags["images"]}


def expected(folder):
    """Return what the run's log says, in the same form."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    names = {
        "goodness_pos": "goodness/layer_{}_positive",
        "goodness_neg": "goodness/layer_{}_negative",
    }
    found = {}
    for line in lines:
        for number, layer in enumerate(line["layers"], start=1):
            for name, value in layer.items():
                tag = names.get(name, name + "/layer_{}").format(number)
                found.setdefault(tag, []).append((line["epoch"], round(value, 5)))
        for name, value in line.get("validation", {}).items():
            if name != "layer_errors":
                found.setdefault(f"held_out/{name}", []).append((line["epoch"], round(value, 5)))
        for number, value in enumerate(line.get("validation", {}).get("layer_errors", ()), start=1):
            tag = f"held_out_layer_error/layer_{number}"
            found.setdefault(tag, []).append((line["epoch"], round(value, 5)))
    return found


def same(found, wanted):
    assert set(found) == set(wanted)
    for tag, points in wanted.items():
        assert [step for step, _ in found[tag]] == [step for step, _ in points]
        assert [v for _, v in found[tag]] == pytest.approx([v for _, v in points], abs=2e-5)


def test_train_writes_what_its_log_says_and_a_picture(tmp_path):
    words = ["--validation", "--epochs", "3", "--tensorboard", "--out", tmp_path / "run"]
    ff("train", *SMALL, *words, "--no-report")
    for folder in (tmp_path / "run", tmp_path / "run" / "backprop"):
        scalars, images = read(folder)
        if folder.name == "run":
            same(scalars, expected(folder))
            assert {"held_out/goodness_error", "held_out_layer_error/layer_3"} <= set(scalars)
            (picture,) = images["first_layer"]
            assert (picture.step, struct.unpack(">II", picture.encoded_image_string[16:24])) == (
                3,
                (picture.width, picture.height),
            )
            assert len(zlib.decompress(_pixels(picture.encoded_image_string))) > 1000
        else:
            assert [step for step, _ in scalars["loss/layer_1"]] == [1, 2, 3]
            assert images == {}


def _pixels(png):
    """Return the compressed pixels of a PNG; damaged checksums raise."""
    at, found = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunk = png[at + 4 : at + 8 + length]
        assert zlib.crc32(chunk) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        found += chunk[4:] if chunk[:4] == b"IDAT" else b""
        at += 12 + length
    return found


def test_without_the_option_nothing_is_written(tmp_path):
    ff("train", *SMALL, *QUIET, "--out", tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*tfevents*"))


def test_a_resumed_run_holds_every_epoch_once(tmp_path):
    plan, folder = Plan(epochs=4, batch_size=6), tmp_path / "run"
    data = dataset().for_validation()

    class Enough(Exception):
        pass

    def stop(progress, steps, epochs):
        if progress.epoch == 2 and progress.step == 0:
            raise Enough

    with pytest.raises(Enough):
        train(simultaneous(), data, plan, folder=folder, watch=Events(folder, stop))
    assert [step for step, _ in read(folder)[0]["loss/layer_1"]] == [1, 2]
    (old,) = folder.glob("*tfevents*")
    old.rename(folder / old.name.replace("tfevents.", "tfevents.0"))  # of another second
    train(simultaneous(), data, plan, folder=folder, resume=True, watch=Events(folder))
    same(read(folder)[0], expected(folder))
    assert len(list(folder.glob("*tfevents*"))) == 1


def test_a_run_that_is_killed_and_resumed_holds_every_epoch_once(tmp_path):
    folder = tmp_path / "run"
    words = ["--widths", "20,20", "--epochs", "6", "--batch-size", "50", "--device", "cpu"]
    words += [*QUIET, "--tensorboard", "--out", str(folder)]
    started = subprocess.Popen(
        [sys.executable, "-m", "forward_forward", "train", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    log = folder / "log.jsonl"
    until = time.monotonic() + 60
    while not (log.exists() and len(log.read_text().splitlines()) > 1):
        assert started.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert 1 <= len(read(folder)[0]["loss/layer_1"]) < 6
    ff("train", *words, "--resume")
    scalars, images = read(folder)
    same(scalars, expected(folder))
    assert [step for step, _ in scalars["accuracy/layer_2"]] == list(range(1, 7))
    assert len(images["first_layer"]) == 1


def test_reproduce_writes_them_too(tmp_path):
    places = ["--records", tmp_path / "records", "--runs", tmp_path / "runs"]
    ff("reproduce", "blog2022_walkthrough", "--smoke", "--tensorboard", *places)
    folder = tmp_path / "runs" / "blog2022_walkthrough-smoke" / "seed0"
    scalars, images = read(folder)
    assert len([tag for tag in scalars if tag.startswith("loss/")]) == 2
    assert list(images) == ["first_layer"]


def test_nets_whose_first_layer_is_no_image_have_no_picture(tmp_path):
    add_first_layer(tmp_path, network(), (1, 1, 12), 3)
    add_first_layer(tmp_path, network(), (2, 2, 3), 3)
    assert list(tmp_path.iterdir()) == []


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UsageError, match="--tensorboard needs tensorboard"):
        Events(tmp_path)
    words = ["--tensorboard", "--out", tmp_path / "run"]
    says = "pip install 'forward-forward[tensorboard]'"
    fails("train", *SMALL, *words, code=2, says=says)
    assert not (tmp_path / "run").exists()
    fails("reproduce", "author_program", "--smoke", "--tensorboard", code=2, says=says)


def test_the_log_is_plain_json_lines(tmp_path):
    ff("train", *SMALL, *QUIET, "--validation", "--epochs", "2", "--out", tmp_path / "run")
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in log] == [1, 2]
    assert set(log[0]["layers"][0]) == {"loss", "accuracy", "goodness_pos", "goodness_neg"}
    assert {"goodness_error", "softmax_error", "layer_errors"} <= set(log[0]["validation"])
