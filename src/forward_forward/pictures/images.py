"""Figures made of images: what a layer looks for, and what negatives look like."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from forward_forward.pictures.style import MUTED, WIDTH, labelled, new_figure


def receptive_fields(weights: np.ndarray, shape: tuple[int, int, int], count: int = 100) -> Figure:
    """Draw the incoming weights of the `count` units with the largest norms, the largest first.

    Arguments:
        weights: `[D, U]`, D = C · H · W inputs and U units.
        shape: (C, H, W) of an image; three channels are drawn in colour.
        count: How many units to draw at most.

    Raises:
        ValueError: If D is not C · H · W, or C is neither 1 nor 3.
    """
    channels, height, width = shape
    if channels not in (1, 3) or weights.shape[0] != channels * height * width:
        raise ValueError(f"weights {weights.shape} are no images of shape {shape}")
    norms = np.linalg.norm(weights, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:count]
    images = weights[:, chosen].T.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    limit = float(np.percentile(np.abs(images), 99.5)) or 1.0
    mosaic = _mosaic(images)
    figure = new_figure(WIDTH, WIDTH * mosaic.shape[0] / mosaic.shape[1] * 0.9 + 0.3)
    axis = figure.subplots()
    axis.set_axis_off()
    if channels == 3:
        axis.imshow(np.nan_to_num(np.clip(mosaic / limit / 2 + 0.5, 0, 1), nan=1.0))
    else:
        shown = axis.imshow(mosaic[..., 0], cmap="RdBu_r", vmin=-limit, vmax=limit)
        bar = figure.colorbar(shown, ax=axis, fraction=0.025, pad=0.015)
        bar.ax.tick_params(labelsize=8, colors=MUTED, length=0)
        bar.outline.set_visible(False)
    text = f"Incoming weights of {len(chosen)} units as images, those with the largest norms first."
    return labelled(figure, text)


def hybrid_images(
    masks: np.ndarray, hybrids: np.ndarray, blurs: Sequence[int], shape: tuple[int, int, int]
) -> Figure:
    """Draw masks above the hybrids they made, one column for each number of blurs.

    Arguments:
        masks: `[K, N, H, W]` of ones and zeros, for K numbers of blurs.
        hybrids: `[K, N, D]`, values in [0, 1].
        blurs: K numbers.
        shape: (C, H, W) of an image.
    """
    channels, height, width = shape
    kinds, count = masks.shape[:2]
    figure = new_figure(WIDTH, 2 * count * WIDTH / kinds + 0.4)
    axes = figure.subplots(2 * count, kinds, squeeze=False)
    for column, number in enumerate(blurs):
        axes[0, column].set_title(f"{number} blurs", fontsize=9, color=MUTED)
        for row in range(count):
            picture = hybrids[column, row].reshape(channels, height, width).transpose(1, 2, 0)
            axes[2 * row, column].imshow(masks[column, row], cmap="gray", vmin=0, vmax=1)
            axes[2 * row + 1, column].imshow(
                picture if channels == 3 else picture[..., 0], cmap="gray_r", vmin=0, vmax=1
            )
    for axis in axes.ravel():
        axis.set_axis_off()
    text = f"Masks and the hybrid images they make, for {', '.join(map(str, blurs))} blurs."
    return labelled(figure, text)


def _mosaic(images: np.ndarray) -> np.ndarray:
    count, height, width, channels = images.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    canvas: np.ndarray = np.full(
        (rows * (height + 1) - 1, columns * (width + 1) - 1, channels), np.nan
    )
    for index, image in enumerate(images):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image
    return canvas
