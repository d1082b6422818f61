"""The recurrent net: what feeds what, what an iteration does, and that the fast step is the obvious one."""

import json

import numpy as np
import pytest
import torch

from forward_forward.context import of_another_image
from forward_forward.data import Split
from forward_forward.errors import DataError, DivergenceError, UsageError
from forward_forward.goodness import mean_of_squares, negative_sum_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.labels import every_label, one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.layers.joint import Joint
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_goodness, hard_by_softmax, random_wrong_label
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.recurrent_nets import dense_recurrent, local_recurrent
from forward_forward.networks.wiring import (
    IMAGE,
    LABEL,
    checked,
    neighbours,
    with_skips,
    without_labels,
)
from forward_forward.normalization import length
from forward_forward.randomness import generator as seeded
from forward_forward.readout import goodness_by_frame, goodness_per_label
from forward_forward.training.iterated import Iterated
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.video import MovingImages
from toys import CLASSES, PIXELS, dataset, generator, labels_of, uniform

BATCH = 6
RULES = {
    "rule": SmoothedGradient(rate=0.02, weight_decay=0.002),
    "head_rule": SmoothedGradient(rate=0.1, weight_decay=0.003),
}


def recurrent(widths=(9, 8), seed=0, **options):
    options = {"iterations": 4, "window": (2, 3), "peer": 0.06, **options}
    return dense_recurrent(
        PIXELS, CLASSES, widths, generator=generator(seed), dtype=torch.float64, **options
    )


def local(**options):
    return local_recurrent(
        (1, 3, 4),
        CLASSES,
        2,
        generator=generator(),
        field=3,
        tile=2,
        dtype=torch.float64,
        **{"iterations": 3, "window": (2, 3), "peer": 0.06, **options},
    )


def codes():
    return torch.stack([one_of_n(labels_of(BATCH, seed), CLASSES, uniform(1)) for seed in (1, 2)])


def obvious_states(network, images, code, iterations, history=None, above=None):
    """Run one label's pass with whole inputs and nothing shared, and yield (layer, z, old y, y) of each reaction.

    What all layers say before each iteration is added to `history`; `above` is another pass's, heard from higher ones.
    """
    sources = {IMAGE: network.normalization(images)}
    if code is not None:
        sources[LABEL] = network.normalization(code)
    y, h = [], []
    for layer, wires in zip(network.layers, network.wiring, strict=True):
        z = layer.bias.expand(len(images), -1)
        for connection, source in zip(layer.connections, wires, strict=True):
            if source == IMAGE or (source != LABEL and source < len(h)):
                heard = sources[IMAGE] if source == IMAGE else h[source]
                z = z + heard @ dense_weight(connection)
        y.append(z.relu().detach())
        h.append(length(y[-1]))
    for iteration in range(iterations):
        if history is not None:
            history.append(list(h))
        groups = [range(len(y))]
        if network.alternate:
            groups = [range(0, len(y), 2), range(1, len(y), 2)]
        for group in groups:
            done = []
            for index in group:
                layer, inputs = network.layers[index], []
                for source in network.wiring[index]:
                    higher = isinstance(source, int) and source > index and above is not None
                    said = above[iteration] if higher else h
                    inputs.append(sources[source] if isinstance(source, str) else said[source])
                z = layer.preactivation(*inputs)
                new = network.keep * y[index] + (1 - network.keep) * z.relu()
                done.append((index, z, y[index], new))
            for index, _, _, new in done:
                y[index] = new.detach()
                h[index] = length(y[index])
            yield from done


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


def dense_weight(connection):
    return connection.weight if isinstance(connection, Dense) else connection.dense_weight()


