"""Learning on from a stream with numpy and onnxruntime alone; this file imports nothing else, and can be copied."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    import onnxruntime
except ImportError as error:
    text = "OnnxTrainer needs onnxruntime: pip install 'forward-forward[export]'"
    raise ImportError(text) from error

Arrays = dict[str, NDArray[Any]]
Inputs = NDArray[Any] | Mapping[str, NDArray[Any]]
"""Images `[N, D]`; or `numbers` and `choices`, as the `columns.json` of a net that reads a table has them."""


class OnnxTrainer:
    """Keeps a net's state between steps; what is not in the state yet is the exported net's own.

    Arguments:
        folder: holds `learn.onnx` and `predict.onnx`, as `ff export MODEL --onnx FOLDER` writes them.
        state: of an earlier trainer, to go on from; `numpy.savez(file, **trainer.state)` keeps one.
        threads: of the runtime; one is fastest for small nets.
    """

    def __init__(
        self, folder: Path | str, state: Mapping[str, NDArray[Any]] | None = None, threads: int = 1
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # that weights may be replaced is meant, not to be warned of
        self._learn, self._predict = (
            onnxruntime.InferenceSession(
                str(Path(folder) / name), options, providers=["CPUExecutionProvider"]
            )
            for name in ("learn.onnx", "predict.onnx")
        )
        inputs = {each.name: each.shape for each in self._learn.get_inputs()}
        still = {n: np.zeros(s, np.float32) for n, s in inputs.items() if n.startswith("velocity.")}
        self.state: Arrays = {**still, **(state or {})}
        self.classes = self._predict.get_outputs()[0].shape[1]
        self.draws_hard = "noise" in inputs

    def learn(
        self,
        inputs: Inputs,
        labels: NDArray[np.int64],
        draw: np.random.Generator,
        gain: float = 1.0,
    ) -> NDArray[np.float32]:
        """Learn from images `[N, D]`, or a table's columns by name, and labels `[N]` at a share of the full rate.

        Returns:
            The goodness of each layer on the positive and the negative pass, `[L, 2, N]`.
        """
        if self.draws_hard:
            chance = {"noise": draw.random((len(labels), self.classes), np.float32)}
        else:
            wrong = labels + draw.integers(1, self.classes, len(labels))
            chance = {"negatives": wrong % self.classes}
        given = {**_named(inputs), "labels": labels, "gain": np.array(gain, np.float32)}
        return self.step(**given, **chance)["goodness"]

    def step(self, **given: Any) -> Arrays:
        """Make a step with these inputs, take in the new state, and return all other outputs."""
        names = [output.name for output in self._learn.get_outputs()]
        found = dict(zip(names, self._learn.run(None, given | self.state), strict=True))
        self.state |= {
            n.removeprefix("next."): found.pop(n) for n in names if n.startswith("next.")
        }
        return found

    def predict(self, inputs: Inputs) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the goodness of every label `[N, C]`, and the label, `[N]`, of images or a table's columns."""
        reads = {each.name for each in self._predict.get_overridable_initializers()}
        weights = {name: value for name, value in self.state.items() if name in reads}
        goodness, label = self._predict.run(None, {**_named(inputs), **weights})
        return goodness, label


def _named(inputs: Inputs) -> Mapping[str, NDArray[Any]]:
    return inputs if isinstance(inputs, Mapping) else {"images": inputs}
