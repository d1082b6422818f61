"""Each benchmark runs small and returns the keys it promises; its figures are no business of a test."""

import importlib
import json

import pytest
import torch

from forward_forward import benchmarks
from forward_forward.baselines.backprop import Perceptron
from forward_forward.benchmarks.lean_backprop import LeanBackprop
from forward_forward.discover import submodules
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.optimizers import SmoothedGradient
from toys import CLASSES, PIXELS, generator, split

KEYS = {
    "estimators": ["points_over_mlp", "fit_time_over_mlp", "classify", "anomalies"],
    "analog": ["analog_vs_digital", "ideal_vs_digital", "pcm_vs_digital"],
    "local_fields": ["local_vs_masked_float32", "largest_difference"],
    "step": ["vs_autograd_ff", "vs_backprop_bf16", "of_matmul_ceiling"],
    "page": ["first", "next", "beside_a_run"],
    "predict": ["labels_over_forward", "shortlist_over_forward", "shortlist_agreement"],
    "recurrent": [
        "vs_autograd_ff",
        "vs_backprop_through_time",
        "of_matmul_ceiling",
        "ff_memory_longest_over_shortest",
    ],
    "sequence": ["of_matmul_ceiling", "vs_backprop", "rollout_to_epoch"],
    "stream": ["drift", "memory", "memory_singles", "samples_per_second"],
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


@pytest.mark.parametrize("lean", [{}, {"segments": 2}, {"portions": 3}])
def test_lean_backprop_is_backpropagation(lean: dict[str, int]) -> None:
    data, rule = split(12), SmoothedGradient(0.1, 0.01)
    states = []
    for kind, options in ((Backpropagation, {}), (LeanBackprop, lean)):
        network = Perceptron(PIXELS, CLASSES, [9, 8, 7], generator=generator())
        learner = kind(network, rule, **options)
        learner.begin(data, 0, 0)
        for _ in range(3):
            learner.step(torch.arange(12), generator(), 0.5)
        states.append(network.state_dict())
    torch.testing.assert_close(states[0], states[1])


def test_benchmarks_leave_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    importlib.import_module("forward_forward.benchmarks.local_fields").run(quick=True)
    assert torch.get_rng_state().equal(before)
