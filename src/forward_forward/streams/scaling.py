"""Columns brought to mean 0 and spread 1 as they go by, in constant memory, following them where they drift."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.errors import CheckpointError

Floats = NDArray[np.float64]

FARTHEST = 8.0
"""Values farther from the mean count as if they were so many spreads away, so that no single one is followed far."""
LARGEST = 1e150
"""Values beyond are taken as this one; their squares would not be finite."""


class RunningScale:
    """(x − m) / s of each column, with m and s the mean and the deviation of all rows so far, of which old ones fade.

        m = Σ fⁿ⁻ⁱ xᵢ / Σ fⁿ⁻ⁱ,  s² = Σ fⁿ⁻ⁱ (xᵢ − m)² / Σ fⁿ⁻ⁱ

    So about the last 1 / (1 − f) rows count. What lies far off counts as if it were nearer (`FARTHEST`).

    References:
        Chan, Golub and LeVeque 1983: how two parts' variances are put together.

    Arguments:
        columns: F.
        forgetting: f in (0, 1]; with 1 all rows count alike.

    Example:
        >>> scale = RunningScale(1, forgetting=1.0)
        >>> scale.follow(np.array([[2.0], [4.0], [6.0]]))
        >>> scale(np.array([[4.0], [8.0]])).round(2).tolist()
        [[0.0], [2.45]]
    """

    def __init__(self, columns: int, forgetting: float = 0.999) -> None:
        self.forgetting, self.weight = forgetting, 0.0
        self.mean: Floats = np.zeros(columns)
        self.variance: Floats = np.zeros(columns)

    def follow(self, rows: Floats) -> None:
        """Take rows `[N, F]` in, one after the other."""
        rows = np.clip(rows, -LARGEST, LARGEST)
        reach = FARTHEST * np.sqrt(self.variance)
        if self.weight:
            near = np.clip(rows, self.mean - reach, self.mean + reach)
            rows = np.where(reach > 0, near, rows)
        fading = self.forgetting ** np.arange(len(rows) - 1, -1, -1.0)
        old, new = self.forgetting ** len(rows) * self.weight, float(fading.sum())
        mean = fading @ rows / new
        within = fading @ np.square(rows - mean) / new
        self.weight = old + new
        share, off = new / self.weight, mean - self.mean
        self.mean = self.mean + share * off
        self.variance = (1 - share) * (self.variance + share * off * off) + share * within

    def __call__(self, rows: Floats) -> Floats:
        """Return rows `[N, F]` at this scale, within ± `FARTHEST`; of a column that never moved, as it is."""
        spread = np.sqrt(self.variance)
        scaled = (np.clip(rows, -LARGEST, LARGEST) - self.mean) / np.where(spread > 0, spread, 1.0)
        return np.clip(scaled, -FARTHEST, FARTHEST)

    def describe(self) -> dict[str, Any]:
        """Return what `of` builds the same scale from, as plain JSON."""
        return {
            "forgetting": self.forgetting,
            "weight": self.weight,
            "mean": self.mean.tolist(),
            "variance": self.variance.tolist(),
        }

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "RunningScale":
        """Return the scale that `describe` described.

        Raises:
            CheckpointError: this describes none.
        """
        try:
            mean, variance = (np.array(described[key], np.float64) for key in ("mean", "variance"))
            scale = cls(len(mean), float(described["forgetting"]))
            scale.weight, scale.mean, scale.variance = float(described["weight"]), mean, variance
            if (
                mean.ndim != 1
                or mean.shape != variance.shape
                or not 0 < scale.forgetting <= 1 <= scale.weight < np.inf
            ):
                raise ValueError("its parts do not fit one another")
            if not (
                np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()
            ):
                raise ValueError("it holds what is no mean or no variance")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"this describes no scale of columns: {error!r}") from None
        return scale
