"""Which pictures the page of a run shows, made from its net, its data and its record."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from forward_forward import pictures
from forward_forward.data import Dataset, Examples
from forward_forward.data.table import Table
from forward_forward.exhibits import BLURS, by_iteration, hybrids_of, receptive_weights
from forward_forward.hybrids import HybridImages
from forward_forward.labels import overlay, random_wrong
from forward_forward.losses import ThresholdLogistic
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent import Recurrent
from forward_forward.randomness import generator
from forward_forward.readout import goodness_per_label
from forward_forward.records import Record
from forward_forward.report import Figures

IMAGES = 2000
"""Images of the test split that the histograms are drawn from, at most."""


def figures(network: nn.Module, data: Examples, record: Record) -> Figures:
    """Return the pictures of a run: title → (figure, caption).

    Arguments:
        network: those of a Forward-Forward net are more than those of another.
        data: what it learned from, on its device.
        record: its run's.
    """
    found: dict[str, Any] = {
        "Learning curves": (
            pictures.learning_curves(record["curves"]),
            "Accuracy is the share of pairs in which a layer gives real data the higher goodness.",
        )
    }
    if isinstance(data, Dataset) and isinstance(network, FeedForward | Recurrent):
        found |= _of_layers(network, data)
        if isinstance(network, Recurrent) and (network.labelled or len(data.test) > 1):
            figure = pictures.by_iteration(by_iteration(network, data))
            found["From iteration to iteration"] = (figure, pictures.ITERATIONS_CAPTION)
    confusion = record.get("confusion")
    if confusion:
        figure = pictures.confusion_matrix(np.array(confusion), data.class_names)
        found["Confusion matrix"] = (figure, "Mistakes of the main readout on the test split.")
    found["Error by readout and by layer"] = (
        pictures.error_bars_by_readout(record["metrics"], record["layer_errors"]),
        "The readouts of the whole net, and the goodness of each layer alone.",
    )
    return found


@torch.no_grad()
def goodness_of_pairs(
    network: FeedForward | Recurrent, data: Dataset, images: int = IMAGES
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return each layer's goodness of test images with the true label and with a random wrong one.

    Of a net without labels: of test images, and of hybrids of them.
    """
    split = data.test
    if not network.labelled:
        draw = generator(0, "histograms", device=split.images.device)
        passes = HybridImages(data.shape)(split.images[:images], generator=draw)
        real, hybrid = (_goodness_of_images(network, block) for (block,) in passes)
        return real, hybrid
    labels = split.labels[:images]
    goodness = torch.cat(
        [goodness_per_label(network, part) for part in split.images[:images].split(500)], dim=1
    )
    draw = generator(0, "histograms", device=labels.device)
    pairs = []
    for chosen in (labels, random_wrong(labels, data.classes, draw)):
        index = chosen.view(1, -1, 1).expand(len(goodness), -1, 1)
        pairs.append([np.asarray(g) for g in goodness.gather(2, index).squeeze(2).float().cpu()])
    return pairs[0], pairs[1]


def _goodness_of_images(network: FeedForward | Recurrent, images: Tensor) -> list[np.ndarray]:
    """Return each layer's goodness `[B]` of images that no label comes with."""
    if isinstance(network, Recurrent):
        goodness = list(network.label_goodness(images, None).squeeze(2))
    else:
        activities = network.activities(network.project(images))
        pairs = zip(network.layers, activities, strict=True)
        goodness = [layer.total_goodness(y) for layer, y in pairs]
    return [np.asarray(g.float().cpu()) for g in goodness]


def _hybrids(data: Dataset) -> Any:
    masks, hybrids = hybrids_of(data)
    return pictures.hybrid_images(masks, hybrids, BLURS, data.shape)


def _of_layers(network: FeedForward | Recurrent, data: Dataset) -> dict[str, Any]:
    found: dict[str, Any] = {}
    weights = receptive_weights(network)
    if weights is not None and data.shape[0] in (1, 3) and not isinstance(data, Table):
        covered = getattr(network.layers[0], "place", None) is overlay
        first = (
            f" The first {data.classes} pixels show the weights of the label." if covered else ""
        )
        found["What the first layer looks for"] = (
            pictures.receptive_fields(weights, data.shape),
            f"Incoming weights of the units with the largest norms.{first}",
        )
    if not network.labelled and len(data.test) < 2:
        return found  # there is no other image to make a hybrid with
    if not network.labelled and data.shape[0] in (1, 3):
        found["Hybrid images"] = (
            _hybrids(data),
            "Masks, and the negatives they make of a test image (white) and another (black).",
        )
    losses = [layer.loss for layer in network.layers]
    thresholds = [loss.threshold for loss in losses if isinstance(loss, ThresholdLogistic)]
    lines = [threshold for threshold in thresholds if threshold is not None]
    fixed = len(lines) == len(losses)
    figure = pictures.goodness_histograms(
        *goodness_of_pairs(network, data), lines if fixed else None
    )
    line = (
        "the dashed line is the threshold"
        if fixed
        else "this loss has no threshold, only the gap counts"
    )
    pairs = (
        "with the true label (positive) and with a wrong one (negative)"
        if network.labelled
        else "(positive) and hybrids of them (negative)"
    )
    caption = f"Test {data.unit} {pairs}; {line}."
    found["Goodness of positives and negatives"] = (figure, caption)
    return found
