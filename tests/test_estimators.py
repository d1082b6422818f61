"""Estimators pass all of scikit-learn's checks, and do what scikit-learn's users expect."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from forward_forward.estimators import FFAnomalyDetector, FFClassifier


@parametrize_with_checks([FFClassifier(), FFAnomalyDetector()])
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)
