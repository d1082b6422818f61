"""Learning to predict the next symbol: negatives made by the net itself, wake and sleep, and what is told of it."""

import math
import random
import signal

import pytest
import torch

from forward_forward.data import Split
from forward_forward.data.text import ALPHABET, text_of
from forward_forward.data.windows import windowed, windows_of_strings
from forward_forward.errors import UsageError
from forward_forward.generated import RolledOut, continued, predicted_last
from forward_forward.layers.dense import Dense
from forward_forward.layers.symbols import Symbols
from forward_forward.losses import SiLU
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.recipes.reading import APART
from forward_forward.reproduce import few
from forward_forward.training.evaluation import Scores, evaluate
from forward_forward.training.head_only import HeadOnly
from forward_forward.training.loop import train
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from forward_forward.training.wake_sleep import WakeSleep
from toys import generator

WINDOW = 6
RULE = SmoothedGradient(rate=0.005, weight_decay=0.002)
HEAD_RULE = SmoothedGradient(rate=0.75, weight_decay=0.03)


WORDS = (
    "the cat sat on a mat, dogs ran off; foxes hid and hens slept. old owls watch young mice dance."
)


@pytest.fixture(scope="module")
def text():
    """Words in random order: what comes next hangs on letters together, and test pages are of other words."""
    draw = random.Random(0)
    pages = [" ".join(draw.choices(WORDS.split(), k=250)) for _ in range(5)]
    return text_of("words", pages)


@pytest.fixture(scope="module")
def random_layers(data):
    """The perplexity of a softmax on random layers, after as long."""
    learner = HeadOnly(net(), HEAD_RULE)
    train(learner, data, Plan(epochs=5, batch_size=50))
    return perplexity(learner, data)


@pytest.fixture(scope="module")
def data(text):
    return windowed(text, WINDOW)


def net(seed=0, **parts):
    symbols = len(ALPHABET)
    layers = [
        Symbols(WINDOW, symbols, 100, generator=generator(seed), **APART | parts),
        Dense(100, 100, generator=generator(seed + 1), **APART | parts),
    ]
    return FeedForward(layers, symbols, read_from=0)


def perplexity(learner, data):
    metrics = evaluate(learner.scores, data.test, data.classes).metrics
    assert math.log2(metrics["softmax_perplexity"]) == pytest.approx(
        metrics["softmax_bits"], abs=1e-4
    )
    return metrics["softmax_perplexity"]


def test_windows_have_the_symbol_that_comes_next(data):
    rows, labels = data.train.images, data.train.labels
    assert rows.shape[1] == data.window == WINDOW
    assert torch.equal(rows[1:, -1], labels[:-1])
    assert (data.classes, data.class_names[0], data.held_out) == (30, "a", False)


def test_held_out_windows_share_no_symbol_with_the_others(data):
    held = data.for_validation()
    assert held.held_out
    assert held.name == "words/validation"
    assert len(held.train) + len(held.test) == len(data.train) - WINDOW
    assert torch.equal(held.test.images, data.train.images[-len(held.test) :])


def test_held_out_strings_stay_whole(text):
    data = windows_of_strings(text, (12, 3), length=20, window=WINDOW)
    assert (len(data.train), len(data.test), data.per_string) == (12 * 14, 3 * 14, 14)
    held = data.for_validation()
    assert (len(held.train), len(held.test)) == (10 * 14, 2 * 14)
    assert len(few(data, 50).train) == 3 * 14


def test_teacher_forced_negatives_differ_in_their_last_symbol_alone(data):
    rows, labels = data.train.images[:50], data.train.labels[:50]
    logits = torch.zeros(50, 30)
    (pos,), (neg,) = predicted_last(
        rows, labels, network=net(), generator=generator(), logits=logits
    )
    assert torch.equal(pos[:, :-1], rows[:, 1:])
    assert torch.equal(pos[:, -1], labels)
    assert torch.equal(neg[:, :-1], rows[:, 1:])
    assert len(neg[:, -1].unique()) > 10


