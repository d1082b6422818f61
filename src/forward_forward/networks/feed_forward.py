"""A stack of local layers: each reads the normalised activities of the one below."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from forward_forward.environment import check_room
from forward_forward.errors import CheckpointError, UsageError
from forward_forward.goodness import sum_of_squares
from forward_forward.labels import neutral
from forward_forward.layers.dense import Dense
from forward_forward.layers.described import build_layer, describe_layer
from forward_forward.layers.labelled_dense import LabelledDense, Projection
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.layers.softmax_head import SoftmaxHead
from forward_forward.layers.symbols import Symbols
from forward_forward.losses import Loss
from forward_forward.networks.network import check_images
from forward_forward.normalization import Normalization, length
from forward_forward.slopes import Goodness
from forward_forward.spec import describe, find_normalization


class FeedForward(nn.Module):
    """Layers in a row, and a softmax head that reads all of them but the first.

    The inputs of the first layer are the network's inputs: `(images, label codes)` where it is a
    `LabelledDense`, normalised images where the net learns without labels. Between layers only the normalised
    activities travel.

    References:
        Hinton 2022, §2.1, §3.2 (without labels) and §3.3.

    Arguments:
        layers: bottom to top.
        classes: C.
        normalization: of the activities between layers.
        head: whether a softmax is learned alongside.
        read_from: index of the first layer that readouts use; None leaves layer 0 out where there are ≥ 3.
    """

    layers: Sequence[LocalLayer]
    head: SoftmaxHead | None

    def __init__(
        self,
        layers: Sequence[LocalLayer],
        classes: int,
        *,
        normalization: Normalization = length,
        head: bool = True,
        read_from: int | None = None,
    ) -> None:
        super().__init__()
        if classes < 2:
            raise UsageError(f"{classes} classes: a wrong label needs at least 2 classes")
        if not layers:
            raise UsageError("a network needs at least one layer")
        self.layers = cast("Sequence[LocalLayer]", nn.ModuleList(layers))
        self.classes = classes
        self.normalization = normalization
        self.read_from = (1 if len(layers) >= 3 else 0) if read_from is None else read_from
        if not 0 <= self.read_from < len(layers):
            raise UsageError(
                f"readouts start at layer {self.read_from}, but there are {len(layers)}"
            )
        read = [layer.units for layer in layers[self.read_from :]]
        like = next(layers[-1].parameters())
        self.head = (
            SoftmaxHead(sum(read), classes, device=like.device, dtype=like.dtype) if head else None
        )

    @classmethod
    def dense(
        cls,
        in_features: int,
        classes: int,
        widths: Sequence[int],
        *,
        generator: torch.Generator,
        goodness: Goodness = sum_of_squares,
        loss: Loss | None = None,
        peer: float = 0.0,
        blocks: int = 1,
        normalization: Normalization = length,
        head: bool = True,
        read_from: int | None = None,
        labelled: bool = True,
        matmul_dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **label: Any,
    ) -> "FeedForward":
        """Return a net of fully connected layers that share goodness, loss and normalisation.

        Arguments:
            in_features: pixels of an image, D.
            classes: C.
            widths: units of each layer, bottom to top.
            generator: draws the weights.
            blocks: of each layer, each with an objective of its own (§5.3).
            labelled: whether the first layer reads a label beside the image.
            label: place, strength, pixel_mean, pixel_std of the first layer, a `LabelledDense`.

        Example:
            >>> g = torch.Generator().manual_seed(0)
            >>> net = FeedForward.dense(64, 10, [30, 20, 20], generator=g)
            >>> [layer.units for layer in net.layers], net.read_from
            ([30, 20, 20], 1)
        """
        if not widths:
            raise UsageError("a network needs at least one layer")
        check_room([in_features, *widths], device)
        parts: dict[str, Any] = {
            "goodness": goodness,
            "loss": loss,
            "peer": peer,
            "blocks": blocks,
            "matmul_dtype": matmul_dtype,
            "generator": generator,
            "device": device,
            "dtype": dtype,
        }
        kind: Any = partial(Dense, in_features)
        if labelled:
            kind = partial(LabelledDense, in_features, classes, normalization=normalization)
        pairs = zip(widths, widths[1:], strict=False)
        layers: list[LocalLayer] = [kind(widths[0], **label, **parts)]
        layers += [Dense(below, units, **parts) for below, units in pairs]
        return cls(layers, classes, normalization=normalization, head=head, read_from=read_from)

    @property
    def labelled(self) -> bool:
        """Whether the first layer reads a label beside the image; if not, the net learns without labels."""
        return isinstance(self.layers[0], LabelledDense)

    @property
    def asks_first(self) -> bool:
        """Whether a pass of the softmax comes before the negatives, which are drawn from what it says."""
        return self.head is not None and (self.labelled or self.reads_symbols)

    @property
    def reads_symbols(self) -> bool:
        """Whether it reads windows of text and predicts the symbol that comes next."""
        return isinstance(self.layers[0], Symbols)

    @torch.no_grad()
    def project(self, images: Any) -> Any:
        """Return what can be had of images `[B, D]` before a label is known.

        That is the first layer's share of them, or, in a net without labels, the images normalised; symbols stay as
        they are.

        Raises:
            DataError: when images are of another size or dtype than the net's.
        """
        first = self.layers[0]
        if isinstance(images, Projection) or self.reads_symbols:
            return images
        features = getattr(first, "in_features", None)
        if isinstance(features, int):
            check_images(images, features, first)
        if isinstance(first, LabelledDense):
            return first.project(images)
        return self.normalization(images)

    def activities(self, *inputs: Any) -> Iterator[Tensor]:
        """Yield the activities `[R, U]` of each layer, bottom to top; only the last one is held."""
        for index, layer in enumerate(self.layers):
            y = layer(*inputs)
            yield y
            if layer is not self.layers[-1]:
                inputs = (self.passed_on(self.normalization(y), index),)

    def passed_on(self, h: Tensor, index: int) -> Tensor:
        """Return what layer `index + 1` receives of the normalised activities `[R, U]` of layer `index`: all of them.

        A subclass may put something in between, which no layer needs to know.
        """
        return h

    @torch.no_grad()
    def one_pass(self, images: Any) -> tuple[Tensor, Tensor]:
        """Return the head's features `[B, I]` and logits `[B, C]` from one pass, with the neutral label if any.

        Arguments:
            images: `[B, D]`, or what `project` made of them.

        Raises:
            UsageError: when the network has no head.
        """
        if self.head is None:
            raise UsageError("this network has no softmax head; build it with head=True")
        inputs: tuple[Any, ...] = (self.project(images),)
        if self.labelled:
            inputs = (*inputs, neutral(self.classes, self.head.weight))
        read = []
        for index, layer in enumerate(self.layers):
            h = self.normalization(layer(*inputs))
            if index >= self.read_from:
                read.append(h)
            if layer is not self.layers[-1]:
                inputs = (self.passed_on(h, index),)
        features = torch.cat(read, dim=1)
        return features, self.head(features)

    @torch.no_grad()
    def label_goodness(self, images: Any, codes: Tensor) -> Tensor:
        """Return the goodness of every layer with each label, `[L, B, K]`.

        Arguments:
            images: `[B, D]`, or what `project` made of them.
            codes: label codes to ask about, `[K, 1 or B, C]`.
        """
        activities = self.activities(self.project(images), codes)
        goodness = [
            layer.total_goodness(y).view(len(codes), -1).t()
            for layer, y in zip(self.layers, activities, strict=True)
        ]
        return torch.stack(goodness)

    def read(self, goodness: Tensor) -> Tensor:
        """Return the sum over the layers that readouts use of goodness `[L, B, K]`, `[B, K]`."""
        return goodness[self.read_from :].sum(0)

    def config(self) -> dict[str, Any]:
        """Return what `from_config` builds the same network from, as plain JSON."""
        return {
            "layers": [describe_layer(layer) for layer in self.layers],
            "classes": self.classes,
            "normalization": describe(self.normalization),
            "head": self.head is not None,
            "read_from": self.read_from,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FeedForward":
        """Build a network from what `config` returned; its weights are not drawn anew in a known way.

        Raises:
            UsageError: when a part or a layer has no such name here.
        """
        try:
            layers = [build_layer(described) for described in config["layers"]]
            return cls(
                layers,
                config["classes"],
                normalization=find_normalization(config["normalization"]),
                head=config["head"],
                read_from=config["read_from"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"this describes no network: {error!r}") from None
