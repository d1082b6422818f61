"""Black boxes: Forward-Forward learns around what backpropagation cannot pass, and what is no answer is refused."""

import json
import sys
import threading
import time
from concurrent.futures import Future

import numpy as np
import pytest
import torch
from torch import nn

from forward_forward.beyond import black_box
from forward_forward.beyond.black_box import BlackBox, Boxed, boxed
from forward_forward.errors import CheckpointError, FFError, UsageError
from forward_forward.labels import every_label
from forward_forward.layers.dense import Dense
from forward_forward.models import load_model, save_model
from forward_forward.negatives import hard_by_softmax, random_wrong_label, stack
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import length, unnormalized
from forward_forward.readout import goodness_per_label
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, WIDTHS, dataset, generator, split, uniform

IMAGES = uniform(6, PIXELS, dtype=torch.float32)


def rounding(timeout=None):
    """Half a unit at most, in numpy: flat wherever it has a slope at all."""
    return BlackBox(
        lambda h: np.minimum(np.round(h), 1), name="rounding", numpy=True, timeout=timeout
    )


def first_five():
    return BlackBox(lambda h: h[:, :5].sin(), name="first five", units=5)


def toy(boxes, widths=WIDTHS, **parts):
    return boxed(
        PIXELS, CLASSES, list(widths), boxes, generator=generator(), **{"peer": 0.06, **parts}
    )


def taught(network, negatives=random_wrong_label):
    learner = Simultaneous(network, negatives, SmoothedGradient(0.02), SmoothedGradient(0.1))
    learner.begin(split(12), 0, 0)
    return learner


def test_no_box_at_all_is_the_plain_net():
    plain = FeedForward.dense(PIXELS, CLASSES, WIDTHS, generator=generator(), peer=0.06)
    net = toy([None, None])
    assert isinstance(net, Boxed)
    for name, value in plain.state_dict().items():
        assert net.state_dict()[name].equal(value), name
    assert goodness_per_label(net, IMAGES).equal(goodness_per_label(plain, IMAGES))


def test_a_box_that_changes_nothing_changes_nothing():
    same = BlackBox(lambda h: h, name="same")
    plain, net = toy([None, None]), toy([same, same])
    torch.testing.assert_close(
        goodness_per_label(net, IMAGES), goodness_per_label(plain, IMAGES), rtol=1e-5, atol=1e-6
    )
    torch.testing.assert_close(net.one_pass(IMAGES)[0], plain.one_pass(IMAGES)[0])


def test_layers_read_what_boxes_make_normalised_again():
    """In each of the three ways up: with labels, with the neutral one, and as layers learn."""
    net = toy([first_five(), rounding()], dtype=torch.float64)
    assert [layer.in_features for layer in net.layers] == [PIXELS, 5, 8]
    first, second, third = net.layers
    images, codes = IMAGES.double(), every_label(CLASSES, first.weight)

    def slowly(codes):
        one = length(first(images, codes))
        two = length(second(length(one[:, :5].sin())))
        through = torch.from_numpy(np.minimum(np.round(two.numpy()), 1))
        return one, two, length(third(length(through)))

    torch.testing.assert_close(length(list(net.activities(images, codes))[-1]), slowly(codes)[2])
    neutral = torch.full((1, 1, CLASSES), 1 / CLASSES, dtype=torch.float64)
    torch.testing.assert_close(net.one_pass(images)[0], torch.cat(slowly(neutral)[1:], dim=1))
    learner, data = taught(net), split(12, dtype=torch.float64)
    learner.begin(data, 0, 0)
    pos, neg = random_wrong_label(
        net.project(data.images), data.labels, network=net, generator=generator()
    )
    _, seen = third.learn((_passed(list(net.activities(*stack(pos, neg)))[1]),))
    statistics, _ = learner._teach_layers(stack(pos, neg), 0.0)
    torch.testing.assert_close(statistics[2].goodness_pos, seen.goodness_pos)


def _passed(y):
    return length(torch.from_numpy(np.minimum(np.round(length(y).numpy()), 1)))


