"""A training step of the net that predicts the next character, its ceiling, and what it costs to let it write."""

from collections.abc import Callable
from typing import Any

import torch

from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.data import Split
from forward_forward.data.text import ALPHABET
from forward_forward.data.windows import Windows
from forward_forward.environment import environment
from forward_forward.generated import RolledOut
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.reading import best_reader, text_rival
from forward_forward.spec import describe
from forward_forward.training.learner import Learner
from forward_forward.training.simultaneous import Simultaneous

DESCRIPTION = (
    "steps/s of the net that predicts characters, 3 × 2000, beside its matmul ceiling; and writing"
)
WINDOW, SYMBOLS = 10, len(ALPHABET)


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Time a teacher-forced step, the same net's backpropagation, the bare matmuls, and a roll-out of all strings.

    Arguments:
        quick: a small net and few strings.
        device: as torch spells it.

    Returns:
        `steps_per_second` by contender; `of_matmul_ceiling`; `vs_backprop`, above 1 in favour of Forward-Forward; and
        `rollout_to_epoch`, the time that it takes to write as many characters as an epoch has, over the epoch's.
    """
    batch, strings, length, units, rounds = (
        (10, 4, 15, 20, 2) if quick else (248, 248, 90, 2000, 11)
    )
    dtype = fast_matmul_dtype(device)
    draw = generator(0, "bench", device=device)
    split = Split(
        torch.randint(SYMBOLS, (strings * length, WINDOW), generator=draw, device=device),
        torch.randint(SYMBOLS, (strings * length,), generator=draw, device=device),
    )
    data, widths = Windows("random", ALPHABET, split, split), [units] * 3
    fast = best_reader(data, widths, 0, device)
    contenders = {
        "fast": _step(fast, data, batch),
        "backprop": _step(text_rival(data, widths, 0, device, dropout=0.0), data, batch),
        "matmul_ceiling": _ceiling(batch, units, draw, dtype),
    }
    seconds = interleaved_medians(contenders, rounds, device)
    write = _writing(fast, split.images[:strings], length, draw)
    written = interleaved_medians({"rollout": write}, 2 if quick else 3, device)["rollout"]
    epoch = seconds["fast"] * (len(split) // batch)
    return {
        "steps_per_second": {name: round(1 / s, 2) for name, s in seconds.items()},
        "of_matmul_ceiling": round(seconds["matmul_ceiling"] / seconds["fast"], 3),
        "vs_backprop": round(seconds["backprop"] / seconds["fast"], 3),
        "rollout_seconds": round(written, 3),
        "rollout_to_epoch": round(written / epoch, 3),
        "batch": batch,
        "strings": strings,
        "characters": length,
        "widths": widths,
        "environment": environment(device, str(describe(dtype))),
    }


def _step(learner: Learner, data: Windows, batch: int) -> Callable[[], object]:
    device = data.train.images.device
    learner.begin(data.train, 0, 0)
    rows, draw = torch.arange(batch, device=device), generator(0, "steps", device=device)
    return lambda: learner.step(rows, draw, 1e-3)


def _writing(
    learner: Simultaneous, contexts: torch.Tensor, length: int, draw: torch.Generator
) -> Callable[[], object]:
    rolled = RolledOut(length)
    return lambda: rolled.windows(learner.network, contexts, draw)


def _ceiling(
    batch: int, units: int, draw: torch.Generator, dtype: torch.dtype
) -> Callable[[], object]:
    """Return the bare matmuls: one pass of the contexts, one of positives and negatives, their ΔW, and the softmax."""
    below = [WINDOW * SYMBOLS, units, units]
    shapes = [(batch, inputs, units) for inputs in below]
    shapes += [(2 * batch, inputs, units) for inputs in below]
    shapes += [(inputs, 2 * batch, units) for inputs in below]
    shapes += [(batch, 3 * units, SYMBOLS), (3 * units, batch, SYMBOLS)]
    operands = [
        [
            torch.randn(shape, generator=draw, device=draw.device).to(dtype)
            for shape in ((m, k), (k, n), (m, n))
        ]
        for m, k, n in shapes
    ]
    return lambda: [torch.mm(left, right, out=out) for left, right, out in operands]
