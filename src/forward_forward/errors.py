"""Errors a user can mend: one line that names the cause and the mend; and the end that a user asks for."""

import signal
import sys
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any


def escaped(text: str, keep: str = "") -> str:
    r"""Return a text with every character that does not print as its escape, but for those to keep.

    Example:
        >>> print(escaped("a\nb\x1b[31m"))
        a\nb\x1b[31m
    """
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


class FFError(Exception):
    r"""Something outside the program is wrong; the message says what, and what to do about it.

    The command line prints the message alone, without a traceback, and exits with 1. Names from files go into messages,
    so whatever would break the line or steer a terminal is shown as its escape.

    Example:
        >>> print(FFError("no column 'a\nb'"))
        no column 'a\nb'
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(escaped(message))


class UsageError(FFError):
    """The command or its options are wrong; the program exits with 2."""


class DataError(FFError):
    """A data file is missing, damaged or holds impossible values."""


def check_whole(what: str, *numbers: object) -> None:
    """Raise a `UsageError` that says what is meant, where one of these is no whole number.

    Example:
        >>> check_whole("a shift of 1 pixel", 1)
    """
    _check_kind(what, numbers, Integral, "whole number")


def check_number(what: str, *numbers: object) -> None:
    """Raise a `UsageError` that says what is meant, where one of these is no number.

    Example:
        >>> check_number("a rate", 0.1)
    """
    _check_kind(what, numbers, Real, "number")


def _check_kind(what: str, numbers: Sequence[object], kind: type, name: str) -> None:
    for number in numbers:
        if not isinstance(number, kind) or isinstance(number, bool):
            raise UsageError(f"{what}: {number!r} is no {name}")


def check_callable(what: str, *values: object) -> None:
    """Raise a `UsageError` that says what is meant, where one of these is no function, or a class that was not made.

    Example:
        >>> check_callable("a schedule", abs)
    """
    for value in values:
        if isinstance(value, type):
            raise UsageError(
                f"{what}: {value.__name__} is a class; make one, {value.__name__}(...)"
            )
        if not callable(value):
            raise UsageError(f"{what}: {value!r:.60} is no function")


def check_like(what: str, found: Any, like: Any, mend: str) -> None:
    """Raise a `UsageError` that says what is meant and the mend, for what is no tensor of another's shape and dtype."""
    wanted = (tuple(like.shape), like.dtype)
    told = (tuple(found.shape), found.dtype) if isinstance(found, type(like)) else f"{found!r:.60}"
    if told != wanted:
        raise UsageError(f"{what} {told} of {wanted}; {mend}")


def check_shape(shape: object) -> None:
    """Raise a `UsageError` where this is not (channels, height, width).

    Example:
        >>> check_shape((1, 28, 28))
    """
    if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) != 3:
        raise UsageError(f"images of {shape!r}: give (channels, height, width)")
    check_whole(f"images of {shape!r}", *shape)


class CheckpointError(FFError):
    """A checkpoint or model folder is damaged, or belongs to another configuration."""


class HubError(FFError):
    """A hub of models did not give, or take, what was asked."""


class NoRepoError(HubError):
    """The hub has no model of that name or revision, or does not show it."""


class NoTokenError(HubError):
    """The hub wants a token, or another one."""


class NoNetworkError(HubError):
    """The hub cannot be reached, and the cache does not hold what was asked."""


class DivergenceError(FFError):
    """Goodness stopped being finite; the message names the layer and the epoch."""


class Stopped(KeyboardInterrupt):
    """A run was asked to end, by Ctrl-C or by another signal, and has saved its state."""

    def __init__(self, signum: int = signal.SIGINT) -> None:
        super().__init__()
        self.signum = signum


def install(extra: str) -> str:
    """Return the command that adds what an extra needs to the Python that is running.

    Example:
        >>> install("web").endswith(" -m pip install 'forward-forward[web]'")
        True
    """
    return f"{sys.executable} -m pip install 'forward-forward[{extra}]'"