KINDS = {
    "one layer": lambda **o: recurrent((9,), **o),
    "nothing from above": lambda **o: recurrent(wiring=((IMAGE,), (0, LABEL)), **o),
    "two layers": recurrent,
    "three layers": lambda **o: recurrent((9, 8, 7), **o),
    "skips": lambda **o: recurrent((9, 8, 7), wiring=with_skips(3), **o),
    "alternate": lambda **o: recurrent((9, 8, 7), alternate=True, **o),
    "min": lambda **o: recurrent(goodness=negative_sum_of_squares, **o),
    "silu": lambda **o: recurrent(goodness=mean_of_squares, loss=SiLU(6.0), **o),
    "local fields": local,
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@every_kind
def test_a_label_has_the_goodness_of_its_own_obvious_pass(make):
    network, images = make(), uniform(BATCH, PIXELS)
    found, _ = network.run(network.project(images), codes())
    for k, code in enumerate(codes()):
        rows = list(obvious_states(network, images, code, network.iterations))
        for place, (index, _, _, y) in enumerate(rows):
            expected = network.layers[index].goodness(y)
            assert torch.allclose(found[place // len(network.layers), index, k], expected)


@every_kind
@pytest.mark.parametrize("peer", [0.0, 0.06])
def test_the_step_is_the_obvious_one(make, peer):
    """Mean gradients of all iterations, by autograd inside each layer; float64, 1e-9."""
    network, reference = make(peer=peer), make(peer=peer)
    images, labels = uniform(BATCH, PIXELS), labels_of(BATCH, 1)

    def fixed(shown, labels, *, network, generator, logits):
        pos, neg = codes()
        return (shown, pos[None]), (shown, neg[None])

    learner = Iterated(network, fixed, **RULES)
    learner.begin(Split(images, labels), 0, 0)
    learner.step(torch.arange(BATCH), generator(), 0.0)
    passes = [list(obvious_states(reference, images, c, network.iterations)) for c in codes()]
    assert_learned_as(learner, reference, passes)


@pytest.mark.parametrize("context", [None, of_another_image])
def test_the_step_without_labels_is_the_obvious_one(context):
    network, reference = (recurrent((9, 8, 7), wiring=without_labels(3)) for _ in range(2))
    images, others = uniform(BATCH, PIXELS), uniform(BATCH, PIXELS, seed=9)

    def fixed(shown, labels, *, network, generator, logits):
        return (shown,), (others,)

    fixed.labelled = False
    learner = Iterated(network, fixed, **RULES, context=context)
    learner.begin(Split(images, labels_of(BATCH)), 0, 0)
    learner.step(torch.arange(BATCH), generator(), 0.0)
    history = []
    pos = list(obvious_states(reference, images, None, network.iterations, history))
    above = [[h.roll(1, 0) for h in said] for said in history] if context else None
    neg = list(obvious_states(reference, others, None, network.iterations, above=above))
    assert_learned_as(learner, reference, [pos, neg])


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


def test_all_labels_at_once_are_all_labels_one_by_one():
    network, images = recurrent(), uniform(BATCH, PIXELS)
    every = every_label(CLASSES, images)
    together = goodness_per_label(network, images)
    apart = [network.label_goodness(images, code[None]) for code in every]
    assert torch.allclose(together, torch.cat(apart, dim=2))
    assert together.shape == (2, BATCH, CLASSES)


def test_window_chooses_iterations():
    network, images = recurrent(window=(2, 3)), uniform(BATCH, PIXELS)
    rows, _ = network.run(network.project(images), codes())
    assert len(rows) == network.iterations
    assert torch.allclose(
        network.label_goodness(images, codes()), rows[1:3].mean(0).transpose(1, 2)
    )


def test_no_label_enters_the_first_pass():
    network = recurrent()
    with torch.no_grad():
        network.layers[1].connections[1].weight.fill_(float("nan"))
    state = network.begin(network.project(uniform(BATCH, PIXELS)))
    assert all(bool(y.isfinite().all()) for y in state.y)


def test_what_no_label_has_reached_is_there_once():
    """The label comes down by one layer an iteration."""
    network, images = recurrent((9, 8, 7)), uniform(BATCH, PIXELS)
    for iterations, labels in {1: [1, 1, 2], 2: [1, 2, 2], 3: [2, 2, 2]}.items():
        _, state = network.run(network.project(images), codes(), iterations=iterations)
        assert [len(y) for y in state.y] == [len(h) for h in state.h] == labels


def test_a_context_is_given_rows_of_positives_and_of_negatives_under_labels_too():
    gradients = []
    for context in (None, lambda h: h.view(2 * BATCH, -1), of_another_image):
        learner = Iterated(recurrent(), hard_by_softmax, **RULES, context=context)
        learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
        learner.step(torch.arange(BATCH), generator(), 0.0)
        gradients.append(learner.network.layers[0].bias.grad)
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-12)
    assert not torch.allclose(gradients[0], gradients[2])


def test_what_comes_from_above_starts_smaller():
    small, full = (recurrent(top_down=scale).layers for scale in (0.5, 1.0))
    for layer, position in [(0, 1), (1, 1)]:
        weights = [net[layer].connections[position].weight for net in (small, full)]
        assert torch.allclose(2 * weights[0], weights[1])
    assert torch.equal(small[0].connections[0].weight, full[0].connections[0].weight)


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
    network = recurrent(wiring=without_labels(2))
    learner = Iterated(network, HybridImages((1, 3, 4), blurs=1), **RULES)
    data = dataset(40)
    learner.begin(Split(data.train.images.double(), data.train.labels), 0, 0)
    before = [p.clone() for p in network.parameters()]
    learner.step(torch.arange(20), generator(), 1.0)
    assert all(not torch.equal(p, q) for p, q in zip(network.parameters(), before, strict=True))
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


def test_goodness_by_frame_goes_on_from_frame_to_frame():
    network, image = recurrent(iterations=2, window=(1, 2)), uniform(BATCH, PIXELS)
    longer = recurrent(iterations=6, window=(1, 2))
    rows = torch.stack(list(goodness_by_frame(network, [image] * 3, codes())))
    whole, _ = longer.run(longer.project(image), codes())
    expected = whole.unflatten(0, (3, 2)).mean(1).transpose(2, 3)
    assert torch.allclose(rows, expected)


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


@pytest.mark.parametrize("make", [recurrent, local])
def test_images_are_standardised_by_the_net(make):
    images = uniform(BATCH, PIXELS)
    plain, own = make(), make(pixel_mean=0.5, pixel_std=0.25)
    shown = (images - 0.5) / 0.25
    assert goodness_per_label(own, images).equal(goodness_per_label(plain, shown))
    assert own.project(images).images.equal(plain.project(shown).images)
    assert not goodness_per_label(own, images).equal(goodness_per_label(plain, images))


def test_config_builds_the_same_network():
    network = local(wiring=with_skips(2), keep=0.4, alternate=True, pixel_mean=0.4, pixel_std=0.3)
    twin = Recurrent.from_config(network.config()).double()
    twin.load_state_dict(network.state_dict())
    images = uniform(BATCH, PIXELS)
    assert torch.equal(goodness_per_label(twin, images), goodness_per_label(network, images))
    assert twin.config() == network.config()


@pytest.mark.parametrize(
    ("wiring", "words"),
    [
        (((IMAGE, 5), (0, LABEL)), "fed by 5"),
        (((IMAGE, 1.0), (0, LABEL)), "fed by '1.0'"),
        ((), "no hidden layers"),
        (((IMAGE, 0, 0), (0, LABEL)), "twice"),
        (((IMAGE, 1), (LABEL,)), "nothing from below"),
        (((1,), (0, IMAGE)), "nothing from below"),
        ((("picture",),), "'picture'"),
    ],
)
def test_a_wiring_that_cannot_be(wiring, words):
    with pytest.raises(UsageError, match=words):
        checked(wiring)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": (3, 9)}, "window"),
        ({"window": (0, 2)}, "window"),
        ({"iterations": 0}, "window"),
        ({"keep": 1.0}, "keep"),
        ({"iterations": 8.5}, "window"),
        ({"window": (1.5, 2)}, "window"),
        ({"top_down": float("nan")}, "top_down"),
    ],
)
def test_numbers_out_of_range(options, words):
    with pytest.raises(UsageError, match=words):
        recurrent(**options)


