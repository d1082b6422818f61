"""Black boxes between layers: backpropagation would have to go through them, Forward-Forward goes on around them.

A `BlackBox` is any callable between two layers, a `Boxed` a network with a box between each two. The layer above learns
from whatever comes out, as if it were data; the layer below never hears of it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from forward_forward.errors import FFError, UsageError
from forward_forward.layers.dense import Dense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import Normalization, length

OF_THE_LABEL = {"place", "strength", "pixel_mean", "pixel_std"}
"""Parts that only a layer which reads a label has."""


class BlackBox(nn.Module):
    """Any callable: normalised activities `[R, U]` in, finite floats `[R, U']` out. Nobody asks how.

    It may be stochastic, have a memory, be another process or a measuring device. It gets a copy to do with as it
    likes, and no gradient gets through. Where the callable is an `nn.Module`, checkpoints keep its state.

    With a time limit it runs in a thread of its own. A thread cannot be killed. When time is up, `stop` is called,
    which may know how to end it (that of an external process kills the process); the answer that may still come is
    dropped; and the box refuses further questions for as long as the thread runs, so that no two are in it at once. A
    thread left hanging does not keep the program from ending.

    References:
        Hinton 2022, §1: "the black box does not change the learning procedure at all", and §6.

    Arguments:
        fn: array `[R, U]` → array `[R, U']`, any kind of float; row i of the one belongs to row i of the other.
        name: what messages call it.
        units: U'; None where it is U.
        timeout: the most seconds an answer may take; None waits for ever.
        numpy: whether `fn` wants a numpy array and not a tensor; it may return either.
        stop: called when time is up.

    Raises:
        UsageError: when an argument cannot be; when asked, and the answer is late, or no answer to the question, or
            there was no question: the message names the box and where it stands.

    Example:
        >>> steps = BlackBox(np.round, name="rounding", numpy=True)
        >>> steps(torch.tensor([[0.2, 1.7, 0.9]]))
        tensor([[0., 2., 1.]])
    """

    def __init__(
        self,
        fn: Callable[[Any], Any],
        *,
        name: str,
        units: int | None = None,
        timeout: float | None = None,
        numpy: bool = False,
        stop: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        if not callable(fn) or not name:
            raise UsageError(f"black box {name!r} of {fn!r}: it takes a callable and a name")
        if units is not None and (type(units) is not int or units < 1):
            raise UsageError(f"black box {name!r} of {units} units: a whole number, at least 1")
        if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
            raise UsageError(f"black box {name!r}: {timeout!r} s to answer; more than 0")
        self.fn = fn
        self.name, self.units, self.timeout, self.numpy, self.stop = (
            name, units, timeout, numpy, stop
        )  # fmt: skip
        self._hanging: Thread | None = None

    @torch.no_grad()
    def forward(self, h: Tensor, where: str = "") -> Tensor:
        """Return what the box makes of `h [R, U]`, in the dtype and on the device of `h`, `[R, U']`.

        Arguments:
            where: where the box stands, for messages: "between layers 1 and 2".
        """
        try:
            if not len(h):
                raise UsageError("asked about no rows; give it one at least")
            return _checked(self._answer(_copied(h, self.numpy)), h, self.units)
        except FFError as problem:
            name = f"black box {self.name!r} {where}".rstrip()
            raise UsageError(f"{name}: {problem}") from problem.__cause__

    def _answer(self, question: Any) -> Any:
        try:
            return self._ask(question) if self.timeout is None else self._ask_in_time(question)
        except FFError:
            raise
        except (Exception, SystemExit) as error:
            said = " ".join(str(error).split())[:200]
            raise UsageError(f"it raised {type(error).__name__}: {said}") from error

    def _ask(self, question: Any) -> Any:
        with torch.no_grad():  # which a thread does not inherit
            return self.fn(question)

    def _ask_in_time(self, question: Any) -> Any:
        if self._hanging is not None and self._hanging.is_alive():
            raise UsageError("it still hangs over an earlier question; make a new box")
        answer: Future[Any] = Future()
        thread = Thread(target=_fulfil, args=(answer, self._ask, question), daemon=True)
        thread.start()
        try:
            return answer.result(self.timeout)
        except TimeoutError:
            if answer.done():  # an error of its own, or it came at the last moment
                return answer.result()
        self._hanging = thread
        if self.stop is not None:
            self.stop()
        raise UsageError(f"no answer within {self.timeout:g} s; allow it more, or mend it")

    def describe(self) -> dict[str, Any]:
        """Return what can be said of it, as plain JSON: a name and a width."""
        return {"black_box": self.name, "units": self.units}

    def extra_repr(self) -> str:
        return f"{self.name!r}, units={self.units}"


class Boxed(FeedForward):
    """A network with a black box between each two layers; what a box returns is normalised again.

        layer 1 ─► y ─► normalised h ─► box ─► normalised ─► layer 2 ─► …

    Goodness and the softmax head are of the layers, as ever. Each layer learns as in any other net, in the same step.

    References:
        Hinton 2022, §6.

    Arguments:
        layers: bottom to top.
        classes: C.
        boxes: one less than layers, bottom to top; None where there is none. A box may stand in several places.
        normalization: of activities, and of what boxes make of them.
        head, read_from: of a `FeedForward`.

    Raises:
        UsageError: when the number of boxes, or the width of one, does not fit.
    """

    def __init__(
        self,
        layers: Sequence[LocalLayer],
        classes: int,
        boxes: Sequence[BlackBox | None],
        *,
        normalization: Normalization = length,
        head: bool = True,
        read_from: int | None = None,
    ) -> None:
        super().__init__(
            layers, classes, normalization=normalization, head=head, read_from=read_from
        )
        _check_count(boxes, len(layers))
        for index, (below, box, above) in enumerate(zip(layers, boxes, layers[1:], strict=False)):
            reads, width = getattr(above, "in_features", None), _width(box, below.units)
            if reads not in (None, width):
                raise UsageError(
                    f"layer {index + 2} reads {reads} inputs, but what stands {_place(index)} gives {width}"
                )
        self.boxes = nn.ModuleList(boxes)  # type: ignore[arg-type]

    def passed_on(self, h: Tensor, index: int) -> Tensor:
        """Return what layer `index + 1` receives, `[R, U']`: the answer of the box, normalised."""
        box = self.boxes[index]
        return h if box is None else self.normalization(box(h, _place(index)))

    def config(self) -> dict[str, Any]:
        boxes = [None if box is None else box.describe() for box in self.boxes]  # type: ignore[operator]
        return {**super().config(), "boxes": boxes}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Boxed":
        """Refuse: what is in a box cannot be written down.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "a black box cannot be built from a description; build the net with boxed() and load its weights"
        )


