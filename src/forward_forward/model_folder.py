"""The folder of a model: weights in safetensors, a sealed manifest that describes the net, and a card for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from forward_forward import __version__
from forward_forward.blueprints import black_boxes, describe_network
from forward_forward.errors import CheckpointError
from forward_forward.model_card import write_card
from forward_forward.training.checkpoints import (
    MANIFEST,
    read_folder,
    restore_network,
    write_folder,
)

KIND = "forward_forward model"


def write_model(
    folder: Path, network: nn.Module, described: Mapping[str, Any], where: str = ""
) -> None:
    """Write a net and what is known of it, whole or not at all; the card comes last, as nobody reads it back.

    Arguments:
        folder: made if need be; a model that is there already is replaced.
        network: of a kind that has a format.
        described: plain JSON: what its answers mean, what it learned from and how.
        where: its name on a hub, for the card.

    Raises:
        CheckpointError: when the folder cannot be written; what was there is intact.
    """
    own = {"kind": KIND, "network": describe_network(network), "version": __version__}
    described = {**described, **own}
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    write_folder(folder, tensors, {"model": described})
    write_card(folder, described, where)


def read_model(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors of a model's folder, or of that of a run, and what its manifest says of the model.

    Raises:
        CheckpointError: when anything is missing, damaged or of another format.
    """
    if not (folder / MANIFEST).exists() and (folder / "model").is_dir():
        folder = folder / "model"
    tensors, manifest = read_folder(folder)
    described = manifest.get("model")
    if not isinstance(described, dict) or described.get("kind") != KIND:
        raise CheckpointError(f"{folder} holds no model; give a run's folder, or its model/")
    return tensors, described


def refuse_boxes(folder: Path, described: Mapping[str, Any]) -> None:
    """Raise a `CheckpointError` for a net with black boxes, which says how to use its weights all the same."""
    if boxes := black_boxes(described.get("network")):
        raise CheckpointError(
            f"between the layers of {folder} stand black boxes, which no file holds: {', '.join(boxes)}; "
            "build the same net with boxed(), and put these weights into it with model_folder.load_weights"
        )


def load_weights(folder: Path, network: nn.Module) -> None:
    """Put the weights of a saved net into one that was built the same way: for nets that no file can describe.

    Raises:
        CheckpointError: when the folder is damaged, or the weights are those of another net.
    """
    restore_network(network, read_model(folder)[0])