def test_what_is_rolled_out_goes_on_from_what_was_written_before(data):
    network = net()
    rolled = RolledOut(length=7)
    windows = rolled.windows(network, data.train.images[:3], generator()).view(7, 3, WINDOW)
    assert torch.equal(windows[1:, :, :-1], windows[:-1, :, 1:])
    assert torch.equal(windows[0, :, :-1], data.train.images[:3, 1:])
    (_,), (neg,) = rolled(
        data.train.images[:20], data.train.labels[:20], network=network, generator=generator()
    )
    assert neg.shape == (20, WINDOW)
    assert [rolled.starts(count) for count in (1, 7, 8)] == [1, 1, 2]


def test_at_temperature_0_the_likeliest_symbol_is_written(data):
    network = net()
    network.head.bias.data[3] = 9

    def predict(windows):
        return network.one_pass(windows)[1]

    for cold in (0, 1e-44):
        written = list(continued(predict, data.train.images[:2], 3, generator(), temperature=cold))
        assert torch.stack(written).tolist() == [[3, 3]] * 3
    with pytest.raises(UsageError, match="temperature -1"):
        continued(predict, data.train.images[:2], 3, generator(), temperature=-1)


@pytest.mark.parametrize("negatives", [predicted_last, RolledOut(5)])
def test_layers_that_learn_predict_better_than_random_ones(data, negatives, random_layers):
    learner = Simultaneous(net(), negatives, RULE, HEAD_RULE)
    before = [layer.weight.clone() for layer in learner.network.layers]
    assert perplexity(learner, data) == pytest.approx(30)
    train(learner, data, Plan(epochs=5, batch_size=50))
    assert perplexity(learner, data) < 0.95 * random_layers
    for layer, weight in zip(learner.network.layers, before, strict=True):
        assert not torch.equal(layer.weight, weight)


@pytest.mark.parametrize("phase", [0, 1])
def test_so_do_layers_that_learn_awake_and_asleep(data, phase, random_layers):
    learner = WakeSleep(net(), RolledOut(5), RULE, HEAD_RULE, phase=phase, stock=20)
    progress = train(learner, data, Plan(epochs=5, batch_size=50))
    assert perplexity(learner, data) < 0.95 * random_layers
    first = progress.curve[0]["layers"][0]
    assert first["goodness_pos"] > 0
    assert first["goodness_neg"] > 0
    assert (first["accuracy"] is None) == (phase > 0)


def test_dreams_are_used_up_before_new_ones_are_written(data):
    learner = WakeSleep(net(), RolledOut(8), RULE, HEAD_RULE, phase=0, stock=3)
    learner.begin(data.train, 0, 0)
    left = []
    for _ in range(4):
        learner.step(torch.arange(20), generator(), 1.0)
        left.append(len(learner.memory["dreams"]))
    assert left == [40, 20, 0, 40]


def goodness_by_batch(data, batches, **options):
    """Return goodness of positives and of negatives in the first layer, `[batches, 2]`."""
    learner = WakeSleep(net(), RolledOut(8), RULE, HEAD_RULE, **options)
    learner.begin(data.train, 0, 0)
    rows = torch.arange(50)
    return torch.stack([learner.step(rows, generator(), 1.0)[0, 2:] for _ in range(batches)])


def test_sleep_comes_after_so_many_batches_and_lowers_the_goodness_of_text_too(data):
    awake, asleep = goodness_by_batch(data, 30, phase=10).T
    assert asleep.isnan().tolist() == [(i + 1) % 10 != 0 for i in range(30)]
    assert awake[9] > awake[0]
    assert awake[10] < awake[9]


