"""Every sample is predicted before it is learned, and errors are what they are by definition."""

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier

from forward_forward.errors import CheckpointError, UsageError
from forward_forward.streams.drift import recovery
from forward_forward.streams.made import hyperplane, relabelled
from forward_forward.streams.prequential import RunningError, prequential


class Notes:
    """A learner that answers how many samples it has learned from, and notes who was asked or taught."""

    def __init__(self):
        self.seen, self.calls = 0, []

    def predict(self, rows):
        self.calls.append(("asked", rows[:, 0].tolist()))
        return np.full(len(rows), self.seen)

    def partial_fit(self, rows, labels):
        assert len(rows) == len(labels)
        self.calls.append(("taught", rows[:, 0].tolist()))
        self.seen += len(rows)


@pytest.mark.parametrize("block", [1, 3, 10])
def test_each_sample_is_predicted_before_it_is_learned(block):
    learner = Notes()
    judged = list(prequential(learner, [([i], i) for i in range(10)], block=block))
    assert [each.said for each in judged] == [i // block * block for i in range(10)]
    assert [each.true for each in judged] == list(range(10))
    asked = set()
    for what, rows in learner.calls:
        assert not (what == "asked" and asked & set(rows))
        assert what == "asked" or set(rows) <= asked
        asked |= set(rows) if what == "asked" else set()
    assert learner.seen == 10


def test_samples_without_a_label_are_predicted_and_neither_judged_nor_learned():
    learner = Notes()
    samples = [([0.0], 0), ([1.0], None), ([2.0], 7)]
    *_, last = prequential(learner, samples, block=1)
    assert learner.seen == 2
    assert last.figures.samples == 2
    assert last.figures.errors == 1


def test_a_stream_without_end_is_taken_as_it_comes():
    judged = prequential(Notes(), hyperplane(10**12), block=4)
    assert len([next(judged) for _ in range(9)]) == 9


def test_errors_are_those_of_their_definitions():
    draw = np.random.default_rng(0)
    wrong = (draw.random(300) < 0.3).tolist()
    error = RunningError(forgetting=0.98, window=40)
    for n, each in enumerate(wrong, 1):
        error.add(each)
        weights = 0.98 ** np.arange(n - 1, -1, -1)
        assert error.figures.fading == pytest.approx(weights @ wrong[:n] / weights.sum())
        assert error.figures.windowed == pytest.approx(np.mean(wrong[:n][-40:]))
        assert error.figures.error == pytest.approx(np.mean(wrong[:n]))


def test_an_error_goes_on_from_its_description():
    one = RunningError(0.9, 5)
    for wrong in (True, False, True, True, False, False, True):
        one.add(wrong)
    other = RunningError.of(one.describe())
    for wrong in (False, True, True):
        one.add(wrong)
        other.add(wrong)
    assert one.figures == other.figures


@pytest.mark.parametrize(
    "change", [{"counts": [1, 2]}, {"forgetting": 2}, {"last": 3}, {"fading": []}]
)
def test_a_damaged_description_is_told(change):
    with pytest.raises(CheckpointError):
        RunningError.of({**RunningError().describe(), **change})


def test_wrong_settings_are_told():
    with pytest.raises(UsageError):
        RunningError(forgetting=0)
    with pytest.raises(UsageError):
        RunningError(window=0)
    with pytest.raises(UsageError):
        next(prequential(Notes(), [([0], 0)], block=0))


def test_scikit_learns_learners_are_judged_too():
    learner = SGDClassifier(random_state=0)
    learner.partial_fit([[0.5] * 10], ["above"], classes=["above", "below"])
    *_, last = prequential(learner, hyperplane(2000, seed=3))
    assert last.figures.windowed < 0.2


def test_recovery_is_counted_from_the_drift():
    wrong = [i % 20 == 0 for i in range(1000)] + [True] * 300 + [i % 20 == 0 for i in range(700)]
    found = recovery(wrong, 1000, window=100, reference=500)
    assert found.before == pytest.approx(0.05)
    assert found.after == 1
    assert 395 <= found.samples <= 400
    assert recovery([*wrong[:1300], *[True] * 300], 1000).samples is None
    with pytest.raises(UsageError):
        recovery(wrong, 10)


def test_a_plane_jumps_where_it_is_said_to():
    before = list(hyperplane(200, seed=5))
    after = list(hyperplane(200, (100,), seed=5))
    assert [label for _, label in before[:100]] == [label for _, label in after[:100]]
    assert [label for _, label in before[100:]] != [label for _, label in after[100:]]


def test_relabelled_images_keep_coming_with_the_next_label():
    images, labels = np.eye(4), np.array([0, 1, 2, 3])
    seen = list(relabelled(images, labels, drift=8, length=16, classes=4))
    for number, (image, label) in enumerate(seen):
        assert label == (image.argmax() + (number >= 8)) % 4
    assert sorted(image.argmax() for image, _ in seen[:4]) == [0, 1, 2, 3]
