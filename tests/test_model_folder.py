"""Nets of the wings come back from their folders; where they cannot, the folder says why and what to do."""

import importlib
import json

import pytest
import torch

from forward_forward import beyond, hardware
from forward_forward.beyond.black_box import BlackBox, boxed
from forward_forward.beyond.student_t import LabelledStudentT, StudentT
from forward_forward.discover import submodules
from forward_forward.errors import CheckpointError
from forward_forward.hardware.analog_dense import age
from forward_forward.hardware.onto_tiles import on_tiles
from forward_forward.hardware.piece_layers import network_on
from forward_forward.hardware.pieces import Fabrication, Piece
from forward_forward.hardware.presets import PRESETS
from forward_forward.layers.described import WING_LAYERS
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.model_folder import load_weights
from forward_forward.models import load_model, save_model
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.checkpoints import _seal
from toys import CLASSES, PIXELS, WIDTHS, dataset, generator, network, of_kind


def on_t():
    parts = {"generator": generator(), "alpha": 2.5}
    layers = [LabelledStudentT(PIXELS, CLASSES, 9, **parts), StudentT(9, 7, **parts)]
    return FeedForward(layers, CLASSES)


def on_a_piece():
    piece = Piece(7, Fabrication(connectivity=0.6, curving=0.3))
    return network_on(piece, PIXELS, CLASSES, WIDTHS, generator=generator(1), peer=0.06)


def on_aged_tiles(name):
    net = on_tiles(network(), PRESETS[name].device, seed=3)
    age(net, 1000.0)
    return net


NETS = {
    "t-distribution": on_t,
    "piece": on_a_piece,
    **{f"tiles of {name}": (lambda name=name: on_aged_tiles(name)) for name in PRESETS},
}


@pytest.mark.parametrize("name", NETS)
def test_a_net_of_a_wing_comes_back(name, tmp_path):
    net, data = NETS[name](), dataset()
    save_model(tmp_path, net, data, {})
    again = load_model(tmp_path)
    assert [type(a) for a in again.network.layers] == [type(b) for b in net.layers]
    assert again.network.config() == net.config()
    for key, value in net.state_dict().items():
        assert torch.equal(again.network.state_dict()[key], value), key
    for a, b in zip(again.network.buffers(), net.buffers(), strict=True):  # unsaved ones too
        assert torch.equal(a, b)
    save_model(tmp_path / "again", again.network, data, {})
    images = data.test.images
    for key, value in again.scores(images).readouts.items():  # noise of reads is drawn alike
        assert torch.equal(load_model(tmp_path / "again").scores(images).readouts[key], value)


def test_every_layer_of_a_wing_can_be_named_in_a_model_file():
    found = {}
    for wing in (beyond, hardware):
        for full in submodules(wing).values():
            for name, kind in of_kind(importlib.import_module(full), LocalLayer).items():
                if "preactivation" in dir(kind) and not name.startswith("_"):
                    found[name] = full.removeprefix("forward_forward.")
    assert found == WING_LAYERS


@pytest.mark.parametrize(
    "change",
    [
        {"layer": "os.system"},
        {"layer": "hardware.analog_dense.AnalogDense"},
        {"layer": "ResistiveDevice"},
        {"hardware": "ideal"},
        {"hardware": {"part": "Popen", "args": "true"}},
        {"hardware": {"part": "ResistiveDevice", "name": "x", "levels": "many"}},
        {"hardware": {"part": "ResistiveDevice", "name": "x", "unknown": 1}},
        {"hardware": {"part": "ResistiveDevice", "name": "x", "levels": -3}},
    ],
    ids=str,
)
def test_a_planted_layer_or_device_is_refused(change, tmp_path):
    save_model(tmp_path, on_aged_tiles("rpu"), dataset(), {})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["model"]["network"]["config"]["layers"][1].update(change)
    manifest["seal"] = _seal(manifest)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="cannot be built"):
        load_model(tmp_path)


def halves(seed):
    box = BlackBox(lambda h: h.round(), name="rounding")
    return boxed(PIXELS, CLASSES, [9, 8], [box], generator=generator(seed))


def test_a_net_with_boxes_says_how_its_weights_can_be_had(tmp_path):
    net = halves(0)
    save_model(tmp_path, net, dataset(), {})
    with pytest.raises(CheckpointError, match=r"rounding.*boxed\(\).*load_weights"):
        load_model(tmp_path)
    fresh = halves(1)
    assert not torch.equal(fresh.layers[0].weight, net.layers[0].weight)
    load_weights(tmp_path, fresh)
    for key, value in net.state_dict().items():
        assert torch.equal(fresh.state_dict()[key], value)


def test_weights_of_another_net_are_refused(tmp_path):
    save_model(tmp_path, network(), dataset(), {})
    with pytest.raises(CheckpointError, match="do not fit"):
        load_weights(tmp_path, network(widths=[5, 5]))