def test_what_a_layer_below_learns_does_not_depend_on_the_box_above():
    learned = []
    for box in (None, rounding()):
        learner = taught(toy([box, None]))
        learner.step(torch.arange(12), generator(), 1.0)
        learned.append([layer.weight.clone() for layer in learner.network.layers])
    assert learned[0][0].equal(learned[1][0])
    assert not learned[0][1].equal(learned[1][1])


def threshold(h):
    return (h > 0.7).to(h)


def test_backpropagation_stops_at_the_box_and_forward_forward_learns_on_both_sides():
    """Two linear maps with a box between: no derivative comes down; the same box between layers harms nobody."""
    box = BlackBox(threshold, name="threshold")
    below, above = (nn.Parameter(uniform(PIXELS, PIXELS, seed=s) - 0.5) for s in (1, 2))
    images = IMAGES.double()
    loss = (box((images @ below).relu()) @ above).square().sum()
    assert torch.autograd.grad(loss, above, retain_graph=True)[0].abs().max() > 0
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(loss, below)
    by_numpy = BlackBox(np.sin, name="sine", numpy=True)
    assert not by_numpy((images @ below).relu()).requires_grad
    with pytest.raises(RuntimeError, match="requires grad"):
        np.sin((images @ below).relu())  # without the box torch would not even let it through

    data, net = dataset(120), toy([box], widths=(30, 30))
    learner = Simultaneous(net, hard_by_softmax, Adam(rate=0.01), SmoothedGradient(rate=0.3))
    before = evaluate(learner.scores, data.train, CLASSES)
    train(learner, data, Plan(epochs=10, batch_size=20))
    after = evaluate(learner.scores, data.train, CLASSES)
    assert after.metrics["goodness_error"] < 10 < before.metrics["goodness_error"]
    assert after.layer_errors[1] < 10 < before.layer_errors[1]  # the one above the box


def spoiled(value):
    def answer(h):
        h[0, 1] = value
        return h

    return answer


def raising(h):
    raise ValueError("no more ink")


BAD = {
    "fewer rows": (lambda h: h[1:], "other rows"),
    "no rows": (lambda h: h[:0], "other rows"),
    "more rows": (lambda h: torch.cat([h, h]), "other rows"),
    "fewer units": (lambda h: h[:, 1:], "other units"),
    "one number": (lambda h: h.sum(), "other rows"),
    "a number a row": (lambda h: h.sum(1), "other units"),
    "more dimensions": (lambda h: h.unsqueeze(2), "other units"),
    "NaN": (spoiled(float("nan")), "NaN or infinite"),
    "infinity": (spoiled(float("-inf")), "NaN or infinite"),
    "too large for float32": (lambda h: h.double() * 1e300, "NaN or infinite"),
    "too large to be squared": (lambda h: h * 0 + 1e30, "infinite squares"),
    "integers": (lambda h: h.long(), "int64, where dense floats"),
    "truth values": (lambda h: h > 0, "bool, where dense floats"),
    "complex numbers": (lambda h: torch.complex(h, h), "complex64, where dense floats"),
    "integers of numpy": (lambda h: h.numpy().astype(np.int8), "int8, where dense floats"),
    "objects": (lambda h: h.numpy().astype(object), "object, where dense floats"),
    "sparse": (lambda h: h.to_sparse(), "where dense floats"),
    "a list": (lambda h: h.tolist(), "a list, not a tensor"),
    "a pair": (lambda h: (h, h), "a tuple, not a tensor"),
    "nothing": (lambda h: None, "a NoneType, not a tensor"),
    "an error": (raising, "raised ValueError: no more ink"),
    "leaves": (sys.exit, "raised SystemExit"),
    "an error of ours": (BlackBox(raising, name="inner"), "'inner'"),
    "a missing part": (lambda h: h.missing, "raised AttributeError"),
}


@pytest.mark.parametrize("timeout", [None, 5.0])
@pytest.mark.parametrize(("fn", "says"), BAD.values(), ids=BAD)
def test_what_is_no_answer_is_refused_by_name_and_place(fn, says, timeout):
    net = toy([None, BlackBox(fn, name="odd one", timeout=timeout)])
    with pytest.raises(
        UsageError, match=f"black box 'odd one' between layers 2 and 3: .*{says}"
    ) as error:
        goodness_per_label(net, IMAGES)
    assert "\n" not in str(error.value)
    with pytest.raises(UsageError, match="between layers 2 and 3"):
        taught(net).step(torch.arange(12), generator(), 1.0)