def boxed(
    in_features: int,
    classes: int,
    widths: Sequence[int],
    boxes: Sequence[BlackBox | None],
    *,
    generator: torch.Generator,
    normalization: Normalization = length,
    head: bool = True,
    read_from: int | None = None,
    labelled: bool = True,
    **parts: Any,
) -> Boxed:
    """Return a net of fully connected layers with a black box between each two.

    Arguments:
        in_features, classes, widths: pixels, C, and units of each layer, as for `FeedForward.dense`.
        boxes: one less than layers; None where there is none. The layer above reads as many units as its box gives.
        generator: draws the weights; with boxes that keep the width, the same as without boxes.
        normalization, head, read_from, labelled: as for `FeedForward.dense`.
        parts: goodness, loss, peer, blocks, matmul_dtype, device, dtype of all layers; place, strength, pixel_mean,
            pixel_std of the first, where it reads a label.

    Raises:
        UsageError: when the number of boxes does not fit.

    Example:
        >>> halves = BlackBox(lambda h: h[:, ::2], name="every other unit", units=15)
        >>> g = torch.Generator().manual_seed(0)
        >>> net = boxed(64, 10, [30, 20], [halves], generator=g)
        >>> [layer.in_features for layer in net.layers]
        [64, 15]
    """
    _check_count(boxes, len(widths))
    options: dict[str, Any] = {"normalization": normalization, "labelled": labelled, "head": False}
    bottom = FeedForward.dense(
        in_features, classes, widths[:1], generator=generator, **options, **parts
    )
    shared = {name: part for name, part in parts.items() if name not in OF_THE_LABEL}
    layers = list(bottom.layers)
    for below, box, units in zip(widths, boxes, widths[1:], strict=False):
        layers.append(Dense(_width(box, below), units, generator=generator, **shared))
    return Boxed(
        layers, classes, boxes, normalization=normalization, head=head, read_from=read_from
    )


def _check_count(boxes: Sequence[BlackBox | None], layers: int) -> None:
    if len(boxes) != max(layers - 1, 0):
        raise UsageError(f"{len(boxes)} black boxes for {layers} layers: one or None between two")
    if not all(isinstance(box, BlackBox | None) for box in boxes):
        raise UsageError("what stands between layers is a BlackBox(…, name=…), or None")


def _width(box: BlackBox | None, below: int) -> int:
    """Return how many units come out where `below` go in."""
    return below if box is None or box.units is None else box.units


def _place(index: int) -> str:
    return f"between layers {index + 1} and {index + 2}"


def _fulfil(answer: Future[Any], fn: Callable[[Any], Any], question: Any) -> None:
    try:
        answer.set_result(fn(question))
    except BaseException as error:
        answer.set_exception(error)


def _copied(h: Tensor, numpy: bool) -> Any:
    """Return a copy that shares nothing with `h`; of torch's floats numpy knows those of 32 and 64 bits."""
    if not numpy:
        return h.detach().clone()
    known = h.dtype if h.dtype == torch.float64 else torch.float32
    return h.detach().to("cpu", known).numpy().copy()


def _checked(answer: Any, h: Tensor, units: int | None) -> Tensor:
    """Return an answer as a tensor like `h`, or say why it is none."""
    expected = (len(h), h.shape[1] if units is None else units)
    if not isinstance(answer, Tensor | np.ndarray):
        raise UsageError(f"it returned a {type(answer).__name__}, not a tensor or a numpy array")
    if tuple(answer.shape) != expected:
        what = "other rows" if tuple(answer.shape[:1]) != expected[:1] else "other units"
        raise UsageError(
            f"it returned {what} than asked for: {tuple(answer.shape)}, not {expected}; "
            "a row for each row, and units= says how wide"
        )
    if not _is_dense_floats(answer):
        raise UsageError(f"it returned {answer.dtype}, where dense floats are asked for")
    if isinstance(answer, np.ndarray):
        answer = torch.from_numpy(answer.astype(np.float64))
    values = answer.detach().to(h, copy=True)
    if not bool(torch.linalg.vector_norm(values, dim=1).square().isfinite().all()):
        raise UsageError("it returned NaN or infinite values, or such as have infinite squares")
    return values


def _is_dense_floats(answer: Tensor | np.ndarray) -> bool:
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind == "f"
    return answer.is_floating_point() and answer.layout is torch.strided
