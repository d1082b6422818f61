"""A recurrent net learns from every iteration on every frame; nothing but its state outlives a frame."""

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import torch
from torch import Tensor

from forward_forward.adversarial import Adversary, check_adversary, described_adversary, moved
from forward_forward.augment import Augmentation
from forward_forward.errors import DivergenceError, UsageError, check_callable, check_like
from forward_forward.labels import every_label
from forward_forward.layers.statistics import LayerStatistics
from forward_forward.negatives import Negatives, stack
from forward_forward.networks.image_slope import image_slope
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.state import Frame, State, rows_of
from forward_forward.networks.wiring_checks import check_reach, hears_higher
from forward_forward.randomness import generator
from forward_forward.readout import goodness_by_frame
from forward_forward.spec import describe
from forward_forward.training.all_layers import AllLayers
from forward_forward.training.evaluation import Scores
from forward_forward.training.learner import check_net
from forward_forward.training.optimizers import Rule
from forward_forward.training.simultaneous import network_scores, table
from forward_forward.video import LOOKED_AT, Video, checked


class Iterated(AllLayers):
    """Runs positives and negatives side by side and updates every layer after each frame.

    One step: a bottom-up pass on the first frame → the head's probabilities → negatives; where there is an adversary,
    the moved image and a bottom-up pass on it; then the iterations on each frame in turn. Each layer's objective is
    the mean over the frame's iterations, in each of which the old activities are a constant; the running means of
    peer normalisation move in each of them. A still image is a video of one frame; of a longer one, no more is kept
    than the state and what its last frame left, however long it is.

    References:
        Hinton 2022, §3.4.

    Arguments:
        network: learns in place.
        negatives: makes the negative data from the first frame: wrong labels, or, where no label feeds the net,
            other images.
        rule: updates the layers.
        head_rule: updates the softmax head.
        augment: changes images before anything else sees them; None leaves them as they are.
        video: makes frames of images; None is a still image.
        context: what layers are to hear from higher ones in place of the activities `[2B, U]` of each, positives
            first, as `context.of_another_image` does; None leaves them as they are.
        adversary: moves the images that the layers learn from, once the negatives are drawn; the head sees them
            unmoved. They move against the layers that see them, see `image_slope`. None leaves them as they are.

    Raises:
        UsageError: when the network is no `Recurrent`, or a part of another kind; when the negatives are labels and no
            label feeds the network, or the other way about; when no label reaches one of its layers; for a network
            without labels and without a head, or a video or an adversary of one without labels; for an adversary beside
            a video or a context; and for a context where no layer hears a higher one.

    Example:
        >>> from forward_forward.negatives import hard_by_softmax
        >>> from forward_forward.networks.recurrent_nets import dense_recurrent
        >>> from forward_forward.training.optimizers import SmoothedGradient
        >>> net = dense_recurrent(64, 10, [30, 20], generator=torch.Generator().manual_seed(0))
        >>> rules = SmoothedGradient(3e-3), SmoothedGradient(0.1)
        >>> Iterated(net, hard_by_softmax, *rules).describe()["method"]
        'iterated'
    """

    def __init__(
        self,
        network: Recurrent,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
        augment: Augmentation | None = None,
        video: Video | None = None,
        context: Callable[[Tensor], Tensor] | None = None,
        adversary: Adversary | None = None,
    ) -> None:
        check_net(self, network, "advance")
        super().__init__(network, negatives, rule, head_rule, augment)
        check_callable("video and context", *(p for p in (video, context) if p is not None))
        check_adversary(adversary, network.labelled)
        if video is not None and not network.labelled:
            raise UsageError("a video needs wrong labels as negatives; let a label feed the net")
        if adversary is not None and (video is not None or context is not None):
            raise UsageError(
                "an adversary moves still images, against a net that hears its own activities; leave it out, or the "
                "video and the context"
            )
        if network.labelled:
            times = network.iterations if video is None else None
            check_reach(network.wiring, times, network.alternate)
        if context is not None and not hears_higher(network.wiring):
            raise UsageError(
                "no layer hears a higher one, so none has a context; choose another wiring"
            )
        self.video = video
        self.context = context
        self.adversary = adversary
        for layer in network.layers:
            layer.make_gradients()

    @torch.no_grad()
    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        network, labels = self.network, self.split.labels[rows]
        images = self._images(rows, generator)
        shown = (images,) if self.video is None else self.video(images, generator)
        frames = checked(shown, len(images))
        frame, state = self._begun(next(frames))
        logits = None
        if network.head is not None:
            features, logits = network.read_state(state)
            self._teach_head(features, labels, gain, logits)
        given: Any = frame if network.labelled else images
        pos, neg = self.negatives(
            given, labels, network=network, generator=generator, logits=logits
        )
        both, *codes = stack(pos, neg)
        if not network.labelled:
            frame, state = self._begun(both.view(2, *images.shape))
        code = codes[0] if codes else None
        if self.adversary is not None:
            slope = image_slope(network, images, frame, code, state)
            frame, state = self._begun(moved(self.adversary, images, slope))
        seen = self._teach_layers(frame, code, state, gain)
        count = 1
        for count, later in enumerate(frames, start=2):
            seen = seen + self._teach_layers(network.project(later), code, state, gain, count)
        return seen / count

    def _begun(self, images: Tensor) -> tuple[Frame, State]:
        """Return a frame and the state after the bottom-up pass on it."""
        frame = self.network.project(images)
        state = self.network.begin(frame)
        _check_begun(state)
        return frame, state

    def _teach_layers(
        self, frame: Frame, codes: Tensor | None, state: State, gain: float, count: int = 1
    ) -> Tensor:
        """Run the iterations on frame `count`, let each layer learn from all of them, and return the statistics."""
        network, rule = self.network, self.rule
        drives = network.drives(frame, codes)
        times, leading = network.iterations, frame.leading(codes)
        share = rule.share / times
        heard: list[list[tuple[Tensor, ...]]] = [[] for _ in network.layers]
        slopes = [
            layer.bias.new_empty((times, *leading, layer.units), dtype=layer.matmul_dtype)
            for layer in network.layers
        ]
        statistics: list[list[LayerStatistics]] = [[] for _ in network.layers]
        for iteration in range(times):
            for did in network.advance(state, drives, self._contexts(state, leading)):
                layer = network.layers[did.layer]
                seen = layer.slope_of_state(
                    rows_of(did.y, leading),
                    rows_of(did.rectified, leading),
                    fresh=1 - network.keep,
                    share=share,
                    out=slopes[did.layer][iteration].flatten(0, 1),
                )
                heard[did.layer].append(did.heard)
                statistics[did.layer].append(seen)
        rows = torch.stack([table(seen) for seen in statistics])
        _check_finite(rows, count)
        for index, layer in enumerate(network.layers):
            sources = [
                torch.stack([h.expand(*leading, -1) for h in each])
                for each in zip(*heard[index], strict=True)
            ]
            inputs = network.inputs_of(index, frame, codes, sources)
            layer.accumulate(inputs, slopes[index], rule.decay)
            self._update(index, gain)
        return rows.mean(1)

    def _contexts(self, state: State, leading: torch.Size) -> list[Tensor] | None:
        """Return what layers hear of each of the higher ones, `[2, B, U]`; None where it is the state's own."""
        if self.context is None:
            return None
        found = []
        for rows in (rows_of(h, leading) for h in state.h):
            context = self.context(rows.clone())
            check_like("the context made", context, rows, "give as many rows and units")
            found.append(context.view(*leading, -1))
        return found

    def scores(self, images: Tensor) -> Scores:
        if self.video is None:
            return network_scores(self.network, images)
        return video_scores(self.network, self.video, images)

    def describe(self) -> dict[str, Any]:
        own = (("video", self.video), ("context", self.context))
        return {
            **self._described("iterated"),
            **described_adversary(self.adversary),
            **{name: describe(part) for name, part in own if part is not None},
        }


