"""The classifier for streams: it learns, follows, meets new classes, holds no more than at first, and is kept whole."""

import tracemalloc

import numpy as np
import pytest
import torch

from forward_forward.errors import CheckpointError, DataError, DivergenceError, UsageError
from forward_forward.streams.classifier import StreamClassifier
from forward_forward.streams.drift import recovery
from forward_forward.streams.files import load_stream, save_stream
from forward_forward.streams.growing import grow
from forward_forward.streams.made import hyperplane, relabelled
from forward_forward.streams.makers import Batches, Singles, find_maker
from forward_forward.streams.prequential import prequential
from forward_forward.streams.scaling import RunningScale
from forward_forward.training.checkpoints import learner_tensors, read_folder, write_folder

MAKERS = [Singles((20,)), Batches((20,)), Batches((20,), least=0.1)]
every_maker = pytest.mark.parametrize("make", MAKERS, ids=["singles", "batches", "averaged"])


def blobs(number, classes=2, seed=0):
    """Return rows around a point for each class, and their labels."""
    draw = np.random.default_rng(seed)
    labels = np.arange(number) % classes
    return np.eye(classes)[labels] * 3 + draw.normal(size=(number, classes)), labels


def small(make=None, **options):
    return StreamClassifier(make or Singles((20,)), **{"warm_up": 40, **options})


@every_maker
def test_learns(make):
    X, y = blobs(400, 3)
    model = small(make).partial_fit(X, y)
    rows, labels = blobs(300, 3, seed=1)
    assert (model.predict(rows) == labels).mean() > 0.9
    assert model.goodness(rows).shape == (300, 3)


def test_recovers_from_a_drift_and_only_by_learning():
    X, y = blobs(400, 3)
    stream = list(relabelled(X, y, 400, 1000, classes=3))
    model = small()
    wrong = [each.said != each.true for each in prequential(model, stream[:400])]
    late = np.array([x for x, _ in stream[-200:]]), np.array([label for _, label in stream[-200:]])
    assert (model.predict(late[0]) != late[1]).mean() > 0.9
    wrong += [each.said != each.true for each in prequential(model, stream[400:])]
    found = recovery(wrong, 400, window=100, reference=200)
    assert found.before < 0.1
    assert found.after > 0.6
    assert np.mean(wrong[-200:]) < 0.1


@every_maker
def test_a_class_that_turns_up_late_is_learned_and_the_others_stay(make):
    X, y = blobs(1000, 3)
    early = y < 2
    model = small(make).partial_fit(X[early][:200], y[early][:200])
    known = model.goodness(X[early][:50])
    assert model.classes == [0, 1]
    model._indices([2])
    longer = 1 / (model.encoding.width + 2)  # by one input, and so is the square of its length
    np.testing.assert_allclose(model.goodness(X[early][:50])[:, :2], known, rtol=1.01 * longer)
    model.partial_fit(X[200:], y[200:])
    rows, labels = blobs(300, 3, seed=1)
    answers = model.predict(rows)
    assert all((answers == labels)[labels == k].mean() > 0.75 for k in range(3))


