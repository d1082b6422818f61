"""`ff stream`: learn from lines while answering them."""

import json
import os
import shlex
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from forward_forward.commands.parts import find_widths
from forward_forward.commands.program import Interrupted
from forward_forward.errors import CheckpointError, DataError, Stopped, UsageError

if TYPE_CHECKING:
    from forward_forward.streams.session import Answer, Session

SECONDS = 5.0
"""Between two lines of progress."""


def stream(
    out: Annotated[
        Path | None,
        typer.Argument(help="Folder that keeps the model.", show_default="nothing is kept"),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="Name of the label.", show_default='lines are {"x": […], "y": …}'),
    ] = None,
    begin: Annotated[
        Path | None, typer.Option("--from", help="Go on with this model; it may be the same.")
    ] = None,
    every: Annotated[int, typer.Option(help="Save after so many samples, and at the end.")] = 10000,
    quiet: Annotated[bool, typer.Option("--quiet", help="Learn; print no answers.")] = False,
    widths: Annotated[
        str | None, typer.Option(help="Units of each layer.", show_default="100,100")
    ] = None,
    warm_up: Annotated[
        int | None, typer.Option(help="First samples, kept to begin with.", show_default="200")
    ] = None,
    block: Annotated[
        int | None, typer.Option(help="Samples learned from at a time.", show_default="32")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights and negatives.", show_default="0")
    ] = None,
) -> None:
    """Predict the label of each line of standard input, then learn from it.

    A line is a JSON object: features by name, and the label under the name that --target gives; or one such as
    {"x": [1, 2], "y": "a"}. Without a label it is only answered. Answers go to standard output, one a line; a line that
    holds no sample is told and skipped.
    """
    if every < 1:
        raise UsageError(f"--every {every}: at least 1")
    _check_out(out, begin)
    with _alone(out):
        session = _session(target, begin, find_widths(widths), warm_up, block, seed)
        with _stoppable() as read:
            _follow(session, read, out, every, quiet)


def _session(target: str | None, begin: Path | None, widths: Any, *numbers: int | None) -> Any:
    import torch

    from forward_forward.streams.classifier import StreamClassifier
    from forward_forward.streams.lines import LineReader
    from forward_forward.streams.makers import Singles
    from forward_forward.streams.prequential import RunningError
    from forward_forward.streams.session import Session

    torch.set_num_threads(1)  # steps are too small to share
    warm_up, block, seed = numbers
    if begin is None:
        chosen = {"warm_up": warm_up, "batch": block, "seed": seed}
        model = StreamClassifier(
            Singles() if widths is None else Singles(widths=widths),
            **{name: value for name, value in chosen.items() if value is not None},
        )
        return Session(model, LineReader(target), RunningError(), model.batch)
    if any(value is not None for value in (widths, *numbers)):
        raise UsageError("--from brings its own widths, warm-up, block and seed; leave them out")
    session = Session.load(begin)
    if target not in (None, session.reader.target):
        raise UsageError(f"--target {target}: this model learned {session.reader.target!r}")
    return session


def _check_out(out: Path | None, begin: Path | None) -> None:
    from forward_forward.training.checkpoints import check_writable

    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give a folder")
    same = begin is not None and out.exists() and out.samefile(begin)
    if out.is_dir() and any(out.iterdir()) and not same:
        raise UsageError(f"{out} holds something already; add --from {out}, or choose another")
    check_writable(out)


@contextmanager
def _alone(out: Path | None) -> Iterator[None]:
    """Keep other streams out of the folder, which would save over this one; leave none behind that holds nothing."""
    from forward_forward.training.checkpoints import alone_in

    fresh = out is not None and not out.exists()
    try:
        with alone_in(out):
            yield
    finally:
        if out is not None and fresh:
            with suppress(OSError):
                out.rmdir()


