"""A classifier by goodness, for whoever works with scikit-learn."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from forward_forward.encoding import Encoding
from forward_forward.estimators.fitting import SMALL, Sample, epoch, one_thread
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import concatenate
from forward_forward.losses import Loss, SiLU
from forward_forward.negatives import Negatives, hard_by_shared_draw
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.readout import accumulated_goodness
from forward_forward.slopes import Goodness
from forward_forward.training.optimizers import Adam
from forward_forward.training.schedules import linear
from forward_forward.training.simultaneous import Simultaneous

ROWS = 2000
"""Rows that are asked about at a time."""


class FFClassifier(ClassifierMixin, BaseEstimator):
    """Forward-Forward as scikit-learn's classifiers go: the label with the highest total goodness is the answer.

    Arguments:
        hidden_layer_sizes: units of each layer, bottom to top.
        learning_rate: of Adam at the start; it falls to 0 over `max_iter` epochs.
        max_iter: epochs.
        batch_size: samples a step; None takes all of up to 200, else 100.
        goodness: activities → goodness per sample.
        loss: (g⁺, g⁻) → loss per sample; None is `SiLU(alpha=6)`.
        negatives: makes the negative data. The default draws wrong labels so that samples that are there twice
            and weights of 2 are the same.
        encoding: (X, weights) → an `Encoding`; None is `Encoding.learned`.
        early_stopping: stop when a part of the samples that is held out gets no better, and keep the best net.
        validation_fraction: how much is held out.
        n_iter_no_change: for so many epochs.
        tol: by less than so much accuracy.
        random_state: of weights, batches and negatives.
        verbose: print the loss of every epoch.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> bool(FFClassifier(random_state=0).fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9)
        True
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100, 100),
        *,
        learning_rate: float = 0.01,
        max_iter: int = 50,
        batch_size: int | None = None,
        goodness: Goodness = mean_of_squares,
        loss: Loss | None = None,
        negatives: Negatives = hard_by_shared_draw,
        encoding: Callable[[Any, Any], Encoding] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.goodness = goodness
        self.loss = loss
        self.negatives = negatives
        self.encoding = encoding
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from rows `X [N, F]` and their labels `y [N]`, forgetting what was learned before."""
        X, y, weights = self._checked(X, y, sample_weight, reset=True)
        self.classes_ = unique_labels(y)
        self._begin(X, weights)
        held_out = None
        if self.early_stopping:
            X, y, weights, held_out = self._held_out(X, y, weights)
        with one_thread():
            sample = self._sample(X, y, weights)
            for number in range(self.max_iter):
                self._epoch(sample, number, number / self.max_iter, 1 / self.max_iter)
                if held_out is not None and self._stops(*held_out):
                    break
        if held_out is not None:
            self.network_.load_state_dict(self._best)
            del self._best
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from some rows more, in one epoch at the full rate.

        The first call says what `classes` there are; its rows alone say how columns are encoded, so let them be some
        hundred of those to come.
        """
        fresh = not hasattr(self, "network_")
        X, y, weights = self._checked(X, y, sample_weight, reset=fresh)
        if fresh and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if fresh:
            self.classes_ = unique_labels(classes)
            self._begin(X, weights)
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(f"classes={classes} are not those of the first call: {self.classes_}")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y holds {unknown}, which are not in classes: {self.classes_}")
        with one_thread():
            self._epoch(self._sample(X, y, weights), self.n_iter_, 0.0, 0.0)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the goodness with each label, `[N, C]`; of two labels that of the second beyond the first's, `[N]`."""
        goodness = self._goodness(X)
        return goodness[:, 1] - goodness[:, 0] if len(self.classes_) == 2 else goodness

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label `[N]` with the highest goodness."""
        best = self._goodness(X).argmax(1)
        return self.classes_[best]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each label, `[N, C]`: a softmax of goodness."""
        return torch.from_numpy(self._goodness(X) * 6.0).softmax(1).numpy()

    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[Any, Any, Any]:
        """Return rows, labels and weights, without the rows that weigh nothing."""
        X, y = validate_data(self, X, y, dtype=np.float64, reset=reset)
        check_classification_targets(y)
        if sample_weight is None:
            return X, y, None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        there = weights > 0
        if not there.any():
            raise ValueError("all sample weights are 0; at least one must be above 0")
        return X[there], y[there], weights[there]

    def _begin(self, X: Any, weights: Any) -> None:
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} tells classes apart, but y holds 1 class, {self.classes_[0]}; "
                "give samples of 2 or more"
            )
        self._seed = int(check_random_state(self.random_state).randint(2**31))
        self.encoding_ = (self.encoding or Encoding.learned)(X, weights)
        self._dtype = torch.float64 if len(X) <= SMALL else torch.float32
        self.network_ = FeedForward.dense(
            self.encoding_.width,
            len(self.classes_),
            list(self.hidden_layer_sizes),
            generator=generator(self._seed, "weights"),
            goodness=self.goodness,
            loss=self.loss or SiLU(alpha=6.0),
            place=concatenate,
            read_from=0,
            dtype=self._dtype,
        )
        rule, head_rule = Adam(self.learning_rate), Adam(self.learning_rate)
        self._learner = Simultaneous(self.network_, self.negatives, rule, head_rule)
        self.n_iter_, self.loss_curve_, self._best_score, self._waited = 0, [], -np.inf, 0

    def _sample(self, X: Any, y: Any, weights: Any) -> Sample:
        labels = np.searchsorted(self.classes_, y)
        return Sample.of(self.encoding_(X), labels, weights, self._dtype)

    def _epoch(self, sample: Sample, number: int, begun: float, share: float) -> None:
        size = self.batch_size or (SMALL if len(sample) <= SMALL else 100)
        loss = epoch(self._learner, sample, size, self._seed, number, begun, share, linear)
        self.loss_curve_.append(loss)
        self.n_iter_ = number + 1
        if self.verbose:
            print(f"epoch {number + 1}: loss {loss:.4f}")

    def _held_out(self, X: Any, y: Any, weights: Any) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
        weighs = np.ones(len(X)) if weights is None else weights
        parts = train_test_split(
            X, y, weighs, test_size=self.validation_fraction, stratify=y, random_state=self._seed
        )
        X, X_out, y, y_out, weighs, w_out = parts
        return X, y, None if weights is None else weighs, (X_out, y_out, w_out)

    def _stops(self, X: Any, y: Any, weights: Any) -> bool:
        """Return whether learning is to stop, by the accuracy on what is held out; keep the best net."""
        answers = self.classes_[self._goodness_of(X).argmax(1)]
        score = float(np.average(answers == y, weights=weights))
        self._waited = 0 if score > self._best_score + self.tol else self._waited + 1
        if score > self._best_score:
            self._best_score = score
            self._best = {k: v.clone() for k, v in self.network_.state_dict().items()}
        return self._waited >= self.n_iter_no_change

    def _goodness(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        with one_thread():
            return self._goodness_of(X)

    def _goodness_of(self, X: Any) -> NDArray[np.float64]:
        parts = [
            accumulated_goodness(
                self.network_, torch.from_numpy(self.encoding_(part)).to(self._dtype)
            )
            for part in np.array_split(X, range(ROWS, len(X), ROWS))
        ]
        return torch.cat(parts).double().numpy()
