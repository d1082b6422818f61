"""What a model is asked about, rows of a table or images from a file or a folder, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from forward_forward.data.arrays import INPUTS, LABELS, is_arrays, read_arrays
from forward_forward.data.cells import MISSING, texts_of
from forward_forward.data.image_file import read_images
from forward_forward.data.image_folder import pictures_in, read_pictures
from forward_forward.data.own_labels import labels_in
from forward_forward.data.table import read_rows
from forward_forward.data.table_file import is_table
from forward_forward.errors import DataError, UsageError
from forward_forward.models import Model

if TYPE_CHECKING:
    from pandas import DataFrame

PORTION = 1000
"""Rows or images that are asked about at a time."""


@dataclass(frozen=True, eq=False)
class Questions:
    """Inputs for a model, with what they are called.

    Arguments:
        inputs: `[N, D]`.
        unit: what one of them is: "row" or "image".
        names: of each: the row's index, or its number from 0, or the picture's path in its folder.
        true: the class of each that is known, `MISSING` where it is not; None where none is.
        notes: what was not read, in words.
    """

    inputs: Tensor
    unit: str
    names: Sequence[Any]
    true: Sequence[str] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of each question.

    Arguments:
        questions: what was asked.
        class_names: C of them.
        readouts: name → scores `[N, C]`; the first one gives the answers.
        layers: goodness of each layer with each label, `[L, N, C]`, where that was asked for.
    """

    questions: Questions
    class_names: tuple[str, ...]
    readouts: dict[str, Tensor]
    layers: Tensor | None = None
    labels: list[int] = field(init=False)

    def __post_init__(self) -> None:
        main = next(iter(self.readouts.values()))
        object.__setattr__(self, "labels", main.argmax(1).tolist())

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)

    @property
    def probabilities(self) -> Tensor | None:
        """What the softmax says, `[N, C]`; None where the net has none."""
        logits = self.readouts.get("softmax")
        return None if logits is None else logits.float().softmax(1)

    @property
    def accuracy(self) -> tuple[int, int]:
        """How many answers are right, of how many whose class is known."""
        pairs = zip(self.labels, self.questions.true or (), strict=False)
        known = [self.class_names[label] == true for label, true in pairs if true != MISSING]
        return sum(known), len(known)

    def plain(self) -> list[dict[str, Any]]:
        """Return each answer as plain JSON."""
        shares = self.probabilities
        tables = {"goodness": self.readouts.get("goodness"), "probabilities": shares}
        rows = {name: None if of is None else of.tolist() for name, of in tables.items()}
        layers = None if self.layers is None else self.layers.transpose(0, 1).tolist()
        names, questions = self.class_names, self.questions
        found = []
        for i, label in enumerate(self.labels):
            answer = {questions.unit: questions.names[i], "label": label, "class": names[label]}
            if questions.true is not None and questions.true[i] != MISSING:
                answer["true_class"] = questions.true[i]
            for name, of in rows.items():
                if of is not None:
                    answer[name] = dict(zip(names, of[i], strict=True))
            if layers is not None:
                answer["layers"] = [dict(zip(names, row, strict=True)) for row in layers[i]]
            found.append(answer)
        return found

    def frame(self) -> DataFrame:
        """Return the answers as a table: a row for each, in the order asked.

        Its columns are the name of what was asked about, `answer`, `true` where a class is known, and for every class
        `probability_<class>`, or `goodness_<class>` of a net without a softmax. With layers, `goodness_<class>`,
        `layer1` and so on, the goodness of the answer, and `layer1_<class>`, that of every label.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            self.questions.unit: list(self.questions.names),
            "answer": [self.class_names[label] for label in self.labels],
        }
        if self.questions.true is not None:
            columns["true"] = list(self.questions.true)
        shares, goodness = self.probabilities, self.readouts.get("goodness")
        if shares is not None:
            columns |= self._by_class("probability", shares)
        if goodness is not None and (shares is None or self.layers is not None):
            columns |= self._by_class("goodness", goodness)
        for number, layer in enumerate(self.layers if self.layers is not None else (), start=1):
            answered = layer.gather(1, torch.tensor(self.labels).unsqueeze(1)).squeeze(1)
            columns[f"layer{number}"] = answered.numpy()
            columns |= self._by_class(f"layer{number}", layer)
        return pd.DataFrame(columns)

    def _by_class(self, what: str, values: Tensor) -> dict[str, Any]:
        pairs = zip(self.class_names, values.float().numpy().T, strict=True)
        return {f"{what}_{name}": column for name, column in pairs}


def asked(model: Model, questions: Questions, explain: bool = False) -> Answers:
    """Ask a model, a portion at a time.

    Raises:
        UsageError: layers are to be explained of a net that has no goodness per label.
    """
    device = next(model.network.parameters()).device
    readouts: dict[str, list[Tensor]] = {}
    layers: list[Tensor] = []
    for inputs in questions.inputs.split(PORTION):
        scores = model.scores(inputs.to(device))
        for name, values in scores.readouts.items():
            readouts.setdefault(name, []).append(values.cpu())
        if explain and scores.layers is None:
            raise UsageError(
                "--explain shows the goodness of each label; a backpropagation net, or one without labels, has none"
            )
        if explain and scores.layers is not None:
            layers.append(scores.layers.float().cpu())
    whole = {name: torch.cat(parts) for name, parts in readouts.items()}
    return Answers(
        questions, model.class_names, whole, torch.cat(layers, dim=1) if explain else None
    )


def questions_in(path: Path, model: Model) -> Questions:
    """Read what a model is to be asked about.

    Arguments:
        path: for a model that learned a table, one with its columns; for one that learned images, a picture, `.npy`,
            `.npz` or idx file, or a folder of pictures.
        model: says what it reads.

    Raises:
        DataError: the file is missing, damaged, or not of the kind that the model reads.
    """
    if model.columns is not None:
        return _rows(path, model)
    if path.is_dir():
        return _pictures(path, model)
    if is_table(path):
        raise DataError(f"{path}: a table, but this model reads images; give it some")
    images = read_images(path, model.shape, model.scaled)
    labels = read_arrays(path, INPUTS, LABELS)[1] if path.suffix == ".npz" else None
    true = None if labels is None else labels_in(path, labels, len(images))
    return Questions(images, "image", range(len(images)), true)


def _rows(path: Path, model: Model) -> Questions:
    columns = model.columns
    assert columns is not None
    if path.exists() and not (is_table(path) or is_arrays(path)):
        raise DataError(
            f"{path}: no table, but this model reads rows with {_few(columns.names)}; give a .csv, .tsv or .parquet"
        )
    frame, _ = read_rows(path)
    try:
        inputs = torch.from_numpy(columns(frame))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    extra = [name for name in frame.columns if name not in (*columns.names, columns.target)]
    notes = (f"not read: {_few(extra)}",) if extra else ()
    true = texts_of(frame[columns.target]).tolist() if columns.target in frame.columns else None
    return Questions(inputs, "row", frame.index.tolist(), true, notes)


def _pictures(folder: Path, model: Model) -> Questions:
    pictures, strangers = pictures_in(folder)
    if not pictures:
        raise DataError(f"{folder}: no picture in it")
    names = [picture.relative_to(folder) for picture in pictures]
    true = [
        next((part for part in name.parts[:-1] if part in model.class_names), MISSING)
        for name in names
    ]
    inputs = torch.from_numpy(read_pictures(pictures, model.shape, model.scaled))
    notes = (f"not read: {_few([str(s.name) for s in strangers])}",) if strangers else ()
    return Questions(
        inputs, "image", [n.as_posix() for n in names], true if any(true) else None, notes
    )


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
