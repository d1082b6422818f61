"""A classifier for streams: columns of any scale, labels of any name, classes that turn up late, constant memory."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from forward_forward.data import Split
from forward_forward.encoding import Encoding, check_rows
from forward_forward.errors import DataError, UsageError
from forward_forward.randomness import generator
from forward_forward.streams.growing import grow
from forward_forward.streams.makers import Maker, Singles
from forward_forward.streams.prequential import listed
from forward_forward.streams.scaling import RunningScale
from forward_forward.training.learner import Learner

Label = str | int | bool
"""Of a class."""


class StreamClassifier:
    """Learns from rows and labels as they come, by `partial_fit`, and says labels, by `predict`.

    Labelled rows are kept, the last `warm_up` of them, until there are so many, of two classes or more. They
    say how columns are encoded, the net learns from them a few times over, and then they are let go of, with those
    before them. From then on every row is seen once. Until then the label that is most frequent among them is the
    answer, and None before there is any.

    Columns are brought to one scale by their running mean and spread, which follow where these drift; the ramps that
    they become (`encoding.py`) stay. A column that did not vary among the first rows is left out. A class that is new
    gets weights of its own; all else stays as learned.

    Arguments:
        make: builds the net and how it learns: `Singles(...)` or `Batches(...)`.
        warm_up: rows that are kept to begin with, ≥ 2.
        repeats: how often the first rows are learned from.
        batch: rows that are learned from at a time.
        forgetting: of the columns' mean and spread, in (0, 1].
        most_classes: a label beyond these is refused, as memory is to stay what it is.
        seed: of weights and negatives.

    Example:
        >>> model = StreamClassifier(warm_up=40)
        >>> model.predict([[1.0, 5.0]]).tolist()
        [None]
        >>> rows = [[float(i % 2), 5.0] for i in range(60)]
        >>> model.partial_fit(rows, ["odd" if i % 2 else "even" for i in range(60)]).predict(rows[:2]).tolist()
        ['even', 'odd']
    """

    def __init__(
        self,
        make: Maker = Singles(),  # noqa: B008, frozen
        *,
        warm_up: int = 200,
        repeats: int = 5,
        batch: int = 32,
        forgetting: float = 0.999,
        most_classes: int = 100,
        seed: int = 0,
    ) -> None:
        if warm_up < 2 or repeats < 1 or batch < 1 or most_classes < 2 or not 0 < forgetting <= 1:
            raise UsageError(
                f"warm-up {warm_up} and at most {most_classes} classes must be 2 or more, repeats {repeats} and batch "
                f"{batch} 1 or more, forgetting {forgetting} in (0, 1]"
            )
        self.make, self.warm_up, self.repeats, self.batch = make, warm_up, repeats, batch
        self.forgetting, self.most_classes, self.seed = forgetting, most_classes, seed
        self.classes: list[Label] = []
        self.samples = self.steps = 0
        self.first: deque[tuple[NDArray[np.float64], int]] = deque(maxlen=warm_up)
        self.features: int | None = None
        self.scale: RunningScale | None = None
        self.encoding: Encoding | None = None
        self.learner: Learner | None = None
        self._index: dict[str, int] = {}

    def partial_fit(self, rows: Any, labels: Iterable[Label]) -> Self:
        """Learn from rows `[N, F]` and their labels `[N]`.

        Raises:
            DataError: no rows or rows of another length, a value that is not finite, a label that is none or one too
                many. Nothing was learned of any of the rows.
        """
        rows, plain = check_rows(rows, self.features), listed(labels)
        if len(plain) != len(rows):
            raise DataError(f"{len(rows)} rows and {len(plain)} labels; give one for each")
        indices = self._indices(plain)
        self.features = rows.shape[1]
        self.samples += len(rows)
        begin = 0
        while begin < len(rows):
            part = slice(begin, begin + self._at_a_time())
            if self.learner is None:
                self._keep(rows[part], indices[part])
            else:
                self._learn(rows[part], indices[part])
            begin = part.stop
        return self

    def predict(self, rows: Any) -> NDArray[Any]:
        """Return the label `[N]` that has the highest goodness; before there is a net, the most frequent one, or None.

        Raises:
            DataError: no rows or rows of another length, or a value that is not finite.
        """
        rows = check_rows(rows, self.features)
        answers = np.empty(len(rows), dtype=object)
        if self.learner is None:
            seen = Counter(index for _, index in self.first).most_common(1)
            answers[:] = self.classes[seen[0][0]] if seen else None
            return answers
        best = self.goodness(rows).argmax(1)
        for i, index in enumerate(best.tolist()):
            answers[i] = self.classes[index]
        return answers

    def goodness(self, rows: Any) -> NDArray[np.float64]:
        """Return the total goodness with each of `classes`, `[N, C]`.

        Raises:
            UsageError: there is no net yet.
            DataError: as `predict` does.
        """
        if self.learner is None:
            raise UsageError(f"no net before {self.warm_up} rows of 2 classes or more are learned")
        scores = self.learner.scores(self._encoded(check_rows(rows, self.features)))
        return scores.readouts["goodness"].detach().double().numpy()

    def new_classes(self, labels: Iterable[Label]) -> list[Label]:
        """Return which labels were not met before, each once.

        Raises:
            DataError: one of them is no label, or one too many.
        """
        new: dict[str, Label] = {}
        for label in labels:
            if not isinstance(label, str | int):
                raise DataError(f"a label is a text or a whole number, not {label!r}")
            if (key := json.dumps(label)) not in self._index:
                new[key] = label
        if len(self.classes) + len(new) > self.most_classes:
            last = json.dumps(list(new.values())[-1])
            raise DataError(
                f"label {last[:40]} is one beyond {self.most_classes} classes; is the target a measure?"
            )
        return list(new.values())

    def restore(
        self,
        classes: Sequence[Label],
        scale: RunningScale | None,
        encoding: Encoding | None,
        first_rows: NDArray[np.float64],
        first_labels: Sequence[int],
    ) -> None:
        """Go back to where a model was: the same classes and columns, the first rows kept, a net of the same shape."""
        self.classes, self._index = [], {}
        self._indices(classes)
        self.scale, self.encoding = scale, encoding
        self.first.extend(zip(first_rows, first_labels, strict=True))
        if encoding is not None:
            self.learner = self._made()

    def _indices(self, labels: Sequence[Label]) -> list[int]:
        """Return the classes' numbers; make room for new ones."""
        new = self.new_classes(labels)
        for label in new:
            self._index[json.dumps(label)] = len(self.classes)
            self.classes.append(label)
        if new and self.learner is not None:
            old, self.learner = self.learner, self._made()
            grow(old, self.learner)
        return [self._index[json.dumps(label)] for label in labels]

    def _made(self) -> Learner:
        assert self.encoding is not None
        classes = len(self.classes)
        return self.make(self.encoding.width, classes, generator(self.seed, "weights", classes))

    def _at_a_time(self) -> int:
        """Return how many rows are taken next: a batch, or what the warm-up lacks of one."""
        lacking = self.warm_up - len(self.first)
        return min(lacking, self.batch) if self.learner is None and lacking > 0 else self.batch

    def _keep(self, rows: NDArray[np.float64], indices: list[int]) -> None:
        """Keep rows for the beginning, and begin when there are enough, of two classes or more."""
        self.first.extend(zip(rows.copy(), indices, strict=True))
        kept = [index for _, index in self.first]
        if len(kept) < self.warm_up or len(set(kept)) < 2:
            return
        first = np.stack([row for row, _ in self.first])
        self.first.clear()
        self.scale = RunningScale(first.shape[1], self.forgetting)
        self.scale.follow(first)
        self.encoding = Encoding.learned(self.scale(first))
        self.learner = self._made()
        for repeat in range(self.repeats):
            order = torch.randperm(len(kept), generator=generator(self.seed, "first", repeat))
            for some in order.split(self.batch):
                self._step(first[some.numpy()], [kept[i] for i in some.tolist()])

    def _learn(self, rows: NDArray[np.float64], indices: list[int]) -> None:
        assert self.scale is not None
        self.scale.follow(rows)
        self._step(rows, indices)

    def _step(self, rows: NDArray[np.float64], indices: list[int]) -> None:
        assert self.learner is not None
        self.learner.begin(Split(self._encoded(rows), torch.tensor(indices)), 0, self.seed)
        draw = generator(self.seed, "steps", self.steps)
        self.learner.step(torch.arange(len(rows)), draw, 1.0)
        self.steps += 1

    def _encoded(self, rows: NDArray[np.float64]) -> torch.Tensor:
        assert self.scale is not None and self.encoding is not None
        return torch.from_numpy(self.encoding(self.scale(rows))).float()
