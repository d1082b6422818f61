import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from forward_forward.baselines.backprop import Perceptron
from forward_forward.baselines.local import LocalPerceptron
from forward_forward.baselines.text import TextPerceptron
from forward_forward.baselines.through_time import ThroughTime
from forward_forward.blueprints import build_network, describe_network
from forward_forward.data import Dataset, Split
from forward_forward.data.text import text_of
from forward_forward.data.windows import windowed
from forward_forward.errors import CheckpointError, DataError, DivergenceError, UsageError
from forward_forward.labels import concatenate
from forward_forward.layers.described import describe_layer
from forward_forward.layers.local_fields import LocalFields
from forward_forward.layers.symbols import Symbols
from forward_forward.losses import SiLU, SymBa
from forward_forward.models import load_model, save_model
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.networks.recurrent_nets import dense_recurrent, local_recurrent
from forward_forward.networks.wiring import with_skips
from forward_forward.randomness import generator
from forward_forward.training.checkpoints import _seal, read_folder, write_folder
from forward_forward.video import MovingImages
from toys import uniform


@pytest.fixture
def data():
    draw = generator(0, "images")
    split = Split(torch.rand(6, 16, generator=draw), torch.arange(6) % 3)
    return Dataset("toy", 3, (1, 4, 4), split, split, ("a", "b", "c"))


def forward_forward(**options):
    return FeedForward.dense(16, 3, [6, 5, 4], generator=generator(0, "weights"), **options)


NETWORKS = {
    "overlay": forward_forward,
    "concatenated": lambda: forward_forward(place=concatenate, strength=2.5, pixel_mean=0.1),
    "no head, peers, another loss": lambda: forward_forward(head=False, peer=0.1, loss=SymBa(3.0)),
    "recurrent": lambda: dense_recurrent(
        16, 3, [6, 5], generator=generator(0, "weights"), wiring=with_skips(2), peer=0.1
    ),
    "recurrent maps": lambda: local_recurrent(
        (1, 4, 4), 3, 2, generator=generator(0, "weights"), field=3, tile=2, alternate=True
    ),
    "perceptron": lambda: Perceptron(16, 3, [5, 4], generator=generator(0, "weights"), dropout=0.5),
    "perceptron of maps": lambda: LocalPerceptron(
        [
            LocalFields((4, 4, 1), (4, 4), 2, field=3, margin=1, tile=2, channels_first=True),
            LocalFields((4, 4, 2), (4, 4), 2, field=3, margin=1, tile=2),
        ],
        3,
        generator=generator(0, "weights"),
        dropout=0.5,
        pixel_std=0.3,
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_comes_back_the_same(name, data, tmp_path):
    network = NETWORKS[name]().eval()
    save_model(tmp_path, network, data, {"goodness_error": 1.5})
    model = load_model(tmp_path)
    assert (model.class_names, model.shape, model.data) == (("a", "b", "c"), (1, 4, 4), "toy")
    assert model.metrics == {"goodness_error": 1.5}
    for key, value in network.state_dict().items():
        assert torch.equal(model.network.state_dict()[key], value)
    again = load_model(tmp_path).scores(data.test.images)
    for key, value in model.scores(data.test.images).readouts.items():
        assert torch.equal(value, again.readouts[key])


def test_a_perceptron_of_maps_has_maps_alone():
    described = describe_network(NETWORKS["perceptron of maps"]())
    described["config"]["layers"][1] = describe_layer(forward_forward().layers[1])
    with pytest.raises(UsageError, match="LocalFields alone"):
        build_network(described)


def test_numbers_of_numpy_are_saved_as_plain_ones(data, tmp_path):
    made = dense_recurrent(
        np.int64(16),
        np.int64(3),
        [4, np.int32(5)],
        generator=generator(0, "weights"),
        keep=np.float32(0.5),
        peer=np.float32(0.25),
        loss=SiLU(np.float32(6)),
        alternate=np.bool_(True),
    )
    save_model(tmp_path, made, data, {"goodness_error": np.float32(1.5)})
    read = load_model(tmp_path)
    assert read.metrics == {"goodness_error": 1.5}
    assert read.network.config() == made.config()


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (
            lambda: dense_recurrent(25, 3, [6, 5], generator=generator(0, "weights")),
            "reads rows of 25",
        ),
        (
            lambda: dense_recurrent(16, 4, [6, 5], generator=generator(0, "weights")),
            "knows 4 classes, 3 are named",
        ),
    ],
)
def test_a_net_for_other_data_is_not_saved(network, words, data, tmp_path):
    with pytest.raises(UsageError, match=f"does not read toy: .*{words}"):
        save_model(tmp_path, network(), data, {})
    assert not list(tmp_path.iterdir())


