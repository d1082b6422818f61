"""What is learned on a piece of hardware: copied in vain, distilled by Forward-Forward, one learner after the other."""

import json
import math
from dataclasses import replace

import pytest
import torch

from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.hardware.lineage import Lineage, Turn
from forward_forward.hardware.mortal import (
    Answers,
    Calibrated,
    Distillation,
    MostLikely,
    calibrated_temperature,
    copied,
    drawn,
    goodness_of,
)
from forward_forward.hardware.piece_layers import network_on
from forward_forward.hardware.pieces import Piece
from forward_forward.labels import one_of_n
from forward_forward.losses import SymBa
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.training.loop import train
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import (
    CLASSES,
    PIXELS,
    dataset,
    generator,
    labels_of,
    network,
    normal,
    simultaneous,
    split,
    uniform,
)

RULES = SmoothedGradient(0.02), SmoothedGradient(0.1)


def on(seed, weights=0, widths=(9, 8, 7), **options):
    return network_on(Piece(seed), PIXELS, CLASSES, widths, generator=generator(weights), **options)


def next_label(images, labels, *, network, generator, logits):
    """Pair each image with the label after its own: negatives without chance."""
    like = next(network.parameters())
    wrong = (labels + 1) % network.classes
    codes = (one_of_n(y, network.classes, like).unsqueeze(0) for y in (labels, wrong))
    return tuple((images, code) for code in codes)


def says(*probabilities):
    """Return a teacher who says the same of every image."""
    return lambda images: torch.tensor(probabilities).repeat(len(images), 1)


def states_equal(one, other):
    return all(value.equal(other.state_dict()[name]) for name, value in one.state_dict().items())


# --- copies


def test_a_copy_on_the_same_piece_is_the_same_to_the_bit():
    net, images = on(3), uniform(20, PIXELS, dtype=torch.float32)
    twin = copied(net, Piece(3))
    assert states_equal(net, twin)
    assert goodness_of(twin, images).equal(goodness_of(net, images))
    assert twin.one_pass(images)[1].equal(net.one_pass(images)[1])


def test_a_copy_on_another_piece_has_its_parameters_and_does_something_else():
    net, images = on(3), uniform(20, PIXELS, dtype=torch.float32)
    before = goodness_of(net, images)
    twin = copied(net, Piece(4))
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        assert p.equal(q)
        assert p is not q
    assert twin.layers[1].piece == Piece(4)
    assert not goodness_of(twin, images).allclose(before, rtol=0.05)
    assert goodness_of(net, images).equal(before)


def test_only_a_net_on_a_piece_is_copied():
    with pytest.raises(UsageError, match="no piece"):
        copied(network(), Piece(1))


# --- what a teacher says


def test_answers_are_the_softmax_of_goodness():
    net, images = on(1), uniform(7, PIXELS, dtype=torch.float32)
    said = Answers(net, 0.5)(images)
    torch.testing.assert_close(said, (goodness_of(net, images) * 2).softmax(1))
    torch.testing.assert_close(said.sum(1), torch.ones(7))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(UsageError, match="above 0"):
        Answers(on(1), temperature)


def test_the_most_likely_label_is_all_that_is_said():
    said = MostLikely(says(0.3, 0.5, 0.2))(torch.zeros(2, PIXELS))
    assert said.tolist() == [[0, 1, 0]] * 2


@pytest.mark.parametrize("temperature", [0.1, 1.0, 20.0])
def test_the_temperature_that_made_labels_is_found(temperature):
    goodness = normal(20_000, 4) * 3 * temperature
    labels = drawn((goodness / temperature).softmax(1), generator(1))
    found = calibrated_temperature(goodness, labels)
    assert found == pytest.approx(temperature, rel=0.05)

    def surprise(t):
        return torch.nn.functional.cross_entropy(goodness / t, labels).item()

    assert surprise(found) <= min(surprise(found * by) for by in (0.5, 0.9, 0.99, 1.01, 1.1, 2))


def test_a_net_no_better_than_chance_is_sure_of_nothing():
    goodness = normal(50, 3)
    worst = goodness.argmin(1)
    found = calibrated_temperature(goodness, worst)
    assert (goodness / found).softmax(1).max() < 0.34


def test_one_that_is_always_right_leaves_its_temperature_open():
    with pytest.raises(UsageError, match="right about all 5"):
        calibrated_temperature(torch.eye(5), torch.arange(5))


@pytest.mark.parametrize(("goodness", "labels"), [((5, 3), (4,)), ((5,), (5,)), ((5, 3), (5, 1))])
def test_goodness_and_labels_belong_together(goodness, labels):
    with pytest.raises(UsageError, match="give"):
        calibrated_temperature(torch.zeros(goodness), torch.zeros(labels, dtype=torch.int64))


@pytest.mark.parametrize("labels", [torch.tensor([0, 3]), torch.tensor([-1, 0]), torch.zeros(2)])
def test_a_label_that_is_none_is_told(labels):
    with pytest.raises(UsageError, match="from 0 to 2"):
        calibrated_temperature(torch.zeros(2, 3), labels)


