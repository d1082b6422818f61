"""Moving images: they stay whole, stay inside, move as said, and show as little as said."""

import pytest
import torch

from forward_forward.errors import DataError, UsageError
from forward_forward.video import MovingImages, bounced
from toys import generator, uniform

SHAPE = (2, 3, 4)


def frames_of(video, images, seed=0):
    return torch.stack(list(video(images, generator(seed)))).view(
        video.frames, len(images), 2, video.size, video.size
    )


def test_every_frame_holds_the_whole_image_somewhere():
    video = MovingImages(SHAPE, size=7, frames=12, visible=1.0)
    images = uniform(5, 24, dtype=torch.float32) + 0.1
    for frame in frames_of(video, images):
        for whole, image in zip(frame, images.view(5, *SHAPE), strict=True):
            lit = (whole[0] > 0).nonzero()
            (top, left), (bottom, right) = lit.min(0).values, lit.max(0).values
            assert torch.equal(whole[:, top : bottom + 1, left : right + 1], image)


def test_it_moves_and_never_faster_than_said():
    video = MovingImages((1, 1, 1), size=30, frames=40, speed=2.0, visible=1.0)
    frames = torch.stack(list(video(torch.ones(20, 1), generator()))).view(40, 20, 30, 30)
    places = torch.tensor([[f.nonzero()[0].tolist() for f in row] for row in frames])
    steps = (places[1:] - places[:-1]).abs()
    assert steps.max() <= 3  # 2 pixels, and a rounding at each end
    assert (places[0] != places[10]).any(1).float().mean() > 0.9


def test_about_so_many_pixels_are_shown():
    video = MovingImages((1, 10, 10), size=10, frames=20, visible=0.3)
    shown = torch.stack(list(video(torch.ones(50, 100), generator()))).mean()
    assert abs(float(shown) - 0.3) < 0.01


def test_colours_of_a_pixel_are_shown_or_hidden_together():
    video = MovingImages(SHAPE, size=5, frames=5, visible=0.5)
    frames = frames_of(video, torch.ones(6, 24))
    assert torch.equal(frames[:, :, 0], frames[:, :, 1])


def test_a_longer_video_begins_as_a_shorter_one():
    images = uniform(3, 24, dtype=torch.float32)
    short, long = (frames_of(MovingImages(SHAPE, size=6, frames=n), images) for n in (3, 6))
    assert torch.equal(short, long[:3])


def test_images_of_another_size():
    with pytest.raises(DataError, match="2×3×4"):
        next(MovingImages(SHAPE, size=6)(torch.ones(2, 25), generator()))


def test_no_room_no_move():
    assert torch.equal(bounced(torch.tensor([0.0, 3.7, -2.0]), torch.tensor(0.0)), torch.zeros(3))


@pytest.mark.parametrize(
    "options",
    [
        {"size": 3},
        {"frames": 0},
        {"visible": 0.0},
        {"visible": 1.5},
        {"speed": -1.0},
        {"speed": 50},
    ],
)
def test_what_cannot_be(options):
    with pytest.raises(UsageError):
        MovingImages(**{"shape": SHAPE, "size": 6, **options})


@pytest.mark.parametrize(
    "options",
    [dict(shape=(3, 4)), dict(shape=(1, 3.0, 4)), dict(size=7.5), dict(frames=2.5), dict(frames="2")],
)  # fmt: skip
def test_sizes_that_are_not_whole_are_refused(options):
    with pytest.raises(UsageError, match=r"give \(channels|no whole number"):
        MovingImages(**{"shape": SHAPE, "size": 7, **options})


def test_no_images_make_empty_frames():
    video = MovingImages(SHAPE, size=7, frames=2)
    assert [frame.shape for frame in video(torch.zeros(0, 24), generator())] == [(0, 98)] * 2