def _follow(
    session: "Session", read: "_Reading", out: Path | None, every: int, quiet: bool
) -> None:
    """Answer all lines; whatever ends them, what was learned is kept."""
    progress = _Progress(session)
    source = sys.stdin.buffer
    at_once = not quiet and not _is_file(source)
    ended: BrokenPipeError | None = None
    try:
        for answers in session.answers(session.reader.read(read.of(source)), at_once):
            progress.show(answers)
            if not quiet:
                _print(answers)
            if out is not None and session.unsaved >= every:
                _save_or_tell(session, out)
    except BrokenPipeError as error:  # who read the answers has gone
        for _ in session.rest():
            pass
        ended = error
    progress.end()
    learned = session.model.samples > 0  # else a folder would only stand in the way of the next try
    if out is not None and learned:
        session.save(out)
    if ended is not None:
        raise ended
    if read.asked:
        words = ["ff", "stream", str(out), "--from", str(out)]
        kept = (
            "nothing was to be kept"
            if out is None
            else "nothing was learned, and nothing is kept"
            if not learned
            else f"all is saved; go on with: {shlex.join(words)}"
        )
        raise Interrupted(kept, Stopped(read.asked))
    if session.first_skipped is not None and not session.answered:
        raise DataError(f"no line held a sample; the first: {session.first_skipped.error}")


def _print(answers: "list[Answer]") -> None:
    sys.stdout.write("".join(json.dumps(each.json()) + "\n" for each in answers))
    sys.stdout.flush()


def _save_or_tell(session: "Session", out: Path) -> None:
    """Save; where that fails, the stream goes on, and so does what was saved before."""
    try:
        session.save(out)
    except CheckpointError as error:
        session.unsaved = 0
        typer.echo(f"not saved this time: {error}", err=True)


def _is_file(source: BinaryIO) -> bool:
    """Whether all lines are there already, so that no answer is waited for."""
    try:
        return stat.S_ISREG(os.fstat(source.fileno()).st_mode)
    except OSError:
        return False


class _Progress:
    """Tells on stderr how a stream goes."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.begun = self.told = time.monotonic()

    def show(self, answers: "list[Answer]") -> None:
        first = self.session.first_skipped
        if first is not None and first in answers:
            typer.echo(f"line {first.number} skipped: {first.error}", err=True)
        if time.monotonic() - self.told >= SECONDS:
            self.told = time.monotonic()
            self._tell()

    def end(self) -> None:
        self._tell()
        session, first = self.session, self.session.first_skipped
        if first is not None:
            lines = "line was" if session.skipped == 1 else "lines were"
            typer.echo(
                f"{session.skipped:,} {lines} skipped, first line {first.number}: {first.error}",
                err=True,
            )
        if session.answered and not session.model.samples:
            name = session.reader.target or "y"
            typer.echo(f"no line held a label {name!r}: nothing was learned", err=True)

    def _tell(self) -> None:
        session, figures = self.session, self.session.error.figures
        pace = session.answered / max(time.monotonic() - self.begun, 1e-9)
        judged = f"  error {100 * figures.fading:.1f} % of late" if figures.samples else ""
        typer.echo(f"{session.answered:,} samples{judged}  {pace:,.0f} a second", err=True)


class _Reading:
    """Reads lines until there are none or someone asks to stop; between lines nobody is interrupted."""

    def __init__(self) -> None:
        self.asked, self.waiting = 0, False

    def of(self, source: BinaryIO) -> Any:
        self.source = source
        return self

    def readline(self, limit: int) -> bytes:
        """Return the next line, or nothing if someone has asked to stop."""
        self.waiting = True
        try:
            return b"" if self.asked else self.source.readline(limit)
        except Stopped:
            return b""
        finally:
            self.waiting = False

    def handle(self, signum: int, frame: object) -> None:
        """Take note of a signal; end the waiting for a line. A second one stops at once."""
        before, self.asked = self.asked, signum
        if before:
            raise KeyboardInterrupt
        if self.waiting:
            raise Stopped(signum)


@contextmanager
def _stoppable() -> Iterator[_Reading]:
    read = _Reading()
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is unknown on Windows
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    try:
        previous = {each: signal.signal(each, read.handle) for each in signals}
    except ValueError:  # not the main thread: no signal arrives here
        yield read
        return
    try:
        yield read
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
