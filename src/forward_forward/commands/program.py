"""How every command ends: 0 done, 1 failed, 2 wrong usage, 130 by Ctrl-C, 143 by SIGTERM; errors take one line."""

import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from forward_forward.errors import FFError, Stopped, UsageError
from forward_forward.plain_json import json_of

FAILED, USAGE, BY_SIGNAL = 1, 2, 128


class Interrupted(Stopped):
    """Ctrl-C, or another request to end, with what to do next as its message."""

    def __init__(self, what: str, stop: KeyboardInterrupt) -> None:
        super().__init__(_signum(stop))
        self.args = (what,)


class Program(TyperGroup):
    """Turns what a user can mend into one line on stderr and an exit code; other exceptions stay loud."""

    def make_context(self, *args: Any, **options: Any) -> Any:
        try:
            return super().make_context(*args, **options)
        except KeyboardInterrupt as stop:
            raise _stopped(stop) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise _ended(f"error: {error}", USAGE) from None
        except FFError as error:
            raise _ended(f"error: {error}", FAILED) from None
        except BrokenPipeError:
            from forward_forward.console import quiet_pipe

            quiet_pipe()
            raise typer.Exit(FAILED) from None
        except OSError as error:
            raise _ended(f"error: {_words(error)}", FAILED) from None
        except KeyboardInterrupt as stop:
            raise _stopped(stop) from None
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            text = "error: not enough memory; choose smaller widths or a smaller batch"
            raise _ended(text, FAILED) from None


def again(*more: str) -> str:
    """Return the command line under way, with what it lacks of `more`."""
    given = sys.argv[1:]
    return shlex.join(["ff", *given, *(word for word in more if word not in given)])


def going_on(stop: KeyboardInterrupt, *more: str) -> Interrupted:
    """Return what to say of a run that was stopped and has kept something: how to go on with it."""
    saved = "all is saved; go on with" if isinstance(stop, Stopped) else "go on from what is saved"
    return Interrupted(f"{saved}: {again(*more)}", stop)


def refuse_to_replace(*kept: Path) -> None:
    """Raise a `UsageError` for the first of these that is there already."""
    for path in kept:
        if path.exists():
            raise UsageError(f"{path} is there already; add --resume, or choose other folders")


def say_json(value: Any) -> None:
    """Print plain data as JSON."""
    typer.echo(pretty_json(value))


def pretty_json(value: Any) -> str:
    """Return plain data as JSON in lines, paths and the like as text."""
    return json_of(value, indent=1, default=str)


def _ended(line: str, code: int) -> typer.Exit:
    typer.echo(" ".join(line.split()), err=True)
    return typer.Exit(code)


def _stopped(stop: KeyboardInterrupt) -> typer.Exit:
    return _ended(f"interrupted{f'; {stop}' if str(stop) else ''}", BY_SIGNAL + _signum(stop))


def _signum(stop: KeyboardInterrupt) -> int:
    return stop.signum if isinstance(stop, Stopped) else signal.SIGINT


def _words(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    signs = (
        "not enough memory",
        "out of memory",
        "can't allocate memory",
        "calculation overflowed",
    )
    return isinstance(error, MemoryError) or any(sign in text for sign in signs)
