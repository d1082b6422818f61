"""How much memory a net needs to learn: its own, not what the process has held at some time; and a bound on it."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from forward_forward.data import Split, batches
from forward_forward.randomness import generator
from forward_forward.training.checkpoints import learner_tensors
from forward_forward.training.in_turn import InTurn
from forward_forward.training.learner import Learner

MEASURE = (
    "most bytes of tensors alive at once in a training step: weights, gradients, optimiser state, "
    "activations; the data set apart"
)
FACTORIES = (
    torch.empty,
    torch.zeros,
    torch.ones,
    torch.full,
    torch.randn,
    torch.rand,
    torch.eye,
    torch.arange,
    torch.linspace,
)
"""What makes tensors of a size that is asked for."""
SHAPED_ALIKE = {torch.randn: torch.rand}
"""What tells its shape sooner: torch's normal draws load sympy to do so, half a second of a model's first answer."""
STEPS = 3
"""Steps that are watched in each stage: the second is the first with all of an optimiser's state."""


def training_peak(build: Callable[[], Learner], split: Split, batch_size: int) -> int:
    """Return the most bytes that a learner's tensors take in a training step, the data set apart.

    A few steps of a learner of its own are watched, so that the one in use stays as it is. On a CPU every
    tensor that an operation returns is counted for as long as it lives; scratch space inside an operation is
    not seen. On a GPU the allocator counts.

    Arguments:
        build: makes a fresh learner on the split's device.
        split: what to learn from.
        batch_size: images a step.
    """
    device = split.images.device
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        _learn_a_little(build(), split, batch_size)
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    learner = build()
    with LiveBytes(ignore=(split.images, split.labels)) as live:
        for tensor in (*learner_tensors(learner).values(), *learner.network.buffers()):
            live.count(tensor)
        _learn_a_little(learner, split, batch_size)
    return live.peak


class LiveBytes(TorchDispatchMode):
    """While active, counts the bytes of all storages that operations return and that are still alive.

    Arguments:
        ignore: tensors whose storage does not count.

    Example:
        >>> with LiveBytes() as live:
        ...     total = torch.zeros(1000).add(1).sum()
        >>> live.peak
        8000
    """

    def __init__(self, ignore: tuple[Tensor, ...] = ()) -> None:
        super().__init__()
        self.peak = 0
        self._ignored = {tensor.untyped_storage()._cdata for tensor in ignore}
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def count(self, tensor: Tensor) -> None:
        """Count a tensor's storage, once, as long as it lives."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._ignored and key not in self._alive:
            self._alive[key] = (StorageWeakRef(storage), storage.nbytes())

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self._alive = {k: v for k, v in self._alive.items() if not v[0].expired()}
        for tensor in _tensors(result):
            self.count(tensor)
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return result


class AtMost(TorchFunctionMode):
    """While active, no one of `FACTORIES` makes a tensor of more than so many numbers, nor takes memory to find out.

    Arguments:
        numbers: the most that one tensor may have.

    Example:
        >>> with AtMost(1000):
        ...     torch.empty(10**6, 10**6)
        Traceback (most recent call last):
        ...
        ValueError: a tensor of 1000000×1000000 numbers, where 1,000 are at hand
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers = numbers

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        if func in FACTORIES:
            without = {key: value for key, value in options.items() if key != "generator"}
            make = SHAPED_ALIKE.get(func, func)
            shape = make(*args, **without | {"device": "meta"}).shape
            if shape.numel() > self.numbers:
                raise ValueError(
                    f"a tensor of {'×'.join(map(str, shape))} numbers, where {self.numbers:,} are at hand"
                )
        return func(*args, **options)


def _tensors(value: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_iter(value) if isinstance(leaf, Tensor))


def _learn_a_little(learner: Learner, split: Split, batch_size: int) -> None:
    if isinstance(learner, InTurn):
        learner.phase = min(learner.phase, 1)  # a longer sleep takes no more memory, but many steps
    draw = generator(0, "memory", device=split.images.device)
    for stage in range(learner.stages):
        learner.begin(split, stage, 0)
        order = batches(len(split), batch_size, 0, 0, split.images.device)
        for rows, _ in zip(order, range(STEPS), strict=False):
            learner.step(rows, draw, 1.0)
