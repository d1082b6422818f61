"""Where a run ran: what its speed and its bits depend on, and what finds room there."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forward_forward.errors import UsageError


def environment(device: str, dtype: str) -> dict[str, Any]:
    """Return what a run's speed and bits depend on, without host name or paths.

    Arguments:
        device: The torch device of the run, such as `"cpu"` or `"cuda:0"`.
        dtype: The dtype of its matmuls, such as `"float32"`.
    """
    import torch

    on_gpu = device.startswith("cuda")
    commit, dirty = _commit()
    return {
        "threads": torch.get_num_threads(),
        "device": device,
        "processor": torch.cuda.get_device_name(device) if on_gpu else _processor(),
        "dtype": dtype,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "forward_forward": _version(),
        "commit": commit,
        "dirty": dirty,
    }


def check_room(sizes: Sequence[int], device: Any = None) -> None:
    """See that the weights of a net, and a gradient for each, fit into memory, before an hour is spent on drawing them.

    Arguments:
        sizes: units of each layer, the input's first; each feeds the next.
        device: where they are to lie, as torch spells it; None is the CPU.

    Raises:
        UsageError: they do not, whatever else lies there.

    Example:
        >>> check_room([784, 2000, 2000])
    """
    room = _memory(str(device or "cpu"))
    needed = 8 * sum(below * above for below, above in zip(sizes, sizes[1:], strict=False))
    if room is not None and needed > room:
        told = ", ".join(map(str, sizes[1:]))
        raise UsageError(
            f"layers of {told} units take {needed / 2**30:,.0f} GiB for weights and gradients, there are "
            f"{room / 2**30:,.0f}; choose smaller widths"
        )


def _memory(device: str) -> int | None:
    """Return the bytes of a device's memory, None where nobody tells."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(device)[1]
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # another system than Linux or macOS
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), None) or platform.processor() or platform.machine()


def _version() -> str | None:
    try:
        return importlib.metadata.version("forward-forward")
    except importlib.metadata.PackageNotFoundError:
        return getattr(sys.modules.get("forward_forward"), "__version__", None)


def _commit() -> tuple[str | None, bool | None]:
    package = Path(__file__).resolve().parent
    top = _git(package, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() / "src" / package.name != package:
        return None, None
    commit = _git(package, "rev-parse", "--verify", "--quiet", "HEAD")
    sources = ("src", "pyproject.toml", "constraints.txt")
    changes = _git(Path(top), "status", "--porcelain", "--", *sources)
    return commit, None if commit is None or changes is None else bool(changes)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
