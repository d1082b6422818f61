"""The matched rival on videos: the same layers and wiring without a label, learned by backpropagation through time."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from forward_forward.baselines.backprop import Perceptron
from forward_forward.normalization import Normalization, length
from forward_forward.randomness import generator as seeded
from forward_forward.video import Video


class ThroughTime(Perceptron):
    """Hidden layers that hear the one below and the one above at the previous frame; logits are means over frames.

    y ← keep · y + (1 − keep) · ReLU(below + above + b), and only normalised activities travel, as in `Recurrent`. All
    frames' activities are kept for the backward pass: memory grows with the length of the video.

    Arguments:
        in_features: pixels of a frame, D'.
        classes: C.
        widths: units of each hidden layer.
        generator: draws the weights.
        video: makes frames of images.
        keep: how much of the old activities stays, in [0, 1).
        normalization: of frames and activities.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        widths: Sequence[int],
        *,
        generator: torch.Generator,
        video: Video,
        keep: float = 0.3,
        normalization: Normalization = length,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features, classes, widths, generator=generator, device=device, dtype=dtype
        )
        self.video, self.keep, self.normalization = video, keep, normalization
        above = Perceptron(
            widths[-1], 1, list(widths[-2::-1]), generator=generator, device=device, dtype=dtype
        )
        self.down = nn.ModuleList(list(above.linears[:-1])[::-1])

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return logits `[B, C]` of the videos of images `[B, D]`; without a generator always of the same ones."""
        draw = seeded(0, "video", device=images.device) if generator is None else generator
        hidden = self.linears[:-1]
        states: list[Tensor] = []
        total, frames = torch.zeros((), device=images.device), 0
        for frame in self.video(images, draw):
            below = self.normalization(frame)
            if not states:
                for linear in hidden:
                    states.append(linear(below).relu())
                    below = self.normalization(states[-1])
                below = self.normalization(frame)
            heard = [below, *map(self.normalization, states)]
            for index, linear in enumerate(hidden):
                z = linear(heard[index])
                if index < len(self.down):
                    z = z + self.down[index](heard[index + 2])
                states[index] = torch.lerp(z.relu(), states[index].to(z.dtype), self.keep)
            total = total + self.linears[-1](self.normalization(states[-1]))
            frames += 1
        return total / frames