def test_any_whole_number_is_a_source():
    wiring = ((IMAGE, np.int64(1)), (np.int8(0), LABEL))
    assert checked(wiring) == neighbours(2)
    assert json.dumps(recurrent(wiring=wiring).config()["wiring"])


@pytest.mark.parametrize("shape", [(PIXELS,), (1, 1, BATCH, PIXELS), (0, PIXELS)])
def test_images_that_are_no_rows(shape):
    with pytest.raises(DataError, match="rows of 12"):
        recurrent().project(uniform(*shape))


def test_wirings_are_checked_before_a_net_is_built():
    with pytest.raises(UsageError, match="fed by 5"):
        recurrent(wiring=((IMAGE, 5), (0, LABEL)))
    with pytest.raises(UsageError, match="for 3 hidden layers"):
        recurrent(wiring=neighbours(3))
    with pytest.raises(UsageError, match="for 1 hidden layers"):
        local(wiring=neighbours(1))


def test_layers_and_wiring_must_fit():
    layers = recurrent().layers
    with pytest.raises(UsageError, match="'label' of 7 values"):
        Recurrent(layers, neighbours(2), 7)
    with pytest.raises(UsageError, match="0 of 9 values"):
        Recurrent([layers[0], recurrent((8, 8)).layers[1]], neighbours(2), CLASSES)
    with pytest.raises(UsageError, match="without"):
        Joint([Dense(2, 3)])
    with pytest.raises(UsageError, match="1 connections for 2"):
        Recurrent([Joint([layers[0].connections[0]])], [(IMAGE, LABEL)], CLASSES)
    with pytest.raises(UsageError, match="2 layers"):
        Recurrent(layers, neighbours(3), CLASSES)
    with pytest.raises(UsageError, match="units"):
        Joint([Dense(2, 3, bias=False), Dense(2, 4, bias=False)])


