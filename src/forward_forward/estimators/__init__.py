"""scikit-learn's way to fit and predict: a classifier, and a detector of what is not normal."""

from forward_forward.estimators.anomalies import FFAnomalyDetector
from forward_forward.estimators.classifier import FFClassifier

__all__ = ["FFAnomalyDetector", "FFClassifier"]
