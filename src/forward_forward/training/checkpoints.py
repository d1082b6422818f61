"""Checkpoints: tensors in safetensors, the rest in a manifest that holds their sha256; written whole or not at all."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load, save
from torch import Tensor

from forward_forward.errors import CheckpointError
from forward_forward.files import write_whole
from forward_forward.plain_json import scalar
from forward_forward.training.learner import Learner

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = 1
MANIFEST = "manifest.json"


def write_folder(folder: Path, tensors: Mapping[str, Tensor], manifest: dict[str, Any]) -> None:
    """Write tensors and manifest so that a reader finds the old pair or the new one, never a mixture.

    The tensors go into a file named after their hash; then the manifest that names it takes the old one's
    place in one step; then the old tensors go.

    Raises:
        CheckpointError: when the disk is full or the folder cannot be written; the old pair is intact.
    """
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    data = save(contiguous)
    digest = hashlib.sha256(data).hexdigest()
    name = f"tensors-{digest[:16]}.safetensors"
    manifest = {"format": FORMAT, **manifest, "tensors": name, "sha256": digest}
    manifest["seal"] = _seal(manifest)
    fresh = not (folder / name).exists()
    try:
        write_whole(folder / name, data)
        write_whole(folder / MANIFEST, json.dumps(manifest, indent=1, default=scalar).encode())
    except OSError as error:
        if fresh:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        reason = error.strerror or error
        raise CheckpointError(
            f"cannot save to {folder}: {reason}; what was saved before is intact"
        ) from None
    _clear(folder, keep=name)


def check_writable(folder: Path) -> None:
    """See that a folder can be written, or made, before any work is done that is to be kept in it; leave nothing there.

    Raises:
        CheckpointError: when it cannot.
    """
    try:
        there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise CheckpointError(
            f"cannot write to {folder}: {error.strerror or error}; choose another folder"
        ) from None


@contextlib.contextmanager
def alone_in(folder: Path | None) -> Iterator[None]:
    """Keep other runs out of a folder, which is made if need be, for as long as this one lasts, however it ends.

    Where the system or the disk knows no locks, nobody is kept out.

    Raises:
        CheckpointError: when another run is in it.
    """
    if folder is None or fcntl is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(
                f"another run is at work in {folder}; wait until it has ended, or choose another folder"
            ) from None
        except OSError:
            pass
        yield


def read_folder(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors (on the CPU) and the manifest that `write_folder` wrote.

    Raises:
        CheckpointError: when anything is missing, damaged or of another format.
    """
    manifest = read_manifest(folder)
    path = folder / str(manifest["tensors"])
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"cannot read {path}: {getattr(error, 'strerror', error)}; the folder is incomplete"
        ) from None
    return tensors_of(data, manifest, path), manifest


def tensors_of(data: bytes, manifest: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """Return the tensors that the bytes of a file hold, if they are those that the manifest means.

    Raises:
        CheckpointError: when they are not; it names `path`.
    """
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise CheckpointError(
            f"{path} is damaged: its sha256 is not the manifest's; use another copy"
        )
    try:
        return load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is no safetensors file: {error}") from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a folder's manifest.

    Raises:
        CheckpointError: when it is missing, damaged or of another format.
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"cannot read {path}: {error.strerror}; is this a run's folder?"
        ) from None
    return manifest_of(raw, path)


def manifest_of(raw: bytes, path: Path) -> dict[str, Any]:
    """Return the manifest that the bytes of a file hold.

    Raises:
        CheckpointError: when they are damaged or of another format; it names `path`.
    """
    try:
        manifest = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path} is damaged: it is no JSON; use another copy") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not of format {FORMAT}; it belongs to another version")
    if manifest.get("seal") != _seal(manifest):
        raise CheckpointError(
            f"{path} is damaged: it does not say what was written; use another copy"
        )
    name = manifest.get("tensors")
    if not isinstance(name, str) or Path(name).name != name or "sha256" not in manifest:
        raise CheckpointError(f"{path} is damaged: it names no tensors in its own folder")
    return manifest


def learner_tensors(learner: Learner) -> dict[str, Tensor]:
    """Return everything a learner needs to go on: weights, buffers, memory, gradients (velocities), optimiser state."""
    tensors = {f"network.{k}": v for k, v in learner.network.state_dict().items()}
    tensors |= {f"memory.{name}": value for name, value in learner.memory.items()}
    for name, parameter in learner.network.named_parameters():
        if parameter.grad is not None:
            tensors[f"grad.{name}"] = parameter.grad
    for i, optimizer in enumerate(learner.optimizers):
        for j, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{j}.{k}": v for k, v in state.items() if v is not None}
    return tensors


def restore_learner(learner: Learner, tensors: Mapping[str, Tensor]) -> None:
    """Put `learner_tensors` back.

    Raises:
        CheckpointError: when they do not fit the learner's network.
    """
    restore_network(learner.network, tensors)
    like = next(learner.network.parameters())
    learner.memory = {
        key.removeprefix("memory."): value.to(like.device)
        for key, value in tensors.items()
        if key.startswith("memory.")
    }
    for name, parameter in learner.network.named_parameters():
        grad = tensors.get(f"grad.{name}")
        if grad is not None and grad.shape != parameter.shape:
            raise CheckpointError(f"the velocity of {name} does not fit this network")
        parameter.grad = None if grad is None else grad.to(parameter)
    for i, optimizer in enumerate(learner.optimizers):
        states: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith(f"optimizer.{i}."):
                _, _, j, name = key.split(".", 3)
                states.setdefault(int(j), {})[name] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


def restore_network(network: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load the `network.…` tensors into a network of the same shape.

    Raises:
        CheckpointError: when a tensor is missing, superfluous or of another shape.
    """
    state = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"the weights do not fit this network: {first}") from None


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the name of the first tensor that holds NaN or infinity; None where all are finite."""
    return next((name for name, value in tensors.items() if not bool(value.isfinite().all())), None)


def _clear(folder: Path, keep: str) -> None:
    """Remove older tensors, and what a process that was killed while writing has left; what stays does no harm."""
    for pattern in ("tensors-*.safetensors", ".tensors-*", f".{MANIFEST}.*"):
        for old in folder.glob(pattern):
            if old.name != keep:
                with contextlib.suppress(OSError):
                    old.unlink()


def _seal(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of all of a manifest but its seal, the same before and after a way through JSON."""
    plain = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=scalar).encode()).hexdigest()
