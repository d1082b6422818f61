"""Samples as JSON, one a line: what a line must hold, and what is said of one that does not."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from forward_forward.errors import DataError

LONGEST = 1 << 24
"""Bytes of a line; one that is longer is skipped unread, so that no stream can fill the memory."""


class Line(NamedTuple):
    """One line of a stream: a sample, or the reason why it is none."""

    number: int
    features: list[float]
    label: Any
    error: str | None


@dataclass
class LineReader:
    """Turns lines into samples. The first good one says which features there are; the others must have the same.

    With a target a line is `{"width": 1.5, "height": 2, "kind": "a"}`, features by name; without one it is
    `{"x": [1.5, 2], "y": "a"}`. A label is a text, a whole number, or true or false; where it is missing or null the
    line is only predicted. true and false count as 1 and 0 among features.

    Arguments:
        target: the name of the label, or None.
        names: of the features, in order; or how many there are, without a target. None until the first good line.

    Example:
        >>> reader = LineReader(target="kind")
        >>> reader.sample(b'{"width": 1.5, "height": 2, "kind": "a"}')
        ([1.5, 2.0], 'a')
        >>> reader.sample(b'{"height": 3, "width": 1}')
        ([1.0, 3.0], None)
    """

    target: str | None = None
    names: list[str] | int | None = None

    def sample(self, raw: bytes) -> tuple[list[float], Any]:
        """Return features and label of a line.

        Raises:
            DataError: it holds no sample, or one with other features.
        """
        told = _parsed(raw)
        if self.target is None:
            extra = sorted(set(told) - {"x", "y"})
            if extra or not isinstance(told.get("x"), list):
                what = f"unknown key {_short(extra[0])}" if extra else 'no list "x"'
                raise DataError(f'{what}; give {{"x": [numbers], "y": label}}, or --target NAME')
            label, values = told.get("y"), told["x"]
            names: list[str] | int = len(values)
            places = [f"x[{i}]" for i in range(len(values))]
        else:
            label = told.pop(self.target, None)
            places = self.names if isinstance(self.names, list) else list(told)
            _check_keys(told, places)
            names, values = places, [told[name] for name in places]
        if isinstance(self.names, int) and names != self.names:
            raise DataError(f"{names} values in x; the lines before have {self.names}")
        if not values:
            raise DataError("no features; there must be at least one number")
        features = [_number(value, place) for value, place in zip(values, places, strict=True)]
        label = _label(label)
        self.names = names
        return features, label

    def read(self, source: BinaryIO, number: int = 0) -> Iterator[Line]:
        """Yield what each line holds that is not empty, as it arrives; `number` lines lie before."""
        for raw in _lines(source):
            number += 1
            if raw is not None and not raw.strip():
                continue
            try:
                if raw is None:
                    raise DataError(f"longer than {LONGEST >> 20} MiB")
                yield Line(number, *self.sample(raw), None)
            except DataError as error:
                yield Line(number, [], None, str(error))


def _lines(source: BinaryIO) -> Iterator[bytes | None]:
    """Yield lines; None for one that is too long."""
    while raw := source.readline(LONGEST):
        if len(raw) < LONGEST or raw.endswith(b"\n"):
            yield raw
            continue
        while (raw := source.readline(LONGEST)) and not raw.endswith(b"\n"):
            pass
        yield None


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise DataError("not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise DataError("not JSON") from None
    if not isinstance(told, dict):
        raise DataError("JSON, but no object {…}")
    return told


def _check_keys(told: dict[str, Any], names: list[str]) -> None:
    if told.keys() == set(names):
        return
    missing = [name for name in names if name not in told]
    extra = [name for name in told if name not in names]
    if missing:
        raise DataError(f"feature {_short(missing[0])} is missing")
    raise DataError(f"feature {_short(extra[0])} is not among those of the lines before")


def _number(value: Any, place: str) -> float:
    if not isinstance(value, int | float):
        raise DataError(f"{_short(place)} holds {_short(value)}, which is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise DataError(f"{_short(place)} holds no finite number")
    return number


def _label(label: Any) -> Any:
    if isinstance(label, float) and label.is_integer():
        return int(label)
    if label is None or isinstance(label, str | int):
        return label
    raise DataError(f"the label is {_short(label)}; give a text or a whole number")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
