"""Test images that the page offers by one click."""

from pathlib import Path
from typing import Any

from forward_forward.data import Dataset, load
from forward_forward.data.dataset import names
from forward_forward.data.examples import HELD_OUT
from forward_forward.data.own import is_path, known_data
from forward_forward.errors import DataError
from forward_forward.models import Model
from forward_forward.web.picture import packed

PER_CLASS, MOST_CLASSES = 3, 20


def data_of(model: Model, name: str | None, data_dir: Path | None) -> Dataset | None:
    """Return the data set or the file or folder named, or the set that a model learned from, where that is at hand.

    Raises:
        UsageError, DataError: the one named is not there, or its images or classes are not the model's.
    """
    if name is not None and is_path(name):
        return known_data(
            Path(name), None, model.shape, model.class_names, model.source, model.scaled
        )
    if name is None:
        own = model.data.removesuffix(HELD_OUT)
        if model.learned_own or own not in names():
            return None
        try:
            data = load(own, data_dir)
        except DataError:
            return None
        return data if fits(data, model) else None
    data = load(name, data_dir)
    if not fits(data, model):
        raise DataError(
            f"{name} has {data.classes} classes of images {data.shape}, the model "
            f"{len(model.class_names)} of {model.shape}; choose a data set that fits"
        )
    return data


def fits(data: Dataset, model: Model) -> bool:
    """Return whether a model reads these images and knows these classes."""
    return data.shape == model.shape and data.class_names == model.class_names


def samples(data: Dataset | None) -> list[dict[str, Any]]:
    """Return the first few test images of each class, the classes in turn: `label`, `pixels`."""
    if data is None:
        return []
    chosen = []
    for turn in range(PER_CLASS):
        for label in range(min(data.classes, MOST_CLASSES)):
            rows = (data.test.labels == label).nonzero().flatten()
            if turn < len(rows):
                image = data.test.images[int(rows[turn])].cpu().numpy()
                chosen.append({"label": label, "pixels": packed(image)})
    return chosen
