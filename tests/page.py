"""What tests of the page send to it."""

import base64
from pathlib import Path

import numpy as np

PORT = 8000
WISH = {
    "data": "digits",
    "widths": [20, 10],
    "epochs": 2,
    "rate": 0.003,
    "negatives": "hard",
    "goodness": "mean of squares",
    "loss": "silu of pairs",
    "peer": 0.06,
    "pace": 0.0,
}


def packed(image: np.ndarray) -> str:
    """Return an image of values in [0, 1] as the page sends it."""
    return base64.b64encode(np.round(image * 255).astype(np.uint8).tobytes()).decode()


def drawing(image: np.ndarray, **changed) -> dict:
    height, width = image.shape
    size = {"channels": 1, "height": height, "width": width}
    return {"model": "given", **size, "pixels": packed(image), "centre": True, **changed}


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
