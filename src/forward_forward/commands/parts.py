"""Strings become parts here, and for the page in `web/choices.py`: names as they are typed, or near ones."""

import difflib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forward_forward.discover import members, pick
from forward_forward.errors import UsageError

if TYPE_CHECKING:
    import torch

    from forward_forward.losses import Loss
    from forward_forward.training.plan import Watch


MOST_UNITS = 1_000_000
"""Wider layers are typing errors: two of them would take terabytes."""


def choose(known: Mapping[str, Any], typed: str, what: str) -> Any:
    """Return the part that was typed: case, `-` and `_` do not matter, and a beginning that fits one will do.

    Example:
        >>> choose({"SmoothedGradient": 1, "Adam": 2}, "smoothed", "optimizer")
        1
    """
    folded = {_fold(name): value for name, value in known.items()}
    if _fold(typed) in folded:
        return folded[_fold(typed)]
    begun = [value for name, value in folded.items() if typed and name.startswith(_fold(typed))]
    if len(begun) == 1:
        return begun[0]
    spelt = {_fold(name): name for name in known}
    near = difflib.get_close_matches(_fold(typed), spelt, n=1, cutoff=0.5)
    if near:
        raise UsageError(f"no {what} {typed!r}; did you mean {spelt[near[0]]!r}?")
    return pick(dict(known), typed, what)


def known_parts() -> dict[str, dict[str, Any]]:
    """Return every kind of part that has names: kind → name → part."""
    from forward_forward import goodness, negatives, spec
    from forward_forward.hybrids import HybridImages
    from forward_forward.networks import wiring
    from forward_forward.training import optimizers
    from forward_forward.training.greedy import Greedy
    from forward_forward.training.iterated import Iterated
    from forward_forward.training.simultaneous import Simultaneous

    return {
        "goodness": members(goodness),
        "loss": dict(spec.LOSSES),
        "negatives": {
            **{n: f for n, f in members(negatives).items() if n != "stack"},
            "HybridImages": HybridImages,
        },
        "normalization": dict(spec.NORMALIZATIONS),
        "optimizer": {
            n: c
            for n, c in members(optimizers).items()
            if isinstance(c, type) and issubclass(c, optimizers.Rule) and c is not optimizers.Rule
        },
        "label": dict(spec.PLACEMENTS),
        "wiring": members(wiring),
        "method": {"simultaneous": Simultaneous, "greedy": Greedy, "recurrent": Iterated},
    }


def find(kind: str, typed: str | None) -> Any:
    """Return the part of this kind that was typed, or None where nothing was."""
    return None if typed is None else choose(known_parts()[kind], typed, kind)


def find_loss(typed: str | None, **numbers: float | None) -> "Loss | None":
    """Return the loss that was typed with the numbers that were given, such as alpha.

    Raises:
        UsageError: there is no such loss, or it has no such number.
    """
    from forward_forward.losses import SiLU, ThresholdLogistic

    given = {name: value for name, value in numbers.items() if value is not None}
    if typed is None:
        if not given:
            return None
        kind = ThresholdLogistic if "threshold" in given else SiLU
    else:
        kind = find("loss", typed)
    takes = {field.name for field in fields(kind)}
    for name in given:
        if name not in takes:
            raise UsageError(
                f"the loss {kind.__name__} has no {name}, only {', '.join(sorted(takes))}"
            )
    loss: Loss = kind(**given)
    return loss


def find_widths(typed: str | None) -> tuple[int, ...] | None:
    """Return the widths of a list such as `2000,2000`.

    Example:
        >>> find_widths("400, 300")
        (400, 300)
    """
    if typed is None:
        return None
    try:
        widths = tuple(int(part) for part in typed.split(","))
    except ValueError:
        raise UsageError(f"widths {typed!r}: give whole numbers, as in 2000,2000") from None
    if min(widths) <= 0:
        raise UsageError(f"widths {typed!r}: each must be above 0")
    if max(widths) > MOST_UNITS:
        raise UsageError(f"widths {typed!r}: no more than {MOST_UNITS:,} units a layer")
    return widths


def find_device(typed: str) -> str:
    """Return a device that is there; `auto` is a GPU where there is one.

    Raises:
        UsageError: torch knows no such device, or this machine has none.
    """
    import torch

    if typed == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if typed.partition(":")[0] not in ("cpu", "cuda"):
        raise UsageError(f"device {typed!r}: choose auto, cpu or cuda")
    try:
        device = torch.device(typed)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n", maxsplit=1)[0].split(". ")[0].rstrip(".")
        raise UsageError(f"device {typed!r} cannot be used: {reason}; try cpu") from None
    return str(device)


def find_dtype(typed: str) -> "torch.dtype | None":
    """Return the dtype of matmuls; None for `auto`."""
    import torch

    known = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}
    return choose(known, typed, "dtype")


def free_folder(root: Path, name: str, resume: bool) -> Path:
    """Return `root/name`, or `root/name-2` and so on: the first that is free, or the last that is not to resume."""
    folder = root / name
    last, number = folder, 1
    while folder.exists():
        last, number = folder, number + 1
        folder = root / f"{name}-{number}"
    return last if resume else folder


def check_tensorboard(asked: bool) -> None:
    """Raise a `UsageError` where TensorBoard is asked for and not installed."""
    if asked:
        from forward_forward.events import check_package

        check_package()


def watched(tell: "Watch", folder: Path, tensorboard: bool) -> "Watch":
    """Return what the loop is to call: what tells a person, and where asked for, what writes for TensorBoard."""
    if not tensorboard:
        return tell
    from forward_forward.events import Events

    return Events(folder, tell)


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
