"""Positive and negative passes far apart: what is learned when, held to a plain loop by autograd, and resumed."""

import signal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.augment import Jitter
from forward_forward.beyond.apart import Apart
from forward_forward.data import batches
from forward_forward.errors import FFError, UsageError
from forward_forward.goodness import mean_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.labels import one_of_n
from forward_forward.losses import SiLU, SymBa, ThresholdLogistic
from forward_forward.memory import training_peak
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.training.evaluation import evaluate
from forward_forward.training.in_turn import InTurn
from forward_forward.training.loop import train
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, NEGATIVES, dataset, generator, network, split

RULE, HEAD_RULE = SmoothedGradient(0.01, 0.002), SmoothedGradient(0.3, 0.003)
PARTS = {"goodness": mean_of_squares, "loss": ThresholdLogistic(temperature=0.2)}


def apart(negatives=hard_by_softmax, head=True, dtype=None, loss=None, augment=None, **options):
    parts = PARTS | ({} if loss is None else {"loss": loss})
    net = network(head=head, dtype=dtype, **parts)
    return Apart(net, negatives, RULE, HEAD_RULE, augment=augment, **options)


def state_of(learner):
    return {**learner.network.state_dict(), **learner.memory}


def assert_same(one, other):
    for name, value in state_of(one).items():
        assert value.equal(state_of(other)[name]), name


