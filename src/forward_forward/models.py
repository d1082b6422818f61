"""A trained net in a folder: `manifest.json` and one safetensors file, each with a sha256. No pickle."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.baselines.backprop import Perceptron
from forward_forward.baselines.text import TextPerceptron
from forward_forward.data import Dataset, Examples
from forward_forward.data.columns import Columns
from forward_forward.data.source import Source
from forward_forward.data.table import Table
from forward_forward.data.text import TextFile, cleaned, encoded
from forward_forward.data.windows import Windows
from forward_forward.errors import CheckpointError, DataError, FFError, UsageError
from forward_forward.generated import continued
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent import Recurrent
from forward_forward.precision import fast_matmul_dtype
from forward_forward.spec import describe
from forward_forward.training.checkpoints import (
    MANIFEST,
    read_folder,
    restore_network,
    write_folder,
)
from forward_forward.training.evaluation import Scores
from forward_forward.training.simultaneous import network_scores

KIND = "forward_forward model"
LARGEST = 1e15
"""Numbers beyond are no sizes and no settings of a net."""
_UNFIT = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    IndexError,
    RuntimeError,
)
RIVALS: dict[str, Any] = {kind.__name__: kind for kind in (Perceptron, TextPerceptron)}
NETWORKS = {kind.__name__: kind for kind in (FeedForward, Recurrent)}


@dataclass(frozen=True)
class Model:
    """A net and what its answers mean.

    Arguments:
        network: a `FeedForward`, a `Recurrent`, or the `Perceptron` of backpropagation.
        class_names: one per class.
        shape: (channels, height, width) of the images it reads.
        data: name of the data set it learned from.
        metrics: how well it did on that set's test split, or on the held-out part where the name says so.
        matmul_dtype: of its matmuls.
        file: the text it learned from, where that was a file of one's own.
        source: the table, the arrays or the folder it learned from, where they were one's own.
        columns: what makes inputs of a table's rows; None where it reads no table.
        scaled: whether pictures of another size are to be scaled to what it reads.
    """

    network: nn.Module
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    data: str
    metrics: dict[str, Any] = field(default_factory=dict)
    matmul_dtype: torch.dtype = torch.float32
    file: TextFile | None = None
    source: Source | None = None
    columns: Columns | None = None
    scaled: bool = False

    @property
    def reads_text(self) -> bool:
        """Whether it reads windows of text, and its classes are the alphabet."""
        network = self.network
        reads = isinstance(network, FeedForward) and network.reads_symbols
        return reads or isinstance(network, TextPerceptron)

    def read_prompt(self, prompt: str) -> str:
        """Return what the net reads of a text: lower case, and only its own symbols.

        Raises:
            UsageError: the net reads no text.
        """
        if not self.reads_text:
            raise UsageError("this net names images; only one that learned a text can write")
        return cleaned(prompt, "".join(self.class_names), strip=False)

    def written(
        self, prompt: str, length: int, generator: torch.Generator, temperature: float = 1.0
    ) -> Iterator[str]:
        """Return an iterator over the symbols that the net writes after a prompt of its own symbols.

        A prompt shorter than the net's window is filled up in front with spaces, or with the first symbol of an
        alphabet that has none.

        Raises:
            UsageError: the net reads no text, or the temperature is below 0.
        """
        alphabet, window = "".join(self.class_names), self.shape[2]
        filling = " " if " " in alphabet else alphabet[0]
        read = encoded(self.read_prompt(prompt).rjust(window, filling)[-window:], alphabet)
        context = read.unsqueeze(0).to(next(self.network.parameters()).device)
        written = continued(self._predict, context, length, generator, temperature)
        return (alphabet[int(symbol)] for symbol in written)

    def _predict(self, windows: Tensor) -> Tensor:
        return self.scores(windows).readouts["softmax"]

    @torch.no_grad()
    def scores(self, images: Tensor) -> Scores:
        """Return every readout's scores of images `[B, D]`, or of windows of text; the first readout gives the answer.

        Raises:
            DataError: the images are of another size, or hold values that are NaN, infinite or outside [0, 1].
        """
        if not self.reads_text:
            _check(images, self.shape)
        if isinstance(self.network, FeedForward | Recurrent):
            return network_scores(self.network, images)
        low = self.matmul_dtype != torch.float32
        with torch.autocast(images.device.type, self.matmul_dtype, enabled=low):
            return Scores({"softmax": self.network(images)}, predictions=self.reads_text)


def save_model(
    folder: Path,
    network: nn.Module,
    data: Examples,
    metrics: Mapping[str, Any],
    matmul_dtype: torch.dtype = torch.float32,
) -> None:
    """Write a net to `folder`, whole or not at all.

    Arguments:
        folder: made if need be; a model that is there already is replaced.
        network: a `FeedForward`, a `Recurrent`, a `Perceptron` or a `TextPerceptron`.
        data: what it learned from.
        metrics: plain numbers by name.
        matmul_dtype: what it learned with, and is to be run with where the hardware has it.

    Raises:
        CheckpointError: when the folder cannot be written; what was there is intact.
    """
    described = {
        "kind": KIND,
        "network": _config(network),
        "class_names": list(data.class_names),
        "shape": list(data.shape),
        "data": data.name,
        "metrics": dict(metrics),
        "matmul_dtype": describe(matmul_dtype),
    }
    if isinstance(data, Windows) and data.file is not None:
        described["file"] = asdict(data.file)
    if isinstance(data, Dataset) and data.source is not None:
        described |= {"source": asdict(data.source), "scaled": data.scaled}
    if isinstance(data, Table):
        described["columns"] = data.columns.describe()
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    write_folder(folder, tensors, {"model": described})


def load_model(folder: Path, device: torch.device | str = "cpu") -> Model:
    """Read a net that `save_model` wrote.

    Arguments:
        folder: the model's own, or that of a run which holds it as `model/`.
        device: where it goes.

    Raises:
        CheckpointError: when anything is missing, damaged, of another format, or does not fit together.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).exists() and (folder / "model").is_dir():
        folder = folder / "model"
    tensors, manifest = read_folder(folder)
    described = manifest.get("model")
    if not isinstance(described, dict) or described.get("kind") != KIND:
        raise CheckpointError(f"{folder} holds no model; give a run's folder, or its model/")
    try:
        _check_numbers(described["network"])
        _check_numbers(described["shape"], "shape")
        network = _build(described["network"])
        channels, height, width = map(int, described["shape"])
        model = Model(
            network,
            tuple(map(str, described["class_names"])),
            (channels, height, width),
            str(described["data"]),
            dict(described["metrics"]),
            _runnable(described["matmul_dtype"], device),
            TextFile(**described["file"]) if "file" in described else None,
            Source(**described["source"]) if "source" in described else None,
            Columns.of(described["columns"]) if "columns" in described else None,
            described.get("scaled", False) is True,
        )
        _check_answer(model)
    except (*_UNFIT, FFError) as error:
        told = shorten(str(error), 200, placeholder=" …")
        raise CheckpointError(
            f"{folder} describes a net that cannot be built: {told}; it may be of another version"
        ) from None
    restore_network(network, tensors)
    network.to(device)
    if isinstance(network, FeedForward | Recurrent):
        for layer in network.layers:
            layer.set_matmul_dtype(model.matmul_dtype)
    return model


