"""Options that several commands have, and what `--data` and `--text` name: a data set, data of one's own, or a text."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.errors import UsageError

BY_DATA = "by data set"

Target = Annotated[
    str | None, typer.Option(help="Column of a table to predict.", show_default="the last")
]
Without = Annotated[
    list[str] | None, typer.Option(help="Column not to read; may be given more than once.")
]
Size = Annotated[
    int | None, typer.Option(help="Scale the pictures of a folder to so many pixels square.")
]
DataDir = Annotated[Path | None, typer.Option(help="Where data sets lie.")]
Epochs = Annotated[
    int | None,
    typer.Option(help="How often to go through the training data.", show_default=BY_DATA),
]
BatchSize = Annotated[int | None, typer.Option(help="Examples to a step.", show_default=BY_DATA)]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]

WINDOW = 10
"""Symbols of a text that a net reads at a time, where nobody says."""


def images_or_rows(data: str, data_dir: Path | None, own: dict[str, Any], device: str) -> Any:
    """Return a data set by its name, or one's own by its path."""
    from forward_forward.console import counting
    from forward_forward.data import load
    from forward_forward.data.own import is_path, load_own

    if not is_path(data):
        if any(own.values()):
            raise UsageError(
                f"--target, --without and --size are for your own data, not for {data}"
            )
        return load(data, data_dir, device)
    with counting("reading pictures") as watch:
        return load_own(Path(data), **own, watch=watch).to(device)


def windows(text: str, window: int | None, data_dir: Path | None, device: str) -> Any:
    """Return a text, by its name or by its path, cut into windows."""
    from forward_forward.data.text import load_text
    from forward_forward.data.windows import windowed

    return windowed(load_text(text, data_dir, device), WINDOW if window is None else window)