@every_maker
def test_growing_by_nothing_changes_nothing(make):
    old, new = (make(6, 3, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    X = torch.rand(8, 6, generator=torch.Generator().manual_seed(2))
    grow(old, new)
    for key, value in learner_tensors(old).items():
        assert torch.equal(value, learner_tensors(new)[key]), key
    assert torch.equal(old.scores(X).readouts["goodness"], new.scores(X).readouts["goodness"])


def test_before_there_is_a_net_the_most_frequent_label_is_said():
    model = small()
    assert model.predict([[0.0], [1.0]]).tolist() == [None, None]
    model.partial_fit([[0.0], [1.0], [2.0]], ["b", "a", "b"])
    assert model.predict([[0.0]]).tolist() == ["b"]
    with pytest.raises(UsageError, match="no net"):
        model.goodness([[0.0]])


def test_while_there_is_one_class_no_more_than_the_first_rows_are_kept():
    model = small(warm_up=10)
    model.partial_fit(np.ones((500, 2)), ["a"] * 500)
    assert len(model.first) == 10
    model.partial_fit(np.zeros((3, 2)), ["b"] * 3)
    assert model.learner is not None
    assert not model.first


@pytest.mark.parametrize("at_once", [1, 7, 32, 100])
def test_every_row_is_learned_from_however_rows_arrive(at_once, monkeypatch):
    met = []

    def watched(self, rows, indices):
        met.extend(rows[:, 0].tolist())

    monkeypatch.setattr(StreamClassifier, "_step", watched)
    model = small(warm_up=40, batch=32, repeats=1)
    X = np.arange(100.0)[:, None]
    for begin in range(0, 100, at_once):
        part = X[begin : begin + at_once]
        model.partial_fit(part, [int(x) % 2 for x in part[:, 0]])
    assert sorted(met) == X[:, 0].tolist()


def test_labels_keep_their_kind():
    model = small(warm_up=4)
    model.partial_fit([[0.0], [1.0], [2.0], [3.0]], [1, True, "1", 1])
    assert model.classes == [1, True, "1"]
    assert [type(each) for each in model.classes] == [int, bool, str]


@pytest.mark.parametrize(
    ("rows", "labels", "says"),
    [
        ([[1.0]], ["a"], "rows of 2"),
        (np.zeros((0, 2)), [], "rows of 2"),
        ([[1.0, np.nan]], ["a"], "row 0, column 1 holds nan"),
        ([[1.0, np.inf]], ["a"], "inf"),
        ([[1.0, 2.0]], [0.5], "not 0.5"),
        ([[1.0, 2.0]], [None], "not None"),
        ([[1.0, 2.0]], [], "0 labels"),
        ([[1.0, 2.0]] * 9, list(range(9)), "one beyond 8 classes"),
    ],
)
def test_what_cannot_be_learned_is_told_and_nothing_of_it_learned(rows, labels, says):
    X, y = blobs(60)
    model = small(most_classes=8).partial_fit(X, y)
    before = {k: v.clone() for k, v in learner_tensors(model.learner).items()}
    with pytest.raises(DataError, match=says):
        model.partial_fit(rows, labels)
    after = learner_tensors(model.learner)
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert model.classes == [0, 1]


def test_the_same_stream_gives_the_same_bits():
    X, y = blobs(120)
    one = small(seed=3).partial_fit(X, y)
    assert not np.array_equal(one.goodness(X), small(seed=4).partial_fit(X, y).goodness(X))
    again = small(seed=3).partial_fit(X, y)
    np.testing.assert_array_equal(one.goodness(X), again.goodness(X))


def test_columns_of_any_scale_and_those_that_say_nothing():
    X, y = blobs(400)
    X = np.column_stack([X[:, 0] * 1e12 + 5e12, np.full(400, 3.0), X[:, 1] * 1e-9])
    model = small().partial_fit(X, y)
    assert (model.predict(X) == y).mean() > 0.9
    assert np.isfinite(model.goodness(np.full((1, 3), 1e300))).all()


def test_columns_that_drift_are_followed():
    X, y = blobs(1100)
    X[400:] += 50.0
    model = small(forgetting=0.98)
    wrong = np.array(
        [j.said != j.true for j in prequential(model, zip(X, y.tolist(), strict=True))]
    )
    assert wrong[-300:].mean() < wrong[200:400].mean() + 0.05
    assert wrong[-300:].mean() < 0.1


@pytest.mark.parametrize("forgetting", [1.0, 0.98])
def test_a_scale_is_mean_and_deviation_of_what_has_not_faded(forgetting):
    X = np.random.default_rng(0).normal(5, 3, size=(500, 2))
    scale = RunningScale(2, forgetting)
    for part in np.array_split(X, 7):
        scale.follow(part)
    weights = forgetting ** np.arange(499, -1, -1)
    mean = np.average(X, axis=0, weights=weights)
    np.testing.assert_allclose(scale.mean, mean, rtol=1e-9)
    variance = np.average(np.square(X - mean), axis=0, weights=weights)
    np.testing.assert_allclose(scale.variance, variance, rtol=1e-9)
    outlier = RunningScale.of(scale.describe())
    outlier.follow(np.array([[1e308, 5.0]]))
    assert outlier.mean[0] == pytest.approx(scale.mean[0], abs=0.5)


def test_what_is_held_does_not_grow():
    model = small(Singles((10,)), warm_up=50)
    stream = prequential(model, hyperplane(900, columns=3), block=50)
    tracemalloc.start()
    try:
        held = []
        for number, _ in enumerate(stream, 1):
            if number in (300, 600, 900):
                held.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert held[2] <= 1.05 * held[1]
    tensors = sum(v.numel() for v in learner_tensors(model.learner).values())
    fresh = small(Singles((10,)), warm_up=50).partial_fit(*blobs(60, 3))
    assert tensors < 2 * sum(v.numel() for v in learner_tensors(fresh.learner).values())


class TestFiles:
    @every_maker
    def test_goes_on_with_the_same_bits(self, make, tmp_path):
        X, y = blobs(200, 3)
        one = small(make).partial_fit(X[:90], y[:90])
        save_stream(tmp_path / "model", one, {"kept": [1, "b"]})
        other, kept = load_stream(tmp_path / "model")
        assert kept == {"kept": [1, "b"]}
        for model in (one, other):
            model.partial_fit(X[90:], np.append(y[91:], 7))
        np.testing.assert_array_equal(one.goodness(X), other.goodness(X))
        assert one.classes == other.classes == [0, 1, 2, 7]
        assert (one.samples, one.steps) == (other.samples, other.steps)

    @pytest.mark.parametrize("rows", [0, 10])
    def test_before_there_is_a_net_too(self, rows, tmp_path):
        X, y = blobs(100)
        one = small()
        if rows:
            one.partial_fit(X[:rows], y[:rows])
        save_stream(tmp_path / "model", one, {})
        other, _ = load_stream(tmp_path / "model")
        for model in (one, other):
            model.partial_fit(X[rows:], y[rows:])
        np.testing.assert_array_equal(one.goodness(X), other.goodness(X))

    def test_a_net_that_is_no_more_finite_does_not_replace_a_good_one(self, tmp_path):
        model = small().partial_fit(*blobs(60))
        save_stream(tmp_path / "model", model, {})
        next(iter(model.learner.network.parameters())).data.fill_(float("nan"))
        with pytest.raises(DivergenceError, match="intact"):
            save_stream(tmp_path / "model", model, {})
        load_stream(tmp_path / "model")

    def test_damage_is_told(self, tmp_path):
        model = small().partial_fit(*blobs(60))
        folder = tmp_path / "model"
        save_stream(folder, model, {})
        tensors = next(folder.glob("*.safetensors"))
        data = tensors.read_bytes()
        tensors.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(CheckpointError):
            load_stream(folder)
        tensors.write_bytes(data)
        (folder / "manifest.json").write_text("{}")
        with pytest.raises(CheckpointError):
            load_stream(folder)

    @pytest.mark.parametrize(
        ("where", "value"),
        [
            ("classes", [0]),
            ("classes", [0, 0]),
            ("classes", [0, 1.5]),
            ("classes", None),
            ("counts", {"samples": 60, "steps": -1, "features": 2}),
            ("counts", {"samples": 60, "steps": 9, "features": 3}),
            ("counts", {}),
            ("settings", {"warm_up": 10**30}),
            ("settings", {"colour": 1}),
            ("make", {"maker": "Singles", "widths": [10**12]}),
            ("make", {"maker": "Singles", "widths": [19]}),
            ("make", {"maker": "Batches", "widths": [20]}),
            ("scale", {"forgetting": 0.9, "weight": 5, "mean": [0.0], "variance": [1.0]}),
            ("scale", {"forgetting": 0.9, "weight": 5, "mean": [0, 0], "variance": [1, -1]}),
            ("encoding", {}),
            ("more", 3),
        ],
    )
    def test_parts_that_do_not_fit_are_told(self, where, value, tmp_path):
        save_stream(tmp_path, small().partial_fit(*blobs(60)), {})
        tensors, manifest = read_folder(tmp_path)
        described = {**manifest["stream"], where: value}
        write_folder(tmp_path, tensors, {"stream": described})
        with pytest.raises(CheckpointError):
            load_stream(tmp_path)

    @pytest.mark.parametrize(
        "described",
        [{}, {"maker": "Other"}, {"maker": "Singles", "widths": 3}, {"maker": "Batches", "a": 1}],
    )
    def test_an_unknown_maker_is_told(self, described):
        with pytest.raises(CheckpointError):
            find_maker(described)

    def test_a_maker_of_ones_own_has_no_name_in_a_file(self, tmp_path):
        def mine(features, classes, draw):
            return Singles((20,))(features, classes, draw)

        model = small(mine).partial_fit(*blobs(60))
        with pytest.raises(UsageError, match="Singles"):
            save_stream(tmp_path, model, {})
