"""Each benchmark runs small and returns the keys it promises; its figures are no business of a test."""

import importlib
import json

import pytest

from forward_forward import benchmarks
from forward_forward.discover import submodules

KEYS = {
    "local_fields": ["local_vs_masked_float32", "largest_difference"],
    "step": ["vs_autograd_ff", "vs_backprop_bf16", "of_matmul_ceiling"],
    "predict": ["labels_over_forward", "shortlist_over_forward", "shortlist_agreement"],
    "race": ["ff_vs_backprop_seconds"],
    "memory": [
        "ff_vs_backprop_at_16",
        "time_vs_backprop_at_16",
        "greedy_16_over_4",
        "simultaneous_16_over_4",
        "backprop_16_over_4",
    ],
}
HELPERS = {"timing", "lean_backprop", "plain_port"}


def test_every_benchmark_has_its_keys_listed_here() -> None:
    assert set(submodules(benchmarks)) - HELPERS == set(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_quick_run(name: str) -> None:
    module = importlib.import_module(f"forward_forward.benchmarks.{name}")
    figures = module.run(quick=True)
    assert set(KEYS[name]) <= set(figures)
    assert json.loads(json.dumps(figures))["environment"]["torch"]
    assert module.DESCRIPTION


def test_backprop_memory_grows_with_depth_and_forward_forward_s_does_not() -> None:
    from forward_forward.benchmarks import memory

    figures = memory.run(quick=True)
    assert figures["greedy_16_over_4"] <= 1.1
    assert figures["simultaneous_16_over_4"] <= 1.1
    assert figures["backprop_16_over_4"] > 1.3
