"""Negatives that a net makes itself, symbol by symbol, and any text it goes on to write (§4.1).

A context is a window of symbols as the net reads it, `[B, T]` indices. What it goes on with, one symbol, makes the next
window; a window whose last symbol is the text's is positive, one whose last symbol is the net's own is negative.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from forward_forward.errors import UsageError
from forward_forward.networks.network import Network

Predict = Callable[[Tensor], Tensor]
COLDEST = 1e-6
"""Temperatures below are as good as 0."""


def followed(contexts: Tensor, symbols: Tensor) -> Tensor:
    """Return the windows `[B, T]` that come next, each context moved on by one symbol `[B]`.

    Example:
        >>> followed(torch.tensor([[0, 1, 2]]), torch.tensor([3])).tolist()
        [[1, 2, 3]]
    """
    return torch.cat([contexts[:, 1:], symbols.unsqueeze(1)], dim=1)


def predicted_last(
    contexts: Tensor,
    labels: Tensor,
    *,
    network: Network,
    generator: torch.Generator,
    logits: Tensor,
) -> tuple[tuple[Tensor], tuple[Tensor]]:
    """Pair each context and the text's next symbol with the context and the net's own prediction of it (§4.1).

    Teacher forcing: the prediction is drawn from the softmax, and all symbols but the last are those of the text.

    Arguments:
        contexts: `[B, T]` indices.
        labels: the symbols that come next, `[B]`.
        logits: of the softmax for these contexts, `[B, N]`.
    """
    drawn = sampled(logits, generator)
    return (followed(contexts, labels),), (followed(contexts, drawn),)


predicted_last.labelled = False  # type: ignore[attr-defined]


@dataclass(frozen=True)
class RolledOut:
    """Pair windows of text with windows that the net has written on its own, rolling on from real contexts (§4.1).

    Arguments:
        length: how many symbols it writes from one context, as many windows as that.

    Raises:
        UsageError: when the length is not above 0.
    """

    length: int = 90
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.length < 1:
            raise UsageError(f"{self.length} symbols from each context: at least 1")

    def __call__(
        self,
        contexts: Tensor,
        labels: Tensor,
        *,
        network: Network,
        generator: torch.Generator,
        **_: Any,
    ) -> tuple[tuple[Tensor], tuple[Tensor]]:
        """Return (real windows,) and (written windows,), each `[B, T]`; written ones go on from the first contexts."""
        starts = contexts[: self.starts(len(contexts))]
        written = self.windows(network, starts, generator)
        return (followed(contexts, labels),), (written[: len(contexts)],)

    def starts(self, count: int) -> int:
        """Return how many contexts it takes to write `count` windows."""
        return -(-count // self.length)

    def windows(self, network: Network, contexts: Tensor, generator: torch.Generator) -> Tensor:
        """Return the windows that end in a written symbol, `[length · B, T]`; those of one time stand together."""
        written = []
        for symbols in continued(
            lambda read: network.one_pass(read)[1], contexts, self.length, generator
        ):
            contexts = followed(contexts, symbols)
            written.append(contexts)
        return torch.cat(written)


def continued(
    predict: Predict,
    contexts: Tensor,
    length: int,
    generator: torch.Generator,
    temperature: float = 1.0,
) -> Iterator[Tensor]:
    """Return an iterator over the next symbols `[B]` that a net writes after each context, each read before the next.

    Arguments:
        predict: windows `[B, T]` → logits `[B, N]` of the symbol that comes next.
        contexts: `[B, T]` indices.
        length: symbols to write.
        generator: the only source of chance.
        temperature: the logits are divided by it; at 0 the likeliest symbol is taken.

    Raises:
        UsageError: when the temperature is below 0.
    """
    if not 0 <= temperature < float("inf"):
        raise UsageError(f"temperature {temperature}: at least 0")
    return _written(predict, contexts, length, generator, temperature)


def _written(
    predict: Predict,
    contexts: Tensor,
    length: int,
    generator: torch.Generator,
    temperature: float,
) -> Iterator[Tensor]:
    for _ in range(length):
        logits = predict(contexts)
        cold = temperature < COLDEST
        symbols = logits.argmax(1) if cold else sampled(logits / temperature, generator)
        yield symbols
        contexts = followed(contexts, symbols)


def sampled(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Draw from softmax(logits), `[B]`."""
    return torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
