"""Odd data through training, judging and saving: a typed error or a finite result, nothing else."""

import numpy as np
import pytest
import torch

from forward_forward.adversarial import FastGradientSign
from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset, Split
from forward_forward.data.image_file import read_images
from forward_forward.errors import FFError
from forward_forward.labels import concatenate
from forward_forward.models import load_model, save_model
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.randomness import generator
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.evaluation import evaluate
from forward_forward.training.greedy import Greedy
from forward_forward.training.iterated import Iterated
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous

ROWS, FEATURES, CLASSES = 12, 6, 3
RULE = SmoothedGradient(0.02)


def images(seed=0, rows=ROWS, features=FEATURES):
    return torch.rand(rows, features, generator=torch.Generator().manual_seed(seed))


def labels(rows=ROWS, classes=CLASSES):
    return torch.arange(rows) % classes


def with_value(value, place=(3, 2)):
    changed = images()
    changed[place] = value
    return changed


def of_kind(kind):
    values = (
        images() > 0.5
        if kind == torch.bool
        else images() * (1 if kind.is_floating_point or kind.is_complex else 9)
    )
    return values.to(kind)


def memmapped(tmp_path):
    np.save(tmp_path / "a.npy", images().numpy())
    return torch.from_numpy(np.load(tmp_path / "a.npy", mmap_mode="r"))


def constant(columns):
    changed = images()
    changed[:, columns] = 0.7
    return changed


KINDS = [torch.float16, torch.bfloat16, torch.float64, torch.uint8, torch.int8, torch.int32, torch.int64, torch.bool,
         torch.complex64]  # fmt: skip
ODD = {
    "a NaN": lambda _: (with_value(torch.nan), labels()),
    "an infinity": lambda _: (with_value(torch.inf), labels()),
    "minus infinity": lambda _: (with_value(-torch.inf), labels()),
    "a subnormal": lambda _: (with_value(1e-42), labels()),
    "all NaN": lambda _: (torch.full((ROWS, FEATURES), torch.nan), labels()),
    **{f"{kind}": lambda _, kind=kind: (of_kind(kind), labels()) for kind in KINDS},
    "0 rows": lambda _: (images(rows=0), labels(0)),
    "1 row": lambda _: (images(rows=1), labels(1)),
    "2 rows": lambda _: (images(rows=2), labels(2)),
    "1 class present": lambda _: (images(), torch.zeros(ROWS, dtype=torch.int64)),
    "1 feature": lambda _: (images(features=1), labels()),
    "0 features": lambda _: (images(features=0), labels()),
    "a constant column": lambda _: (constant([1]), labels()),
    "constant rows": lambda _: (constant(list(range(FEATURES))), labels()),
    "all zero": lambda _: (torch.zeros(ROWS, FEATURES), labels()),
    "all one": lambda _: (torch.ones(ROWS, FEATURES), labels()),
    "the same row": lambda _: (images(rows=1).expand(ROWS, FEATURES), labels()),
    "not contiguous": lambda _: (images(features=2 * FEATURES)[:, ::2], labels()),
    "turned": lambda _: (images(rows=FEATURES, features=ROWS).t(), labels()),
    "reversed labels": lambda _: (images(), labels().flip(0)[::1]),
    "a memmap to read alone": lambda folder: (memmapped(folder), labels()),
    "labels of floats": lambda _: (images(), labels().float()),
    "labels of bytes": lambda _: (images(), labels().to(torch.uint8)),
    "a label too many": lambda _: (images(), labels() + 1),
    "labels of strings": lambda _: (images(), ["a", "b", "c"] * 4),
    "fewer labels": lambda _: (images(), labels(ROWS - 1)),
    "one dimension": lambda _: (images()[0], labels()),
    "three dimensions": lambda _: (images()[None], labels()),
}  # fmt: skip


def feed_forward(features):
    return FeedForward.dense(
        features, CLASSES, [5, 4], generator=generator(0, "weights"), peer=0.1, place=concatenate
    )


LEARNERS = {
    "simultaneous": lambda n: Simultaneous(
        feed_forward(n), hard_by_softmax, RULE, RULE, adversary=FastGradientSign(0.05)
    ),
    "greedy": lambda n: Greedy(feed_forward(n), random_wrong_label, RULE),
    "recurrent": lambda n: Iterated(
        dense_recurrent(n, CLASSES, [5, 4], generator=generator(0, "weights")),
        hard_by_softmax,
        RULE,
        RULE,
        adversary=FastGradientSign(0.05),
    ),
    "backpropagation": lambda n: Backpropagation(
        Perceptron(n, CLASSES, [5, 4], generator=generator(0, "weights")), Adam(0.01)
    ),
}


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_an_error_or_a_finite_result(odd, learner, count, tmp_path):
    given, named = ODD[odd](tmp_path)
    whole = None
    try:
        split = Split(given, named)
        data = Dataset("odd", CLASSES, (1, 1, given.shape[-1]), split, split, ("a", "b", "c"))
        net = LEARNERS[learner](data.features)
        progress = train(net, data, Plan(epochs=2, batch_size=5), folder=tmp_path / "run")
        result = evaluate(net.scores, data.test, CLASSES)
        save_model(tmp_path / "model", net.network, data, result.metrics)
        whole = load_model(tmp_path / "model")
    except FFError as error:
        assert "\n" not in str(error)
        count("8 odd data", told=1)
        return
    assert progress.epoch == 2
    assert all(np.isfinite(value) for value in result.metrics.values())
    assert all(bool(value.isfinite().all()) for value in net.network.state_dict().values())
    assert all(bool(v.isfinite().all()) for v in whole.scores(given.contiguous()).readouts.values())
    count("8 odd data", finite=1)


REFUSED = {
    "a NaN",
    "an infinity",
    "minus infinity",
    "all NaN",
    "0 rows",
    "0 features",
    "a label too many",
}


@pytest.mark.parametrize("odd", sorted(REFUSED))
def test_some_are_refused_whoever_learns(odd, tmp_path):
    given, named = ODD[odd](tmp_path)
    split = Split(given, named)
    with pytest.raises(FFError):
        Dataset("odd", CLASSES, (1, 1, given.shape[-1]), split, split, ("a", "b", "c"))


TYPES = ["?", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d", "g", "F", "D", "U4", "S4", "M8[s]",
         "m8[s]", "V4", ">f4", ">i8"]  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_an_array_of_any_type_from_a_file(kind, count, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 4), dtype=kind))
    try:
        assert bool(read_images(tmp_path / "a.npy", (1, 2, 2)).isfinite().all())
        count("8 odd data", finite=1)
    except FFError as error:
        assert "\n" not in str(error)
        count("8 odd data", told=1)
