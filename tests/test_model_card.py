import json

import pytest
import torch

import forward_forward
from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset, Split
from forward_forward.errors import CheckpointError
from forward_forward.model_card import card
from forward_forward.models import load_model, save_model
from forward_forward.training.plan import Plan
from toys import CLASSES, PIXELS, dataset, generator, network, simultaneous

METRICS = {"goodness_error": 12.5, "goodness_macro_f1": 80.0}


@pytest.fixture
def described(tmp_path):
    """What the manifest of a toy model says."""
    learner, plan = simultaneous(), Plan(epochs=7, seed=0)
    learned = {"learner": learner.describe(), "plan": plan.describe()}
    save_model(tmp_path, learner.network, dataset(), METRICS, learned=learned)
    return json.loads((tmp_path / "manifest.json").read_text())["model"]


def front_matter(text):
    """Return the fields on top of a card, as a hub reads them."""
    cards = pytest.importorskip("huggingface_hub")
    return cards.ModelCard(text).data.to_dict()


def test_the_manifest_says_where_a_model_comes_from(described):
    assert described["version"] == forward_forward.__version__
    assert described["data_sha256"] == dataset().train.sha256()
    assert described["learned"]["plan"]["epochs"] == 7


def test_the_hash_of_data_is_of_every_value_and_of_the_shape():
    split = dataset().train
    assert split.sha256() == Split(split.images.clone(), split.labels.clone()).sha256()
    other = split.images.clone()
    other[-1, -1] += 0.5
    found = {
        split.sha256(),
        Split(other, split.labels).sha256(),
        Split(split.images, split.labels.flip(0)).sha256(),
        Split(split.images.view(-1, 6), split.labels).sha256(),
        Split(split.images.double(), split.labels).sha256(),
    }
    assert len(found) == 5


def test_the_card_lies_in_the_folder_and_says_what_the_manifest_says(described, tmp_path):
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text == card(described)
    for part in [
        "3 × 4",
        "one of 3 classes, `a`, `b`, `c`",
        described["data_sha256"],
        "LabelledDense(in_features=12, classes=3, units=9",
        "rule: `SmoothedGradient(rate=0.02, weight_decay=0.002)`",
        "- epochs: 7",
        "- seed: 0",
        "| goodness error | 12.50 |",
        "| goodness macro F1 | 80.00 |",
        "On the test split",
        "Model.from_pretrained",
        "ff evaluate path/to/this/folder",
    ]:
        assert part in text, part


def test_front_matter_is_what_a_hub_expects(described):
    fields = front_matter(card(described))
    assert fields["library_name"] == "forward_forward"
    assert {"forward-forward", "image-classification"} <= set(fields["tags"])
    assert fields["metrics"] == ["accuracy", "f1"]
    assert "license" not in fields
    assert "datasets" not in fields  # a toy has no name there
    assert front_matter(card({**described, "data": "mnist/validation"}))["datasets"] == [
        "ylecun/mnist"
    ]


def test_own_data_that_are_called_as_a_known_set_are_not_taken_for_it(described):
    assert "datasets" not in front_matter(card({**described, "data": "mnist", "scaled": False}))


def test_the_card_of_a_table_names_its_columns(described):
    columns = {"target": "kind", "numbers": ["height"], "choices": [["soil", ["dry", "wet"]]]}
    text = card({**described, "data": "plants.csv", "shape": [1, 1, 12], "columns": columns})
    assert "rows of a table by the columns `height`, `soil`, and tells `kind`: one of 3" in text
    assert "from 0 to 1" not in text
    assert "tabular-classification" in front_matter(text)["tags"]


def test_held_out_figures_are_not_called_those_of_a_test_split(described):
    text = card({**described, "data": "digits/validation"})
    assert "held out" in text
    assert "On the test split" not in text


def test_a_net_of_backpropagation_is_called_one(tmp_path):
    net = Perceptron(PIXELS, CLASSES, [5], generator=generator())
    save_model(tmp_path, net, dataset(), {})
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "learned by backpropagation" in text
    assert "forward-forward" not in front_matter(text)["tags"]
    assert "None are known" in text


def test_names_of_classes_cannot_write_the_card(tmp_path):
    names = ("a`\n---\nlicense: mit", "<script>", "x\x1b[31m" * 3)
    split = dataset().train
    data = Dataset("toy", 3, (1, 3, 4), split, split, names)
    save_model(tmp_path, network(), data, {})
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "license" not in front_matter(text)
    assert "`a' --- license: mit`, `<script>`" in text
    assert "\x1b" not in text


def test_the_card_is_no_part_of_what_is_trusted(described, tmp_path):
    (tmp_path / "README.md").write_bytes(b"\xff\xfe no card")
    images = torch.zeros(1, PIXELS)
    before = load_model(tmp_path).scores(images).readouts["goodness"]
    (tmp_path / "README.md").unlink()
    assert torch.equal(load_model(tmp_path).scores(images).readouts["goodness"], before)


def test_a_card_that_cannot_be_written_is_told(described, tmp_path):
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").mkdir()
    with pytest.raises(CheckpointError, match="the model itself is saved"):
        save_model(tmp_path, network(), dataset(), {})
    assert load_model(tmp_path).data == "toy"
