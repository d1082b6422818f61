"""What a run logs, as TensorBoard reads it: curves by epoch, and what the first layer looks for when it is done.

The files lie in the run's own folder, so `tensorboard --logdir runs` shows each run under its name.
"""

import math
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from forward_forward import pictures
from forward_forward.errors import UsageError, install
from forward_forward.exhibits import receptive_weights
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent import Recurrent
from forward_forward.pictures.style import to_png
from forward_forward.training.plan import Progress, Watch

OF_A_LAYER = {
    "loss": "loss/layer_{}",
    "accuracy": "accuracy/layer_{}",
    "goodness_pos": "goodness/layer_{}_positive",
    "goodness_neg": "goodness/layer_{}_negative",
}
"""Name in the log → tag, where layers are counted from 1."""


def check_package() -> None:
    """Raise a `UsageError` where TensorBoard is not installed."""
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        raise UsageError(f"--tensorboard needs tensorboard: {install('tensorboard')}") from None


class Events:
    """A `Watch` that writes each finished epoch into one file of a folder.

    A run that is resumed writes that file anew, with all epochs of its checkpoint, so each stands there once.

    Arguments:
        folder: of the run; made if need be.
        tell: told as well of what this is told.
    """

    def __init__(self, folder: Path, tell: Watch | None = None) -> None:
        check_package()
        self.folder, self.tell = folder, tell
        self.written, self.begun = 0, 0.0
        self._file: _EventFile | None = None

    def __call__(self, progress: Progress, steps: int, epochs: int) -> None:
        for entry in progress.curve[self.written :]:
            if self._file is None:
                self._file = _EventFile(self.folder, "curves")
                self.begun = time.time() - progress.seconds
            values = [{"tag": tag, "simple_value": value} for tag, value in scalars(entry)]
            self._file.write(entry["epoch"], values, self.begun + entry.get("seconds", 0.0))
        self.written = len(progress.curve)
        if self.tell is not None:
            self.tell(progress, steps, epochs)


def scalars(entry: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the tag and the value of every finite number in a line of a run's log.

    Example:
        >>> line = {"epoch": 1, "stage": 0, "layers": [{"loss": 0.5}], "validation": {"softmax_error": 4.0}}
        >>> list(scalars(line))
        [('loss/layer_1', 0.5), ('held_out/softmax_error', 4.0)]
    """
    named: dict[str, Any] = {}
    for number, layer in enumerate(entry["layers"], start=1 + entry.get("stage", 0)):
        named |= {tag.format(number): layer.get(name) for name, tag in OF_A_LAYER.items()}
    for part, group in (("validation", "held_out"), ("training", "looked_back")):
        found = dict(entry.get(part, {}))
        alone = enumerate(found.pop("layer_errors", []), start=1)
        named |= {f"{group}/{name}": value for name, value in found.items()}
        named |= {f"{group}_layer_error/layer_{number}": error for number, error in alone}
    for tag, value in named.items():
        if value is not None and math.isfinite(value):
            yield tag, float(value)


def add_first_layer(
    folder: Path, network: nn.Module, shape: tuple[int, int, int], epoch: int
) -> None:
    """Write, as an image, the incoming weights of the first layer; nothing where they are no images.

    Arguments:
        folder: of the run.
        network: that has learned.
        shape: (C, H, W) of the images it reads.
        epoch: how many it has learned for.
    """
    channels, height, _ = shape
    if not isinstance(network, FeedForward | Recurrent) or channels not in (1, 3) or height < 2:
        return
    weights = receptive_weights(network)
    if weights is None:
        return
    png = to_png(pictures.receptive_fields(weights, shape))
    width, high = struct.unpack(">II", png[16:24])
    image = {"height": high, "width": width, "colorspace": 4, "encoded_image_string": png}
    _EventFile(folder, "first_layer").write(epoch, [{"tag": "first_layer", "image": image}])


class _EventFile:
    """A file of events, one record after the other, in TensorBoard's own format; an older one of its kind goes."""

    def __init__(self, folder: Path, kind: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"events.out.tfevents.*.{kind}"):
            old.unlink()
        self.path = folder / f"events.out.tfevents.{int(time.time()):010d}.{kind}"
        self._append({"wall_time": time.time(), "file_version": "brain.Event:2"})

    def write(
        self, step: int, values: list[dict[str, Any]], wall_time: float | None = None
    ) -> None:
        """Write values of one step; they are on disk when it returns."""
        when = time.time() if wall_time is None else wall_time
        self._append({"wall_time": when, "step": step, "summary": {"value": values}})

    def _append(self, event: dict[str, Any]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        with self.path.open("ab") as file:
            RecordWriter(file).write(Event(**event).SerializeToString())
