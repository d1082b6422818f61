"""What a person sees while a net learns and when it is done: progress on stderr, tables on stdout."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from forward_forward.errors import escaped

if TYPE_CHECKING:
    from forward_forward.training.plan import Progress as Standing
    from forward_forward.training.plan import Watch

WIDE = 200
"""Columns where no terminal says how many it has, so that nothing is wrapped or cut."""
MOST_LAYERS = 6
ROOMY = 100
"""Columns from which a bar's line has room for the loss."""


def console(stderr: bool = False) -> Console:
    """Return a console that prints text as it is: no markup, no colour but where a terminal wants it."""
    plain = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not plain.is_terminal:
        plain = Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=WIDE)
    return plain


def say(*lines: str, stderr: bool = False) -> None:
    """Print lines, unwrapped; names from files may be among them, so nothing in them steers the terminal."""
    for line in lines:
        console(stderr).print(escaped(line, keep="\n\t"), soft_wrap=True)


def say_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None
) -> None:
    """Print a table; a column whose name ends in a space is aligned to the left, as is the first."""
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for index, name in enumerate(columns):
        left = index == 0 or name.endswith(" ")
        table.add_column(
            escaped(name.strip()), justify="left" if left else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*map(escaped, row))
    console().print(table)


class ProgressBar:
    """A bar for each net on a terminal; elsewhere a line for each epoch."""

    def __init__(self) -> None:
        self.console = console(stderr=True)
        self.bars: Progress | None = None
        if self.console.is_terminal:
            self.bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=10),
                TextColumn("{task.fields[standing]}"),
                console=self.console,
            )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self.bars is not None:
            self._stack.enter_context(self.bars)
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    def watch(self, name: str, stages: int = 1, run: int = 0, runs: int = 1) -> "Watch":
        """Return what the loop is to call.

        Arguments:
            name: of the net or the run.
            stages: of the learner; more than one is shown.
            run, runs: which of how many runs this is; the time left is that of all to come.
        """
        return _Line(self, name, stages, run, runs)

    def show(self, line: "_Line", share: float, standing: str, epoch_ended: bool) -> None:
        """Show how far a line is; called by the line itself."""
        if self.bars is None:
            if epoch_ended:
                self.console.print(f"{line.name}  {standing}", soft_wrap=True)
            return
        if line.task is None:
            line.task = self.bars.add_task(line.name, total=1.0, standing="")
        self.bars.update(line.task, completed=share, standing=standing)


class _Line:
    """Turns a loop's standing into words; the time left is judged from what was seen since the first call."""

    def __init__(self, bar: ProgressBar, name: str, stages: int, run: int, runs: int) -> None:
        self.bar, self.name, self.stages = bar, name, stages
        self.run, self.runs = run, runs
        self.task: Any = None
        self.begun = time.monotonic()
        self.first: float | None = None
        self.epoch = -1

    def __call__(self, progress: "Standing", steps: int, epochs: int) -> None:
        done = progress.epoch + progress.step / steps
        if self.first is None:
            # The first call comes a moment after the first step, or an epoch after it.
            self.first = float(progress.epoch) if progress.step else max(0.0, done - 1)
        ended = progress.step == 0 and progress.epoch != self.epoch
        self.epoch = progress.epoch
        parts = [f"epoch {min(progress.epoch + (progress.step > 0), epochs)}/{epochs}"]
        if self.stages > 1:
            stage = min(int((done - 1e-9) // (epochs / self.stages)) + 1, self.stages)
            parts.append(f"layer {stage}/{self.stages}")
        narrow = self.bar.bars is not None and self.bar.console.width < ROOMY
        parts += self._layers(progress, loss=not narrow)
        left = self._left(done, epochs)
        parts.append(f"{clock(left)} left" if left > 0 else clock(progress.seconds))
        self.bar.show(self, done / epochs, "  ".join(parts), ended)

    def _left(self, done: float, epochs: int) -> float:
        assert self.first is not None
        pace = (time.monotonic() - self.begun) / max(done - self.first, 1e-9)
        return pace * ((self.runs - self.run) * epochs - done)

    @staticmethod
    def _layers(progress: "Standing", loss: bool) -> list[str]:
        if progress.totals is not None and progress.step:
            rows: list[Any] = progress.means()
        elif progress.curve:
            names = ("loss", "accuracy", "goodness_pos")
            rows = [[layer[name] for name in names] for layer in progress.curve[-1]["layers"]]
        else:
            return []
        known = [row for row in rows if row[0] is not None and row[1] is not None]
        if not known:
            return []
        shown = " ".join(f"{100 * row[1]:.1f}" for row in known[:MOST_LAYERS])
        more = " …" if len(known) > MOST_LAYERS else ""
        mean = sum(row[0] for row in known) / len(known)
        right = "accuracy" if known[0][2] is None else "pairs right"  # of images, or g⁺ above g⁻
        words = [f"{right} {shown}{more} %", *([f"loss {mean:.3f}"] if loss else [])]
        return words + _validation(progress)


def _validation(progress: "Standing") -> list[str]:
    last = progress.curve[-1].get("validation", {}) if progress.curve else {}
    error = next((value for name, value in last.items() if name.endswith("_error")), None)
    return [] if error is None else [f"held-out {error:.2f} %"]


def clock(seconds: float) -> str:
    """Return a length of time as a clock shows it.

    Example:
        >>> clock(7.2), clock(67), clock(3700)
        ('0:07', '1:07', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal, once it is called for the first time, how many of how many are done."""
    where = console(stderr=True)
    with Progress(console=where, disable=not where.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)
        yield lambda done, of: bar.update(task, completed=done, total=of, visible=True)


def closing_table(rows: Sequence[Mapping[str, Any]], error: str = "test error") -> None:
    """Print nets side by side.

    Arguments:
        rows: what `report.comparison_row` returned.
        error: what the error was measured on.
    """
    columns = ["", f"{error}, %", "macro F1, %", "seconds", "peak memory, MiB"]
    cells = [
        [
            str(row["name"]),
            _number(row["test_error"], 2),
            _number(row["macro_f1"], 2),
            _number(row["seconds"], 1),
            _number(row["peak_memory_mib"], 1),
        ]
        for row in rows
    ]
    say_table(columns, cells)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def quiet_pipe() -> None:
    """Let nothing more be written after the reader of a pipe has gone."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
