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
    """(x − m) / s of each column, with m and s² the mean and the variance that fade.

        m ← m + w (x − m),  s² ← (1 − w) (s² + w (x − m)²),  w = max(1 / n, 1 − forgetting)

    So it is the plain mean and variance (Welford 1962) of the first 1 / (1 − forgetting) rows, and of about the last so
    many ever after.

    Arguments:
        columns: F.
        forgetting: in (0, 1]; with 1 all rows count alike.

    Example:
        >>> scale = RunningScale(1)
        >>> scale.follow(np.array([[2.0], [4.0], [6.0]]))
        >>> scale(np.array([[4.0], [8.0]])).round(2).tolist()
        [[0.0], [2.45]]
    """

    def __init__(self, columns: int, forgetting: float = 0.999) -> None:
        self.forgetting, self.rows = forgetting, 0
        self.mean: Floats = np.zeros(columns)
        self.variance: Floats = np.zeros(columns)

    def follow(self, rows: Floats) -> None:
        """Take rows `[N, F]` in, one after the other."""
        for row in np.clip(rows, -LARGEST, LARGEST):
            self.rows += 1
            weight = max(1 / self.rows, 1 - self.forgetting)
            off = row - self.mean
            if weight < 0.1:  # before, the spread is not known well enough to call anything far
                reach = FARTHEST * np.sqrt(self.variance)
                off = np.where(reach > 0, np.clip(off, -reach, reach), off)
            self.mean = self.mean + weight * off
            self.variance = (1 - weight) * (self.variance + weight * off * off)

    def __call__(self, rows: Floats) -> Floats:
        """Return rows `[N, F]` at this scale, within ± `FARTHEST`; of a column that never moved, as it is."""
        spread = np.sqrt(self.variance)
        scaled = (np.clip(rows, -LARGEST, LARGEST) - self.mean) / np.where(spread > 0, spread, 1.0)
        return np.clip(scaled, -FARTHEST, FARTHEST)

    def describe(self) -> dict[str, Any]:
        """Return what `of` builds the same scale from, as plain JSON."""
        return {
            "forgetting": self.forgetting,
            "rows": self.rows,
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
            scale.rows, scale.mean, scale.variance = int(described["rows"]), mean, variance
            if mean.ndim != 1 or mean.shape != variance.shape or not 0 < scale.forgetting <= 1:
                raise ValueError("its parts do not fit one another")
            if not (
                np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()
            ):
                raise ValueError("it holds what is no mean or no variance")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"this describes no scale of columns: {error!r}") from None
        return scale
