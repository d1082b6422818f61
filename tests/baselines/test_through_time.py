"""Backpropagation through time: what a frame hears, that it learns, and that it needs memory for every frame."""

import pytest
import torch

from forward_forward.baselines.through_time import ThroughTime
from forward_forward.errors import DataError
from forward_forward.memory import training_peak
from forward_forward.negatives import random_wrong_label
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.networks.wiring import without_labels
from forward_forward.randomness import generator as seeded
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.iterated import Iterated
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.video import MovingImages
from toys import CLASSES, PIXELS, dataset, generator, uniform

FRAME = 36


def video(frames=4):
    return MovingImages((1, 3, 4), size=6, frames=frames, visible=0.8, speed=1.0)


def rival(frames=4, widths=(10, 9, 8)):
    return ThroughTime(FRAME, CLASSES, widths, generator=generator(), video=video(frames))


def test_the_same_images_make_the_same_answers():
    net, images = rival(), uniform(5, PIXELS, dtype=torch.float32)
    assert net(images).shape == (5, CLASSES)
    assert torch.equal(net(images), net(images))
    assert not torch.equal(net(images, generator(1)), net(images, generator(2)))


def test_later_frames_reach_lower_layers_from_above():
    net, images = rival(), uniform(5, PIXELS, dtype=torch.float32)
    gradients = torch.autograd.grad(net(images).sum(), list(net.down.parameters()))
    assert [d.weight.shape for d in net.down] == [(10, 9), (9, 8)]
    assert all(bool(g.any()) for g in gradients)


@pytest.mark.parametrize("sizes", [[], [(5, FRAME), (4, FRAME)], [(5, FRAME), (5, FRAME + 1)]])
def test_videos_that_do_not_fit(sizes):
    net = rival()
    net.video = lambda images, generator: [torch.ones(size) for size in sizes]
    with pytest.raises(DataError, match="without a frame|frame 2"):
        net(uniform(5, PIXELS, dtype=torch.float32))


def test_it_learns():
    data = dataset(60)
    learner = Backpropagation(rival(widths=(30, 20)), Adam(0.01))
    learner.begin(data.train, 0, 0)
    losses = [float(learner.step(torch.arange(60), generator(s), 1.0)[0, 0]) for s in range(60)]
    assert losses[-1] < 0.5 * losses[0]


def test_its_memory_grows_with_the_video_and_that_of_forward_forward_does_not():
    def backprop(frames):
        return lambda: Backpropagation(rival(frames), Adam(0.01))

    def forward(frames):
        def build():
            network = dense_recurrent(
                FRAME, CLASSES, [10, 9], generator=generator(), iterations=1, window=(1, 1)
            )
            rule = SmoothedGradient(rate=0.01)
            return Iterated(network, random_wrong_label, rule, rule, video=video(frames))

        return build

    split = dataset(60).train
    grown = [training_peak(backprop(frames), split, 30) for frames in (5, 50)]
    flat = [training_peak(forward(frames), split, 30) for frames in (5, 50)]
    assert grown[1] > 4 * grown[0]
    assert flat[1] == flat[0]


def test_it_runs_as_the_recurrent_net_does():
    """The same weights, without a label: the states of `Recurrent` make the same logits."""
    rival_net = rival(frames=3)
    network = dense_recurrent(
        FRAME, CLASSES, [10, 9, 8], generator=generator(), wiring=without_labels(3), iterations=1, window=(1, 1)
    )  # fmt: skip
    with torch.no_grad():
        for index, layer in enumerate(network.layers):
            layer.connections[0].weight.copy_(rival_net.linears[index].weight.T)
            if index < 2:
                layer.connections[1].weight.copy_(rival_net.down[index].weight.T)
            layer.bias.uniform_(generator=generator(index))
            rival_net.linears[index].bias.copy_(layer.bias)
    images, state, logits = uniform(5, PIXELS, dtype=torch.float32), None, []
    for frame in video(3)(images, seeded(0, "video")):
        _, state = network.run(network.project(frame), None, state)
        logits.append(rival_net.linears[-1](state.h[-1]))
    assert torch.allclose(rival_net(images), torch.stack(logits).mean(0), atol=1e-5)


def test_its_readouts_add_up_frames_in_full_precision():
    net, images = rival(frames=3), uniform(5, PIXELS, dtype=torch.float32)
    readouts = net.readouts(images)
    assert list(readouts) == ["softmax", "frames_1", "frames_2", "frames_3"]
    assert torch.equal(readouts["softmax"], net(images))
    with torch.autocast("cpu", torch.bfloat16):
        assert net(images).dtype is torch.float32


def test_a_record_says_what_video_it_was():
    learner = Backpropagation(rival(), Adam(0.01))
    assert learner.describe()["video"] == {
        "part": "MovingImages", "shape": (1, 3, 4), "size": 6, "frames": 4, "speed": 1.0, "visible": 0.8
    }  # fmt: skip