def test_a_net_that_watches_videos_is_saved_with_the_shape_of_its_frames(data, tmp_path):
    network = dense_recurrent(25, 3, [6, 5], generator=generator(0, "weights"))
    save_model(tmp_path, network, data, {}, shape=(1, 5, 5))
    model = load_model(tmp_path)
    assert model.shape == (1, 5, 5)
    assert model.scores(uniform(2, 25, dtype=torch.float32)).readouts["goodness"].shape == (2, 3)


def test_a_net_without_a_format_keeps_its_state(data, tmp_path):
    video = MovingImages((1, 4, 4), size=4)
    rival = ThroughTime(16, 3, [5, 4], generator=generator(0, "weights"), video=video)
    with pytest.raises(UsageError, match="ThroughTime has no model format"):
        save_model(tmp_path, rival, data, {})


def test_a_run_stands_for_its_model(data, tmp_path):
    save_model(tmp_path / "model", forward_forward(), data, {})
    assert load_model(tmp_path).data == "toy"


def test_saving_again_replaces(data, tmp_path):
    save_model(tmp_path, forward_forward(), data, {"a": 1})
    save_model(tmp_path, forward_forward(head=False), data, {"a": 2})
    assert load_model(tmp_path).metrics == {"a": 2}
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_any_damage_is_an_error_or_harmless(data, tmp_path):
    save_model(tmp_path, forward_forward(), data, {"goodness_error": 1.5})
    expected = load_model(tmp_path).scores(data.test.images).readouts["goodness"]
    for path in [tmp_path / "manifest.json", *tmp_path.glob("*.safetensors")]:
        good = path.read_bytes()
        for at in range(0, len(good), 11):
            for bad in (good[:at], good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]):
                path.write_bytes(bad)
                try:
                    model = load_model(tmp_path)
                except CheckpointError as error:
                    assert "\n" not in str(error)
                    continue
                assert torch.equal(model.scores(data.test.images).readouts["goodness"], expected)
        path.write_bytes(good)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model["network"].update(type="Transformer"),
        lambda model: model["network"].update(config={}),
        lambda model: model["network"]["config"]["layers"][0].update(units=-3),
        lambda model: model["network"]["config"]["layers"][0].update(goodness="os.system"),
        lambda model: model["network"]["config"]["layers"][0].update(loss={"part": "SiLU", "x": 1}),
        lambda model: model.update(shape="large"),
        lambda model: model.pop("class_names"),
        lambda model: model["network"]["config"]["layers"][1].update(units=7),
        lambda model: model["network"]["config"]["layers"][0].update(pixel_mean=True),
        lambda model: model.update(file={"path": "x"}),
    ],
)
def test_a_planted_description_is_refused(change, data, tmp_path):
    save_model(tmp_path, forward_forward(), data, {})
    planted(tmp_path, change)
    with pytest.raises(CheckpointError):
        load_model(tmp_path)


