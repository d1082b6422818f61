"""Layers that hear from below and from above: a still image becomes a video whose frames are all the same."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from forward_forward.errors import UsageError
from forward_forward.layers.described import build_layer, describe_layer
from forward_forward.layers.joint import Joint
from forward_forward.layers.softmax_head import SoftmaxHead
from forward_forward.networks import wiring_checks
from forward_forward.networks.network import check_codes, check_images
from forward_forward.networks.state import (
    Frame,
    Reaction,
    State,
    added,
    checked_keep,
    checked_times,
    checked_window,
)
from forward_forward.networks.wiring import IMAGE, LABEL, Source
from forward_forward.normalization import (
    Normalization,
    checked_pixels,
    described_pixels,
    length,
    standardised,
)
from forward_forward.spec import describe, find_normalization


class Recurrent(nn.Module):
    """A net of `Joint` layers, run for several iterations on each image, y ← keep · y + (1 − keep) · ReLU(z).

    z is computed from the normalised activities of the previous iteration, of all layers at once; or, where
    `alternate`, of the even layers and then of the odd ones, counted from 0 at the bottom. Every image starts with one
    bottom-up pass, which no label enters. The softmax head reads that pass.

    References:
        Hinton 2022, §3.4 and figure 3.

    Arguments:
        layers: bottom to top.
        wiring: for each layer what feeds it, in the order of its connections.
        classes: C.
        keep: how much of the old activities stays, in [0, 1).
        iterations: on each image.
        window: first and last iteration, counted from 1, over which goodness on a still image is averaged; on a video
            all iterations on all frames count.
        alternate: whether even and odd layers take turns.
        normalization: of images, labels and activities.
        pixel_mean, pixel_std: images are standardised by these before; 0 and 1 leave them as they are.
        head: whether a softmax is learned alongside.

    Raises:
        UsageError: when wiring and layers do not fit, or a number is outside its range.
    """

    layers: Sequence[Joint]
    head: SoftmaxHead | None
    read_from = 0

    def __init__(
        self,
        layers: Sequence[Joint],
        wiring: Sequence[Sequence[Source]],
        classes: int,
        *,
        keep: float = 0.3,
        iterations: int = 8,
        window: tuple[int, int] = (3, 5),
        alternate: bool = False,
        normalization: Normalization = length,
        pixel_mean: float = 0.0,
        pixel_std: float = 1.0,
        head: bool = True,
    ) -> None:
        super().__init__()
        self.wiring = wiring_checks.checked(wiring)
        wiring_checks.check_fit(layers, self.wiring, classes)
        self.layers = cast("Sequence[Joint]", nn.ModuleList(layers))
        self.classes = int(classes)
        self.keep = checked_keep(keep)
        self.iterations, self.window = checked_window(iterations, window)
        self.alternate = bool(alternate)
        self.normalization = normalization
        self.pixels = checked_pixels(pixel_mean, pixel_std)
        self.in_features = wiring_checks.image_size(layers, self.wiring)
        like = next(layers[0].parameters())
        units = sum(layer.units for layer in layers)
        self.head = (
            SoftmaxHead(units, classes, device=like.device, dtype=like.dtype) if head else None
        )

    @property
    def labelled(self) -> bool:
        """Whether a label feeds any layer; if not, the net learns without labels."""
        return wiring_checks.hears_label(self.wiring)

    @torch.no_grad()
    def project(self, images: Any) -> Frame:
        """Return the frame of images `[B, D]` or `[2, B, D]` (or the one already made).

        Raises:
            DataError: when images are of another size or dtype than the net's.
        """
        if isinstance(images, Frame):
            return images
        check_images(images, self.in_features, self.layers[0], blocks=2)
        images = standardised(images if images.ndim == 3 else images.unsqueeze(0), *self.pixels)
        images = self.normalization(images)
        shares = {
            index: layer.share(sources.index(IMAGE), images)
            for index, (layer, sources) in enumerate(zip(self.layers, self.wiring, strict=True))
            if IMAGE in sources
        }
        return Frame(images, shares)

    @torch.no_grad()
    def begin(self, frame: Frame) -> State:
        """Return the state after one bottom-up pass: each layer hears the image and the layers below, no more."""
        state = State([], [])
        for index, (layer, sources) in enumerate(zip(self.layers, self.wiring, strict=True)):
            below = [s for s in sources if wiring_checks.is_below(s, index)]
            shares = [self.share(index, s, frame, None, state.h) for s in below]
            y = (sum(shares[1:], shares[0]) + layer.bias).relu_()
            state.y.append(y)
            state.h.append(self._normalized(y, layer))
        return state

    @torch.no_grad()
    def share(
        self, index: int, source: Source, frame: Frame, codes: Tensor | None, h: list[Tensor]
    ) -> Tensor:
        """Return what one source adds to layer `index`'s preactivation, `[1 or K, 1 or B, U]`.

        Label codes `[K, 1 or B, C]` and activities h, each `[1 or K, B, U']`, count where the source is one of them.
        """
        if source == IMAGE:
            return frame.shares[index]
        heard = h[source] if isinstance(source, int) else self.normalization(cast(Tensor, codes))
        return self.layers[index].share(self.wiring[index].index(source), heard)

    @torch.no_grad()
    def one_pass(self, images: Any) -> tuple[Tensor, Tensor]:
        """Return the head's features `[B, I]` and logits `[B, C]` from the bottom-up pass.

        Raises:
            UsageError: when the network has no head.
        """
        return self.read_state(self.begin(self.project(images)))

    def read_state(self, state: State) -> tuple[Tensor, Tensor]:
        """Return the head's features `[R, I]` and logits `[R, C]` of a state; raise a `UsageError` without a head."""
        if self.head is None:
            raise UsageError("this network has no softmax head; build it with head=True")
        features = torch.cat(state.h, dim=2).flatten(0, 1).to(self.head.weight.dtype)
        return features, self.head(features)

    @torch.no_grad()
    def drives(self, frame: Frame, codes: Tensor | None) -> list[Tensor]:
        """Return for each layer what iterations have in common: bias, image and label, to broadcast as `[K, B, U]`.

        Arguments:
            frame: of B images.
            codes: label codes, `[K, 1 or B, C]`; None where no label feeds the net.

        Raises:
            UsageError: when codes are missing, too many, of another form, or for another number of classes.
        """
        check_codes(codes, frame.images, self.classes, labelled=self.labelled)
        drives: list[Tensor] = [layer.bias for layer in self.layers]
        for index, sources in enumerate(self.wiring):
            for source in (s for s in (IMAGE, LABEL) if s in sources):
                drives[index] = drives[index] + self.share(index, source, frame, codes, [])
        return drives

    @torch.no_grad()
    def advance(
        self, state: State, drives: list[Tensor], above: list[Tensor] | None = None
    ) -> list[Reaction]:
        """Run one iteration, in place on the state, and return what each layer did.

        Where layers take turns, odd ones hear the even ones' new activities, but for what `above` puts in their place.

        Arguments:
            state: of all layers.
            drives: for each layer, what `drives` returned.
            above: for each layer, the normalised activities `[1 or K, B, U]` that lower ones hear of it in place of the
                state's own.
        """
        done = []
        for group in wiring_checks.turns(len(self.layers), self.alternate):
            reactions = [self._react(index, state, drives[index], above) for index in group]
            for reaction in reactions:
                index, y = reaction.layer, reaction.y
                state.y[index], state.h[index] = y, self._normalized(y, self.layers[index])
            done += reactions
        return done

    @torch.no_grad()
    def run(
        self,
        frame: Frame,
        codes: Tensor | None,
        state: State | None = None,
        iterations: int | None = None,
    ) -> tuple[Tensor, State]:
        """Return the goodness of every layer in every iteration, `[T, L, K, B]`, and the state at the end.

        Arguments:
            frame: of B images.
            codes: `[K, 1 or B, C]`, None for a net without labels.
            state: to go on from, changed in place; None begins with the bottom-up pass.
            iterations: T; None runs all.

        Raises:
            UsageError: when the codes do not fit, or iterations is no number that a net can run for.
            DataError: when the state is of other images or under other labels.
        """
        times = self.iterations if iterations is None else checked_times(iterations)
        drives = self.drives(frame, codes)
        leading = frame.leading(codes)
        if state is None:
            state = self.begin(frame)
        else:
            state.check_fit(leading)
        rows = []
        for _ in range(times):
            self.advance(state, drives)
            for layer, y in zip(self.layers, state.y, strict=True):
                g = layer.total_goodness(y.flatten(0, 1)).view(y.shape[:2])
                rows.append(g.expand(leading))
        return torch.stack(rows).unflatten(0, (-1, len(self.layers))), state

    def label_goodness(self, images: Any, codes: Tensor | None) -> Tensor:
        """Return each layer's goodness of images `[B, D]` with codes `[K, 1 or B, C]`, over the window, `[L, B, K]`."""
        first, last = self.window
        goodness, _ = self.run(self.project(images), codes, iterations=last)
        return goodness[first - 1 :].mean(0).transpose(1, 2)

    def read(self, goodness: Tensor) -> Tensor:
        """Return the sum over layers of goodness `[L, B, K]`, `[B, K]`."""
        return goodness.sum(0)

    def inputs_of(
        self, index: int, frame: Frame, codes: Tensor | None, heard: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """Return a layer's inputs over T iterations, one per connection, to broadcast as `[T, K, B, ...]`.

        Arguments:
            heard: for each hidden layer that feeds it, `[T, K, B, U']`.
        """
        known, waiting = {IMAGE: frame.images}, iter(heard)
        if codes is not None:
            known[LABEL] = self.normalization(codes)
        return tuple(
            known[source].unsqueeze(0) if isinstance(source, str) else next(waiting)
            for source in self.wiring[index]
        )

    def config(self) -> dict[str, Any]:
        """Return what `from_config` builds the same network from, as plain JSON."""
        names = ("classes", "keep", "iterations", "window", "alternate")
        return {
            "wiring": [list(sources) for sources in self.wiring],
            "layers": [describe_layer(layer) for layer in self.layers],
            "normalization": describe(self.normalization),
            "head": self.head is not None,
            **{name: getattr(self, name) for name in names},
            **described_pixels(self.pixels),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Recurrent":
        """Build a network from what `config` returned; its weights are not drawn anew in a known way."""
        rest = dict(config)
        layers = [cast("Joint", build_layer(described)) for described in rest.pop("layers")]
        return cls(layers, **rest | {"normalization": find_normalization(rest["normalization"])})

    def _react(
        self, index: int, state: State, drive: Tensor, above: list[Tensor] | None
    ) -> Reaction:
        layer, sources = self.layers[index], self.wiring[index]
        higher = state.h if above is None else above
        heard, z = [], None
        for position, source in enumerate(sources):
            if isinstance(source, int):
                heard.append((higher if source > index else state.h)[source])
                share = layer.share(position, heard[-1])
                z = share if z is None else added(z, share)
        rectified = drive.relu() if z is None else added(z, drive).relu_()
        y = torch.lerp(rectified, state.y[index], self.keep)
        return Reaction(index, tuple(heard), rectified, y)

    def _normalized(self, y: Tensor, layer: Joint) -> Tensor:
        return self.normalization(y).to(layer.matmul_dtype or y.dtype)
