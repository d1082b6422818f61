"""A classifier by goodness, for whoever works with scikit-learn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from forward_forward.data import Split
from forward_forward.encoding import Encoding
from forward_forward.estimators.fitting import (
    SMALL,
    batches_of,
    check_settings,
    end_epoch,
    fitting_dtype,
    fitting_rate,
    one_thread,
    portions,
    tensor_for,
)
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import concatenate
from forward_forward.losses import Loss, SiLU
from forward_forward.negatives import Negatives, random_wrong_label, shifted_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.readout import accumulated_goodness
from forward_forward.slopes import Goodness
from forward_forward.training.optimizers import Adam
from forward_forward.training.schedules import linear
from forward_forward.training.simultaneous import Simultaneous

Arrays = tuple[Any, Any, Any]
"""Rows `[N, F]`, labels `[N]`, and weights `[N]`, None where all weigh the same."""

LABEL_SHARE = 0.05
"""Square of the label's strength over the mean sum of squares of the inputs beside it."""
SHARPNESS = 10.0
"""Of probabilities, per unit of goodness: among the best on held-out rows of twelve data sets, which lay at 5 to 19."""


class FFClassifier(ClassifierMixin, BaseEstimator):
    """Asks a net about a row with each label in turn: the label with the highest total goodness is the answer.

    Every layer learns on its own, from rows with their label (goodness up) and with a wrong one (down). Columns
    need no scaling: they are encoded by `Encoding.learned`.

    Arguments:
        hidden_layer_sizes: units of each layer, bottom to top.
        learning_rate: of Adam at the start, from where it falls to 0; None suits the number of inputs.
        max_iter: epochs.
        batch_size: samples a step; None takes all of up to 200, else 100.
        goodness: activities → goodness per sample.
        loss: (g⁺, g⁻) → loss per sample; None is `SiLU(alpha=6)`.
        negatives: makes the negative data; None is `random_wrong_label`, or where the first samples are no more than
            200 `shifted_label`, so that a sample's weight of 2 is the same as the sample twice.
        encoding: (X, weights) → an `Encoding`; None is `Encoding.learned`.
        early_stopping: end when a part of the samples, which is held out, gets no better, and keep the best net.
        validation_fraction: how much is held out.
        n_iter_no_change: for so many epochs.
        tol: by more than so much accuracy.
        random_state: of weights, batches and negatives.
        verbose: print the loss of every epoch.

    Attributes:
        classes_: labels, sorted, `[C]`.
        encoding_, network_: from columns to inputs, and the net.
        n_iter_: epochs learned, and `loss_curve_` the mean loss of each.
        validation_scores_: accuracy on what is held out after each epoch, with `early_stopping` only.
        n_features_in_, feature_names_in_: as scikit-learn has them.

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
        learning_rate: float | None = None,
        max_iter: int = 50,
        batch_size: int | None = None,
        goodness: Goodness = mean_of_squares,
        loss: Loss | None = None,
        negatives: Negatives | None = None,
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
        """Learn from rows `X [N, F]` and their labels `y [N]`; forget what was learned before.

        Arguments:
            sample_weight: how much each row counts, `[N]`, ≥ 0.

        Raises:
            ValueError: X, y or a setting is none that can be learned from, or there is a single class.
            DivergenceError: the loss is not finite.
        """
        arrays = self._checked(X, y, sample_weight, reset=True)
        self._begin(arrays, unique_labels(arrays[1]))
        if self.early_stopping:
            self._fit_and_look(*self._held_out(arrays))
            return self
        with one_thread(), self._given(arrays):
            for _ in range(self.max_iter):
                self._learn(self.max_iter)
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from some more rows, one epoch at the full rate.

        The first call has to name all `classes`. Its rows say how columns are encoded from then on: let them be
        some hundred, of the kind that is to come.
        """
        fresh = not hasattr(self, "network_")
        if fresh and classes is None:
            raise ValueError("the first call to partial_fit needs classes, all there will be")
        arrays = self._checked(X, y, sample_weight, reset=fresh)
        named = self.classes_ if classes is None else unique_labels(classes)
        if not fresh and not np.array_equal(named, self.classes_):
            raise ValueError(f"classes={named} are not those of the first call, {self.classes_}")
        unknown = np.setdiff1d(arrays[1], named)
        if len(unknown):
            raise ValueError(f"y holds {unknown}, but classes are {named}")
        if fresh:
            self._begin(arrays, named)
        with one_thread(), self._given(arrays):
            self._learn()
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the goodness with each label, `[N, C]`; of two labels the second's less the first's, `[N]`."""
        goodness = self._goodness(X)
        return goodness[:, 1] - goodness[:, 0] if len(self.classes_) == 2 else goodness

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label `[N]` with the highest goodness."""
        best = self._goodness(X).argmax(1)
        return self.classes_[best]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each label, `[N, C]`: a softmax of 10 × the goodness.

        Goodness counts here in units of what a layer has whose activities are all 1.
        """
        goodness, layer = self._goodness(X), self.network_.layers[0]
        unit = layer.units / layer.objective_scale
        return torch.from_numpy(goodness * (SHARPNESS / unit)).softmax(1).numpy()

    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Arrays:
        """Return what is to be learned from, without rows that weigh nothing."""
        check_settings(self)
        X, y = validate_data(self, X, y, dtype=np.float64, reset=reset)
        check_classification_targets(y)
        if sample_weight is None:
            return X, y, None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        there = weights > 0
        return X[there], y[there], weights[there]

    def _begin(self, arrays: Arrays, classes: NDArray[Any]) -> None:
        """Make a fresh net that suits these rows and tells these classes apart."""
        X, _, weights = arrays
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} tells classes apart, but there is 1 class, {classes[0]}; give 2 or more"
            )
        self.classes_ = classes
        self._seed = int(check_random_state(self.random_state).randint(2**31))
        self.encoding_ = (self.encoding or Encoding.learned)(X, weights)
        total = np.average(np.square(self.encoding_(X)).sum(1), weights=weights)
        self.network_ = FeedForward.dense(
            self.encoding_.width,
            len(self.classes_),
            list(self.hidden_layer_sizes),
            generator=generator(self._seed, "weights"),
            goodness=self.goodness,
            loss=self.loss or SiLU(alpha=6.0),
            head=self.negatives is not None,
            read_from=0,
            place=concatenate,
            strength=float(np.sqrt(LABEL_SHARE * total)) or 1.0,
            dtype=fitting_dtype(len(X)),
        )
        few = len(X) <= SMALL
        negatives = self.negatives or (shifted_label if few else random_wrong_label)
        rule = Adam(self.learning_rate or fitting_rate(self.encoding_.width))
        self._learner = Simultaneous(self.network_, negatives, rule, rule)
        self.n_iter_ = 0
        self.loss_curve_: list[float] = []

    @contextmanager
    def _given(self, arrays: Arrays) -> Iterator[None]:
        """Let the learner see these rows, and take them away at the end: no model holds what it learned from."""
        X, y, weights = arrays
        labels = torch.from_numpy(np.searchsorted(self.classes_, y))
        inputs = tensor_for(self.network_, self.encoding_(X))
        self._learner.begin(Split(inputs, labels), 0, self._seed)
        self._learner.weights = None if weights is None else tensor_for(self.network_, weights)
        try:
            yield
        finally:
            del self._learner.split
            self._learner.weights = None

    def _learn(self, epochs: int | None = None) -> None:
        """Learn for an epoch; the rate falls to 0 over `epochs`, or stands still."""
        samples = len(self._learner.split)
        draw, losses = generator(self._seed, "steps", self.n_iter_), []
        batches = batches_of(samples, self.batch_size, self._seed, self.n_iter_)
        for step, rows in enumerate(batches):
            done = 0.0 if epochs is None else (self.n_iter_ + step / len(batches)) / epochs
            losses.append(self._learner.step(rows, draw, linear(done))[:, 0].mean())
        end_epoch(self, losses)

    def _fit_and_look(self, arrays: Arrays, held_out: Arrays) -> None:
        """Learn until what is held out gets no better; go back to the best net."""
        X, y, weights = held_out
        scores: list[float] = []
        best, state, waited = -np.inf, {}, 0
        with one_thread(), self._given(arrays):
            while self.n_iter_ < self.max_iter and waited < self.n_iter_no_change:
                self._learn(self.max_iter)
                right = self.classes_[self._goodness_of(X).argmax(1)] == y
                scores.append(float(np.average(right, weights=weights)))
                waited = 0 if scores[-1] > best + self.tol else waited + 1
                if scores[-1] > best:
                    best = scores[-1]
                    state = deepcopy(self.network_.state_dict())
        self.network_.load_state_dict(state)
        self.validation_scores_ = scores

    def _held_out(self, arrays: Arrays) -> tuple[Arrays, Arrays]:
        """Return what is learned from and what is held out, with classes in the same shares."""
        X, y, weights = arrays
        learned, held_out = train_test_split(
            np.arange(len(X)),
            test_size=self.validation_fraction,
            stratify=y,
            random_state=self._seed,
        )
        first, second = (
            (X[rows], y[rows], None if weights is None else weights[rows])
            for rows in (learned, held_out)
        )
        return first, second

    def _goodness(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        with one_thread():
            return self._goodness_of(X)

    def _goodness_of(self, X: Any) -> NDArray[np.float64]:
        """Return the goodness with each label, `[N, C]`, a portion of the rows at a time."""
        network = self.network_
        inputs = (tensor_for(network, self.encoding_(rows)) for rows in portions(X))
        return torch.cat([accumulated_goodness(network, each) for each in inputs]).double().numpy()
