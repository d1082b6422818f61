"""Prequential judging: every sample is first predicted, then learned from, so a stream needs no test split.

    sample ─► what does the learner say? ─► right or wrong? ─► errors, all · of late ─► learn from it

References:
    Dawid 1984 (prequential); Gama, Sebastião and Rodrigues 2013, "On evaluating stream learning algorithms" (fading).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from forward_forward.errors import CheckpointError, UsageError

Sample = tuple[Any, Any]
"""Features `[F]`, and the label; None where it is not known."""


class StreamLearner(Protocol):
    """What can be judged here: `StreamClassifier`, and scikit-learn's classifiers that have `partial_fit`."""

    def predict(self, rows: Any, /) -> Any:
        """Return the labels `[N]` of rows `[N, F]`."""
        ...

    def partial_fit(self, rows: Any, labels: Any, /) -> Any:
        """Learn from rows `[N, F]` and their labels `[N]`."""
        ...


class Figures(NamedTuple):
    """How well it goes, after some samples whose labels were known.

    Arguments:
        samples: how many were judged.
        errors: how many of them were wrong.
        fading: error by which a sample weighs `forgetting` times as much as the next, in [0, 1].
        windowed: error over the last `window` samples, in [0, 1].
    """

    samples: int
    errors: int
    fading: float
    windowed: float

    @property
    def error(self) -> float:
        """Error over the whole stream; 0 where nothing was judged."""
        return self.errors / max(1, self.samples)


class RunningError:
    """Errors of a stream: all, fading, and over a window; in memory that does not grow.

        fading after n samples = Σ fⁿ⁻ⁱ wrongᵢ / Σ fⁿ⁻ⁱ

    Arguments:
        forgetting: f in (0, 1]; about the last 1 / (1 − f) samples count.
        window: samples, ≥ 1.

    Example:
        >>> error = RunningError(forgetting=0.5, window=2)
        >>> for wrong in (True, False, False):
        ...     error.add(wrong)
        >>> error.figures
        Figures(samples=3, errors=1, fading=0.14285714285714285, windowed=0.0)
    """

    def __init__(self, forgetting: float = 0.999, window: int = 1000) -> None:
        if not 0 < forgetting <= 1 or window < 1:
            raise UsageError(
                f"forgetting {forgetting} lies in (0, 1], and a window of {window} samples is 1 or more"
            )
        self.forgetting = forgetting
        self._last: deque[bool] = deque(maxlen=window)
        self._samples = self._errors = self._late = 0
        self._wrong = self._weight = 0.0

    def add(self, wrong: bool) -> None:
        """Count one sample."""
        if len(self._last) == self._last.maxlen:
            self._late -= self._last[0]
        self._last.append(wrong)
        self._late += wrong
        self._samples += 1
        self._errors += wrong
        self._wrong = wrong + self.forgetting * self._wrong
        self._weight = 1 + self.forgetting * self._weight

    @property
    def figures(self) -> Figures:
        """The errors so far."""
        fading = self._wrong / self._weight if self._samples else 0.0
        return Figures(self._samples, self._errors, fading, self._late / max(1, len(self._last)))

    def describe(self) -> dict[str, Any]:
        """Return what `of` goes on from, as plain JSON."""
        return {
            "forgetting": self.forgetting,
            "window": self._last.maxlen,
            "counts": [self._samples, self._errors],
            "fading": [self._wrong, self._weight],
            "last": "".join("01"[wrong] for wrong in self._last),
        }

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "RunningError":
        """Return the error that `describe` described.

        Raises:
            CheckpointError: this describes none.
        """
        try:
            error = cls(float(described["forgetting"]), int(described["window"]))
            error._samples, error._errors = map(int, described["counts"])
            error._wrong, error._weight = map(float, described["fading"])
            error._last.extend(wrong == "1" for wrong in described["last"])
            error._late = sum(error._last)
            if not 0 <= error._errors <= error._samples or not 0 <= error._wrong <= error._weight:
                raise ValueError("its counts do not fit one another")
        except (KeyError, TypeError, ValueError, OverflowError, UsageError) as problem:
            raise CheckpointError(f"this describes no running error: {problem!r}") from None
        return error


class Judged(NamedTuple):
    """One sample of a stream: what was said, what was true (None: not known), and the figures with it."""

    said: Any
    true: Any
    figures: Figures


def prequential(
    learner: StreamLearner,
    samples: Iterable[Sample],
    block: int = 32,
    error: RunningError | None = None,
) -> Iterator[Judged]:
    """Yield what a learner says of each sample, before it learns from it.

    Samples are taken in blocks: all of a block are predicted, then it is learned from those whose label is known. So an
    answer rests on all samples but at most the last `block − 1`.

    Arguments:
        learner: is asked and taught. scikit-learn's must have been told their classes by a first `partial_fit`.
        samples: (features `[F]`, label or None); of any length, without end too.
        block: samples, ≥ 1.
        error: goes on counting; None begins a `RunningError()`.

    Example:
        >>> from forward_forward.streams.classifier import StreamClassifier
        >>> samples = [([float(i % 2)], "odd" if i % 2 else "even") for i in range(300)]
        >>> *_, last = prequential(StreamClassifier(warm_up=20), samples, block=10)
        >>> last.said, last.true, last.figures.windowed < 0.1
        ('odd', 'odd', True)
    """
    if block < 1:
        raise UsageError(f"blocks of {block} samples: take 1 or more")
    error = error or RunningError()
    for some in _blocks(samples, block):
        rows = np.array([features for features, _ in some], dtype=np.float64)
        answers = learner.predict(rows)
        known = [i for i, (_, label) in enumerate(some) if label is not None]
        if known:
            learner.partial_fit(rows[known], [some[i][1] for i in known])
        for said, (_, true) in zip(listed(answers), some, strict=True):
            if true is not None:
                error.add(bool(said != true))
            yield Judged(said, true, error.figures)


def listed(labels: Any) -> list[Any]:
    """Return labels, of an array or of anything that yields them, as a list of Python's own values."""
    return labels.tolist() if hasattr(labels, "tolist") else list(labels)


def _blocks(samples: Iterable[Sample], size: int) -> Iterator[list[Sample]]:
    rest = iter(samples)
    while some := list(islice(rest, size)):
        yield some
