"""Data sets, one per file; nothing is downloaded unasked.

A data set is a module of this package that says where it comes from, `SOURCE`, and can be read,
`load(directory: Path | None) -> Dataset`. One that can be downloaded also has `FILES` (file name
to sha256) and `MIRRORS`. To add one, add a file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forward_forward.data.dataset import Dataset, Split, batches, load, names

__all__ = ["Dataset", "Split", "batches", "load", "names"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("forward_forward.data.dataset"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