def planted(folder, change):
    """Change what a model's manifest says of it, and put the right seal on it."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest["model"])
    manifest["seal"] = _seal(manifest)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["overlay", "recurrent", "perceptron"])
@pytest.mark.parametrize(
    "change", [{"shape": [1, 4, 5]}, {"shape": [1, -4, -4]}, {"class_names": ["a", "b"]}], ids=str
)
def test_a_model_reads_and_answers_what_it_says(name, change, data, tmp_path):
    save_model(tmp_path, NETWORKS[name](), data, {})
    planted(tmp_path, lambda model: model.update(change))
    with pytest.raises(CheckpointError, match="cannot be built"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "change", [{"shape": [1, 1, 7]}, {"class_names": ["a", "bc", "d"]}, {"class_names": ["a"]}]
)
@pytest.mark.parametrize("rival", [False, True])
def test_a_model_of_a_text_has_an_alphabet_and_a_window(change, rival, tmp_path):
    data = windowed(text_of("toy", ["abcab" * 9] * 5, "abc"), 6)
    draw = generator(0, "weights")
    network = (
        TextPerceptron(6, 3, [5], generator=draw)
        if rival
        else FeedForward([Symbols(6, 3, 5, generator=draw)], 3)
    )
    save_model(tmp_path, network, data, {})
    assert len(list(load_model(tmp_path).written("ab", 4, draw))) == 4
    planted(tmp_path, lambda model: model.update(change))
    with pytest.raises(CheckpointError, match="cannot be built"):
        load_model(tmp_path)


@pytest.mark.parametrize("number", [1e30, -1e30, 10**30, 10**400, float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["overlay", "recurrent", "perceptron"])
def test_a_number_that_no_net_has_is_told_in_one_short_line(name, number, data, tmp_path):
    save_model(tmp_path, NETWORKS[name](), data, {})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for place in numbers(manifest["model"]["network"]["config"]):
        planted(tmp_path, lambda model, at=place: put(model["network"]["config"], at, number))
        with pytest.raises(CheckpointError, match="cannot be built") as told:
            load_model(tmp_path)
        assert "\n" not in str(told.value)
        assert len(str(told.value)) < 400 + len(str(tmp_path))
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    planted(tmp_path, lambda model: put(model, ("shape", 1), number))
    with pytest.raises(CheckpointError, match="cannot be built"):
        load_model(tmp_path)


@pytest.mark.parametrize("size", [10**6, 10**9, 10**14])
@pytest.mark.parametrize("key", ["units", "in_features", "grid", "field"])
@pytest.mark.parametrize("name", ["overlay", "recurrent maps", "perceptron"])
def test_a_giant_is_told_before_it_takes_any_memory(name, key, size, data, tmp_path):
    """A small file cannot make a large net: sealed by whoever made it, it names sizes that it has no weights for."""
    save_model(tmp_path, NETWORKS[name](), data, {})
    config = json.loads((tmp_path / "manifest.json").read_text())["model"]["network"]["config"]
    for place in numbers(config):
        if key in place or name == "perceptron":
            whole = (tmp_path / "manifest.json").read_text()
            planted(tmp_path, lambda model, at=place: put(model["network"]["config"], at, size))
            with pytest.raises(CheckpointError):
                load_model(tmp_path)
            (tmp_path / "manifest.json").write_text(whole)


def numbers(value, path=()):
    """Yield the way to every number in plain JSON."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(part, (*path, key))
    elif not isinstance(value, bool | str | None):
        yield path


def put(value, path, number):
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = number


def test_tensors_of_another_folder_are_refused(data, tmp_path):
    save_model(tmp_path, forward_forward(), data, {})
    (tensors,) = tmp_path.glob("*.safetensors")
    tensors.write_bytes(save({"network.x": torch.zeros(3)}))
    with pytest.raises(CheckpointError, match="sha256"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (torch.zeros(1, 15), "rows of 16"),
        (torch.zeros(4, 4), "rows of 16"),
        (torch.full((1, 16), float("nan")), "NaN or infinite"),
        (torch.full((1, 16), float("inf")), "NaN or infinite"),
        (torch.full((1, 16), 255.0), "not in"),
        (torch.zeros(1, 16).numpy(), "images are a ndarray; give a tensor"),
    ],
)
def test_odd_images(images, says, data, tmp_path):
    save_model(tmp_path, forward_forward(), data, {})
    with pytest.raises(DataError, match=says):
        load_model(tmp_path).scores(images)


@pytest.mark.parametrize("name", ["overlay", "recurrent", "perceptron"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_net_that_diverged_is_neither_saved_nor_read(name, value, data, tmp_path):
    """It would name the first class, whatever it is asked."""
    network = NETWORKS[name]()
    save_model(tmp_path, network, data, {})
    tensors, manifest = read_folder(tmp_path)
    with torch.no_grad():
        next(network.parameters()).flatten()[0] = value
    with pytest.raises(DivergenceError, match="not finite, so no model is saved"):
        save_model(tmp_path, network, data, {})
    load_model(tmp_path)
    next(iter(tensors.values())).flatten()[0] = value
    write_folder(tmp_path, tensors, {"model": manifest["model"]})
    with pytest.raises(CheckpointError, match="not finite; train it again"):
        load_model(tmp_path)