def test_a_sleep_has_as_many_updates_as_it_was_awake_for(data):
    learner = WakeSleep(net(), RolledOut(8), RULE, HEAD_RULE, phase=4, stock=6)
    learner.begin(data.train, 0, 0)
    for _ in range(4):
        learner.step(torch.arange(20), generator(), 1.0)
    assert len(learner.memory["dreams"]) == 2 * 20


def test_without_sleep_nothing_is_dreamt_and_nothing_more_is_read(data):
    asleep = goodness_by_batch(data, 9, phase=2, deprived=(2, 5))[:, 1]
    assert (~asleep.isnan()).nonzero().flatten().tolist() == [1, 5, 7]


@pytest.mark.parametrize("stop", [(2, 0), (1, 9)])
def test_sleep_goes_on_where_it_was_interrupted(data, tmp_path, stop):
    def learner():
        return WakeSleep(net(), RolledOut(8), RULE, HEAD_RULE, phase=4, stock=7)

    data, plan = few(data, 600), Plan(epochs=3, batch_size=50)
    whole, parted = learner(), learner()
    train(whole, data, plan)
    step = parted.step

    def interrupted(rows, draw, gain):
        done = step(rows, draw, gain)
        if int(parted.memory["batches"]) == stop[0] * (len(data.train) // 50) + stop[1]:
            signal.raise_signal(signal.SIGINT)
        return done

    parted.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        train(parted, data, plan, folder=tmp_path)
    again = learner()
    train(again, data, plan, folder=tmp_path, resume=True)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name


def test_layers_stay_as_drawn_where_the_head_alone_learns(data):
    learner = HeadOnly(net(), HEAD_RULE)
    train(learner, data, Plan(epochs=4, batch_size=50))
    assert perplexity(learner, data) < 10
    for name, value in net().layers.state_dict().items():
        assert torch.equal(value, learner.network.layers.state_dict()[name]), name


def test_what_compares_pairs_cannot_sleep():
    with pytest.raises(UsageError, match="separable"):
        WakeSleep(net(loss=SiLU()), RolledOut(8), RULE, HEAD_RULE)
    layer = net(loss=SiLU()).layers[0]
    with pytest.raises(UsageError, match="SiLU compares"):
        layer.learn((torch.zeros(3, WINDOW, dtype=torch.int64),), positives=3)


def test_a_loss_on_pairs_cannot_go_without_sleep_either():
    with pytest.raises(UsageError, match="separable"):
        WakeSleep(net(loss=SiLU()), RolledOut(8), RULE, HEAD_RULE, phase=0, deprived=(2, 4))


@pytest.mark.parametrize(
    "bad", [{"phase": -1}, {"stock": 0}, {"deprived": (5, 2)}, {"deprived": (-1, 2)}]
)
def test_phases_that_cannot_be(bad):
    with pytest.raises(UsageError, match="sleep after"):
        WakeSleep(net(), RolledOut(8), RULE, HEAD_RULE, **bad)
    with pytest.raises(UsageError, match="at least 1"):
        RolledOut(0)


def test_units_that_answer_to_nothing_are_told(data):
    learner = HeadOnly(net(), HEAD_RULE)
    with torch.no_grad():
        learner.network.layers[0].bias[:22] = -100
    metrics = evaluate(learner.scores, data.test, data.classes).metrics
    assert metrics["silent_units"] >= 100 * 22 / 200


def test_perplexity_of_a_guess_is_the_number_of_symbols(data):
    flat = Scores({"softmax": torch.zeros(len(data.test), 30)}, predictions=True)
    metrics = evaluate(lambda rows: flat, data.test, 30, batch_size=len(data.test)).metrics
    assert metrics["softmax_perplexity"] == pytest.approx(30)
    assert metrics["softmax_bits"] == pytest.approx(math.log2(30))


def test_images_have_no_perplexity():
    flat = Scores({"softmax": torch.eye(3)})
    split = Split(torch.zeros(3, 2), torch.arange(3))
    assert not any("perplexity" in name for name in evaluate(lambda x: flat, split, 3).metrics)
