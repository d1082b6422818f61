"""Parts survive the trip to JSON; what is not a part is refused with a hint."""

import json
from dataclasses import dataclass, fields

import pytest
import torch

from forward_forward import spec
from forward_forward.errors import FFError, UsageError
from forward_forward.labels import concatenate, overlay
from forward_forward.losses import SiLU, SymBa, ThresholdLogistic
from forward_forward.normalization import Normalization
from toys import GOODNESS, LOSSES, NEGATIVES, RULES, SCHEDULES


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("good", GOODNESS.values(), ids=GOODNESS)
def test_goodness(good):
    assert spec.find_goodness(through_json(spec.describe(good))) is good


@pytest.mark.parametrize("kind", LOSSES.values(), ids=LOSSES)
def test_losses_with_other_than_default_fields(kind):
    loss = kind(**{field.name: 2.5 for field in fields(kind)})
    assert loss != kind()
    assert spec.find_loss(through_json(spec.describe(loss))) == loss
    assert spec.find_loss(kind.__name__) == kind()


def test_losses_of_one_family_stay_apart():
    assert spec.find_loss(spec.describe(SiLU(4.0))) != SymBa(4.0)


@pytest.mark.parametrize("name", spec.NORMALIZATIONS)
def test_normalisations(name):
    norm = spec.NORMALIZATIONS[name]
    assert through_json(spec.describe(norm)) == name
    assert spec.find_normalization(name) is norm


def test_placements():
    for place in (overlay, concatenate):
        assert spec.find_placement(spec.describe(place)) is place


@pytest.mark.parametrize("part", [*NEGATIVES.values(), *SCHEDULES.values()])
def test_functions_by_their_name(part):
    assert through_json(spec.describe(part)) == part.__name__


@pytest.mark.parametrize("kind", RULES.values(), ids=RULES)
def test_rules_by_name_and_fields(kind):
    described = through_json(spec.describe(kind(rate=0.5, weight_decay=0.25)))
    assert described == {"part": kind.__name__, "rate": 0.5, "weight_decay": 0.25}


def test_plain_values_stay():
    assert spec.describe([1, "a", None]) == [1, "a", None]
    assert spec.describe(torch.bfloat16) == "bfloat16"


@pytest.mark.parametrize(
    ("find", "name", "near"),
    [(spec.find_goodness, "sum_of_square", "sum_of_squares"), (spec.find_loss, "Symba", "SymBa"),
     (spec.find_normalization, "lenght", "length"), (spec.find_placement, "overly", "overlay")],
)  # fmt: skip
def test_a_wrong_name_is_refused_with_a_near_one(find, name, near):
    with pytest.raises(UsageError, match=near):
        find(name)


@pytest.mark.parametrize("name", ["slope_of", "Loss", "Tensor", "_with_slope", "__name__", "Self"])
def test_what_only_lies_beside_a_part_is_no_part(name):
    with pytest.raises(UsageError):
        spec.find_goodness(name)
    with pytest.raises(UsageError):
        spec.find_loss(name)


@pytest.mark.parametrize(
    "described",
    [{"part": "SymBa", "beta": 1.0}, {"part": "SymBa", "alpha": "steep"}, {"alpha": 1.0},
     {"part": "SymBa", "alpha": None}, {"part": None}, {"part": ["SymBa"]}, 3, None],
)  # fmt: skip
def test_a_damaged_loss_is_a_typed_error(described):
    with pytest.raises(FFError):
        spec.find_loss(described)


def test_a_normalisation_without_a_name_cannot_be_saved():
    with pytest.raises(UsageError, match="no name"):
        spec.describe(Normalization(power=1, per_unit=False))


def test_parts_among_plain_arguments():
    found = spec.find_parts({"units": 3, "goodness": "sum_of_squares", "loss": {"part": "SiLU"}})
    assert found == {"units": 3, "goodness": GOODNESS["sum_of_squares"], "loss": SiLU()}


@dataclass(frozen=True)
class Nested:
    loss: ThresholdLogistic
    good: object


def test_dataclasses_within_dataclasses():
    nested = Nested(ThresholdLogistic(2.0), GOODNESS["sum_of_squares"])
    assert through_json(spec.describe(nested)) == {
        "part": "Nested",
        "loss": {"part": "ThresholdLogistic", "threshold": 2.0, "temperature": 1.0},
        "good": "sum_of_squares",
    }
