"""Text cut into windows: so many symbols, and the one that comes next.

torch is imported inside the functions, as in `dataset.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forward_forward.data.examples import HELD_OUT, Split
from forward_forward.data.text import Text, TextFile
from forward_forward.errors import DataError, UsageError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of a text as a data set: each a row of symbols, with the symbol that comes next as its label.

    Arguments:
        name: as errors and records spell it.
        alphabet: the symbols.
        train, test: windows `[N, T]` and next symbols `[N]`, both indices, in the order of the text.
        per_string: so many windows in a row come from one string and share no symbol with those of another; 0 where
            the text is one piece.
        file: what the text was read from, as of a `Text`.
    """

    name: str
    alphabet: str
    train: Split
    test: Split
    per_string: int = 0
    file: TextFile | None = None

    @property
    def classes(self) -> int:
        """How many symbols there are."""
        return len(self.alphabet)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The symbols, each as text."""
        return tuple(self.alphabet)

    @property
    def window(self) -> int:
        """T, the symbols of a window."""
        return self.train.images.shape[1]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, 1, T), as of an image one pixel high: what a net reads."""
        return 1, 1, self.window

    @property
    def unit(self) -> str:
        """What its examples are called."""
        return "characters"

    @property
    def held_out(self) -> bool:
        """Whether `test` is held out of the training text, to choose by."""
        return self.name.endswith(HELD_OUT)

    def for_validation(self) -> Windows:
        """Split the training text alone: its first 5/6 to learn from, its last 1/6 to choose by.

        No symbol is in both parts: strings stay whole, and of one piece of text a window's length is left out between.
        """
        unit = self.per_string or 1
        last = len(self.train) - unit * max(1, round(len(self.train) / 6 / unit))
        first = last if self.per_string else last - self.window
        if first < 1:
            raise DataError(f"{self.name}: too little text to hold a part of it out")
        parts = (slice(None, first), slice(last, None))
        train, test = (Split(self.train.images[p], self.train.labels[p]) for p in parts)
        return replace(self, name=self.name + HELD_OUT, train=train, test=test)


def windowed(text: Text, length: int) -> Windows:
    """Return the windows of `length` symbols of a text.

    Raises:
        DataError: a part of it is too short for one.
    """
    for part, symbols in (("training", text.train), ("test", text.test)):
        if len(symbols) <= length:
            raise DataError(
                f"{text.name}: the {part} part, {len(symbols)} symbols, has no window of {length} and a symbol after "
                "it; give more text or shorter windows"
            )
    train, test = (_split(windows(part, length)) for part in (text.train, text.test))
    return Windows(text.name, text.alphabet, train, test, file=text.file)


def windows_of_strings(text: Text, counts: tuple[int, int], length: int, window: int) -> Windows:
    """Return the windows of strings spread over a text, so that each string gives `length − window` of them.

    Arguments:
        text: to take strings from.
        counts: how many strings of the training and of the test part.
        length: symbols of a string.
        window: symbols of a window.

    Raises:
        DataError: a part is too short for its strings, or a string for a window.
    """
    import torch

    train, test = (
        _split(torch.cat([windows(string, window) for string in strings(part, count, length)]))
        for part, count in zip((text.train, text.test), counts, strict=True)
    )
    return Windows(text.name, text.alphabet, train, test, length - window, text.file)


def _split(rows: Tensor) -> Split:
    return Split(rows[:, :-1], rows[:, -1])


def windows(symbols: Tensor, length: int) -> Tensor:
    """Return every window of `length` symbols and the one after it, `[T − length, length + 1]`, as a view.

    Raises:
        DataError: the text is too short for one.

    Example:
        >>> import torch
        >>> windows(torch.arange(5), 3).tolist()
        [[0, 1, 2, 3], [1, 2, 3, 4]]
    """
    if length < 1:
        raise UsageError(f"windows of {length} symbols: at least 1")
    if len(symbols) <= length:
        raise DataError(
            f"a text of {len(symbols)} symbols has no window of {length} and a symbol after it; "
            "give more text or shorter windows"
        )
    return symbols.unfold(0, length + 1, 1)


def strings(symbols: Tensor, count: int, length: int) -> Tensor:
    """Return `count` strings of `length` symbols that do not overlap, spread evenly, `[count, length]`.

    Raises:
        DataError: the text is too short for them.

    Example:
        >>> import torch
        >>> strings(torch.arange(10), 2, 3).tolist()
        [[0, 1, 2], [5, 6, 7]]
    """
    import torch

    if count < 1 or length < 1:
        raise UsageError(f"{count} strings of {length} symbols: at least 1 of each")
    if len(symbols) < count * length:
        raise DataError(
            f"a text of {len(symbols)} symbols has no {count} strings of {length}; it takes {count * length}"
        )
    starts = torch.arange(count, device=symbols.device) * (len(symbols) // count)
    return symbols[starts.unsqueeze(1) + torch.arange(length, device=symbols.device)]
