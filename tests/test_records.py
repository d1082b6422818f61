"""A record survives the trip to disk, whole or not at all, and says nothing private."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from forward_forward import records
from forward_forward.errors import FFError
from forward_forward.exhibits import packed, unpacked
from forward_forward.records import Claim


def record(recipe="hinton2022_supervised", seed=0, **changes):
    """Return a small record."""
    return {
        "recipe": recipe,
        "seed": seed,
        "date": "2026-05-09",
        "claims": [Claim("goodness_error", 1.36, 1.45, "Hinton 2022, section 3.3")],
        "config": {"data": "mnist", "units": (2000, 2000)},
        "metrics": {"goodness_error": 1.37, "goodness_macro_f1": 0.9862},
        "layer_errors": [2.5, 1.5],
        "curves": [{"epoch": 1, "seconds": 1.0, "rate": 0.1, "layers": [{"loss": 1 / 3}]}],
        "epochs": 1,
        "seconds": 61.5,
        "peak_memory_mib": 512.0,
        "parameters": 1000,
        "environment": {"device": "cpu", "processor": "A processor", "threads": 2},
        **changes,
    }


def test_a_record_comes_back_as_it_was(tmp_path):
    path = records.write(record(), tmp_path)
    back = records.read(path)
    assert path == tmp_path / "hinton2022_supervised" / "seed0.json"
    assert back["format"] == records.FORMAT
    assert Claim(**back["claims"][0]) == record()["claims"][0]
    assert back["metrics"] == record()["metrics"]
    assert back["config"] == {"data": "mnist", "units": [2000, 2000]}
    assert back["curves"][0]["layers"][0]["loss"] == 0.333333
    assert records.read(records.write(back, tmp_path)) == back


def test_claims_of_older_records_are_read(tmp_path):
    old = {"metric": "e", "paper": 1.0, "target": None, "source": "", "unit": "%"}
    (claim,) = records.read(records.write(record(claims=[old]), tmp_path))["claims"]
    assert Claim(**claim) == Claim("e", 1.0, None, "", higher_is_better=False)


def test_the_file_is_one_line_per_epoch_and_valid_json(tmp_path):
    curves = [{"epoch": number, "layers": []} for number in range(7)]
    text = records.write(record(curves=curves), tmp_path).read_text()
    assert json.loads(text)["curves"] == curves
    assert sum(line.startswith(' {"epoch"') for line in text.splitlines()) == 7


def test_numpy_values_become_plain_and_infinite_ones_null(tmp_path):
    metrics = {"a_error": np.float32(1.5), "b_error": math.inf, "c_error": np.float64("nan")}
    back = records.read(records.write(record(metrics=metrics), tmp_path))
    assert back["metrics"] == {"a_error": 1.5, "b_error": None, "c_error": None}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/home/someone/data/mnist", "mnist"),
        ("read from ~/sets/digits/ today", "read from digits today"),
        ("C:\\Users\\me\\set.npz", "set.npz"),
        (Path("/var/tmp/runs"), "runs"),
        ("https://arxiv.org/abs/2212.13345", "https://arxiv.org/abs/2212.13345"),
        ("images/second", "images/second"),
    ],
)
def test_absolute_paths_do_not_reach_the_file(tmp_path, given, kept):
    back = records.read(records.write(record(config={"data": given}), tmp_path))
    assert back["config"]["data"] == kept


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_earlier_record_and_no_litter(tmp_path, monkeypatch, step):
    path = records.write(record(), tmp_path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(FFError, match="seed0.json: No space left"):
        records.write(record(seconds=1.0), tmp_path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupt_while_writing_leaves_no_litter(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        records.write(record(), tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden"])
def test_a_recipe_name_cannot_leave_its_folder(tmp_path, name):
    with pytest.raises(FFError, match="cannot name a folder"):
        records.write(record(recipe=name), tmp_path)


@pytest.mark.parametrize("key", sorted(records.REQUIRED))
def test_a_record_without_a_key_is_refused(tmp_path, key):
    incomplete = record()
    del incomplete[key]
    with pytest.raises(FFError):
        records.write(incomplete, tmp_path)
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "damaged"),
        ('{"format": 1, "recipe"', "damaged"),
        ("\udcff", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[]", "not a JSON object"),
        ('{"name": "package.json"}', "format None"),
        ('{"format": 2}', "format 2, expected 1"),
        ('{"format": 1, "recipe": "a"}', "'seed' is missing"),
        ('{"format": 1, "recipe": 3}', "'recipe' is 3"),
    ],
)
def test_a_damaged_or_foreign_file_is_named(tmp_path, text, reason):
    path = tmp_path / "some" / "seed3.json"
    path.parent.mkdir()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FFError, match="seed3.json") as caught:
        records.read_all(tmp_path)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_parts_are_refused(tmp_path):
    wrong = [
        {"metrics": {"goodness_error": "low"}},
        {"nets": []},
        {"nets": {"one": {}}},
        {"nets": {"one": {"curves": [1]}}},
        {"claims": [{"metric": 1, "paper": 1, "target": 1, "source": "", "unit": "%"}]},
        {"claims": [{"metric": "m", "paper": "1", "target": 1, "source": "", "unit": "%"}]},
        {"claims": [{"metric": "m", "paper": 1, "target": [], "source": "", "unit": "%"}]},
        {"claims": [{"metric": "m", "paper": 1, "target": 1, "source": None, "unit": "%"}]},
        {"claims": [{"metric": "goodness_error"}]},
        {"claims": [{**vars(Claim("m", 1, 1, "")), "higher_is_better": "yes"}]},
        {"claims": [{**vars(Claim("m", 1, 1, "")), "lower_is_better": True}]},
        {"curves": [3]},
        {"curves": [{"epoch": None}]},
        {"curves": [{"epoch": 1, "validation": None}]},
        {"curves": [{"epoch": 1, "validation": {"goodness_error": "x"}}]},
        {"curves": [{"epoch": 1, "layers": [1]}]},
        {"nets": {"one": {"curves": [], "metrics": None}}},
        {"nets": {"one": {"curves": [], "metrics": {"goodness_error": "x"}}}},
        {"metrics": {"goodness_error": True}},
        {"parameters": "many"},
        {"seed": True},
    ]
    for changes in wrong:
        with pytest.raises(FFError):
            records.write(record(**changes), tmp_path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_damage(tmp_path, number):
    path = records.write(record(seconds=12345.0), tmp_path)
    path.write_text(path.read_text().replace("12345.0", number))
    with pytest.raises(FFError, match=f"damaged: {number} is no number"):
        records.read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FFError, match="nowhere.json: No such file"):
        records.read(tmp_path / "nowhere.json")


def test_all_records_are_sorted_by_recipe_and_seed(tmp_path):
    for recipe, seed in [("b", 10), ("b", 9), ("a", 1)]:
        records.write(record(recipe=recipe, seed=seed), tmp_path)
    found = [(item["recipe"], item["seed"]) for item in records.read_all(tmp_path)]
    assert found == [("a", 1), ("b", 9), ("b", 10)]
    assert records.read_all(tmp_path / "empty") == []


def test_a_copied_record_does_not_count_twice(tmp_path):
    path = records.write(record(), tmp_path)
    path.with_name("seed1.json").write_bytes(path.read_bytes())
    with pytest.raises(FFError, match="seed1.json belongs at"):
        records.read_all(tmp_path)


@pytest.mark.parametrize(
    "traces",
    [
        [1, 2],
        {"error_by_iteration": "x"},
        {"error_by_iteration": [True]},
        {"error_by_samples": [1.0]},
        {"hybrid_images": [1]},
        {"goodness_by_iteration": {"positive": [[1.0], [1.0, 2.0]]}},
        {"goodness_by_iteration": {"positive": [1.0]}},
    ],
)
@pytest.mark.parametrize("where", ["record", "net"])
def test_damaged_traces_are_named(tmp_path, traces, where):
    own = {"traces": traces}
    changes = own if where == "record" else {"nets": {"low": {"curves": [], **own}}}
    path = records.write(record(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(FFError, match="'traces' needs"):
        records.read(path)


def test_a_record_keeps_pictures(tmp_path):
    values = np.random.default_rng(0).normal(size=(16, 900))
    picture = {"image": [1, 4, 4], **packed(values)}
    traces = {"first_layer": picture, "hybrid_images": {"image": [1, 4, 4], "masks": picture}}
    back = records.read(records.write(record(traces=traces), tmp_path))
    assert back["traces"] == traces
    assert unpacked(back["traces"]["first_layer"]).shape == (16, 900)