def _check_finite(statistics: Tensor, frame: int) -> None:
    """Name where statistics `[L, T, 4]` blew up, before a layer learns from it; a GPU is asked once an epoch."""
    if statistics.device.type == "cpu" and not bool(statistics.isfinite().all()):
        lost = ~statistics.isfinite().all(2)
        iteration, layer = lost.T.nonzero()[0].tolist()
        raise DivergenceError(
            f"the goodness of layer {layer + 1} is not finite in iteration {iteration + 1} on frame {frame}; lower "
            "the learning rate, or look for what is odd in the data"
        )


def _check_begun(state: State) -> None:
    """Name the layer where the bottom-up pass blew up: from the first iteration on, those below hear of it too."""
    for layer, y in enumerate(state.y, start=1):
        if y.device.type == "cpu" and not bool(y.isfinite().all()):
            raise DivergenceError(
                f"the state of layer {layer} is not finite in the bottom-up pass before iteration 1 on frame 1; "
                "lower the learning rate, or look for what is odd in the data"
            )


def video_scores(network: Recurrent, video: Video, images: Tensor) -> Scores:
    """Return scores of the videos of images by mean goodness over all frames, and over the first few.

    Every iteration on every frame counts, whatever the network's window. `frames_<n>` is the mean over the first n;
    `one_frame` the mean over as many iterations on the first frame alone, shown again and again; `softmax` reads the
    bottom-up pass on the first frame. The same batch of images always makes the same videos.

    Arguments:
        network: that a label feeds.
        video: makes frames of images.
        images: `[B, D]`.

    Raises:
        DataError: when there is no frame, or frames are of other images or of different sizes.
    """
    codes = every_label(network.classes, images)
    shown = video(images.clone(), generator(0, "video", device=images.device))
    frames = checked(shown, len(images))
    first = network.project(next(frames))
    sums, total = {}, None
    for n, goodness in enumerate(goodness_by_frame(network, chain([first], frames), codes), 1):
        total = goodness if total is None else total + goodness
        if n in LOOKED_AT:
            sums[n] = network.read(total / n)
    assert total is not None
    sums[n] = network.read(total / n)
    still = [network.read(g) for g in goodness_by_frame(network, repeat(first, n), codes)]
    readouts = {"goodness": sums[n]}
    if network.head is not None:
        readouts["softmax"] = network.one_pass(first)[1]
    readouts |= {f"frames_{count}": value for count, value in sums.items()}
    return Scores(readouts | {"one_frame": torch.stack(still).mean(0)}, total / n)
