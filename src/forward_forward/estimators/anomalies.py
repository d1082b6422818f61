"""A detector of what is not normal, which learns from normal rows alone."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from forward_forward.encoding import Encoding, Floats
from forward_forward.estimators.abnormal import Abnormal, mixed
from forward_forward.estimators.fitting import (
    batches_of,
    check_settings,
    end_epoch,
    fitting_dtype,
    fitting_rate,
    is_a,
    one_thread,
    portions,
    tensor_for,
)
from forward_forward.goodness import mean_of_opposed_squares
from forward_forward.losses import Loss, SiLU
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.slopes import Goodness
from forward_forward.training.optimizers import Adam, set_rate
from forward_forward.training.schedules import linear


class FFAnomalyDetector(OutlierMixin, BaseEstimator):
    """Layers learn to tell normal rows from rows that are made of them; the goodness of a row says how normal it is.

    Arguments:
        hidden_layer_sizes: units of each layer, bottom to top.
        contamination: share of the rows learned from that are to count as anomalies, in (0, 0.5].
        learning_rate: of Adam at the start, from where it falls to 0; None suits the number of inputs.
        max_iter: epochs.
        batch_size: samples a step; None takes all of up to 200, else 100.
        goodness: activities → goodness per sample.
        loss: (g⁺, g⁻) → loss per sample; None is `SiLU(alpha=6)`.
        negatives: (rows `[N, F]` scaled to [0, 1], numpy generator) → as many rows that are not normal.
        encoding: (X, weights) → an `Encoding`; None is `Encoding.learned`.
        random_state: of weights, batches and negatives.
        verbose: print the loss of every epoch.

    Attributes:
        encoding_, network_: from columns to inputs, and the net.
        offset_: the score below which a row is an anomaly.
        n_iter_, loss_curve_: epochs learned, and the mean loss of each.
        n_features_in_, feature_names_in_: as scikit-learn has them.

    Example:
        >>> normal = np.random.default_rng(0).normal(size=(300, 2)) @ [[1, 1], [0, 0.2]]
        >>> detector = FFAnomalyDetector(random_state=0).fit(normal)
        >>> detector.predict([[1.0, 1.0], [2.0, -2.0]])
        array([ 1, -1])
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100, 100),
        *,
        contamination: float = 0.05,
        learning_rate: float | None = None,
        max_iter: int = 15,
        batch_size: int | None = None,
        goodness: Goodness = mean_of_opposed_squares,
        loss: Loss | None = None,
        negatives: Abnormal = mixed,
        encoding: Callable[[Any, Any], Encoding] | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.contamination = contamination
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.goodness = goodness
        self.loss = loss
        self.negatives = negatives
        self.encoding = encoding
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from normal rows `X [N, F]`; y is not read.

        Raises:
            ValueError: X or a setting is none that can be learned from.
            DivergenceError: the loss is not finite.
        """
        check_settings(self)
        share: Any = self.contamination
        if not (is_a(Real, share) and 0 < share <= 0.5):
            raise ValueError(f"contamination={share!r}; give a share above 0, and not above 0.5")
        rows: Floats = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self._begin(rows)
        with one_thread():
            for _ in range(self.max_iter):
                self._learn(rows)
            scores = self._scores(rows)
        self.offset_ = float(np.quantile(scores, self.contamination))
        return self

    def score_samples(self, X: ArrayLike) -> Floats:
        """Return the goodness of each row, `[N]`: the lower, the less normal."""
        check_is_fitted(self)
        rows: Floats = validate_data(self, X, dtype=np.float64, reset=False)
        with one_thread():
            return self._scores(rows)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the score less `offset_`, `[N]`: below 0 for anomalies."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return 1 for normal rows and −1 for anomalies, `[N]`."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _begin(self, X: Floats) -> None:
        """Make a fresh net that suits these rows."""
        self._seed = int(check_random_state(self.random_state).randint(2**31))
        self.encoding_ = (self.encoding or Encoding.learned)(X, None)
        self.network_ = FeedForward.dense(
            self.encoding_.width,
            2,
            list(self.hidden_layer_sizes),
            generator=generator(self._seed, "weights"),
            goodness=self.goodness,
            loss=self.loss or SiLU(alpha=6.0),
            labelled=False,
            head=False,
            read_from=0,
            dtype=fitting_dtype(len(X)),
        )
        rule = Adam(self.learning_rate or fitting_rate(self.encoding_.width))
        self._optimizers = [rule.build(layer.parameters()) for layer in self.network_.layers]
        self.n_iter_ = 0
        self.loss_curve_: list[float] = []

    def _learn(self, X: Floats) -> None:
        """Learn for an epoch, from negatives that are made anew."""
        draw = np.random.default_rng([self._seed, self.n_iter_])
        low, high = X.min(0), X.max(0)
        spread = np.where(high > low, high - low, 1)
        scaled = np.asarray(self.negatives((X - low) / spread, draw))
        if scaled.shape != X.shape:
            raise ValueError(
                f"negatives of shape {scaled.shape}; give as many rows as came, {X.shape}"
            )
        made = low + spread * scaled
        pos, neg = self._inputs(X), self._inputs(made)
        batches, losses = batches_of(len(X), self.batch_size, self._seed, self.n_iter_), []
        for step, rows in enumerate(batches):
            gain = linear((self.n_iter_ + step / len(batches)) / self.max_iter)
            losses.append(self._step(torch.cat([pos[rows], neg[rows]]), gain))
        end_epoch(self, losses)

    def _step(self, inputs: Tensor, gain: float) -> Tensor:
        """Let each layer learn from rows of positives, then of negatives; return the mean loss."""
        network, losses = self.network_, []
        h = network.project(inputs)
        for layer, optimizer in zip(network.layers, self._optimizers, strict=True):
            y, seen = layer.learn((h,))
            set_rate(optimizer, gain)
            optimizer.step()
            h = network.normalization(y)
            losses.append(seen.loss)
        return torch.stack(losses).mean()

    def _inputs(self, X: Floats) -> Tensor:
        return tensor_for(self.network_, self.encoding_(X))

    def _scores(self, X: Floats) -> Floats:
        """Return the goodness summed over layers, `[N]`, a portion of the rows at a time."""
        network, found = self.network_, []
        for rows in portions(X):
            activities = network.activities(network.project(self._inputs(rows)))
            pairs = zip(network.layers, activities, strict=True)
            found.append(torch.stack([layer.total_goodness(y) for layer, y in pairs]).sum(0))
        return torch.cat(found).double().numpy()
