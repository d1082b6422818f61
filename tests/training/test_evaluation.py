"""Errors and F1 against scikit-learn's, over every readout, layer and run of layers."""

import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score

from forward_forward.data import Split
from forward_forward.errors import DataError, DivergenceError, UsageError
from forward_forward.training.evaluation import Scores, evaluate, shortlisted
from toys import labels_of, normal, uniform

CLASSES, COUNT, LAYERS = 5, 203, 3


def look(goodness, labels, batch_size=50, **more):
    """Evaluate scores that are looked up by the image's only pixel, its number."""
    images = torch.arange(len(labels)).unsqueeze(1).double()

    def scores(batch):
        rows = batch[:, 0].long()
        readouts = {name: value[rows] for name, value in more.items()}
        main = goodness[:, rows]
        return Scores({"goodness": main.sum(0), **readouts}, main)

    return evaluate(scores, Split(images, labels), CLASSES, batch_size)


def percent_wrong(answers, labels):
    return 100 * (answers != labels).double().mean().item()


@pytest.mark.parametrize("batch_size", [1, 50, 203, 1000])
@pytest.mark.parametrize("seed", [0, 1])
def test_against_scikit_learn(batch_size, seed):
    labels = labels_of(COUNT, seed, CLASSES)
    goodness, softmax = normal(LAYERS, COUNT, CLASSES, seed=seed), normal(COUNT, CLASSES, seed=7)
    goodness[:, torch.arange(COUNT), labels] += 1
    result = look(goodness, labels, batch_size, softmax=softmax)
    for name, scores in {"goodness": goodness.sum(0), "softmax": softmax}.items():
        answers = scores.argmax(1)
        f1 = f1_score(labels, answers, average="macro", labels=range(CLASSES), zero_division=0)
        assert result.metrics[f"{name}_macro_f1"] == pytest.approx(100 * f1, abs=1e-5)
        wrong = percent_wrong(answers, labels)
        assert result.metrics[f"{name}_error"] == pytest.approx(wrong, abs=1e-5)
    assert set(result.metrics) == {
        f"{n}_{m}" for n in ("goodness", "softmax") for m in ("error", "macro_f1")
    }
    answers = goodness.sum(0).argmax(1)
    assert result.confusion == confusion_matrix(labels, answers, labels=range(CLASSES)).tolist()


def test_layers_alone_and_in_runs():
    labels, goodness = labels_of(COUNT, 0, CLASSES), normal(LAYERS, COUNT, CLASSES)
    result = look(goodness, labels)
    alone = [percent_wrong(layer.argmax(1), labels) for layer in goodness]
    assert result.layer_errors == pytest.approx(alone, abs=1e-5)
    assert len(set(alone)) == LAYERS
    runs = {
        f"{a + 1}-{b + 1}": percent_wrong(goodness[a : b + 1].sum(0).argmax(1), labels)
        for a in range(LAYERS)
        for b in range(a, LAYERS)
    }
    assert result.run_errors == pytest.approx(runs, abs=1e-5)


def test_ten_layers_are_counted_right():
    labels, goodness = labels_of(COUNT, 0, CLASSES), normal(12, COUNT, CLASSES)
    result = look(goodness, labels)
    alone = [percent_wrong(layer.argmax(1), labels) for layer in goodness]
    assert result.layer_errors == pytest.approx(alone, abs=1e-5)
    assert result.run_errors["2-12"] == pytest.approx(
        percent_wrong(goodness[1:].sum(0).argmax(1), labels), abs=1e-5
    )


def test_a_class_that_never_comes_and_is_never_named_counts_0():
    labels = labels_of(COUNT, 0, CLASSES - 1)
    scores = torch.eye(CLASSES).double()[labels]
    result = look(scores.unsqueeze(0), labels)
    assert result.metrics["goodness_error"] == 0
    assert result.metrics["goodness_macro_f1"] == pytest.approx(80)
    assert sum(map(sum, result.confusion)) == COUNT


def test_without_layers_there_are_no_layer_errors():
    split = Split(uniform(4, 1), torch.tensor([0, 1, 1, 0]))
    scores = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    result = evaluate(lambda images: Scores({"softmax": scores}), split, 2)
    assert result.metrics["softmax_error"] == 25
    assert result.layer_errors == []
    assert result.run_errors == {}
    assert result.confusion == [[2, 0], [1, 1]]


@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_a_shortlist_keeps_k_labels(k):
    logits, goodness = normal(40, CLASSES), normal(40, CLASSES, seed=1)
    scores = shortlisted(logits, goodness, k)
    for i in range(40):
        best = logits[i].argsort(descending=True)[:k].tolist()
        expected = [g if c in best else -torch.inf for c, g in enumerate(goodness[i].tolist())]
        assert scores[i].tolist() == expected


def test_scores_of_another_number_of_classes_are_told():
    with pytest.raises(UsageError, match="goodness scores 4 classes, but there are 5"):
        look(normal(LAYERS, COUNT, 4), labels_of(COUNT, 0, 4))


def test_a_prediction_that_is_sure_of_the_wrong_symbol_has_no_end_of_perplexity():
    split = Split(torch.zeros(2, 1), torch.tensor([0, 0]))
    sure = torch.tensor([[0.0, 1e4]])
    found = evaluate(
        lambda images: Scores({"softmax": sure.expand(len(images), 2)}, predictions=True), split, 2
    )
    assert found.metrics["softmax_perplexity"] == float("inf")
    assert found.metrics["softmax_bits"] == pytest.approx(1e4 / 0.693147, rel=1e-3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_scores_without_an_answer_are_no_answer(value):
    """The largest of NaNs would be taken for the first class."""
    goodness = normal(LAYERS, COUNT, CLASSES)
    goodness[:, 7] = value
    with pytest.raises(DivergenceError, match="goodness has no answer to 1 of 50"):
        look(goodness, labels_of(COUNT, 0, CLASSES))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (torch.zeros(4), "float32"),
        (torch.zeros(4, dtype=torch.uint8), "uint8"),
        (torch.zeros(4, 1, dtype=torch.int64), r"\[4, 1\]; give int64, one for each image"),
        (torch.zeros(3, dtype=torch.int64), r"4 images with labels torch.int64 \[3\]"),
        (torch.tensor([0, 1, CLASSES, 0]), "1 labels are outside 0 to 4"),
        (torch.tensor([0, 1, -1, 0]), "1 labels are outside 0 to 4"),
    ],
)
def test_labels_that_are_no_classes(labels, says):
    split = Split(torch.zeros(4, 1), labels)
    with pytest.raises(DataError, match=says):
        evaluate(lambda images: Scores({"softmax": normal(4, CLASSES)}), split, CLASSES)


def test_nothing_to_judge_by():
    split = Split(torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(DataError, match="0 images"):
        evaluate(lambda images: Scores({"softmax": normal(0, CLASSES)}), split, CLASSES)
