"""Fair timing on a noisy machine: all contenders interleaved in one run, medians, ratios."""

import statistics
import time
from collections.abc import Callable, Mapping

import torch

from forward_forward.allocator import keep_freed_memory

Work = Callable[[], object]


def interleaved_medians(
    contenders: Mapping[str, Work], rounds: int, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """Return the median seconds of each contender, one call of each in every round.

    Arguments:
        contenders: name → what to time.
        rounds: how many times each is timed, after one call that is not.
        device: waited for before a clock is read.
    """
    keep_freed_memory()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for timed in range(-1, rounds):
        for name, work in contenders.items():
            _wait(device)
            started = time.perf_counter()
            work()
            _wait(device)
            if timed >= 0:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _wait(device: torch.device | str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
