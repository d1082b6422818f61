"""Video: frames made of images on the fly, one at a time: a long video needs no more memory than a short one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from forward_forward.errors import DataError, UsageError, check_number, check_shape, check_whole

Video = Callable[[Tensor, torch.Generator], Iterable[Tensor]]
"""Images `[B, D]` and a generator → frames, each `[B, D']`."""

LOOKED_AT = (1, 2, 5, 10, 20, 50)
"""Numbers of frames after which a video is judged."""


@dataclass(frozen=True)
class MovingImages:
    """Each image drifts through a larger black frame and bounces off its edges; of every frame most pixels are hidden.

    Position and velocity are drawn anew for each image, which pixels are hidden for each frame. A frame alone shows
    too little of what it holds: it takes several to tell.

    Arguments:
        shape: (channels, height, width) of an image.
        size: height and width of a frame, not below the image's.
        frames: how many.
        speed: largest move in pixels a frame, each way.
        visible: how likely a frame shows a pixel, in (0, 1]; where it does not, the pixel is black.

    Raises:
        UsageError: when a frame is smaller than an image, or a number is outside its range.

    Example:
        >>> video = MovingImages((1, 2, 2), size=4, frames=3)
        >>> frames = list(video(torch.ones(5, 4), torch.Generator().manual_seed(0)))
        >>> len(frames), frames[0].shape
        (3, torch.Size([5, 16]))
    """

    shape: tuple[int, int, int]
    size: int = 40
    frames: int = 20
    speed: float = 2.0
    visible: float = 0.15

    def __post_init__(self) -> None:
        check_shape(self.shape)
        check_whole("size and number of frames", self.size, self.frames)
        if min(self.shape) < 1:
            raise UsageError(f"images of {self.shape}: channels, height and width are 1 or more")
        if self.size < max(self.shape[1:]):
            raise UsageError(
                f"a frame of {self.size}×{self.size} is smaller than images of {self.shape[1]}×{self.shape[2]}"
            )
        check_number("visible and speed", self.visible, self.speed)
        if self.frames < 1 or not 0 < self.visible <= 1 or not 0 <= self.speed < self.size:
            raise UsageError(
                f"{self.frames} frames, {self.visible} of their pixels visible, speed {self.speed}: "
                "frames must be 1 or more, visible in (0, 1], speed from 0 to below the frame's size"
            )

    @property
    def features(self) -> int:
        """Length of a frame, D'."""
        return self.shape[0] * self.size**2

    def __call__(self, images: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield the frames `[B, D']` of images `[B, D]`.

        Raises:
            DataError: when images are of another size.
        """
        channels, height, width = self.shape
        if images.shape[1:] != (channels * height * width,):
            raise DataError(
                f"images of {tuple(images.shape[1:])} values; this video is of "
                f"{channels}×{height}×{width}"
            )
        batch, device = len(images), images.device
        room = torch.tensor([self.size - height, self.size - width], device=device)
        draw = torch.rand((2, batch, 2), generator=generator, device=device)
        place, velocity = draw[0] * room, (2 * draw[1] - 1) * self.speed
        maps = images.view(batch, channels, height, width).permute(0, 2, 3, 1)
        each = torch.arange(batch, device=device)[:, None, None]
        for _ in range(self.frames):
            corner = bounced(place, room).round().long()
            rows = corner[:, :1] + torch.arange(height, device=device)
            columns = corner[:, 1:] + torch.arange(width, device=device)
            frame = images.new_zeros(batch, self.size, self.size, channels)
            frame[each, rows[:, :, None], columns[:, None, :]] = maps
            shown = torch.rand(frame.shape[:3], generator=generator, device=device) < self.visible
            yield (frame * shown.unsqueeze(-1)).permute(0, 3, 1, 2).flatten(1)
            place = place + velocity


def checked(frames: Iterable[Tensor], images: int) -> Iterator[Tensor]:
    """Yield the frames `[B, D']` of a batch's videos.

    Arguments:
        frames: what a video made.
        images: B.

    Raises:
        DataError: when there is no frame, or one is of other images, or of another size than the first.
    """
    if not isinstance(frames, Iterable):
        raise DataError(f"a video is {frames!r:.60}; give an iterator over frames")
    first = None
    for count, frame in enumerate(frames, start=1):
        shape = tuple(frame.shape) if isinstance(frame, Tensor) else frame
        first = first or shape
        if shape != first or not isinstance(shape, tuple) or shape[:-1] != (images,):
            raise DataError(
                f"frame {count} is {shape}, the first one {first}, the batch of {images} images: give frames [B, D'], "
                "for each image a video, all equally long and of one size"
            )
        yield frame
    if first is None:
        raise DataError("a video without a frame: there is nothing to see")


def bounced(place: Tensor, room: Tensor) -> Tensor:
    """Return where something that moves straight on is, if walls at 0 and at `room` throw it back.

    Example:
        >>> bounced(torch.tensor([1.0, 4.0, -1.0]), torch.tensor(3.0))
        tensor([1., 2., 1.])
    """
    once = place.remainder((2 * room).clamp(min=1))
    return torch.minimum(once, 2 * room - once).clamp(min=0)
