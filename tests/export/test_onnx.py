"""The exported graphs against torch: prediction, and a step of learning, over hundreds of steps."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from forward_forward import goodness, losses, normalization
from forward_forward.data.digits import load
from forward_forward.errors import UsageError
from forward_forward.export import onnx as exported
from forward_forward.export import trainer as trainer_file
from forward_forward.export.graph import IR_VERSION, OPSET
from forward_forward.export.trainer import OnnxTrainer
from forward_forward.goodness import mean_of_opposed_squares, mean_of_squares
from forward_forward.labels import concatenate
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.readout import accumulated_goodness
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, GOODNESS, LOSSES, PIXELS, dataset, generator, network, split

BATCH = 20
RULE, HEAD_RULE = SmoothedGradient(3e-3, 0.002), SmoothedGradient(0.1, 0.003)


def write(folder, net, rule=RULE, head_rule=None):
    """Write both graphs of a net, and return the folder."""
    (folder / "predict.onnx").write_bytes(exported.prediction(net).SerializeToString())
    step = exported.training_step(net, rule, head_rule)
    (folder / "learn.onnx").write_bytes(step.SerializeToString())
    return folder


def learn_both(net, folder, data, steps, head_rule=None, gain=1.0):
    """Learn the same steps with torch and with the graph, on the same images and the same draws; return the trainer."""
    negatives = random_wrong_label if head_rule is None else hard_by_softmax
    learner = Simultaneous(net, negatives, RULE, HEAD_RULE)
    learner.begin(data, 0, 0)
    trainer = OnnxTrainer(write(folder, net, RULE, head_rule))
    for step in range(steps):
        rows = torch.randperm(len(data), generator=generator(step))[:BATCH]
        learner.step(rows, generator(1000 + step), gain)
        labels, draw = data.labels[rows], generator(1000 + step)
        if head_rule is None:
            offset = torch.randint(1, net.classes, labels.shape, generator=draw)
            chance = {"negatives": ((labels + offset) % net.classes).numpy()}
        else:
            chance = {"noise": torch.rand(len(rows), net.classes, generator=draw).numpy()}
        images = data.images[rows].numpy()
        trainer.step(
            images=images, labels=labels.numpy(), gain=np.array(gain, np.float32), **chance
        )
    return trainer


def farthest(net, trainer):
    """Return the largest difference of a weight or a mean activity between torch and the graph's state."""
    state = net.state_dict()
    learned = {name: v for name, v in trainer.state.items() if not name.startswith("velocity.")}
    assert set(learned) >= {name for name in state if not name.startswith("head.")}
    for name, parameter in net.named_parameters():
        if name in learned:
            velocity = torch.from_numpy(trainer.state[f"velocity.{name}"])
            torch.testing.assert_close(velocity, parameter.grad, rtol=1e-3, atol=1e-6)
    return max(float((state[n] - torch.from_numpy(v)).abs().max()) for n, v in learned.items())


def digits_net(**options):
    return FeedForward.dense(64, 10, [48, 40, 32], generator=generator(), **options)


@pytest.mark.parametrize(
    ("head_rule", "options"),
    [
        (None, {"peer": 0.06, "head": False}),
        (
            HEAD_RULE,
            {"goodness": mean_of_squares, "loss": SiLU(), "peer": 0.06, "place": concatenate},
        ),
    ],
    ids=["threshold", "best"],
)
def test_three_hundred_steps_are_torchs(tmp_path, head_rule, options):
    data = load().train
    net = digits_net(**options)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    steps = (
        300 if head_rule is None else 120
    )  # a draw that hangs on the last bit may fall otherwise
    trainer = learn_both(net, tmp_path, data, steps, head_rule)
    assert farthest(net, trainer) <= 1e-6
    moved = [float((net.state_dict()[name] - old).abs().max()) for name, old in before.items()]
    assert min(moved) > 1e-3
    images = load().test.images
    goodness_of, answers = trainer.predict(images.numpy())
    expected = accumulated_goodness(net, images)
    torch.testing.assert_close(torch.from_numpy(goodness_of), expected, rtol=1e-5, atol=1e-5)
    assert (answers == expected.argmax(1).numpy()).mean() > 0.99


