"""What a model's manifest says of its net, with changes, sealed by whoever made them."""

import json
import tempfile
from pathlib import Path

import torch

from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset, Split
from forward_forward.labels import concatenate
from forward_forward.models import model_of, save_model
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent_nets import dense_recurrent, local_recurrent
from forward_forward.randomness import generator
from forward_forward.training.checkpoints import read_folder
from fuzz.edits import edited


def _saved(network):
    split = Split(torch.zeros(3, 9), torch.arange(3))
    data = Dataset("toy", 3, (1, 3, 3), split, split, ("a", "b", "c"))
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), network, data, {"goodness_error": 1.5})
        tensors, manifest = read_folder(Path(folder))
    return tensors, manifest["model"]


DRAW = generator(0, "weights")
MODELS = [
    _saved(network)
    for network in (
        FeedForward.dense(9, 3, [4, 3], generator=DRAW),
        FeedForward.dense(9, 3, [4], generator=DRAW, place=concatenate, peer=0.1, head=False),
        dense_recurrent(9, 3, [4, 3], generator=DRAW),
        local_recurrent((1, 3, 3), 3, 1, generator=DRAW, channels=1, field=1),
        Perceptron(9, 3, [4], generator=DRAW),
    )
]
SEEDS = [bytes([i]) for i in range(len(MODELS))] + [bytes([i, *range(100, 109)]) for i in range(5)]
SEEDS += [b"J" + json.dumps(MODELS[0][1]).encode()]


def read(data: bytes) -> None:
    tensors, described = MODELS[data[0] % len(MODELS) if data else 0]
    if data[:1] == b"J":
        try:
            described = json.loads(data[1:])
        except (ValueError, RecursionError):
            return
    else:
        described = edited(described, data[1:])
    model_of(tensors, described, Path("model"))  # which asks the net for an answer itself
