"""Learning from every iteration: the fast step is the obvious one, on still images and on videos."""

import pytest
import torch

from forward_forward.context import of_another_image
from forward_forward.data import Split
from forward_forward.discover import members
from forward_forward.errors import DataError, DivergenceError, UsageError
from forward_forward.goodness import mean_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.labels import every_label
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_goodness, hard_by_softmax, random_wrong_label
from forward_forward.networks import wiring
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.networks.wiring import IMAGE, LABEL, without_labels
from forward_forward.randomness import generator as seeded
from forward_forward.readout import goodness_by_frame
from forward_forward.training.iterated import Iterated
from forward_forward.training.learner import STATISTICS
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.video import MovingImages
from recurrent_toys import BATCH, KINDS, codes, obvious_states, recurrent
from toys import CLASSES, PIXELS, dataset, generator, labels_of, uniform

every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


RULES = {
    "rule": SmoothedGradient(rate=0.02, weight_decay=0.002),
    "head_rule": SmoothedGradient(rate=0.1, weight_decay=0.003),
}


def assert_learned_as(learner, reference, passes):
    """Assert that a learner's gradients are those of two obvious passes, by autograd inside each layer; 1e-9."""
    total = [torch.zeros((), dtype=torch.float64) for _ in reference.layers]
    for (index, z_pos, _, y_pos), (_, _, _, y_neg) in zip(*passes, strict=True):
        layer = reference.layers[index]
        total[index] = total[index] + layer.objective(torch.cat([y_pos, y_neg])).mean()
        if layer.peer is not None:
            pull = layer.peer.pull(y_pos.detach())
            total[index] = total[index] - (z_pos * pull).sum() / BATCH
    share = RULES["rule"].share / reference.iterations
    pairs = zip(learner.network.layers, reference.layers, strict=True)
    for index, (fast, slow) in enumerate(pairs):
        gradients = torch.autograd.grad(total[index], list(slow.parameters()))
        for parameter, gradient in zip(fast.parameters(), gradients, strict=True):
            gradient = gradient * share
            assert (parameter.grad - gradient).abs().max() <= 1e-9 * gradient.abs().max()


def assert_the_step_is_the_obvious_one(network, reference, context=None):
    """Under two labels, or, where no label feeds the net, of images and of others as negatives."""
    images, others = uniform(BATCH, PIXELS), uniform(BATCH, PIXELS, seed=9)

    def fixed(shown, labels, **of):
        if not network.labelled:
            return (shown,), (others,)
        pos, neg = codes()
        return (shown, pos[None]), (shown, neg[None])

    fixed.labelled = network.labelled
    learner = Iterated(network, fixed, **RULES, context=context)
    learner.begin(Split(images, labels_of(BATCH, 1)), 0, 0)
    learner.step(torch.arange(BATCH), generator(), 0.0)
    sides = [(images, c) for c in codes()] if network.labelled else [(images, None), (others, None)]
    history = []
    pos = list(obvious_states(reference, *sides[0], network.iterations, history))
    above = [[h.roll(1, 0) for h in said] for said in history] if context else None
    neg = list(obvious_states(reference, *sides[1], network.iterations, above=above))
    assert_learned_as(learner, reference, [pos, neg])


@every_kind
@pytest.mark.parametrize("peer", [0.0, 0.06])
def test_the_step_is_the_obvious_one(make, peer):
    """Mean gradients of all iterations, by autograd inside each layer; float64, 1e-9."""
    assert_the_step_is_the_obvious_one(make(peer=peer), make(peer=peer))


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("named", members(wiring).values(), ids=members(wiring))
def test_the_step_of_every_wiring_is_the_obvious_one(named, depth):
    nets = (recurrent((9, 8, 7)[:depth], wiring=named(depth)) for _ in range(2))
    assert_the_step_is_the_obvious_one(*nets)


def test_the_step_with_another_context_is_the_obvious_one():
    nets = (recurrent((9, 8, 7), wiring=without_labels(3)) for _ in range(2))
    assert_the_step_is_the_obvious_one(*nets, context=of_another_image)


def test_low_precision_is_near():
    gradients = []
    for dtype in (None, torch.bfloat16):
        network = dense_recurrent(
            PIXELS, CLASSES, [40, 30], generator=generator(), peer=0.06, matmul_dtype=dtype
        )
        learner = Iterated(network, random_wrong_label, **RULES)
        images = uniform(BATCH, PIXELS, dtype=torch.float32)
        learner.begin(Split(images, labels_of(BATCH)), 0, 0)
        learner.step(torch.arange(BATCH), generator(), 0.0)
        gradients.append([p.grad for layer in network.layers for p in layer.parameters()])
    for exact, low in zip(*gradients, strict=True):
        assert (exact - low).norm() < 0.05 * exact.norm()


def test_a_context_is_given_rows_of_positives_and_of_negatives_under_labels_too():
    gradients = []
    for context in (None, lambda h: h.view(2 * BATCH, -1), of_another_image):
        learner = Iterated(recurrent(), hard_by_softmax, **RULES, context=context)
        learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
        learner.step(torch.arange(BATCH), generator(), 0.0)
        gradients.append(learner.network.layers[0].bias.grad)
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-12)
    assert not torch.allclose(gradients[0], gradients[2])