def test_fields_need_a_middle():
    with pytest.raises(UsageError, match="odd"):
        local_recurrent((1, 4, 4), CLASSES, 2, generator=generator(), field=4)


def test_wrong_kind_of_negatives():
    with pytest.raises(UsageError, match="label"):
        Iterated(recurrent(), HybridImages((1, 3, 4)), **RULES)
    with pytest.raises(UsageError, match="label"):
        Iterated(recurrent(wiring=without_labels(2)), hard_by_softmax, **RULES)


def test_maps_hear_their_neighbourhood_and_every_unit_the_label():
    """Of a map of 3 × 4 places with fields of 3 × 3, the first place hears the four nearest of image and map above."""
    network = local()
    below, above = network.layers[0].connections
    assert (below.dense_weight()[:, 0] != 0).nonzero().flatten().tolist() == [0, 1, 4, 5]
    heard = (above.dense_weight()[:, 0] != 0).nonzero().flatten() // 3
    assert sorted(set(heard.tolist())) == [0, 1, 4, 5]
    assert (network.layers[1].connections[1].weight != 0).all()


def test_frames_and_labels_of_another_size():
    network = recurrent()
    with pytest.raises(DataError, match="rows of 12"):
        network.project(uniform(BATCH, PIXELS + 1))
    with pytest.raises(DataError, match="two blocks"):
        network.project(uniform(3, BATCH, PIXELS))
    frame = network.project(uniform(BATCH, PIXELS))
    with pytest.raises(UsageError, match="2 classes"):
        network.drives(frame, uniform(1, 1, 2))
    with pytest.raises(UsageError, match="label codes"):
        network.drives(frame, None)
    with pytest.raises(DataError, match="equally long"):
        list(goodness_by_frame(network, [uniform(4, PIXELS), uniform(3, PIXELS)], codes()[:, :1]))
    _, state = network.run(frame, every_label(CLASSES, uniform(1)))
    with pytest.raises(DataError, match="equally long"):
        network.run(frame, codes(), state)


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


@pytest.mark.parametrize(
    "options", [dict(window=3), dict(window=(1, 2, 3)), dict(window=(3.0, 5)), dict(iterations=8.5)]
)
def test_windows_of_another_kind_are_refused(options):
    with pytest.raises(UsageError, match="give its first and last iteration|no whole number"):
        dense_recurrent(16, 3, [4, 4], generator=generator(), **options)


def test_numbers_of_numpy_count_iterations():
    made = dense_recurrent(16, 3, [4, 4], generator=generator(), iterations=np.int64(6))
    assert json.dumps(made.config()) and made.iterations == 6


@pytest.mark.parametrize("field, depth", [(3.0, 2), (3, 1.5)])
def test_local_nets_of_broken_sizes_are_refused(field, depth):
    with pytest.raises(UsageError, match="no whole number"):
        local_recurrent((1, 4, 4), 3, depth, generator=generator(), field=field)


@pytest.mark.parametrize(
    "images, codes", [(torch.rand(4, 16), torch.zeros(0, 1, 3)), (torch.rand(2, 4, 16), torch.zeros(3, 1, 3))]
)  # fmt: skip
def test_label_codes_that_do_not_fit_the_frames_are_refused(images, codes):
    made = dense_recurrent(16, 3, [4, 4], generator=generator())
    with pytest.raises(UsageError, match="label codes of"):
        made.label_goodness(images, codes)


def blown_up_in_layer_2():
    made = dense_recurrent(16, 3, [4, 4], generator=generator())
    with torch.no_grad():
        next(made.layers[1].parameters()).fill_(float("nan"))
    return made


def taught_by(made, video=None):
    rules = SmoothedGradient(1e-3), SmoothedGradient(1e-3)
    learner = Iterated(made, random_wrong_label, *rules, video=video)
    learner.begin(Split(torch.rand(6, 16), torch.arange(6) % 3), 0, 0)
    return learner.step(torch.arange(6), generator(), 1.0)


def test_the_layer_is_named_that_blew_up_and_not_those_that_hear_of_it():
    with pytest.raises(DivergenceError, match="layer 2 is not finite in the bottom-up pass"):
        taught_by(blown_up_in_layer_2())


def test_frames_for_fewer_images_are_refused():
    with pytest.raises(DataError, match="frame 1 is of 2 images, the batch of 6"):
        taught_by(dense_recurrent(16, 3, [4, 4], generator=generator()), lambda x, g: iter([x[:2]]))


def test_a_list_of_frames_is_a_video():
    made = dense_recurrent(16, 3, [4, 4], generator=generator())
    assert taught_by(made, lambda x, g: [x, x]).isfinite().all()
