"""Every recipe: builds, states its claim, takes a step on images of MNIST's size, and is judged by its claim."""

import importlib
import json
import math

import pytest
import torch

from forward_forward import recipes
from forward_forward.blueprints import build_network, describe_network
from forward_forward.context import cancelled
from forward_forward.data import Dataset, Split, batches, names
from forward_forward.data.text import ALPHABET, Text
from forward_forward.errors import UsageError
from forward_forward.recipes import study_mortal
from forward_forward.recipes.recipe import nothing
from forward_forward.training.evaluation import evaluate
from forward_forward.training.plan import Plan
from toys import generator, labels_of, uniform

NAMES = recipes.names()
every_recipe = pytest.mark.parametrize("name", NAMES)


def images(count, seed, shape, classes):
    pixels = uniform(count, math.prod(shape), seed=seed, dtype=torch.float32)
    return Split(pixels, labels_of(count, seed, classes))


def random_text():
    train, test = (torch.randint(30, (n,), generator=generator(n)) for n in (29_800, 6_000))
    return Text("aesop", ALPHABET, train, test)


def random_data(name):
    if name == "aesop":
        return random_text()
    classes, shape = (100, (3, 32, 32)) if "100" in name else (10, (1, 28, 28))
    if name == "cifar10":
        shape = (3, 32, 32)
    split = [images(12, 0, shape, classes), images(5, 1, shape, classes)]
    return Dataset(name, classes, shape, *split, tuple(map(str, range(classes))))


NOBODY = recipes.find("author_program").beside
DATA = {name: random_data(name) for name in names()}
NETS = [(name, net) for name in NAMES for net in recipes.find(name).nets]
every_net = pytest.mark.parametrize(("name", "net"), NETS, ids=["-".join(pair) for pair in NETS])


def test_the_promised_ones_are_there():
    assert {"author_program", "backprop_4x2000", "best_supervised", "blog2022_walkthrough",
            "hinton2022_supervised", "hinton2022_supervised_fast"} <= set(NAMES)  # fmt: skip


@every_recipe
def test_it_says_what_it_claims(name):
    text = importlib.import_module(f"forward_forward.recipes.{name}").__doc__
    recipe = recipes.find(name)
    assert "Claim:" in text or "Goal:" in text
    assert recipe.claims
    assert recipe.dataset in names()
    for claim in recipe.claims:
        assert claim.source
        assert claim.paper is not None or claim.target is not None or "no number" in text
        assert all(0 < n < 100 for n in (claim.paper, claim.target) if n is not None)
    assert len({claim.metric for claim in recipe.claims}) == len(recipe.claims)


@every_net
def test_it_takes_a_step(name, net):
    recipe = recipes.find(name)
    data = recipe.prepare(DATA[recipe.dataset])
    before = torch.get_rng_state()
    learner, plan = recipe.nets[net](data, 7, "cpu")
    assert isinstance(plan, Plan)
    assert plan.seed == 7
    assert plan.look_every == 0  # the test split is no split to look at
    assert json.loads(json.dumps([learner.describe(), plan.describe()], allow_nan=False))
    state = {k: v.clone() for k, v in learner.network.state_dict().items()}
    learner.begin(data.train, 0, plan.seed)
    rows = next(batches(len(data.train), plan.batch_size, plan.seed, 0))
    seen = learner.step(rows, generator(), plan.schedule(0.0))
    assert seen[:, 0].isfinite().all()
    after = learner.network.state_dict()
    assert any(not value.equal(after[key]) for key, value in state.items())
    assert all(value.isfinite().all() for value in after.values())
    some = Split(data.test.images[:20], data.test.labels[:20])
    metrics = evaluate(learner.scores, some, data.classes).metrics
    assert all(math.isfinite(value) for value in metrics.values())
    if not net:
        saved = build_network(describe_network(learner.network))
        assert saved.state_dict().keys() == learner.network.state_dict().keys()
        metrics |= recipe.also(learner, data)
        assert {claim.metric for claim in recipe.claims} <= metrics.keys()
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize("name", sorted({name for name, net in NETS if net}))
def test_several_nets_are_measured_as_claimed(name):
    recipe = recipes.find(name)
    metrics = {
        f"{kind}_{what}": 1.0
        for kind in ("goodness", "softmax")
        for what in ("error", "macro_f1", "perplexity", "bits")
    } | {"bits": 1.0}
    more = ("one_frame_error", "frames_1_error", "directions_1", "uncancelled_images")
    of_mortals = [
        f"{net}_{kind}_error" for net in study_mortal.LEARNERS for kind in ("goodness", "softmax")
    ]
    of_mortals += [f"{net}_error" for net in study_mortal.COPIES]
    of_mortals += [f"{net}_shared_mistakes" for net in study_mortal.LEARNERS[1:]]
    metrics |= dict.fromkeys([*more, *of_mortals], 1.0)
    curve = [{"epoch": epoch, "validation": metrics} for epoch in (3, 15)]
    result = {
        "metrics": metrics,
        "curves": curve,
        "epochs": 3,
        "seconds": 1.0,
        "peak_memory_mib": 1.0,
    }
    beside = ["five_gram", "best_n_gram"] if recipe.beside is not NOBODY else []
    found = recipe.measure(dict.fromkeys([*recipe.nets, *beside], result))
    assert {claim.metric for claim in recipe.claims} <= found.keys()
    assert all(math.isfinite(found[claim.metric]) for claim in recipe.claims)


