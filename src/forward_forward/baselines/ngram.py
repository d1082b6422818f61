"""What counting alone predicts: an n-gram model with Kneser-Ney smoothing, by the library `nltk` (extra `text`)."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from forward_forward.errors import UsageError, install

UNKNOWN = 1e-4
"""Share of the probability that all symbols have alike, those too that were never read."""


def kneser_ney_bits(
    learned: tuple[Tensor, Tensor],
    judged: tuple[Tensor, Tensor],
    *,
    order: int,
    symbols: int,
    discount: float = 0.75,
) -> float:
    """Return the bits per symbol of what is judged, after counting what is learned.

    References:
        Interpolated Kneser-Ney: Chen and Goodman 1999.

    Arguments:
        learned, judged: windows `[N, T]` and the symbols that come next `[N]`, indices.
        order: n, from 2 to T + 1; n − 1 symbols of a window are looked at.
        symbols: how many there are.
        discount: taken off every count, in (0, 1).

    Raises:
        UsageError: an order that does not fit the windows, or no library to count with.
    """
    if not 2 <= order <= learned[0].shape[1] + 1:
        raise UsageError(
            f"an n-gram model of order {order} for windows of {learned[0].shape[1]} symbols: "
            "at least 2, at most one more than a window has"
        )
    try:
        from nltk.lm import KneserNeyInterpolated
    except ImportError:
        raise UsageError(f"n-gram models need nltk: {install('text')}") from None
    model = KneserNeyInterpolated(order, discount=discount)
    grams = _grams(*learned, order)
    model.fit(
        [[gram[start:] for start in range(order)] for gram in grams], map(str, range(symbols))
    )
    model.estimator._continuation_counts = _continuations(model.counts, order)
    known = 1 - UNKNOWN

    @cache
    def score(gram: tuple[str, ...]) -> float:
        return math.log2(known * model.unmasked_score(gram[-1], gram[:-1]) + UNKNOWN / symbols)

    lost = [score(gram) for gram in _grams(*judged, order)]
    return -sum(lost) / len(lost)


def _continuations(counts: Any, order: int) -> Callable[..., tuple[int, int]]:
    """Return what the library's estimator asks of its counts, and scans all n-grams for each time, from a table.

    That is: (word, context) → before how many different symbols the context with this word was read, and the same for
    the context with any word.
    """
    table: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for length in range(2, order + 1):
        for context, words in counts[length].items():
            table[context[1:]].update(word for word, count in words.items() if count)
    totals = {context: before.total() for context, before in table.items()}

    def continuation_counts(word: str, context: tuple[str, ...] = ()) -> tuple[int, int]:
        return table[context][word] if context in table else 0, totals.get(context, 0)

    return continuation_counts


def _grams(windows: Tensor, labels: Tensor, order: int) -> list[tuple[str, ...]]:
    """Return the n-grams that end in a label; nltk takes symbols as strings."""
    last = torch.cat([windows[:, windows.shape[1] + 1 - order :], labels.unsqueeze(1)], dim=1)
    return [tuple(map(str, row)) for row in last.tolist()]