@pytest.mark.parametrize("part", GOODNESS)
def test_every_goodness_is_exported(tmp_path, part):
    net = network(goodness=getattr(goodness, part), head=False)
    trainer = learn_both(net, tmp_path, split(60), 5)
    assert farthest(net, trainer) <= 1e-6


@pytest.mark.parametrize("part", LOSSES)
def test_every_loss_is_exported(tmp_path, part):
    net = network(goodness=mean_of_squares, loss=getattr(losses, part)(), head=False)
    trainer = learn_both(net, tmp_path, split(60), 5)
    assert farthest(net, trainer) <= 1e-6


@pytest.mark.parametrize("name", ["length", "unit_length", "sum_to_units", "unnormalized"])
@pytest.mark.parametrize("head_rule", [None, HEAD_RULE], ids=["given", "hard"])
def test_normalisations_standardised_pixels_and_strength(tmp_path, name, head_rule):
    options = {"pixel_mean": 0.3, "pixel_std": 0.5, "strength": 2.0}
    net = network(normalization=getattr(normalization, name), **options)
    trainer = learn_both(net, tmp_path, split(60), 5, head_rule, gain=0.5)
    assert farthest(net, trainer) <= 1e-6
    images = split(9, seed=3).images
    torch.testing.assert_close(
        torch.from_numpy(trainer.predict(images.numpy())[0]), accumulated_goodness(net, images)
    )


def test_layers_without_bias(tmp_path):
    first = LabelledDense(PIXELS, CLASSES, 9, generator=generator())
    net = FeedForward([first, Dense(9, 6, bias=False, generator=generator(1))], CLASSES, head=False)
    trainer = learn_both(net, tmp_path, split(60), 5)
    assert farthest(net, trainer) <= 1e-6


def test_goodness_of_both_passes_is_what_torch_saw(tmp_path):
    net = network(head=False)
    data = split(7)
    wrong = (data.labels + 1) % CLASSES
    codes = torch.nn.functional.one_hot(torch.stack([data.labels, wrong])).float()
    expected = net.label_goodness(data.images, codes).mT
    trainer = OnnxTrainer(write(tmp_path, net))
    given = {"images": data.images, "labels": data.labels, "negatives": wrong}
    found = trainer.step(**{name: value.numpy() for name, value in given.items()})
    torch.testing.assert_close(torch.from_numpy(found["goodness"]), expected)
    assert (found["drawn"] == wrong.numpy()).all()


def test_it_learns_digits_and_goes_back_to_torch(tmp_path):
    data = load()
    net = digits_net(goodness=mean_of_squares, loss=SiLU(), peer=0.06, place=concatenate)
    trainer = OnnxTrainer(write(tmp_path, net, SmoothedGradient(0.01), HEAD_RULE))
    draw = np.random.default_rng(0)
    images, labels = data.train.images.numpy(), data.train.labels.numpy()
    asked = data.test.images.numpy()
    right = data.test.labels.numpy()
    before = (trainer.predict(asked)[1] == right).mean()
    for _ in range(6):
        for rows in np.array_split(draw.permutation(len(labels)), 30):
            seen = trainer.learn(images[rows], labels[rows], draw)
    after = (trainer.predict(asked)[1] == right).mean()
    assert before < 0.3
    assert after > 0.9
    assert seen.shape == (3, 2, 47)
    assert (seen[:, 0] > seen[:, 1]).mean() > 0.8
    state = {n: torch.from_numpy(v) for n, v in trainer.state.items() if n in net.state_dict()}
    net.load_state_dict(state)
    again = accumulated_goodness(net, data.test.images).argmax(1).numpy()
    assert (again == trainer.predict(asked)[1]).mean() > 0.99


def test_a_trainer_goes_on_from_a_kept_state(tmp_path):
    write(tmp_path, network(head=False))
    data = split(12)
    straight, first = OnnxTrainer(tmp_path), OnnxTrainer(tmp_path)
    draws = [np.random.default_rng(4), np.random.default_rng(4)]
    images, labels = data.images.numpy(), data.labels.numpy()
    straight.learn(images, labels, draws[0])
    first.learn(images, labels, draws[1])
    np.savez(tmp_path / "kept.npz", **first.state)
    with np.load(tmp_path / "kept.npz") as kept:
        second = OnnxTrainer(tmp_path, dict(kept))
    straight.learn(images, labels, draws[0], gain=0.5)
    second.learn(images, labels, draws[1], gain=0.5)
    assert set(straight.state) == set(second.state)
    assert all((straight.state[name] == second.state[name]).all() for name in straight.state)