def test_table_1_claims_what_the_paper_has():
    found = {
        name.removeprefix("hinton2022_cifar10_"): [c.paper for c in recipes.find(name).claims]
        for name in NAMES
        if name.startswith("hinton2022_cifar10_")
    }
    assert found == {
        "bp2": [37], "min2": [41, 45], "max2": [44, 46],
        "bp3": [39], "min3": [41, 44], "max3": [44, 46],
    }  # fmt: skip


def test_all_frames_are_held_against_the_best_that_one_frame_gives():
    errors = {"goodness": 10.0, "frames_1": 70.0, "one_frame": 60.0, "softmax": 50.0}
    for best in ("frames_1", "one_frame", "softmax"):
        metrics = {f"{name}_error": value for name, value in {**errors, best: 40.0}.items()}
        found = recipes.find("moving_digits").measure({"ff": {"metrics": metrics}})
        assert found["all_frames_ratio"] == 0.25


def test_directions_of_other_contexts_are_held_against_those_of_other_data():
    results = {
        "others": {"metrics": {"directions_1": 2.0}},
        "high": {"metrics": {"directions_1": 8.0}},
    }
    assert recipes.find("hinton2022_context").measure(results)["directions_ratio"] == 0.25


def test_a_trace_is_what_the_net_says_by_iteration():
    """The answers, and with the true label and with the best wrong one the goodness and what is cancelled."""
    recipe, data = recipes.find("hinton2022_recurrent"), DATA["mnist"]
    learner, _ = recipe.build(data, 0, "cpu")
    net = learner.network
    found = recipe.traces(learner, data)
    test, codes = data.test, torch.eye(10)
    by_label = [net.run(net.project(test.images), code.expand(1, 1, -1))[0] for code in codes]
    goodness = torch.cat(by_label, dim=2)  # [T, L, K, B]
    for iteration, row in enumerate(goodness.sum(1)):
        wrong = 100 * float((row.argmax(0) != test.labels).float().mean())
        assert found["error_by_iteration"][iteration] == pytest.approx(wrong, abs=1e-3)
    best = goodness.sum((0, 1)).clone()
    best[test.labels, range(len(test))] = -1
    for side, labels in {"positive": test.labels, "negative": best.argmax(0)}.items():
        seen = goodness[:, :, labels, range(len(test))].mean(-1)
        assert torch.allclose(torch.tensor(found["goodness_by_iteration"][side]), seen, atol=1e-4)
        share = cancelled(net, test.images, codes[labels].unsqueeze(0))[:, :, 0].nanmean(-1)
        assert torch.allclose(torch.tensor(found["cancelled_by_iteration"][side]), share, atol=1e-3)


def test_the_seed_makes_the_weights():
    build = recipes.find("blog2022_walkthrough").build
    first, again, other = (build(DATA["mnist"], seed, "cpu")[0].network for seed in (0, 0, 1))
    states = [net.state_dict() for net in (first, again, other)]
    assert all(value.equal(states[1][key]) for key, value in states[0].items())
    assert not states[0]["layers.1.weight"].equal(states[2]["layers.1.weight"])


def test_a_wrong_name_is_refused_with_a_near_one():
    with pytest.raises(UsageError, match="author_program"):
        recipes.find("author_programme")
    with pytest.raises(UsageError):
        recipes.find("recipe")


@pytest.mark.parametrize("name", [n for n in NAMES if recipes.find(n).also is not nothing])
def test_more_metrics_are_finite_numbers(name):
    recipe = recipes.find(name)
    data = recipe.prepare(DATA[recipe.dataset])
    learner, _ = next(iter(recipe.nets.values()))(data, 7, "cpu")
    found = recipe.also(learner, data)
    assert found
    assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("name", [n for n in NAMES if recipes.find(n).traces is not nothing])
def test_traces_are_plain(name):
    recipe = recipes.find(name)
    data = recipe.prepare(DATA[recipe.dataset])
    learner, _ = next(iter(recipe.nets.values()))(data, 7, "cpu")
    found = recipe.traces(learner, data)
    assert found
    assert json.loads(json.dumps(found, allow_nan=False)) == found