@pytest.mark.parametrize("negatives", [hard_by_softmax, hard_by_goodness, random_wrong_label])
def test_it_learns_toy_data_with_every_kind_of_wrong_label(negatives):
    data = dataset(120)
    network = dense_recurrent(
        PIXELS,
        CLASSES,
        [30, 20],
        generator=generator(),
        goodness=mean_of_squares,
        loss=SiLU(6.0),
        peer=0.06,
    )
    learner = Iterated(network, negatives, **RULES)
    learner.begin(data.train, 0, 0)
    for epoch in range(30):
        for rows in torch.randperm(120, generator=generator(epoch)).split(20):
            statistics = learner.step(rows, generator(epoch), 1.0)
    assert statistics.shape == (2, 4)
    readouts = learner.scores(data.train.images).readouts
    for name in ("goodness", "softmax"):
        right = (readouts[name].argmax(1) == data.train.labels).float().mean()
        assert right > 0.9, name


def test_it_learns_without_labels():
    network = recurrent(wiring=without_labels(2), goodness=mean_of_squares, loss=SiLU(6.0))
    learner = Iterated(network, HybridImages((1, 3, 4), blurs=1), **RULES)
    data = dataset(40)
    learner.begin(Split(data.train.images.double(), data.train.labels), 0, 0)
    losses = [
        learner.step(torch.arange(20), generator(), 1.0)[:, STATISTICS.index("loss")]
        for _ in range(30)
    ]
    assert bool((losses[-1] < losses[0]).all())
    assert list(learner.scores(uniform(3, PIXELS)).readouts) == ["softmax"]


def test_a_video_of_one_frame_is_a_still_image():
    def still(images, generator):
        yield images

    states = []
    for video in (None, still):
        learner = Iterated(recurrent(), hard_by_softmax, video=video, **RULES)
        learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
        learner.step(torch.arange(BATCH), generator(), 1.0)
        states.append(learner.network.state_dict())
    assert all(torch.equal(states[0][name], value) for name, value in states[1].items())


def test_a_longer_video_goes_on_from_the_state_of_its_last_frame():
    """Two frames of two iterations pass through the states of one frame of four, where nothing learns in between."""

    def twice(images, generator):
        yield images
        yield images

    goodness = []
    for video, iterations in ((None, 4), (twice, 2)):
        network = recurrent(iterations=iterations, window=(1, 2), peer=0.0)
        learner = Iterated(network, hard_by_softmax, video=video, **RULES)
        learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
        goodness.append(learner.step(torch.arange(BATCH), generator(), 0.0))
    assert torch.allclose(*goodness)


def test_scores_of_a_video_add_up_over_frames():
    video = MovingImages((1, 3, 4), size=4, frames=5)
    network = dense_recurrent(16, CLASSES, [9], generator=generator(), iterations=1, window=(1, 1))
    learner = Iterated(network, hard_by_softmax, video=video, **RULES)
    images = uniform(BATCH, PIXELS, dtype=torch.float32)
    readouts = learner.scores(images).readouts
    assert list(readouts) == [
        "goodness",
        "softmax",
        *(f"frames_{n}" for n in (1, 2, 5)),
        "one_frame",
    ]
    assert torch.equal(readouts["goodness"], readouts["frames_5"])
    frames = list(video(images, seeded(0, "video")))
    for name, shown in {
        "frames_2": frames[:2],
        "frames_5": frames,
        "one_frame": frames[:1] * 5,
    }.items():
        by_frame = list(goodness_by_frame(network, shown, every_label(CLASSES, images)))
        assert torch.allclose(readouts[name], torch.stack(by_frame).mean(0).sum(0)), name
    assert torch.equal(learner.scores(images).readouts["goodness"], readouts["goodness"])


def test_a_net_that_nothing_could_read_is_refused():
    with pytest.raises(UsageError, match="head=True"):
        Iterated(recurrent(wiring=without_labels(2), head=False), HybridImages((1, 3, 4)), **RULES)


def test_a_video_needs_labels():
    video = MovingImages((1, 3, 4), size=4)
    with pytest.raises(UsageError, match="let a label feed the net"):
        Iterated(recurrent(wiring=without_labels(2)), HybridImages((1, 3, 4)), video=video, **RULES)


@pytest.mark.parametrize("kind", [HybridImages, "hard_by_softmax", None])
def test_negatives_that_are_none_are_refused(kind):
    with pytest.raises(UsageError, match="negatives: "):
        Iterated(recurrent(), kind, **RULES)


@pytest.mark.parametrize("rule", [0.1, SmoothedGradient, None])
def test_rules_that_are_none_are_refused(rule):
    with pytest.raises(UsageError, match="rule: .* make one"):
        Iterated(recurrent(), hard_by_softmax, rule, rule)