def test_a_calibrated_teacher_takes_the_temperature_that_fits():
    net, held_out = on(1), split(30)
    images = uniform(7, PIXELS, dtype=torch.float32)
    fitting = calibrated_temperature(goodness_of(net, held_out.images), held_out.labels)
    said = Calibrated(net, held_out, 2.0)(images)
    torch.testing.assert_close(said, Answers(net, 2 * fitting)(images))


def test_labels_are_drawn_with_their_probabilities():
    rows, count = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]), 20_000
    labels = drawn(rows.repeat(count, 1), generator(3)).view(count, 3)
    for row, column in zip(rows, labels.t(), strict=True):
        shares = column.bincount(minlength=3) / count
        doubt = (row * (1 - row) / count).sqrt()
        assert ((shares - row).abs() <= 4 * doubt).all()  # never, where the probability is 0


# --- distillation


def student(teacher, seed=0, **options):
    return Distillation(on(7, seed, **options), teacher, random_wrong_label, *RULES)


@pytest.mark.parametrize(
    "weights", [None, 0.5 + uniform(24, dtype=torch.float32)], ids=["alike", "weighted"]
)
def test_of_a_teacher_without_doubt_it_learns_as_from_labels(weights):
    """And of the split's own labels it knows nothing."""
    true = split(24)

    def knows(images):
        return torch.nn.functional.one_hot(true.labels, CLASSES).float()

    learned = Simultaneous(on(7), next_label, *RULES)
    distilled = Distillation(on(7), knows, next_label, *RULES)
    for learner, data in (
        (learned, true),
        (distilled, Split(true.images, torch.full_like(true.labels, 2))),
    ):
        learner.begin(data, 0, 0)
        learner.weights = weights
        for step in range(5):
            rows = torch.randperm(24, generator=generator(step))[:8]
            learner.step(rows, generator(step), 1.0)
    assert states_equal(learned.network, distilled.network)
    assert not states_equal(learned.network, on(7))


def test_in_the_mean_a_step_is_the_teacher_s_mixture_of_steps():
    """The gradient averaged over draws is that of each label, weighed by its probability."""
    probabilities, images = (0.6, 0.3, 0.1), split(1, dtype=torch.float32)

    def gradients(teacher, draws):
        net, total = on(7), 0
        for draw in range(draws):
            learner = Distillation(net, teacher, next_label, *RULES)
            learner.begin(images, 0, 0)
            labels = drawn(learner.said, generator(draw))
            net.zero_grad()
            learner._teach_layers(learner._block(torch.tensor([0]), labels, generator(), 0.0), 0.0)
            total = total + net.layers[0].label_weight.grad
        return total / draws

    each = [gradients(says(*row), 1) for row in torch.eye(CLASSES).tolist()]
    expected = sum(p * g for p, g in zip(probabilities, each, strict=True))
    found = gradients(says(*probabilities), 300)
    assert (found - expected).norm() < 0.1 * expected.norm()
    assert (each[0] - expected).norm() > 0.3 * expected.norm()


def mean_slopes(goodness, probabilities, negatives, count=400_000):
    """Return the mean slope of SymBa's loss by each label's goodness, and its standard error, for drawn pairs."""
    net = network(head=False)
    labels = drawn(probabilities.repeat(count, 1), generator(1))
    pos, neg = negatives(
        None,
        labels,
        network=net,
        generator=generator(2),
        logits=probabilities.log().repeat(count, 1),
    )
    positive, negative = pos[1][0], neg[1][0]
    up, down = SymBa(ALPHA).slopes(positive @ goodness, negative @ goodness)
    slopes = positive * up.unsqueeze(1) + negative * down.unsqueeze(1)
    return slopes.mean(0), slopes.std(0) / count**0.5


ALPHA = 4.0
SAID = torch.tensor([0.7, 0.2, 0.1])


@pytest.mark.parametrize(
    ("negatives", "rest"),
    [(random_wrong_label, SAID.log() / ALPHA), (hard_by_softmax, -(1 - SAID).log() / ALPHA)],
)
def test_goodness_is_at_rest_where_docs_say(negatives, rest):
    slopes, doubt = mean_slopes(rest, SAID, negatives)
    assert (slopes.abs() <= 4 * doubt).all()
    slopes, doubt = mean_slopes(torch.zeros(3), SAID, negatives)
    assert (slopes.abs() > 10 * doubt).any()


