"""A training step of 3 × 1000 on simulated tiles of each kind of device, beside the same step of the digital net."""

from collections.abc import Callable
from typing import Any

import torch

from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.data import Dataset, Split
from forward_forward.environment import environment
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.onto_tiles import on_tiles
from forward_forward.hardware.presets import PRESETS
from forward_forward.hardware.pulses import DrawnPulses
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.spec import describe
from forward_forward.training.simultaneous import Simultaneous

DESCRIPTION = (
    "a training step on simulated crossbars, 3 × 1000 at batch 100, over that of the digital net"
)
PIXELS, CLASSES = 784, 10
RULE = DrawnPulses(rate=1.5e-2, weight_decay=0.002)


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Time a step of the digital net and of the same net on tiles of every preset, all by the same rule.

    Arguments:
        quick: a small net and few rounds, to see that it runs.
        device: as torch spells it.

    Returns:
        `milliseconds` by contender; `<preset>_vs_digital`, how many times as long its step takes; and
        `analog_vs_digital`, that of the specification that the others are variants of, `rpu`.
    """
    batch, widths, rounds = (20, [30, 20], 2) if quick else (100, [1000] * 3, 31)
    draw = generator(0, "bench", device=device)
    split = Split(
        torch.rand(batch, PIXELS, generator=draw, device=device),
        torch.randint(CLASSES, (batch,), generator=draw, device=device),
    )
    data = Dataset("random", CLASSES, (1, 28, 28), split, split, tuple(map(str, range(CLASSES))))
    kinds = {"digital": None, **{name: preset.device for name, preset in PRESETS.items()}}
    contenders = {name: _step(data, widths, hardware, draw) for name, hardware in kinds.items()}
    seconds = interleaved_medians(contenders, rounds, device)
    ratios = {name: round(s / seconds["digital"], 3) for name, s in seconds.items()}
    return {
        "milliseconds": {name: round(1000 * s, 2) for name, s in seconds.items()},
        "analog_vs_digital": ratios["rpu"],
        **{f"{name}_vs_digital": ratios[name] for name in PRESETS},
        "batch": batch,
        "widths": widths,
        "environment": environment(device, str(describe(fast_matmul_dtype(device)))),
    }


def _step(
    data: Dataset, widths: list[int], hardware: ResistiveDevice | None, draw: torch.Generator
) -> Callable[[], object]:
    device = data.train.images.device
    made = best_learner(data, widths, 0, str(device), adversary=None)
    network = made.network if hardware is None else on_tiles(made.network, hardware, 0)
    learner = Simultaneous(network, made.negatives, RULE, made.head_rule)
    learner.begin(data.train, 0, 0)
    rows = torch.arange(len(data.train), device=device)
    return lambda: learner.step(rows, draw, 1.0)