def test_negatives_drawn_by_the_trainer_are_never_right(tmp_path):
    trainer = OnnxTrainer(write(tmp_path, network(head=False)))
    data, made, drawn = split(200), trainer.step, []

    def step(**given):
        found = made(**given)
        drawn.append(found["drawn"])
        return found

    trainer.step = step
    trainer.learn(data.images.numpy(), data.labels.numpy(), np.random.default_rng(0))
    assert (drawn[0] != data.labels.numpy()).all()
    assert set(drawn[0]) == set(range(CLASSES))


def test_graphs_state_their_opset_and_licence():
    for model in (exported.prediction(network()), exported.training_step(network(), RULE)):
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
        assert model.ir_version == IR_VERSION
        assert "MIT" in model.doc_string


def test_the_pages_list_of_op_types_is_that_of_our_best_net():
    page = (Path(__file__).parents[2] / "docs" / "edge.md").read_text(encoding="utf-8")
    (line,) = (part for part in page.split("\n\n") if part.startswith("`Add`"))
    net = best_learner(dataset(), [5, 4], 0).network
    graphs = [exported.prediction(net), exported.training_step(net, RULE, HEAD_RULE)]
    used = {node.op_type for model in graphs for node in model.graph.node}
    assert set(line.replace("\n", " ").replace("`", "").rstrip(".").split(", ")) == used


def test_rules_are_those_of_our_best_net():
    learner = best_learner(dataset(), [5, 4], 0)
    assert (learner.rule, learner.head_rule) == (exported.RULE, exported.HEAD_RULE)


def test_what_cannot_be_exported_says_so():
    with pytest.raises(UsageError, match="Adam cannot be exported; learn with SmoothedGradient"):
        exported.training_step(network(), Adam(1e-3))
    with pytest.raises(UsageError, match="no softmax head"):
        exported.training_step(network(head=False), RULE, HEAD_RULE)

    class Mine(SiLU):
        pass

    with pytest.raises(UsageError, match="the loss Mine cannot be exported"):
        exported.training_step(network(loss=Mine()), RULE)
    with pytest.raises(UsageError, match="the goodness loud is no sum over units"):
        exported.prediction(network(goodness=loud))


def loud(y):
    return y.amax(-1)


def test_a_goodness_may_weigh_units_apart(tmp_path):
    net = network(goodness=mean_of_opposed_squares, head=False)
    images = split(9).images
    write(tmp_path, net)
    found, _ = OnnxTrainer(tmp_path).predict(images.numpy())
    torch.testing.assert_close(torch.from_numpy(found), accumulated_goodness(net, images))


def test_hard_negatives_are_wrong_and_likely_by_the_softmax(tmp_path):
    net = network()
    with torch.no_grad():
        net.head.bias.copy_(torch.tensor([0.0, 5.0, 0.0]))
    trainer = OnnxTrainer(write(tmp_path, net, head_rule=HEAD_RULE))
    data = split(300)
    labels, noise = data.labels.numpy(), np.random.default_rng(0).random((300, 3), np.float32)
    noise[0] = 0  # the least there is
    drawn = trainer.step(images=data.images.numpy(), labels=labels, noise=noise)["drawn"]
    assert (drawn != labels).all()
    assert (drawn[labels != 1] == 1).mean() > 0.95
    assert 0.3 < (drawn[labels == 1] == 0).mean() < 0.7


def test_the_trainer_needs_no_torch_and_is_a_file_that_stands_alone(tmp_path):
    write(tmp_path, network())
    copy = tmp_path / "copied.py"
    copy.write_text(Path(trainer_file.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    code = (
        "import sys, copied; import numpy as np\n"
        f"t = copied.OnnxTrainer({str(tmp_path)!r})\n"
        f"t.learn(np.ones((2, {PIXELS}), np.float32), np.array([0, 1]), np.random.default_rng(0))\n"
        "print({'torch', 'forward_forward', 'onnx'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("missing", "module"),
    [("onnx", "forward_forward.export.onnx"), ("onnxruntime", "forward_forward.export.trainer")],
)
def test_a_missing_package_names_the_extra(missing, module):
    code = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "pip install 'forward-forward[export]'" in run.stderr.splitlines()[-1]
