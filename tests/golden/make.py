"""Writes a golden model of each kind of net: a folder that every later version has to read as this one did.

    python tests/golden/make.py format1/0.1.0 backprop labelled recurrent text unlabelled

A folder that is there is never written again: its whole worth is that an older version wrote it.
"""

import json
import sys
from pathlib import Path

import torch

import forward_forward as ff
from forward_forward.baselines.backprop import Perceptron
from forward_forward.data.text import text_of
from forward_forward.data.windows import windowed
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.onto_tiles import on_tiles
from forward_forward.hardware.piece_layers import network_on
from forward_forward.hardware.pieces import Piece
from forward_forward.hardware.pulses import KeptPulses
from forward_forward.models import save_model
from forward_forward.training.backprop import Backpropagation

HERE = Path(__file__).parent
WINDOWS = windowed(text_of("toy", ["the cat sat on the mat. "] * 40, " .acehmnost"), 4)
ROWS = 4
"""Inputs of which the answers are kept."""


def labelled(digits):
    generator = ff.generator(0, "weights")
    parts = {"goodness": ff.mean_of_squares, "loss": ff.SiLU(alpha=6.0), "peer": 0.06}
    network = ff.FeedForward.dense(
        64, 10, [8, 8], generator=generator, place=ff.concatenate, strength=1.5, **parts
    )
    rules = ff.SmoothedGradient(5e-3), ff.SmoothedGradient(0.1)
    return ff.Simultaneous(network, ff.hard_by_softmax, *rules)


def unlabelled(digits):
    network = ff.FeedForward.dense(
        64, 10, [8, 8], generator=ff.generator(0, "weights"), labelled=False
    )
    rules = ff.SmoothedGradient(5e-3), ff.SmoothedGradient(0.1)
    return ff.Simultaneous(network, ff.HybridImages(digits.shape, 1), *rules)


def recurrent(digits):
    network = ff.dense_recurrent(
        64, 10, [8, 8], generator=ff.generator(0, "weights"), goodness=ff.mean_of_squares
    )
    rules = ff.SmoothedGradient(5e-3), ff.SmoothedGradient(0.1)
    return ff.Iterated(network, ff.hard_by_softmax, *rules)


def backprop(digits):
    network = Perceptron(64, 10, [8, 8], generator=ff.generator(0, "weights"))
    return Backpropagation(network, ff.Adam(rate=5e-3), torch.float32)


def tiles(digits):
    learner = labelled(digits)
    device = ResistiveDevice("coarse", levels=50, range_spread=0.1, step_spread=0.1)
    network = on_tiles(learner.network, device, seed=0)
    return ff.Simultaneous(network, ff.hard_by_softmax, KeptPulses(5e-3), ff.SmoothedGradient(0.1))


def piece(digits):
    network = network_on(Piece(1), 64, 10, [8, 8], generator=ff.generator(0, "weights"))
    rules = ff.SmoothedGradient(5e-3), ff.SmoothedGradient(0.1)
    return ff.Simultaneous(network, ff.hard_by_softmax, *rules)


def text():
    return ff.best_reader(WINDOWS, [8, 8], 0, matmul_dtype=torch.float32)


def make(folder, learner, data):
    """Teach a net for an epoch, and leave it with a few inputs and what it says of them."""
    plan = ff.Plan(epochs=1, batch_size=50)
    ff.train(learner, data, plan)
    result = ff.evaluate(learner.scores, data.test, data.classes)
    learned = {"learner": learner.describe(), "plan": plan.describe()}
    save_model(folder, learner.network, data, result.metrics, learned=learned)
    inputs = data.test.images[:ROWS]
    scores = learner.scores(inputs)
    answers = {name: _short(values) for name, values in scores.readouts.items()}
    kept = {"inputs": inputs.tolist(), "readouts": answers}
    lines = json.dumps(kept, indent=None, separators=(",", ":")).replace('],"', '],\n"')
    (folder / "expected.json").write_text(lines + "\n", encoding="utf-8")


def _short(values):
    return [[round(float(value), 6) for value in row] for row in values]


def main(name, *kinds):
    digits = ff.load("digits")
    for kind in kinds:
        folder = HERE / name / kind
        learner, data = (text(), WINDOWS) if kind == "text" else (BUILDS[kind](digits), digits)
        if not folder.exists():
            make(folder, learner, data)


BUILDS = {f.__name__: f for f in (labelled, unlabelled, recurrent, backprop, tiles, piece)}

if __name__ == "__main__":
    main(*sys.argv[1:])
