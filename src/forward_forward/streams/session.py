"""A stream of lines under way: each is answered, then learned from; what is no sample is counted and skipped."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from forward_forward.errors import CheckpointError, DataError, UsageError
from forward_forward.streams.classifier import StreamClassifier
from forward_forward.streams.files import load_stream, save_stream
from forward_forward.streams.lines import Line, LineReader
from forward_forward.streams.prequential import RunningError


class Answer(NamedTuple):
    """What is said of a line: a label and the true one, None where it is not known; or why it holds no sample."""

    number: int
    said: Any
    true: Any
    error: str | None

    def json(self) -> dict[str, Any]:
        """Return it as the program prints it."""
        if self.error is not None:
            return {"line": self.number, "error": self.error}
        told = {"line": self.number, "said": self.said}
        return told if self.true is None else {**told, "true": self.true}


class Session:
    r"""Answers lines and learns from them, in blocks; see `prequential`, which does the same with samples.

    What is learned depends on the lines alone, not on when they come: a line is answered at once or with its block, but
    learned from with its block always.

    Arguments:
        model: is asked and taught.
        reader: turns lines into samples.
        error: goes on counting.
        block: labelled lines that are learned from at a time.

    Example:
        >>> from io import BytesIO
        >>> session = Session(StreamClassifier(warm_up=2), LineReader(), RunningError(), block=2)
        >>> lines = BytesIO(b'{"x": [1], "y": "a"}\n{"x": [2], "y": "b"}\n{"x": [2]}\noh no')
        >>> for some in session.answers(session.reader.read(lines)):
        ...     print(*(each.json() for each in some))
        {'line': 1, 'said': None, 'true': 'a'} {'line': 2, 'said': None, 'true': 'b'}
        {'line': 3, 'said': 'b'} {'line': 4, 'error': 'not JSON'}
        >>> session.skipped, session.first_skipped.number
        (1, 4)
    """

    def __init__(
        self, model: StreamClassifier, reader: LineReader, error: RunningError, block: int = 32
    ) -> None:
        if block < 1:
            raise UsageError(f"blocks of {block} lines: take 1 or more")
        self.model, self.reader, self.error, self.block = model, reader, error, block
        self.answered = self.skipped = self.unsaved = 0
        self.first_skipped: Answer | None = None
        self._asked: list[Line] = []
        self._taught: list[Line] = []

    def answers(self, lines: Iterable[Line], at_once: bool = False) -> Iterator[list[Answer]]:
        """Yield answers to lines as soon as there are some, and learn.

        Arguments:
            lines: as `LineReader.read` yields them.
            at_once: answer each line before the next is read; else some together, which is faster.
        """
        for line in lines:
            line = self._with_room(line)
            self._asked.append(line)
            if line.error is None and line.label is not None:
                self._taught.append(line)
            full = len(self._taught) == self.block
            if at_once or full or len(self._asked) >= self.block:
                yield self._answer()
            if full:
                self._learn()
        yield from self.rest()

    def rest(self) -> Iterator[list[Answer]]:
        """Answer and learn what is left, when there will be no more lines."""
        if self._asked:
            yield self._answer()
        self._learn()

    def save(self, folder: Path) -> None:
        """Write all that it takes to go on; see `save_stream`."""
        kept = {
            "target": self.reader.target,
            "names": self.reader.names,
            "block": self.block,
            "error": self.error.describe(),
        }
        save_stream(folder, self.model, kept)
        self.unsaved = 0

    @classmethod
    def load(cls, folder: Path) -> "Session":
        """Return a session that goes on where the saved one ended.

        Raises:
            CheckpointError: as `load_stream` does.
        """
        model, kept = load_stream(folder)
        try:
            target, names = kept["target"], kept["names"]
            named = isinstance(target, str) and isinstance(names, list)
            counted = target is None and isinstance(names, int)
            if names is not None and not named and not counted:
                raise ValueError("its target and its features do not fit one another")
            error = RunningError.of(kept["error"])
            return cls(model, LineReader(target, names), error, int(kept["block"]))
        except (KeyError, TypeError, ValueError, UsageError) as problem:
            raise CheckpointError(f"{folder} describes no stream: {problem!r}") from None

    def _with_room(self, line: Line) -> Line:
        """Return the line, or that its label is one too many."""
        if line.error is None and line.label is not None:
            try:
                self.model.new_classes([*(each.label for each in self._taught), line.label])
            except DataError as error:
                return Line(line.number, [], None, str(error))
        return line

    def _answer(self) -> list[Answer]:
        lines, self._asked = self._asked, []
        rows = [line.features for line in lines if line.error is None]
        said = iter(self.model.predict(rows).tolist() if rows else [])
        answers = [
            Answer(line.number, None if line.error else next(said), line.label, line.error)
            for line in lines
        ]
        for each in answers:
            if each.error is not None:
                self.skipped += 1
                self.first_skipped = self.first_skipped or each
                continue
            self.answered += 1
            if each.true is not None:
                self.error.add(each.said != each.true)
        return answers

    def _learn(self) -> None:
        lines, self._taught = self._taught, []
        if lines:
            self.model.partial_fit(
                [line.features for line in lines], [line.label for line in lines]
            )
            self.unsaved += len(lines)