def wrong_labels_asked(rows_of, phase, **options):
    """Return the labels of each batch for which wrong ones were asked, and after how many batches that was."""
    asked = []

    def noted(images, labels, **given):
        asked.append((labels.tolist(), int(learner.memory["batches"])))
        return random_wrong_label(images, labels, **given)

    learner = apart(noted, phase=phase, **options)
    learner.begin(split(60), 0, 0)
    for rows in rows_of:
        learner.step(rows, generator(), 1.0)
    return asked, learner


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 5), st.integers(1, 12), st.integers(1, 3), st.integers(0, 99))
def test_every_batch_comes_back_once_in_order_after_its_phase(phase, count, size, seed):
    rows_of = list(batches(60, size, seed, 0))[:count]
    asked, learner = wrong_labels_asked(rows_of, phase)
    whole = count // phase * phase
    data = learner.split
    assert [labels for labels, _ in asked] == [data.labels[r].tolist() for r in rows_of[:whole]]
    assert [when for _, when in asked] == [(i // phase + 1) * phase for i in range(whole)]
    waiting = torch.cat(rows_of[whole:]) if count > whole else torch.tensor([])
    assert learner.memory["rows"].tolist() == waiting.tolist()


def test_while_deprived_nothing_comes_back_and_nothing_is_made_up_for():
    rows_of = list(batches(60, 5, 0, 0))
    asked, learner = wrong_labels_asked(rows_of, 2, deprived=(3, 6))
    labels = learner.split.labels
    back = [0, 1, 6, 7, 8, 9, 10, 11]
    assert [seen for seen, _ in asked] == [labels[rows_of[i]].tolist() for i in back]


@pytest.mark.parametrize("negatives", NEGATIVES.values(), ids=NEGATIVES)
def test_with_no_phase_it_is_simultaneous_to_the_bit(negatives):
    data, plan = dataset(60), Plan(epochs=2, batch_size=10)
    together = Simultaneous(network(**PARTS), negatives, RULE, HEAD_RULE)
    here = apart(negatives, phase=0)
    curves = [train(learner, data, plan).curve for learner in (together, here)]
    assert_same(together, here)
    assert curves[0][-1]["layers"] == curves[1][-1]["layers"]


def pass_by_autograd(net, velocities, inputs, sign):
    """Learn one pass, plainly: sign +1 for positives, −1 for negatives."""
    for layer in net.layers:
        y = layer.preactivation(*inputs).relu()
        gap = sign * (layer.goodness(y) - layer.loss.threshold) / layer.loss.temperature
        objective = torch.nn.functional.softplus(-gap).mean() * layer.objective_scale
        if layer.peer is not None and sign > 0:
            z = layer.preactivation(*inputs)
            objective = objective - (z * layer.peer.pull(y.detach())).sum() / len(z)
        gradients = torch.autograd.grad(objective, list(layer.parameters()))
        inputs = (net.normalization(y.detach()),)
        with torch.no_grad():
            for parameter, gradient in zip(layer.parameters(), gradients, strict=True):
                velocity = 0.9 * velocities.get(parameter, 0) + 0.1 * gradient
                velocities[parameter] = velocity
                parameter -= RULE.rate * (velocity + RULE.weight_decay * parameter)


@pytest.mark.parametrize("phase", [1, 3])
def test_it_is_what_a_plain_loop_by_autograd_does(phase):
    learner, net = (
        apart(random_wrong_label, head=False, dtype=torch.float64, phase=phase) for _ in range(2)
    )
    net, velocities, draw = net.network, {}, generator(4)
    data = split(60, dtype=torch.float64)
    learner.begin(data, 0, 0)
    rows_of, drawn = list(batches(60, 6, 0, 0))[:6], generator(4)
    for rows in rows_of:
        learner.step(rows, drawn, 1.0)
    like = next(net.parameters())
    for first in range(0, 6, phase):
        waiting = rows_of[first : first + phase]
        for rows in waiting:
            codes = one_of_n(data.labels[rows], CLASSES, like).unsqueeze(0)
            pass_by_autograd(net, velocities, (data.images[rows], codes), 1)
        for rows in waiting:
            _, wrong = random_wrong_label(
                data.images[rows], data.labels[rows], network=net, generator=draw
            )
            pass_by_autograd(net, velocities, wrong, -1)
    for name, value in net.state_dict().items():
        torch.testing.assert_close(learner.network.state_dict()[name], value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("phase", [1, 6])
@pytest.mark.parametrize("negatives", [hard_by_softmax, random_wrong_label])
def test_it_learns_from_passes_apart(negatives, phase):
    data, learner = dataset(120), apart(negatives, phase=phase)
    before = evaluate(learner.scores, data.train, CLASSES).metrics
    progress = train(learner, data, Plan(epochs=10, batch_size=20))
    after = evaluate(learner.scores, data.train, CLASSES).metrics
    for readout in ("goodness", "softmax"):
        assert after[f"{readout}_error"] < 15 < before[f"{readout}_error"]
    first = progress.curve[-1]["layers"][0]
    assert first["goodness_pos"] > 0
    assert first["goodness_neg"] > 0
    assert first["accuracy"] is None


def test_awake_goodness_rises_and_asleep_it_falls():
    learner = apart(phase=20)
    learner.begin(split(60), 0, 0)
    seen = torch.stack([learner.step(torch.arange(60), generator(), 1.0)[0] for _ in range(21)])
    awake, asleep = seen[:, 2], seen[:, 3]
    assert (awake[1:20] > awake[:19]).all()
    assert awake[20] < awake[19]
    assert asleep.isnan().tolist() == [True] * 19 + [False, True]


def test_hard_negatives_are_drawn_when_they_are_learned():
    """After a phase the softmax has learned of it: logits asleep are not those of the same images awake."""
    seen = []

    def noted(images, labels, *, logits, **given):
        seen.append(logits.clone())
        return hard_by_softmax(images, labels, logits=logits, **given)

    learner = apart(noted, phase=2)
    learner.begin(split(60), 0, 0)
    rows = [torch.arange(6), torch.arange(6, 12)]
    early = learner.network.one_pass(learner.split.images[rows[0]])[1]
    for some in rows:
        learner.step(some, generator(), 1.0)
    assert len(seen) == 2
    assert not seen[0].equal(early)
    assert seen[0].abs().max() > 0


def test_images_that_come_back_are_shifted_anew():
    seen = []

    def noted(images, labels, **given):
        seen.append(images.images.clone())
        return random_wrong_label(images, labels, **given)

    data = split(60)
    learner = apart(noted, phase=1, augment=Jitter((1, 3, 4), pixels=2))
    learner.begin(data, 0, 0)
    awake = learner._positives(torch.arange(60), generator(), 1.0)[0].images
    learner.begin(data, 0, 0)
    learner.step(torch.arange(60), generator(), 1.0)
    assert seen[0].shape == awake.shape
    assert not seen[0].equal(awake)
    assert not seen[0].equal(learner.network.project(data.images).images)  # nor as they were


@pytest.mark.parametrize("stop", [3, 7, 13])
def test_it_goes_on_where_it_was_interrupted_within_a_phase(tmp_path, stop):
    data, plan = dataset(60), Plan(epochs=3, batch_size=10)

    def learner():
        return apart(phase=4, augment=Jitter((1, 3, 4), pixels=1))

    whole, parted, again = learner(), learner(), learner()
    train(whole, data, plan)
    step = parted.step

    def interrupted(rows, draw, gain):
        done = step(rows, draw, gain)
        if int(parted.memory["batches"]) == stop:
            signal.raise_signal(signal.SIGINT)
        return done

    parted.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        train(parted, data, plan, folder=tmp_path)
    assert len(parted.memory["rows"]) == stop % 4 * 10
    train(again, data, plan, folder=tmp_path, resume=True)
    assert_same(whole, again)


def test_another_phase_is_another_run(tmp_path):
    data, plan = dataset(60), Plan(epochs=1, batch_size=10)
    train(apart(phase=2), data, plan, folder=tmp_path)
    with pytest.raises(FFError, match="phase was 2 and is now 3"):
        train(apart(phase=3), data, plan, folder=tmp_path, resume=True)


def test_peak_memory_is_measured_in_a_step_with_both_passes():
    data = split(60)
    apart_by_100 = training_peak(lambda: apart(phase=100), data, 10)
    assert apart_by_100 == training_peak(lambda: apart(phase=1), data, 10)


@pytest.mark.parametrize("loss", [SiLU(), SymBa()])
def test_what_compares_pairs_cannot_be_apart(loss):
    with pytest.raises(UsageError, match="separable"):
        apart(loss=loss)
    assert apart(loss=loss, phase=0).phase == 0


@pytest.mark.parametrize(
    "bad", [{"phase": -1}, {"deprived": (5, 2)}, {"deprived": (-1, 2)}, {"phase": -100}]
)
def test_phases_that_cannot_be(bad):
    with pytest.raises(UsageError, match="a phase is not below 0"):
        apart(**bad)


def test_a_net_without_labels_has_no_wrong_ones():
    with pytest.raises(UsageError, match="reads none"):
        Apart(network(labelled=False), HybridImages((1, 3, 4)), RULE, HEAD_RULE)


def test_what_they_share_is_no_learner_of_its_own():
    with pytest.raises(TypeError, match="abstract"):
        InTurn(network(**PARTS), random_wrong_label, RULE, HEAD_RULE, phase=1)
