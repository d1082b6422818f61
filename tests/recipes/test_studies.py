"""What the studies compare: that nets differ in what they are named after, and how errors are set side by side."""

import pytest

from forward_forward.beyond.apart import Apart
from forward_forward.beyond.student_t import LabelledStudentT, StudentT
from forward_forward.data import Dataset, Split
from forward_forward.normalization import length, sum_to_units
from forward_forward.recipes import study_blocks, study_goodness
from toys import labels_of, uniform

SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def data():
    images = uniform(400, 784).float()
    split = Split(images, labels_of(400, classes=10))
    return Dataset("mnist", 10, SHAPE, split, split, tuple("0123456789"))


def layers_of(recipe, net, data):
    learner, _ = recipe.nets[net](data, 0, "cpu")
    return learner, learner.network.layers


@pytest.mark.parametrize("number", [1, 2, 5, 10, 50, 200])
def test_nets_have_as_many_blocks_as_their_name_says(number, data):
    _, layers = layers_of(study_blocks.RECIPE, f"blocks_{number}", data)
    assert [(layer.units, layer.blocks) for layer in layers] == [(600, number)] * 3


@pytest.mark.parametrize(("net", "blocks"), [("whole", [1, 1, 1]), ("regions", [16, 9, 4])])
def test_a_region_is_a_place_of_the_grid(net, blocks, data):
    _, layers = layers_of(study_blocks.RECIPE, net, data)
    assert [layer.blocks for layer in layers] == blocks
    assert [layer.units // layer.channels for layer in layers] == [16, 9, 4]
    other = layers_of(study_blocks.RECIPE, "whole", data)[1]
    assert all(a.weight.equal(b.weight) for a, b in zip(layers, other, strict=True))


def curve(errors, readout):
    return [
        {"epoch": epoch, "validation": {f"{readout}_error": error}}
        for epoch, error in enumerate(errors, 1)
    ]


def test_blocks_are_measured_by_one_and_regions_by_the_whole():
    def net(error, errors, readout="goodness"):
        metrics = {"goodness_error": error, "softmax_error": error + 1}
        return {
            "metrics": metrics,
            "curves": curve(errors, readout),
            "epochs": len(errors),
            "seconds": 7.0,
        }

    results = {name: net(2.0, [5.0, 4.0, 3.0]) for name in study_blocks.BLOCKS}
    results["blocks_10"] = net(1.5, [3.0, 2.9, 2.8])
    results["whole"] = net(3.0, [9.0, 9.0, 9.0, 9.0], "softmax")
    results["regions"] = net(1.0, [9.0, 2.5, 9.0, 9.0], "softmax")
    found = study_blocks.measure(results)
    assert found["blocks_10_to_one"] == 0.75
    assert found["blocks_10_epochs_to_3"] == 1
    assert found["blocks_200_to_one"] == 1
    assert found["blocks_1_epochs_to_3"] == 3
    assert found["regions_to_whole"] == 0.5
    assert found["whole_epochs_to_3"] is None
    assert found["regions_epochs_to_whole"] == 0.5
    assert found["regions_seconds"] == 7.0


def test_the_menu_is_what_its_names_say(data):
    recipe = study_goodness.RECIPE
    for net in recipe.nets:
        learner, layers = layers_of(recipe, net, data)
        network = learner.network
        plain = net.startswith("activities")
        assert network.normalization == (sum_to_units if plain else length)
        assert layers[0].normalization == network.normalization
        assert [layer.units for layer in layers] == [500] * 3
        under_t = [isinstance(layer, StudentT | LabelledStudentT) for layer in layers]
        assert all(under_t) == any(under_t) == net.startswith("student_t")
        assert isinstance(learner, Apart) == (net.startswith("apart") or net == "together")


def test_thresholds_grow_and_objectives_differ(data):
    recipe = study_goodness.RECIPE
    _, layers = layers_of(recipe, "thresholds", data)
    assert [layer.loss.threshold for layer in layers] == [250, 500, 1000]
    _, layers = layers_of(recipe, "mixed", data)
    assert len({(layer.goodness, layer.loss) for layer in layers}) == 3


def test_phases_are_as_long_as_their_names_say(data):
    phases = {
        net: layers_of(study_goodness.RECIPE, net, data)[0].phase
        for net in ("together", "apart_1", "apart_10", "apart_100", "apart_epoch")
    }
    assert list(phases.values()) == [0, 1, 10, 100, 4]


def test_errors_are_set_beside_the_authors_or_those_of_both_passes_at_once():
    results = {
        net: {"metrics": {"goodness_error": 2.0}, "seconds": 1.0}
        for net in study_goodness.RECIPE.nets
    }
    results["together"] = {"metrics": {"goodness_error": 4.0}, "seconds": 1.0}
    results["opposed"] = {"metrics": {"goodness_error": 1.0}, "seconds": 3.0}
    found = study_goodness.measure(results)
    assert found["opposed_to_squares_max"] == 0.5
    assert found["apart_10_to_together"] == 0.5
    assert found["opposed_error"] == 1.0
    assert found["opposed_seconds"] == 3.0
