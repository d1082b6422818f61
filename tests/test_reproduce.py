"""From a recipe and a seed to a record, on a random data set in MNIST's place."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from forward_forward import recipes, records, reproduce, results
from forward_forward.data import Dataset, Split
from forward_forward.data import dataset as dataset_module
from forward_forward.errors import UsageError
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from toys import dataset, labels_of, simultaneous, uniform

NAME = "blog2022_walkthrough"  # the smallest


def images(count, seed):
    return Split(uniform(count, 784, seed=seed, dtype=torch.float32), labels_of(count, seed, 10))


@pytest.fixture(autouse=True)
def _random_mnist(monkeypatch):
    data = Dataset("mnist", 10, (1, 28, 28), images(20, 0), images(8, 1), tuple("0123456789"))
    module = SimpleNamespace(load=lambda directory: data)
    monkeypatch.setattr(dataset_module, "find", lambda name: module)


def without_chance(record):
    """Return a record without what may differ between runs of the same seed."""
    kept = {k: v for k, v in record.items() if k not in ("seconds", "peak_memory_mib", "date")}
    kept["curves"] = [
        {k: v for k, v in entry.items() if k != "seconds"} for entry in kept["curves"]
    ]
    return kept


def test_a_smoke_run_makes_a_whole_record(tmp_path):
    record = reproduce.reproduce(NAME, 3, runs=tmp_path / "runs", smoke=True)
    back = records.read(records.write(record, tmp_path / "records"))
    assert (back["recipe"], back["seed"], back["epochs"]) == (NAME, 3, 2)
    assert [entry["stage"] for entry in back["curves"]] == [0, 1]
    assert set(back["metrics"]) == {"goodness_error", "goodness_macro_f1"}
    assert len(back["layer_errors"]) == 2
    assert back["config"]["train_images"] == 20
    assert back["parameters"] == (784 + 10 + 1) * 500 + (500 + 1) * 500
    assert sum(map(sum, back["confusion"])) == 8


def test_a_smoke_run_has_a_folder_of_its_own(tmp_path):
    reproduce.reproduce(NAME, 3, runs=tmp_path, smoke=True)
    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}-smoke"]


def test_the_same_seed_the_same_record(tmp_path):
    first, again, other = (
        without_chance(reproduce.reproduce(NAME, seed, runs=tmp_path / part, smoke=True))
        for seed, part in ((0, "a"), (0, "b"), (1, "c"))
    )
    assert first == again
    assert first["curves"] != other["curves"]


def test_resuming_a_finished_run_judges_it_again(tmp_path):
    first = reproduce.reproduce(NAME, 0, runs=tmp_path, smoke=True)
    again = reproduce.reproduce(NAME, 0, runs=tmp_path, smoke=True, resume=True)
    assert without_chance(first) == without_chance(again)


def test_an_unknown_recipe():
    with pytest.raises(UsageError, match=NAME):
        reproduce.reproduce("blog2022_walktrough", 0)


def test_few_takes_the_first_of_both_splits():
    data = dataset(24)
    small = reproduce.few(data, 9)
    assert (len(small.train), len(small.test)) == (9, 9)
    assert small.train.images.equal(data.train.images[:9])
    assert len(reproduce.few(replace(data), 1000).train) == 24


def test_parameters_are_counted():
    net = simultaneous().network
    by_hand = 12 * 9 + 3 * 9 + 9 + 9 * 8 + 8 + 8 * 7 + 7 + (8 + 7) * 3 + 3
    assert reproduce.count_parameters(net) == by_hand


def several(**options):
    """A recipe of two nets of another recipe's make."""
    build = recipes.find(NAME).build
    claims = (Claim("second_goodness_error", 1.0, None, "here"),)
    return Recipe("mnist", claims, {"first": build, "second": build}, **options)


def test_several_nets_make_one_record(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "find", lambda name: several())
    record = reproduce.reproduce("pair", 1, runs=tmp_path / "runs", smoke=True)
    back = records.read(records.write(record, tmp_path / "records"))
    assert all(len(repr(e["layers"][0]["loss"])) < 14 for e in back["nets"]["first"]["curves"])
    assert set(back["nets"]) == set(back["config"]) == {"first", "second"}
    for net in ("first", "second"):
        own = back["nets"][net]
        assert back["metrics"][f"{net}_goodness_error"] == own["metrics"]["goodness_error"]
        assert len(own["curves"]) == 2
    assert back["seconds"] == pytest.approx(sum(n["seconds"] for n in back["nets"].values()))
    folders = {path.parent.name for path in (tmp_path / "runs").glob("**/checkpoint")}
    assert folders == {"first", "second"}
    (row,) = results.summarize([back])
    assert row["mean"] == back["nets"]["second"]["metrics"]["goodness_error"]


def test_a_finished_net_is_not_trained_again(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "find", lambda name: several())
    reproduce.reproduce("pair", 1, runs=tmp_path, smoke=True)
    kept = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("**/*.safetensors"))]
    reproduce.reproduce("pair", 1, runs=tmp_path, smoke=True, resume=True)
    assert kept
    again = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("**/*.safetensors"))]
    assert kept == again


def test_a_watched_net_never_sees_what_it_is_watched_on(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "find", lambda name: several(watched=True))
    record = reproduce.reproduce("pair", 1, runs=tmp_path, smoke=True)
    assert record["config"]["first"]["train_images"] == 17  # of 20
    assert record["config"]["first"]["data"] == "mnist/validation"
    assert record["test_images"] == 8
    assert sum(map(sum, record["nets"]["first"]["confusion"])) == 8
