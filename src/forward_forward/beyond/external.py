"""A long-lived child process that answers floats with floats, over pipes, in a binary framing without pickle."""

import contextlib
import os
import signal
import sys
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Lock
from types import TracebackType
from typing import IO, Self

import numpy as np

from forward_forward.beyond.external_child import Floats, read_frame, write_frame
from forward_forward.errors import UsageError

PATIENCE = 2.0
"""Seconds that a child gets to end by itself once its stdin is closed."""


class ExternalProcess:
    """A child process, started at the first question, that answers each frame on its stdin with one on its stdout.

    Its stdin ends when the parent does, however the parent ends; a child by `external_child.serve` then ends too. It
    ends with the `with` block as well, at `close`, and when this object is forgotten. It does not hear Ctrl-C.

    Arguments:
        command: the program and its arguments; see `external_child.py` for the framing.

    Raises:
        UsageError: when it cannot be started, has ended, or answers with something that is no frame.

    Example:
        >>> with ExternalProcess(example_command(seed=1)) as process:
        ...     process(np.zeros((2, 5), np.float32)).shape
        (2, 5)
    """

    def __init__(self, command: Sequence[str]) -> None:
        if not command:
            raise UsageError("an external process of no command; name a program")
        self.command = list(command)
        self._child: Popen[bytes] | None = None
        self._closed = False
        self._closing = Lock()
        self._last_words = ""

    def __call__(self, h: Floats) -> Floats:
        """Return the child's answer to `h [R, U]`."""
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        try:
            if _said_unasked(child.stdout):
                raise ValueError(
                    "it said something unasked, before the question; one frame for each"
                )
            write_frame(child.stdin, np.asarray(h, dtype=np.float32))  # type: ignore[arg-type]
            return read_frame(child.stdout)  # type: ignore[arg-type]
        except ValueError as error:
            self.close()  # out of step: what comes next is no answer to the next question
            raise UsageError(f"{self._called} sent no frame: {error}") from error
        except (EOFError, OSError) as error:
            self.close()
            raise UsageError(f"{self._called} has ended{self._last_words}") from error

    def kill(self) -> None:
        """End it at once, in the middle of an answer too; who waits for that answer is told that it has ended."""
        self._closed = True
        if self._child is not None:
            _kill(self._child)

    def close(self) -> None:
        """Let it end, and kill it where it does not."""
        self._closed = True
        with self._closing:  # a box that waits no longer may close it while its thread does
            if self._child is not None and self._end.alive:
                _end(self._child)
                self._last_words = _last_line(self._complaints)
                self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's number; None before the first question."""
        return None if self._child is None else self._child.pid

    def _running(self) -> Popen[bytes]:
        if self._closed:
            raise UsageError(f"{self._called} has ended{self._last_words}; make a new one")
        if self._child is None:
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed with the child
            try:
                # a session of its own: Ctrl-C is for the parent, which still has a step to finish
                self._child = Popen(
                    self.command,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=self._complaints,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                self._complaints.close()
                raise UsageError(f"{self._called} cannot be started: {error}") from error
            self._end = weakref.finalize(self, _end, self._child, self._complaints)
        return self._child

    @property
    def _called(self) -> str:
        return f"process {Path(self.command[0]).name!r}"


def example_command(seed: int = 0) -> list[str]:
    """Return the command of the device in `external_child.py`; -P keeps modules beside it out of its imports."""
    script = Path(__file__).with_name("external_child.py")
    return [sys.executable, "-P", str(script), str(seed)]


def _end(child: Popen[bytes], *files: IO[bytes]) -> None:
    assert child.stdin is not None and child.stdout is not None
    with contextlib.suppress(OSError):  # where it was gone before
        child.stdin.close()
    try:
        child.wait(PATIENCE)
    except TimeoutExpired:
        _kill(child)
        child.wait()
    for file in (child.stdout, *files):
        file.close()


def _kill(child: Popen[bytes]) -> None:
    """Kill a child and what it has started, which would keep its pipes open: it leads a group of its own."""
    if child.returncode is None:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)


def _said_unasked(stdout: IO[bytes]) -> bool:
    """Return whether there is something to read, without waiting for it; where the pipe has ended there is not."""
    os.set_blocking(stdout.fileno(), False)
    try:
        return bool(stdout.peek(1))  # type: ignore[attr-defined]
    finally:
        os.set_blocking(stdout.fileno(), True)


def _last_line(file: IO[bytes]) -> str:
    """Return the last line of what a child wrote to stderr, in brackets; nothing where there is none."""
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return f" ({lines[-1][:200]})" if lines else ""