def _config(network: nn.Module) -> dict[str, Any]:
    if isinstance(network, FeedForward | Recurrent):
        return {"type": type(network).__name__, "config": network.config()}
    if isinstance(network, Perceptron) and type(network) in RIVALS.values():
        return {"type": type(network).__name__, "config": network.config()}
    raise TypeError(f"a {type(network).__name__} has no model format")


def _build(described: Mapping[str, Any]) -> nn.Module:
    config = dict(described["config"])
    if described["type"] in NETWORKS:
        return NETWORKS[described["type"]].from_config(config)
    if described["type"] in RIVALS:
        network: nn.Module = RIVALS[described["type"]](**config, generator=torch.Generator())
        return network.eval()
    raise ValueError(f"no network type {described['type']!r}")


def _check_numbers(value: Any, name: str = "") -> None:
    """Raise a `ValueError` for a number that belongs to no net: not a number, infinite, or beyond `LARGEST`."""
    if isinstance(value, dict):
        for key, part in value.items():
            _check_numbers(part, str(key))
    elif isinstance(value, list):
        for part in value:
            _check_numbers(part, name)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:
        raise ValueError(f"{name} is {str(value)[:20]}, which no net can have")


def _check_answer(model: Model) -> None:
    """Raise a `ValueError` for a model that does not read what it says it reads, or answers with other classes."""
    network, length = model.network, math.prod(model.shape)
    if min(model.shape) < 1:
        raise ValueError(f"it reads images of shape {model.shape}")
    if model.columns is not None and model.columns.width != length:
        raise ValueError(f"its columns make {model.columns.width} inputs, it reads {length}")
    blank = next(network.parameters()).new_zeros(1).expand(1, length)
    if model.reads_text:
        reader = network.layers[0] if isinstance(network, FeedForward) else network
        if length != reader.window or any(len(name) != 1 for name in model.class_names):
            raise ValueError(
                f"windows of {length} of {len(model.class_names)} symbols are not what it reads"
            )
        blank = blank.long()
    for name, answer in model.scores(blank).readouts.items():
        if answer.shape[1] != len(model.class_names):
            raise ValueError(
                f"its {name} knows {answer.shape[1]} classes, {len(model.class_names)} are named"
            )


def _runnable(described: str, device: torch.device | str) -> torch.dtype:
    """Return the dtype a model learned with, or float32 where the hardware has no fast one of it."""
    fast = fast_matmul_dtype(device)
    return fast if describe(fast) == described else torch.float32


def _check(images: Tensor, shape: tuple[int, int, int]) -> None:
    channels, height, width = shape
    pixels = channels * height * width
    if images.ndim != 2 or images.shape[1] != pixels:
        raise DataError(
            f"images of {tuple(images.shape)} values; this model reads rows of {pixels} "
            f"({height}×{width}, {channels} channel{'s' * (channels > 1)}): scale them first"
        )
    if not bool(images.isfinite().all()):
        raise DataError("the image has pixels that are NaN or infinite; mend the file")
    if images.numel() and (float(images.min()) < 0 or float(images.max()) > 1):
        raise DataError(
            f"the image has values from {float(images.min()):g} to {float(images.max()):g}, not in [0, 1]; "
            "scale them, bytes by 1/255"
        )
