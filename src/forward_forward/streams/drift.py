"""What an abrupt change does to a learner: how wrong it was before and after, and how soon it is as good again."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forward_forward.errors import UsageError


class Recovery(NamedTuple):
    """Errors around a drift.

    Arguments:
        before: error over the last `reference` samples before it, in [0, 1].
        after: error over the first `window` / 5 samples from it on.
        samples: how many from it on, until the error over the last `window` of them is within 10 % of `before`; None
            where that was never so.
    """

    before: float
    after: float
    samples: int | None


def recovery(
    wrong: Sequence[bool], drift: int, window: int = 500, reference: int = 1000
) -> Recovery:
    """Return how a learner came through a drift.

    Arguments:
        wrong: of each sample of the stream, whether it was predicted wrongly.
        drift: the first sample after the change, from 0.
        window: samples, all from after the drift, that must be right again.
        reference: samples before the drift that it is compared with.

    Raises:
        UsageError: so many samples there are not.

    Example:
        >>> wrong = [i % 10 == 0 or 1000 <= i < 1100 for i in range(2000)]
        >>> recovery(wrong, 1000)
        Recovery(before=0.1, after=1.0, samples=595)
    """
    if drift < reference or len(wrong) < drift + window:
        raise UsageError(
            f"a drift at {drift} of {len(wrong)} samples; there must be {reference} before and {window} after it"
        )
    errors = np.asarray(wrong, dtype=np.float64)
    before, later = float(errors[drift - reference : drift].mean()), errors[drift:]
    total = np.concatenate([[0.0], later.cumsum()])
    windowed = (total[window:] - total[:-window]) / window
    good = np.flatnonzero(windowed <= 1.1 * before + 1e-12)
    samples = int(good[0]) + window if len(good) else None
    return Recovery(before, float(later[: window // 5].mean()), samples)