def test_the_cause_of_an_error_is_kept():
    with pytest.raises(UsageError) as error:
        BlackBox(raising, name="printer")(IMAGES)
    assert isinstance(error.value.__cause__, ValueError)


GOOD = {
    "float64": lambda h: h.double(),
    "float16": lambda h: h.half().float().half(),
    "bfloat16": lambda h: h.bfloat16(),
    "float64 of numpy": lambda h: h.numpy().astype(np.float64),
    "float16 of numpy": lambda h: h.numpy().astype(np.float16),
    "long doubles": lambda h: h.numpy().astype(np.longdouble),
    "big-endian": lambda h: h.numpy().astype(">f4"),
    "backwards in memory": lambda h: h.numpy()[::-1].copy()[::-1],
    "across rows": lambda h: h.t().contiguous().t(),
    "frozen": lambda h: np.frombuffer(h.numpy().tobytes(), dtype=np.float32).reshape(h.shape),
}


@pytest.mark.parametrize("fn", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_any_kind_of_float_is_taken(fn, dtype):
    h = (IMAGES * 4).round().to(dtype)  # which even half a float holds exactly
    answer = BlackBox(lambda h: fn(h.float()), name="floats")(h)
    assert answer.dtype == dtype
    assert answer.equal(h)


def test_no_rows_are_no_question():
    with pytest.raises(UsageError, match="'rounding' between layers 1 and 2: asked about no rows"):
        toy([rounding(), None]).passed_on(IMAGES[:0, :9], 0)


def test_a_box_may_write_into_what_it_gets_and_keep_what_it_gives():
    kept = torch.zeros(6, PIXELS)

    def careless(h):
        kept.copy_(h).mul_(2)
        h.fill_(7)
        return kept

    h = IMAGES.clone()
    answer = BlackBox(careless, name="careless")(h)
    kept.zero_()
    assert h.equal(IMAGES)
    assert answer.equal(2 * IMAGES)
    shared = IMAGES.clone()
    in_numpy = BlackBox(lambda h: np.multiply(h, 2, out=h), name="in place", numpy=True)
    assert in_numpy(shared).equal(2 * IMAGES)
    assert shared.equal(IMAGES)


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_a_box_with_weights_of_its_own_makes_no_graph(timeout):
    weight = nn.Parameter(torch.ones(9))
    box = BlackBox(lambda h: h * weight, name="weighted", timeout=timeout)
    learner = taught(toy([box, box], widths=(9, 9, 9), normalization=unnormalized))
    assert not learner.network.passed_on(torch.ones(2, 9), 0).requires_grad
    learner.step(torch.arange(12), generator(), 1.0)
    assert weight.grad is None


def test_late_is_refused_and_so_is_the_next_question_until_the_first_is_through():
    go, asked = threading.Event(), []

    def slow(h):
        asked.append(len(h))
        go.wait(20)
        return h

    net = toy([BlackBox(slow, name="snail", timeout=0.05), None])
    started = time.perf_counter()
    with pytest.raises(
        UsageError, match=r"'snail' between layers 1 and 2: no answer within 0.05 s"
    ):
        goodness_per_label(net, IMAGES)
    with pytest.raises(UsageError, match="still hangs"):
        net.passed_on(torch.ones(4, 9), 0)
    assert time.perf_counter() - started < 5
    assert asked == [6 * CLASSES]  # nobody asked while it hung
    hanging = net.boxes[0]._hanging
    assert hanging.daemon  # the program can end without it
    go.set()
    hanging.join(5)
    assert net.passed_on(torch.ones(4, 9), 0).equal(length(torch.ones(4, 9)))


def test_when_time_is_up_it_is_told_to_stop():
    told = threading.Event()
    box = BlackBox(lambda h: told.wait(20) and h, name="patient", timeout=0.05, stop=told.set)
    with pytest.raises(UsageError, match="no answer"):
        box(IMAGES)
    box._hanging.join(5)
    assert box(IMAGES).equal(IMAGES)


def test_a_time_out_within_the_box_is_its_own_error():
    def timed_out(h):
        raise TimeoutError("the bus")

    with pytest.raises(UsageError, match="raised TimeoutError: the bus"):
        BlackBox(timed_out, name="bus", timeout=5)(IMAGES)


def test_an_answer_that_comes_as_time_runs_out_is_taken(monkeypatch):
    """Done between the end of the wait and the look at whether it is: no error of the box's own."""

    class Late(Future):
        def result(self, timeout=None):
            answer = super().result(None)
            if timeout is not None:
                raise TimeoutError
            return answer

    monkeypatch.setattr(black_box, "Future", Late)
    assert BlackBox(lambda h: h, name="late", timeout=5)(IMAGES).equal(IMAGES)


def test_in_time_is_as_without_a_limit():
    quick, unlimited = rounding(timeout=5)(IMAGES), rounding()(IMAGES)
    assert quick.equal(unlimited)
    assert quick.unique().tolist() == [0, 1]


@pytest.mark.parametrize(
    "arguments",
    [{"fn": 3}, {"name": ""}, {"units": 0}, {"units": -2}, {"units": 2.5}, {"timeout": 0}, {"timeout": -1.0},
     {"timeout": float("nan")}],
)  # fmt: skip
def test_a_box_that_cannot_be(arguments):
    with pytest.raises(UsageError, match="black box"):
        BlackBox(**{"fn": threshold, "name": "threshold", **arguments})


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_box_between_each_two_layers(count):
    with pytest.raises(UsageError, match=f"{count} black boxes for 3 layers"):
        toy([rounding()] * count)
    layers = FeedForward.dense(PIXELS, CLASSES, WIDTHS, generator=generator()).layers
    with pytest.raises(UsageError, match=f"{count} black boxes for 3 layers"):
        Boxed(list(layers), CLASSES, [rounding()] * count)


def test_a_function_in_the_place_of_a_box():
    with pytest.raises(UsageError, match="is a BlackBox"):
        toy([threshold, None])


def test_no_widths_no_net():
    with pytest.raises(FFError, match="at least one layer"):
        boxed(PIXELS, CLASSES, [], [], generator=generator())


def test_layers_of_one_s_own_must_fit_their_box():
    layers = [Dense(PIXELS, 6, generator=generator()), Dense(6, 4, generator=generator())]
    assert Boxed(layers, CLASSES, [rounding()]).one_pass(IMAGES)[1].shape == (6, CLASSES)
    with pytest.raises(UsageError, match="layer 2 reads 6 inputs, but .* layers 1 and 2 gives 5"):
        Boxed(layers, CLASSES, [first_five()])


def test_a_net_without_labels_has_boxes_too():
    net = toy([first_five(), rounding()], labelled=False)
    assert not net.labelled
    features, logits = net.one_pass(IMAGES)
    assert features.shape == (6, sum(WIDTHS[1:]))
    assert logits.shape == (6, CLASSES)


def test_one_box_in_two_places():
    count = []
    box = BlackBox(lambda h: count.append(h.shape[1]) or h, name="counter")
    goodness_per_label(toy([box, box]), IMAGES)
    assert count == list(WIDTHS[:2])


def test_a_description_names_boxes_and_builds_none(tmp_path):
    net, data = toy([first_five(), None]), dataset()
    described = json.loads(json.dumps(net.config(), allow_nan=False))
    assert described["boxes"] == [{"black_box": "first five", "units": 5}, None]
    with pytest.raises(UsageError, match="cannot be built from a description"):
        Boxed.from_config(described)
    save_model(tmp_path, net, data, {})
    with pytest.raises(CheckpointError):
        load_model(tmp_path)


def test_chance_comes_from_generators_alone():
    before = torch.get_rng_state()
    taught(toy([rounding(), None]), hard_by_softmax).step(torch.arange(12), generator(), 1.0)
    assert torch.get_rng_state().equal(before)
