"""An ONNX graph written as the maths it is: values with operators, each of which adds a node."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forward_forward import __version__
from forward_forward.errors import UsageError, install

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    text = f"ONNX graphs need the package onnx: {install('export')}"
    raise UsageError(text) from None

OPSET, IR_VERSION = 18, 8
"""ONNX 1.13 of 2022 and all runtimes since."""

Shape = Sequence[int | str]
TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
}


class Graph:
    """A graph that grows node by node.

    An input with a default may be left out by the caller; constants of the same value are kept once.

    Example:
        >>> graph = Graph()
        >>> x = graph.input("x", ["N"])
        >>> graph.output("y", 2 * x + 1, ["N"])
        >>> [node.op_type for node in graph.model("double", "2 x + 1").graph.node]
        ['Mul', 'Add', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._tensors: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}

    def input(
        self,
        name: str,
        shape: Shape,
        dtype: type = np.float32,
        default: NDArray[Any] | None = None,
    ) -> "Value":
        """Return an input of the graph; a shape names the sizes that are free."""
        self._inputs.append(_described(name, shape, dtype))
        if default is not None:
            self._tensors.append(numpy_helper.from_array(np.asarray(default, dtype), name))
        return Value(self, name)

    def output(self, name: str, value: "Value", shape: Shape, dtype: type = np.float32) -> None:
        """Make a value an output of the graph."""
        self._nodes.append(helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(_described(name, shape, dtype))

    def constant(self, value: Any, dtype: type = np.float32) -> "Value":
        """Return a constant."""
        array: NDArray[Any] = np.asarray(value, dtype)
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._tensors.append(numpy_helper.from_array(array, name))
            self._constants[key] = Value(self, name)
        return self._constants[key]

    def op(self, kind: str, *inputs: Any, **attributes: Any) -> "Value":
        """Return what an operator makes of values, or of numbers and arrays, which become constants."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, results: int, *inputs: Any, **attributes: Any) -> list["Value"]:
        """Return all of an operator's results."""
        names = [f"{kind}_{len(self._nodes)}_{i}" for i in range(results)]
        given = [v if isinstance(v, Value) else self.constant(v) for v in inputs]
        self._nodes.append(helper.make_node(kind, [v.name for v in given], names, **attributes))
        return [Value(self, name) for name in names]

    def axes(self, *axes: int) -> "Value":
        """Return axes as operators take them."""
        return self.constant(axes, np.int64)

    def model(self, name: str, about: str) -> Any:
        """Return the graph as a checked ONNX model."""
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._tensors)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="forward-forward",
            producer_version=__version__,
            doc_string=f"{about} Licence: MIT.",
        )
        onnx.checker.check_model(model)
        return model


@dataclass(frozen=True)
class Value:
    """A tensor of a graph, by its name; sums and means keep the axes that they go over at size 1."""

    graph: Graph
    name: str

    def __add__(self, other: Any) -> "Value":
        return self.graph.op("Add", self, other)

    def __sub__(self, other: Any) -> "Value":
        return self.graph.op("Sub", self, other)

    def __rsub__(self, other: Any) -> "Value":
        return self.graph.op("Sub", other, self)

    def __mul__(self, other: Any) -> "Value":
        return self.graph.op("Mul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Value":
        return self.graph.op("Div", self, other)

    def __matmul__(self, other: "Value") -> "Value":
        return self.graph.op("MatMul", self, other)

    def __neg__(self) -> "Value":
        return self.graph.op("Neg", self)

    def relu(self) -> "Value":
        return self.graph.op("Relu", self)

    def sigmoid(self) -> "Value":
        return self.graph.op("Sigmoid", self)

    def sign(self) -> "Value":
        return self.graph.op("Sign", self)

    def sqrt(self) -> "Value":
        return self.graph.op("Sqrt", self)

    def log(self) -> "Value":
        return self.graph.op("Log", self)

    def sum(self, *axes: int) -> "Value":
        return self.graph.op("ReduceSum", self, self.graph.axes(*axes))

    def mean(self, *axes: int) -> "Value":
        return self.graph.op("ReduceMean", self, self.graph.axes(*axes))

    def squeeze(self, *axes: int) -> "Value":
        """Drop axes of size 1."""
        return self.graph.op("Squeeze", self, self.graph.axes(*axes))

    def unsqueeze(self, axis: int) -> "Value":
        """Put in an axis of size 1."""
        return self.graph.op("Unsqueeze", self, self.graph.axes(axis))

    def halves(self) -> list["Value"]:
        """Return both halves along the first axis."""
        return self.graph.ops("Split", 2, self, axis=0, num_outputs=2)

    def transpose(self, *order: int) -> "Value":
        return self.graph.op("Transpose", self, perm=list(order))


def _described(name: str, shape: Shape, dtype: type) -> Any:
    return helper.make_tensor_value_info(name, TYPES[np.dtype(dtype)], list(shape))
