"""Estimators pass all of scikit-learn's checks, and do what scikit-learn's users expect."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from forward_forward.errors import DataError
from forward_forward.estimators import FFAnomalyDetector, FFClassifier
from forward_forward.estimators.abnormal import beyond, hybrids, mixed, shuffled, uniform
from forward_forward.goodness import sum_of_squares
from forward_forward.losses import ThresholdLogistic
from forward_forward.negatives import hard_by_softmax

X, Y = make_moons(240, noise=0.2, random_state=3)
NAMES = np.array(["lower", "upper"])[Y]


def small(**options):
    return FFClassifier((20, 20), **{"max_iter": 15, "random_state": 0, **options})


@parametrize_with_checks([FFClassifier(), FFAnomalyDetector()])
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


def test_it_learns_labels_that_are_strings():
    net = small(max_iter=30).fit(X[:160], NAMES[:160])
    assert net.classes_.tolist() == ["lower", "upper"]
    assert net.score(X[160:], NAMES[160:]) > 0.85
    assert net.decision_function(X).shape == (240,)
    chosen = net.classes_[(net.decision_function(X) > 0).astype(int)]
    assert (net.predict(X) == chosen).all()
    assert (net.predict(X) == net.classes_[net.predict_proba(X).argmax(1)]).all()


def test_of_three_labels_each_has_its_goodness():
    rows, labels = load_iris(return_X_y=True)
    net = small(max_iter=60).fit(rows[::2], labels[::2])
    assert net.decision_function(rows).shape == (150, 3)
    assert net.score(rows[1::2], labels[1::2]) > 0.85


@pytest.mark.parametrize("options", [{}, {"goodness": sum_of_squares, "loss": ThresholdLogistic()}])
def test_probabilities_do_not_depend_on_the_scale_of_goodness(options):
    chances = small(max_iter=40, **options).fit(X, Y).predict_proba(X)
    assert 0.02 < chances[range(240), 1 - Y].mean() < 0.45


@pytest.mark.parametrize("rows", [60, 240])
def test_rows_that_weigh_nothing_are_not_learned(rows):
    weights = np.arange(rows) % 2
    weighed = small().fit(X[:rows], Y[:rows], sample_weight=weights)
    without = small().fit(X[1:rows:2], Y[1:rows:2])
    np.testing.assert_allclose(weighed.decision_function(X), without.decision_function(X))


def test_a_weight_of_two_is_a_row_twice():
    twice = np.r_[np.arange(60), np.arange(30)]
    weights = np.r_[np.full(30, 2.0), np.ones(30)]
    repeated = small().fit(X[twice], Y[twice])
    weighed = small().fit(X[:60], Y[:60], sample_weight=weights)
    np.testing.assert_allclose(
        weighed.decision_function(X), repeated.decision_function(X), rtol=1e-8, atol=1e-9
    )
    plain = small().fit(X[:60], Y[:60])
    assert np.abs(weighed.decision_function(X) - plain.decision_function(X)).max() > 1e-3


def test_weights_move_the_answer():
    rows = np.zeros((40, 1))
    labels = np.arange(40) % 2
    for heavy in (0, 1):
        weights = np.where(labels == heavy, 5.0, 1.0)
        assert (small().fit(rows, labels, weights).predict(rows) == heavy).all()


def test_early_stopping_keeps_the_best_net():
    net = small(early_stopping=True, max_iter=200, n_iter_no_change=4, validation_fraction=0.2)
    net.fit(X, NAMES, sample_weight=np.ones(240))
    scores = net.validation_scores_
    assert len(scores) == net.n_iter_ == len(net.loss_curve_) < 200
    assert len(scores) - 1 - int(np.argmax(scores)) == 4
    learned, held_out = net._held_out((X, NAMES, None))
    assert len(learned[0]) == 192
    assert net.score(held_out[0], held_out[1]) == pytest.approx(max(scores))


def test_partial_fit_goes_on_from_where_it_was():
    net = small()
    for _ in range(20):
        for part in np.array_split(np.arange(240), 3):
            net.partial_fit(X[part], NAMES[part], classes=["upper", "lower"])
    assert net.n_iter_ == 60
    assert net.score(X, NAMES) > 0.85


def test_partial_fit_takes_one_row_of_one_class():
    net = small().partial_fit(X[:50], NAMES[:50], classes=["lower", "upper"])
    before = net.decision_function(X)
    net.partial_fit(X[50:51], NAMES[50:51])
    assert np.abs(net.decision_function(X) - before).max() > 0


@pytest.mark.parametrize(
    ("classes", "later", "label"),
    [(None, None, "lower"), (["a", "b"], None, "a"), (["lower", "upper"], ["lower"], "lower")],
)
def test_partial_fit_refuses_unknown_classes(classes, later, label):
    net = small()
    with pytest.raises(ValueError, match="class"):
        net.partial_fit(X, NAMES, classes=classes).partial_fit(X, NAMES, classes=later)


def test_the_same_seed_gives_the_same_bits_beside_other_draws():
    torch.manual_seed(1)
    first = small().fit(X, Y).decision_function(X)
    state = torch.get_rng_state()
    second = small().fit(X, Y).decision_function(X)
    assert torch.get_rng_state().equal(state)
    assert (first == second).all()
    assert (first != small(random_state=1).fit(X, Y).decision_function(X)).any()


def test_a_fit_leaves_torch_s_threads_as_they_were():
    threads = torch.get_num_threads()
    small(max_iter=1).fit(X, Y)
    assert torch.get_num_threads() == threads


def test_in_a_pipeline_a_grid_and_a_clone():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), small()),
        {"ffclassifier__hidden_layer_sizes": [(10,), (20, 20)]},
        cv=2,
    ).fit(X, NAMES)
    assert search.best_score_ > 0.8
    again = clone(search.best_estimator_).fit(X, NAMES)
    assert (again.predict(X) == search.predict(X)).all()


@pytest.mark.parametrize(
    "model", [small(negatives=hard_by_softmax), FFAnomalyDetector(max_iter=2, random_state=0)]
)
def test_what_was_saved_is_loaded(model):
    model = clone(model).fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    assert (again.decision_function(X) == model.decision_function(X)).all()
    if hasattr(model, "partial_fit"):
        assert (again.partial_fit(X, Y).predict(X) == model.partial_fit(X, Y).predict(X)).all()


def test_negatives_of_another_shape_are_told():
    detector = FFAnomalyDetector(max_iter=1, negatives=lambda rows, draw: rows[:1])
    with pytest.raises(ValueError, match=r"negatives of shape \(1, "):
        detector.fit(X)


@pytest.mark.parametrize(
    "model",
    [
        small(max_iter=1),
        small(max_iter=1, early_stopping=True),
        FFAnomalyDetector((20, 20), max_iter=1),
    ],
)
def test_what_was_learned_from_is_not_kept(model):
    sizes = {
        rows: len(
            pickle.dumps(clone(model).fit(np.tile(X, (rows // 240, 1)), np.tile(Y, rows // 240)))
        )
        for rows in (480, 4800)
    }
    assert sizes[4800] < sizes[480] + 1000


def test_columns_that_say_nothing_change_nothing():
    constant = np.c_[X, np.full(240, 7.0)]
    expected = small().fit(X, Y).decision_function(X)
    assert (small().fit(constant, Y).decision_function(constant) == expected).all()
    answers = small().fit(np.ones((30, 2)), np.arange(30) % 2).predict_proba(np.ones((3, 2)))
    assert np.isfinite(answers).all()


def test_one_column_is_enough():
    column = np.linspace(-1, 1, 100)[:, None]
    labels = (np.abs(column[:, 0]) < 0.5).astype(int)
    assert small(max_iter=60).fit(column, labels).score(column, labels) > 0.9


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("model", [small(), FFAnomalyDetector(max_iter=1)])
def test_what_is_not_finite_is_refused(model, wrong):
    bad = X.copy()
    bad[3, 1] = wrong
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        clone(model).fit(bad, Y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        clone(model).fit(X, Y).predict(bad)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="1 class, upper"):
        small().fit(X, np.full(240, "upper"))
    with pytest.raises(ValueError, match="non-zero"):
        small().fit(X, Y, sample_weight=np.zeros(240))


@pytest.mark.parametrize(
    "settings",
    [
        *({"hidden_layer_sizes": sizes} for sizes in [(), 8, "8", (0,), (8.0,), (True,), None]),
        *({"learning_rate": rate} for rate in [0, -1.0, np.nan, np.inf, "auto", True]),
        *({"max_iter": epochs} for epochs in [0, 1.5, "3", None]),
        *({"batch_size": samples} for samples in [0, -1, 1.5, "auto"]),
        *({name: "mixed"} for name in ["goodness", "loss", "negatives", "encoding"]),
    ],
    ids=str,
)
def test_impossible_settings_are_refused_by_name(settings):
    for model in (FFClassifier(**settings), FFAnomalyDetector(**settings)):
        with pytest.raises(ValueError, match=f"^{next(iter(settings))}="):
            model.fit(X, Y)


@pytest.mark.parametrize("share", [0, 0.7, np.nan, "auto", None])
def test_no_such_share_of_anomalies(share):
    with pytest.raises(ValueError, match="^contamination="):
        FFAnomalyDetector(contamination=share).fit(X)


@pytest.mark.parametrize("epochs", [0, np.nan, None])
def test_waiting_for_less_than_an_epoch_is_refused(epochs):
    with pytest.raises(ValueError, match="^n_iter_no_change="):
        small(early_stopping=True, n_iter_no_change=epochs).fit(X, Y)


def test_what_was_learned_outlives_a_fit_that_is_refused():
    model = small(max_iter=1).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="1 class"):
        model.fit(X, np.full(len(X), "other"))
    assert np.array_equal(model.predict(X), before)


def test_verbose_tells_every_epoch(capsys):
    small(max_iter=2, verbose=True).fit(X, Y)
    FFAnomalyDetector(max_iter=2, verbose=True).fit(X)
    assert capsys.readouterr().out.count("epoch 2: loss") == 2


def test_encoding_is_the_user_s_to_choose():
    def nothing(values, weights):
        raise DataError("asked")

    with pytest.raises(DataError, match="asked"):
        small(encoding=nothing).fit(X, Y)


def test_anomalies_lie_below_the_offset():
    draw = np.random.default_rng(0)
    normal = draw.normal(size=(400, 3)) @ np.array([[1, 1, 0], [0, 0.2, 0], [0, 0, 1.0]])
    odd = draw.uniform(-3, 3, (200, 3))
    odd = odd[np.abs(odd[:, 0] - odd[:, 1]) > 1.5]
    detector = FFAnomalyDetector(contamination=0.1, random_state=0).fit(normal)
    assert (detector.predict(normal) == -1).mean() == pytest.approx(0.1, abs=0.01)
    assert (detector.predict(odd) == -1).mean() > 0.8
    assert (detector.decision_function(odd) == detector.score_samples(odd) - detector.offset_).all()


@pytest.mark.parametrize("make", [uniform, beyond, shuffled, hybrids, mixed])
def test_rows_that_are_not_normal_stay_in_range_and_differ(make):
    rows = np.random.default_rng(1).random((50, 4))
    before = rows.copy()
    made = make(rows, np.random.default_rng(2))
    assert made.shape == rows.shape
    assert made.min() >= 0 and made.max() <= 1
    assert (made != rows).any(1).mean() > 0.9
    assert (rows == before).all()
    assert (made == make(rows, np.random.default_rng(2))).all()


def test_shuffled_columns_keep_their_values():
    rows = np.random.default_rng(1).random((50, 4))
    made = shuffled(rows, np.random.default_rng(2))
    assert (np.sort(made, 0) == np.sort(rows, 0)).all()
