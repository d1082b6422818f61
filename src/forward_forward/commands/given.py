"""What `--data` and `--text` name: a data set, data of one's own, or a text."""

from pathlib import Path
from typing import Any

from forward_forward.errors import UsageError

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
