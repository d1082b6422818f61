"""Where a run ran: what its speed and its bits depend on."""

import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any


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
