"""Data sets, one per file; nothing is downloaded unasked.

A data set is a module of this package that says where it comes from, `SOURCE`, and can be read,
`load(directory: Path | None) -> Dataset`, or `-> Text`. One that can be downloaded also has `FILES` (file name
to sha256) and `MIRRORS`. To add one, add a file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forward_forward.data.dataset import Dataset, batches, load, names
    from forward_forward.data.examples import Examples, Split

__all__ = ["Dataset", "Examples", "Split", "batches", "load", "names"]
_HOMES = {"Examples": "examples", "Split": "examples"}


def __getattr__(name: str) -> Any:
    if name in __all__:
        home = _HOMES.get(name, "dataset")
        return getattr(import_module(f"forward_forward.data.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
