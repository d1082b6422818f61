import pytest
import torch

from forward_forward.composition import Settings, backpropagation, forward_forward
from forward_forward.data import load
from forward_forward.hybrids import HybridImages
from forward_forward.layers.local_fields import LocalFields
from forward_forward.memory import AtMost, LiveBytes, training_peak
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.randomness import generator
from forward_forward.reproduce import count_parameters, few
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous


@pytest.fixture(scope="module")
def digits():
    return few(load("digits"), 200)


def test_counts_what_is_alive_and_views_once():
    kept = torch.zeros(100)
    with LiveBytes(ignore=(kept,)) as live:
        a = kept + 1  # 400 bytes
        assert a.view(10, 10).t() is not None
        b = a * 2  # 800
        del a
        c = b + 1  # 800
        assert kept[:3] is not None
    assert live.peak == 800
    assert c is not None


@pytest.mark.parametrize(
    ("build", "copies"),
    [(forward_forward, 2), (backpropagation, 4)],
    ids=["weights and gradients", "with both of Adam's"],
)
def test_peak_holds_weights_state_and_activities(build, copies, digits):
    settings = Settings(widths=(300, 300), batch_size=10, matmul_dtype=torch.float32)
    learner, plan = build(settings, digits)
    least = 4 * count_parameters(learner.network) * copies
    peaks = [
        training_peak(lambda: build(settings, digits)[0], digits.train, size) for size in (10, 100)
    ]
    assert least <= peaks[0] < 1.5 * least
    assert peaks[1] > peaks[0] + 90 * 4 * 300


def test_peak_holds_which_inputs_a_unit_sees(digits):
    def build():
        fields = LocalFields(
            (8, 8, 1),
            (8, 8),
            6,
            field=5,
            margin=2,
            tile=4,
            channels_first=True,
            generator=generator(0, "weights"),
        )
        network = FeedForward([fields], 10)
        return Simultaneous(
            network, HybridImages(digits.shape), SmoothedGradient(0.01), SmoothedGradient(0.1)
        )

    (fields,) = build().network.layers
    weights_and_gradients = 2 * 4 * fields.weight.numel()
    assert training_peak(build, digits.train, 2) > weights_and_gradients + 4 * fields.seen.numel()


def test_measures_the_same_twice(digits):
    settings = Settings(widths=(20, 20, 20), batch_size=50)
    first, second = (
        training_peak(lambda: forward_forward(settings, digits)[0], digits.train, 50)
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(10, 100),
        lambda: torch.zeros(size=(10, 100)),
        lambda: torch.full((1000,), 7.0),
        lambda: torch.randn(1000, generator=torch.Generator().manual_seed(0)),
        lambda: torch.arange(7, 1007),
        lambda: torch.arange(0, 2000, 2),
        lambda: torch.eye(10, 100),
    ],
)
def test_no_more_numbers_are_made_than_are_allowed(make):
    with AtMost(1000):
        assert make().numel() == 1000
    with AtMost(999), pytest.raises(ValueError, match="numbers, where 999 are at hand"):
        make()


def test_what_is_too_large_for_any_memory_is_refused_as_well():
    for size in (10**15, 10**18):
        with AtMost(1000), pytest.raises((ValueError, RuntimeError)):
            torch.empty(size, 1000)
