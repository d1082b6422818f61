"""Text as symbols of a small alphabet, cut into windows: so many symbols, and the one that comes next.

torch is imported inside the functions, as in `dataset.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forward_forward.data.dataset import HELD_OUT, Split
from forward_forward.errors import DataError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ALPHABET = "abcdefghijklmnopqrstuvwxyz ,;."
"""The paper's 30 symbols (§4.1)."""


@dataclass(frozen=True, eq=False)
class Text:
    """A training and a test part of the same kind of text.

    Arguments:
        name: as errors and records spell it.
        alphabet: its symbols; symbol i has index i.
        train, test: indices of symbols, `[T]` int64.
    """

    name: str
    alphabet: str
    train: Tensor
    test: Tensor

    def to(self, device: torch.device | str) -> Text:
        """Return the same text with both parts on `device`."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))

    def decode(self, symbols: Tensor) -> str:
        """Return indices `[T]` as text."""
        return "".join(self.alphabet[index] for index in symbols.tolist())


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of a text as a data set: each a row of symbols, with the symbol that comes next as its label.

    Arguments:
        name: as errors and records spell it.
        alphabet: the symbols.
        train, test: windows `[N, T]` and next symbols `[N]`, both indices, in the order of the text.
        per_string: so many windows in a row come from one string and share no symbol with those of another; 0 where
            the text is one piece.
    """

    name: str
    alphabet: str
    train: Split
    test: Split
    per_string: int = 0

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
    train, test = (_split(windows(part, length)) for part in (text.train, text.test))
    return Windows(text.name, text.alphabet, train, test)


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
    return Windows(text.name, text.alphabet, train, test, per_string=length - window)


def _split(rows: Tensor) -> Split:
    return Split(rows[:, :-1], rows[:, -1])


def cleaned(text: str, alphabet: str = ALPHABET, *, strip: bool = True) -> str:
    r"""Return a text without symbols outside the alphabet, in its case, each run of white space as one space.

    Arguments:
        text: to be cleaned.
        alphabet: what may stay; where all its letters are lower case, the text becomes so too.
        strip: whether spaces at the ends go.

    References:
        Hinton 2022, §4.1. What becomes of line ends is not stated there; as spaces, they keep words apart.

    Example:
        >>> cleaned("The Fox,\nsly as he was: 'No!'")
        'the fox, sly as he was no'
    """
    folded = text.lower() if alphabet == alphabet.lower() else text
    spaced = re.sub(r"\s+", " ", folded)
    known = set(alphabet)
    kept = re.sub(r" +", " ", "".join(symbol for symbol in spaced if symbol in known))
    return kept.strip() if strip else kept


def encoded(text: str, alphabet: str = ALPHABET) -> Tensor:
    """Return the indices of a text's symbols, `[T]` int64.

    Raises:
        DataError: a symbol is not of the alphabet.

    Example:
        >>> encoded("a, b").tolist()
        [0, 27, 26, 1]
    """
    import torch

    index = {symbol: place for place, symbol in enumerate(alphabet)}
    unknown = next((symbol for symbol in text if symbol not in index), None)
    if unknown is not None:
        raise DataError(f"{unknown!r} is none of the {len(alphabet)} symbols; clean the text first")
    return torch.tensor([index[symbol] for symbol in text], dtype=torch.int64)


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


def split_documents(documents: Sequence[str], every: int = 5) -> tuple[str, str]:
    """Return a training and a test text: every fifth document is for the test, so no document is in both.

    Raises:
        DataError: there are fewer documents than that.

    Example:
        >>> split_documents(["a", "b", "c", "d", "e", "f"])
        ('a b c d f', 'e')
    """
    if len(documents) < every:
        raise DataError(
            f"{len(documents)} documents cannot be split: every {every}th is for the test"
        )
    test = [d for place, d in enumerate(documents) if place % every == every - 1]
    train = [d for place, d in enumerate(documents) if place % every != every - 1]
    return " ".join(train), " ".join(test)


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        DataError: it cannot be read, is empty, or is not UTF-8; the message says from which byte on.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not UTF-8: byte {error.start}, in line {line}, is {raw[error.start]:#04x}; "
            "save it as UTF-8"
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty; there is nothing to learn from")
    return text


def load_text(
    source: str | Path,
    data_dir: Path | None = None,
    device: torch.device | str = "cpu",
    alphabet: str = ALPHABET,
) -> Text:
    """Read a text set by its name, or any text file; symbols outside the alphabet are left out.

    Of a file the last sixth is for the test, in one piece.

    Arguments:
        source: `aesop`, or the path of a UTF-8 file.
        data_dir: where text sets lie; without it `$FF_DATA`, then the user's cache folder.
        device: where the symbols go.
        alphabet: of a file; a text set has its own.

    Raises:
        DataError: it is not there, is empty, is not UTF-8, or has hardly a symbol of the alphabet.
        UsageError: an alphabet of fewer than two symbols, or one that has a symbol twice.
    """
    from forward_forward.data.dataset import find, names

    if len(set(alphabet)) != len(alphabet) or len(alphabet) < 2:
        raise UsageError(f"alphabet {alphabet!r}: give two symbols or more, each of them once")
    if str(source) in names():
        found = find(str(source)).load(data_dir)
        if not isinstance(found, Text):
            raise UsageError(f"{source} holds images, not text; give the path of a text file")
        return found.to(device)
    kept = cleaned(read_text(Path(source)), alphabet)
    last = len(kept) - len(kept) // 6
    if last == len(kept):
        raise DataError(
            f"{source} has {len(kept)} of the {len(alphabet)} symbols {alphabet!r}: too little to learn from"
        )
    parts = (encoded(part, alphabet) for part in (kept[:last], kept[last:]))
    return Text(Path(source).name, alphabet, *parts).to(device)


def text_of(name: str, documents: Sequence[str], alphabet: str = ALPHABET) -> Text:
    """Return the `Text` of documents, cleaned, split and encoded.

    Raises:
        DataError: nothing of a part is left once it is cleaned, or there are too few documents.
    """
    kept = [found for document in documents if (found := cleaned(document, alphabet))]
    if not kept:
        raise DataError(f"{name} holds none of the {len(alphabet)} symbols {alphabet!r}")
    train, test = split_documents(kept)
    return Text(name, alphabet, encoded(train, alphabet), encoded(test, alphabet))
