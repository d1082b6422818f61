"""A trained net in a folder: `manifest.json` and one safetensors file, each with a sha256. No pickle."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward import hub
from forward_forward.baselines.text import TextPerceptron
from forward_forward.blueprints import build_network, check_numbers
from forward_forward.data import Dataset, Examples
from forward_forward.data.columns import Columns
from forward_forward.data.source import Source
from forward_forward.data.table import Table
from forward_forward.data.text import TextFile, cleaned, encoded
from forward_forward.data.windows import Windows
from forward_forward.errors import CheckpointError, DivergenceError, FFError, UsageError
from forward_forward.generated import continued
from forward_forward.memory import AtMost
from forward_forward.model_card import learned_own
from forward_forward.model_checks import (
    UNFIT,
    check_answer,
    check_images,
    check_reads,
    check_weights,
)
from forward_forward.model_folder import read_model, refuse_boxes, write_model
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent import Recurrent
from forward_forward.precision import fast_matmul_dtype
from forward_forward.spec import describe
from forward_forward.training.checkpoints import not_finite, restore_network
from forward_forward.training.evaluation import Scores
from forward_forward.training.simultaneous import network_scores

SPARE = 10_000
"""Numbers that a net may hold in a tensor beside those of its file: it is built for these, and not for a giant's."""
PRIVATE = ("file", "source")
"""What a manifest says of places on this machine."""


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
        described: all that its manifest says of it.
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
    described: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_pretrained(
        cls,
        source: Path | str,
        *,
        revision: str | None = None,
        device: torch.device | str = "cpu",
        **options: Any,
    ) -> "Model":
        """Return a model from a folder, or from a hub, which is asked by name, `user/name`, and kept in its cache.

        Arguments:
            source: a folder that is there, else a name on the hub.
            revision: of the hub's model: a branch, a tag, or a commit, which never changes.
            device: where it goes.
            options: cache, token and endpoint of `hub.fetch`.

        Raises:
            CheckpointError: as `load_model`.
            HubError: the hub has no such model, wants a token, or cannot be reached.
        """
        return load_model(hub.found(source, revision, **options), device)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Put the net, with the weights it has now, on a hub, and return the address of what was put there.

        Where one's own data lie on this machine is not told.

        Arguments:
            repo_id: `user/name`; made if need be.
            options: private, message, token and endpoint of `hub.push`.

        Raises:
            UsageError: the model was put together by hand, so nothing is known that a manifest could say of it.
            HubError: the hub wants a token, refuses, or cannot be reached.
        """
        if not self.described:
            raise UsageError(
                "this model was read from no folder; save_model it, load it, and push what was loaded"
            )
        with tempfile.TemporaryDirectory() as folder:
            told = {key: value for key, value in self.described.items() if key not in PRIVATE}
            write_model(Path(folder), self.network, told, repo_id)
            return hub.push(Path(folder), repo_id, **options)

    @property
    def reads_text(self) -> bool:
        """Whether it reads windows of text, and its classes are the alphabet."""
        network = self.network
        reads = isinstance(network, FeedForward) and network.reads_symbols
        return reads or isinstance(network, TextPerceptron)

    @property
    def learned_own(self) -> bool:
        """Whether it learned from a table, arrays or pictures of one's own, and from no data set that has a name."""
        return learned_own(self.described)

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
            check_images(images, self.shape)
        if isinstance(self.network, FeedForward | Recurrent):
            return network_scores(self.network, images)
        low = self.matmul_dtype != torch.float32
        with torch.autocast(images.device.type, self.matmul_dtype, enabled=low):
            return Scores({"softmax": self.network(images)}, predictions=self.reads_text)


def save_model(
    folder: Path | str,
    network: nn.Module,
    data: Examples,
    metrics: Mapping[str, Any],
    matmul_dtype: torch.dtype = torch.float32,
    learned: Mapping[str, Any] | None = None,
    shape: tuple[int, int, int] | None = None,
) -> None:
    """Write a net to `folder`, whole or not at all, and a card that tells people of it.

    Arguments:
        folder: made if need be; a model that is there already is replaced.
        network: a `FeedForward`, a `Recurrent`, a `Perceptron` or a `TextPerceptron`.
        data: what it learned from.
        metrics: plain numbers by name.
        matmul_dtype: what it learned with, and is to be run with where the hardware has it.
        learned: how, as plain JSON: the config of a run's record.
        shape: (channels, height, width) of what it reads, where that is no image of the data but a video's frame.

    Raises:
        UsageError: when the net does not read such images, or answers with other classes than the data have.
        CheckpointError: when the folder cannot be written; what was there is intact.
        DivergenceError: when a weight is not finite; what was there is intact.
    """
    if (name := not_finite(network.state_dict())) is not None:
        raise DivergenceError(
            f"{name} is not finite, so no model is saved; train again with a lower learning rate"
        )
    reader = Model(network, tuple(data.class_names), shape or data.shape, data.name)
    check_reads(reader)
    described = {
        "class_names": list(data.class_names),
        "shape": list(shape or data.shape),
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
    described |= {"data_sha256": data.train.sha256(), "learned": dict(learned or {})}
    write_model(Path(folder), network, described)


def load_model(folder: Path | str, device: torch.device | str = "cpu") -> Model:
    """Read a net that `save_model` wrote.

    Arguments:
        folder: the model's own, or that of a run which holds it as `model/`, or `hub:user/name`.
        device: where it goes.

    Raises:
        CheckpointError: when anything is missing, damaged, of another format, or does not fit together.
        HubError: when a hub does not give it.
    """
    folder = hub.located(folder)
    return model_of(*read_model(folder), folder, device)


def model_of(
    tensors: Mapping[str, Tensor],
    described: Mapping[str, Any],
    folder: Path,
    device: torch.device | str = "cpu",
) -> Model:
    """Return the net that a folder's tensors and its manifest's word on the model describe.

    Raises:
        CheckpointError: when they describe none, or do not fit together; it names `folder`.
    """
    if not isinstance(described, Mapping):
        raise CheckpointError(f"{folder} describes no net that can be built")
    refuse_boxes(folder, described)
    try:
        check_numbers(described["shape"], "shape")
        with AtMost(SPARE + 2 * sum(value.numel() for value in tensors.values())):
            network = build_network(described["network"])
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
            described=dict(described),
        )
        check_answer(model)
    except (*UNFIT, FFError) as error:
        told = shorten(str(error), 200, placeholder=" …")
        raise CheckpointError(
            f"{folder} describes a net that cannot be built: {told}; it may be of another version"
        ) from None
    restore_network(network, tensors)
    check_weights(folder, tensors)
    network.to(device)
    if isinstance(network, FeedForward | Recurrent):
        for layer in network.layers:
            layer.set_matmul_dtype(model.matmul_dtype)
    return model


def _runnable(described: str, device: torch.device | str) -> torch.dtype:
    """Return the dtype a model learned with, or float32 where the hardware has no fast one of it."""
    fast = fast_matmul_dtype(device)
    return fast if describe(fast) == described else torch.float32