def test_parts_that_are_none_are_refused():
    for name, part in {"video": MovingImages, "context": 3}.items():
        with pytest.raises(UsageError, match="video and context: "):
            Iterated(recurrent(), hard_by_softmax, **RULES, **{name: part})


def test_a_layer_that_no_label_reaches_is_refused():
    with pytest.raises(UsageError, match="no label reaches layer 0"):
        Iterated(recurrent(wiring=((IMAGE,), (0, LABEL))), hard_by_softmax, **RULES)
    short = {"iterations": 1, "window": (1, 1)}
    with pytest.raises(UsageError, match="within 1 iterations"):
        Iterated(recurrent(**short), hard_by_softmax, **RULES)
    Iterated(recurrent(**short), hard_by_softmax, **RULES, video=MovingImages((1, 3, 4), size=4))


def test_a_context_comes_from_a_higher_layer():
    with pytest.raises(UsageError, match="no layer hears a higher one"):
        Iterated(recurrent((9,)), hard_by_softmax, **RULES, context=of_another_image)


def test_a_context_may_change_what_it_is_given():
    states = []
    for context in (None, lambda h: h, lambda h: h.mul_(1)):
        learner = Iterated(recurrent(), hard_by_softmax, **RULES, context=context)
        learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
        learner.step(torch.arange(BATCH), generator(), 1.0)
        states.append(learner.network.state_dict())
    assert all(torch.equal(states[0][name], s[name]) for s in states[1:] for name in s)
    emptied = Iterated(recurrent(), hard_by_softmax, **RULES, context=lambda h: h.zero_())
    emptied.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
    assert bool((emptied.step(torch.arange(BATCH), generator(), 1.0)[:, 2] > 0).all())


def test_a_video_may_change_the_images_it_is_given():
    def darker(images, generator):
        yield images.mul_(0.5)

    learner = Iterated(recurrent(), hard_by_softmax, **RULES, video=darker)
    images = uniform(BATCH, PIXELS)
    learner.scores(images)
    assert torch.equal(images, uniform(BATCH, PIXELS))


def test_a_context_of_another_shape_is_refused():
    learner = Iterated(recurrent(), hard_by_softmax, **RULES, context=lambda h: h[:-1])
    learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
    with pytest.raises(UsageError, match="as many rows and units"):
        learner.step(torch.arange(BATCH), generator(), 1.0)


def test_wrong_kind_of_negatives():
    with pytest.raises(UsageError, match="label"):
        Iterated(recurrent(), HybridImages((1, 3, 4)), **RULES)
    with pytest.raises(UsageError, match="label"):
        Iterated(recurrent(wiring=without_labels(2)), hard_by_softmax, **RULES)


def test_a_video_without_a_frame():
    learner = Iterated(recurrent(), hard_by_softmax, video=lambda images, g: iter(()), **RULES)
    learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
    with pytest.raises(DataError, match="without a frame"):
        learner.step(torch.arange(BATCH), generator(), 1.0)


@pytest.mark.parametrize("later", [(BATCH - 1, PIXELS), (BATCH, PIXELS + 1)])
def test_videos_of_unequal_length_or_size(later):
    def uneven(images, generator):
        yield images
        yield uniform(*later)

    learner = Iterated(recurrent(), hard_by_softmax, video=uneven, **RULES)
    learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
    with pytest.raises(DataError, match="frame 2"):
        learner.step(torch.arange(BATCH), generator(), 1.0)


def test_states_that_blow_up_are_named():
    network = recurrent()
    with torch.no_grad():
        network.layers[1].connections[1].weight.fill_(1e200)
    learner = Iterated(network, hard_by_softmax, **RULES)
    learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
    with pytest.raises(DivergenceError, match="layer 2 .* iteration 1 on frame 1"):
        learner.step(torch.arange(BATCH), generator(), 1.0)


def blown_up_in_layer_2():
    made = dense_recurrent(16, 3, [4, 4], generator=generator())
    with torch.no_grad():
        next(made.layers[1].parameters()).fill_(float("nan"))
    return made


def taught_by(made, video=None):
    rules = SmoothedGradient(1e-3), SmoothedGradient(1e-3)
    learner = Iterated(made, random_wrong_label, *rules, video=video)
    learner.begin(Split(uniform(6, 16, dtype=torch.float32), torch.arange(6) % 3), 0, 0)
    return learner.step(torch.arange(6), generator(), 1.0)


def test_the_layer_is_named_that_blew_up_and_not_those_that_hear_of_it():
    with pytest.raises(DivergenceError, match="layer 2 is not finite in the bottom-up pass"):
        taught_by(blown_up_in_layer_2())


def test_frames_for_fewer_images_are_refused():
    with pytest.raises(DataError, match="frame 1 is .* the batch of 6 images"):
        taught_by(dense_recurrent(16, 3, [4, 4], generator=generator()), lambda x, g: iter([x[:2]]))


def test_a_list_of_frames_is_a_video():
    made = dense_recurrent(16, 3, [4, 4], generator=generator())
    assert taught_by(made, lambda x, g: [x, x]).isfinite().all()
