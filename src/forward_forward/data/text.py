"""Text as symbols of a small alphabet: what is kept of it, and which part is for the test.

torch is imported inside the functions, as in `dataset.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forward_forward.errors import DataError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ALPHABET = "abcdefghijklmnopqrstuvwxyz ,;."
"""The paper's 30 symbols (§4.1)."""


@dataclass(frozen=True)
class TextFile:
    """The file that a text was read from.

    Arguments:
        path: absolute.
        sha256: of its bytes.
    """

    path: str
    sha256: str

    def found(self) -> Path:
        """Return where it lies.

        Raises:
            DataError: it cannot be read any more, or is another text now.
        """
        path = Path(self.path)
        try:
            same = hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        except OSError as error:
            raise DataError(
                f"{path}, the text that was learned, cannot be read ({error.strerror}); "
                "say where it is now: --data FILE"
            ) from None
        if not same:
            raise DataError(
                f"{path} has changed since it was learned; say where the text of then is, or take "
                f"this one, with --data FILE"
            )
        return path


@dataclass(frozen=True, eq=False)
class Text:
    """A training and a test part of the same kind of text.

    Arguments:
        name: as errors and records spell it.
        alphabet: its symbols; symbol i has index i.
        train, test: indices of symbols, `[T]` int64.
        file: what it was read from; None for a text set, which is found by its name.
    """

    name: str
    alphabet: str
    train: Tensor
    test: Tensor
    file: TextFile | None = None

    def to(self, device: torch.device | str) -> Text:
        """Return the same text with both parts on `device`."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))

    def decode(self, symbols: Tensor) -> str:
        """Return indices `[T]` as text."""
        return "".join(self.alphabet[index] for index in symbols.tolist())


def cleaned(text: str, alphabet: str = ALPHABET, *, strip: bool = True) -> str:
    r"""Return a text without symbols outside the alphabet, in its case, each run of white space as one space.

    Arguments:
        text: to be cleaned.
        alphabet: what may stay; where all its letters are lower case, the text becomes so too.
        strip: whether spaces at the ends go.

    References:
        Hinton 2022, §4.1. What becomes of line ends is not stated there; as spaces, they keep words apart. A dash is
        left out as any other symbol, and so joins the words on its sides.

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
        DataError: it is no regular file, cannot be read, is empty, or is not UTF-8; the message says from which byte
            on.
    """
    return decode_text(_bytes_of(path), path)


def _bytes_of(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a device or a pipe may never end
        raise DataError(f"{path}: not a regular file; give the path of a text file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror or error}; give the path of a text file"
        ) from None


def decode_text(raw: bytes, path: Path) -> str:
    """Return the text that a file's bytes are; `path` is what an error names.

    Raises:
        DataError: they are empty, or not UTF-8.
    """
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
    path = Path(source)
    raw = _bytes_of(path)
    kept = cleaned(decode_text(raw, path), alphabet)
    last = len(kept) - len(kept) // 6
    if last == len(kept):
        raise DataError(
            f"{source} has {len(kept)} of the {len(alphabet)} symbols {alphabet!r}: too little to learn from"
        )
    train, test = (encoded(part, alphabet) for part in (kept[:last], kept[last:]))
    file = TextFile(str(path.absolute()), hashlib.sha256(raw).hexdigest())
    return Text(path.name, alphabet, train, test, file).to(device)


def text_of(name: str, documents: Sequence[str], alphabet: str = ALPHABET) -> Text:
    """Return the `Text` of documents, cleaned, split and encoded.

    Raises:
        DataError: nothing of a part is left once it is cleaned, or there are too few documents.
    """
    kept = [found for document in documents if (found := cleaned(document, alphabet))]
    if not kept:
        raise DataError(f"{name} holds none of the {len(alphabet)} symbols {alphabet!r}")
    train, test = (
        encoded(cleaned(part, alphabet), alphabet)  # the alphabet may have no space
        for part in split_documents(kept)
    )
    return Text(name, alphabet, train, test)