def test_a_student_learns_the_probabilities_of_wrong_labels():
    probabilities = (0.6, 0.3, 0.1)
    learner = student(says(*probabilities), widths=(20, 20, 20))
    data = dataset(60)
    train(learner, data, Plan(epochs=100, batch_size=20))
    images = data.train.images
    softmax = learner.network.one_pass(images)[1].softmax(1).mean(0)
    torch.testing.assert_close(softmax, torch.tensor(probabilities), rtol=0, atol=0.05)
    goodness = goodness_of(learner.network, images).mean(0)
    assert goodness.argsort(descending=True).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "teacher",
    [says(0.5, 0.5), says(0.6, 0.3, 0.2), says(1.2, -0.1, -0.1), says(math.nan, 0.5, 0.5),
     lambda images: torch.full((len(images) + 1, CLASSES), 1 / CLASSES),
     lambda images: torch.zeros(len(images), dtype=torch.int64),
     lambda images: [[1.0, 0.0, 0.0]] * len(images), lambda images: None,
     lambda images: torch.eye(CLASSES, dtype=torch.int64)[[0] * len(images)]],
)  # fmt: skip
def test_what_is_no_probability_is_refused(teacher):
    learner = student(teacher)
    with pytest.raises(UsageError, match="teacher said") as caught:
        learner.begin(split(4), 0, 0)
    assert "\n" not in str(caught.value)


def test_a_student_reads_labels():
    net = network(labelled=False)
    with pytest.raises(UsageError, match="reads labels"):
        Distillation(net, says(0.5, 0.3, 0.2), random_wrong_label, *RULES)


# --- one after the other


def lineage(first=0, middle=16, last=24, held_out=None):
    teacher = on(1)
    held_out = held_out or split(30, seed=9)
    soft = Calibrated(teacher, held_out, 1.5)
    return Lineage(
        {
            "teacher": Turn(Simultaneous(teacher, hard_by_softmax, *RULES), first, middle),
            "soft": Turn(Distillation(on(2), soft, hard_by_softmax, *RULES), middle, last),
            "hard": Turn(
                Distillation(on(2), MostLikely(soft), hard_by_softmax, *RULES), middle, last
            ),
        }
    )


PLAN = Plan(epochs=2, batch_size=8)


def test_each_learns_in_its_turn_from_its_own_images():
    learner, data = lineage(), dataset()
    start = {name: net.state_dict() for name, net in lineage().network.items()}
    progress = train(learner, data, PLAN)
    assert [entry["stage"] for entry in progress.curve] == [0, 0, 1, 1, 2, 2]
    for name, net in learner.network.items():
        assert any(not value.equal(start[name][key]) for key, value in net.state_dict().items())
    other = lineage()
    images = data.train.images.clone()
    images[16:] = 0.5
    train(other, replace(data, train=Split(images, data.train.labels)), PLAN)
    assert states_equal(learner.network["teacher"], other.network["teacher"])
    assert not states_equal(learner.network["soft"], other.network["soft"])
    assert not states_equal(learner.network["soft"], learner.network["hard"])


def test_a_student_s_labels_are_not_looked_at():
    learner, other, data = lineage(), lineage(), dataset()
    labels = data.train.labels.clone()
    labels[16:] = 0
    train(learner, data, PLAN)
    train(other, replace(data, train=Split(data.train.images, labels)), PLAN)
    assert states_equal(learner.network, other.network)


@pytest.mark.parametrize("epochs", [1, 2, 3, 5])
def test_stopped_in_any_stage_it_goes_on_to_the_same_bits(epochs, tmp_path):
    whole = lineage()
    train(whole, dataset(), PLAN)

    def stop(progress, steps, all_epochs):
        if progress.epoch == epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(lineage(), dataset(), PLAN, folder=tmp_path, watch=stop)
    resumed = lineage()
    train(resumed, dataset(), PLAN, folder=tmp_path, resume=True)
    assert states_equal(whole.network, resumed.network)


def test_a_lineage_has_the_scores_of_all():
    learner = lineage()
    images = uniform(5, PIXELS, dtype=torch.float32)
    readouts = learner.scores(images).readouts
    assert list(readouts)[:2] == ["teacher_goodness", "teacher_softmax"]
    assert {name.partition("_")[0] for name in readouts} == {"teacher", "soft", "hard"}
    assert readouts["hard_goodness"].equal(goodness_of(learner.network["hard"], images))


def test_a_lineage_describes_its_learners_in_plain_words():
    told = json.loads(json.dumps(lineage().describe(), allow_nan=False))["turns"]
    assert told["soft"]["teacher"] == {"part": "Calibrated", "softening": 1.5}
    assert told["hard"]["teacher"] == {"part": "MostLikely"}
    assert told["hard"]["images"] == [16, 24]


def test_a_turn_cannot_take_more_images_than_there_are():
    with pytest.raises(UsageError, match="images up to 24 of 20"):
        lineage().begin(split(20), 1, 0)


def test_a_lineage_refuses():
    learner = simultaneous()
    for turns in ({}, {"a": Turn(learner, 3, 3)}, {"a": Turn(learner, -1, 3)}):
        with pytest.raises(UsageError):
            Lineage(turns)
    learner.stages = 2
    with pytest.raises(UsageError, match="one stage"):
        Lineage({"a": Turn(learner, 0, 3)})
    learner.stages, learner.memory = 1, {"batches": labels_of(1)}
    with pytest.raises(UsageError, match="without a memory"):
        Lineage({"a": Turn(learner, 0, 3)})
