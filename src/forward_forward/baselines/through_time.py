"""The matched rival on videos: the same layers and wiring without a label, learned by backpropagation through time."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from forward_forward.baselines.backprop import Perceptron, draw_linear_
from forward_forward.networks.state import checked_keep
from forward_forward.normalization import Normalization, length
from forward_forward.randomness import generator as seeded
from forward_forward.spec import describe
from forward_forward.video import LOOKED_AT, Video, checked


class ThroughTime(Perceptron):
    """Hidden layers that hear the one below and the one above at the previous frame; logits are means over frames.

    y ← keep · y + (1 − keep) · ReLU(below + above + b), and only normalised activities travel, as in `Recurrent`; what
    comes from above starts at half the scale of what comes from below, as there. All frames' activities are kept for
    the backward pass: memory grows with the length of the video.

    Arguments:
        in_features: pixels of a frame, D'.
        classes: C.
        widths: units of each hidden layer.
        generator: draws the weights.
        video: makes frames of images.
        keep: how much of the old activities stays, in [0, 1).
        normalization: of frames and activities.
        device, dtype: of the weights, as torch spells them.

    Raises:
        UsageError: when keep is outside its range.
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
        self.video, self.keep, self.normalization = video, checked_keep(keep), normalization
        place = device or "cpu"
        down = [
            nn.utils.skip_init(nn.Linear, above, units, bias=False, device=place, dtype=dtype)
            for units, above in zip(widths, widths[1:], strict=False)
        ]
        for linear in down:
            draw_linear_(linear, gain=0.5, generator=generator)
        self.down = nn.ModuleList(down)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return logits `[B, C]` of the videos of images `[B, D]`; without a generator always of the same ones."""
        *_, last = self.by_frame(images, generator)
        return last

    def readouts(self, images: Tensor) -> dict[str, Tensor]:
        """Return logits by readout: of the whole video, and of its first few frames, `frames_<n>`."""
        seen = list(self.by_frame(images))
        few = {f"frames_{n}": seen[n - 1] for n in LOOKED_AT if n < len(seen)}
        return {"softmax": seen[-1], **few, f"frames_{len(seen)}": seen[-1]}

    def by_frame(
        self, images: Tensor, generator: torch.Generator | None = None
    ) -> Iterator[Tensor]:
        """Yield the mean logits `[B, C]` over the frames so far.

        Raises:
            DataError: when there is no frame, or frames are of other images or of different sizes.
        """
        draw = seeded(0, "video", device=images.device) if generator is None else generator
        hidden = self.linears[:-1]
        states: list[Tensor] = []
        total = torch.zeros((), device=images.device)
        for count, frame in enumerate(checked(self.video(images, draw), len(images)), start=1):
            shown = self.normalization(frame)
            if not states:
                below = shown
                for linear in hidden:
                    states.append(linear(below).float().relu())
                    below = self.normalization(states[-1])
            heard = [shown, *map(self.normalization, states)]
            for index, linear in enumerate(hidden):
                z = linear(heard[index]).float()
                if index < len(self.down):
                    z = z + self.down[index](heard[index + 2])
                states[index] = torch.lerp(z.relu(), states[index], self.keep)
            total = total + self.linears[-1](self.normalization(states[-1])).float()
            yield total / count

    def describe(self) -> dict[str, Any]:
        own = {"video": self.video, "normalization": self.normalization}
        described = {name: describe(part) for name, part in own.items()}
        return {**super().describe(), **described, "keep": self.keep}
