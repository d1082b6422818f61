"""What the page is told: models, samples, answers; and what it may not ask."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from forward_forward.errors import DataError, UsageError
from forward_forward.models import Model
from forward_forward.readout import goodness_per_label
from forward_forward.web.answers import answered, card, showable
from forward_forward.web.samples import PER_CLASS, data_of, samples
from page import WISH, drawing

SEVEN = np.zeros((96, 96))
SEVEN[20:28, 30:66] = SEVEN[20:80, 58:66] = 1


def test_the_page_and_its_files(client):
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "What happens inside" in page.text
    for part in ("Positive pass.", "Negative pass.", "Between layers", "goodness"):
        assert part in page.text
    for name, kind in [
        ("main.js", "text/javascript"),
        ("style.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
    ]:
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)


def test_models(client):
    told = client.get("/api/models").json()
    assert set(told) == {"given"}
    given = told["given"]
    assert (given["data"], given["shape"], given["digits"]) == ("digits", [1, 8, 8], True)
    assert given["counted"] == [False, True, True]
    assert given["units"] == [80, 80, 80]
    assert given["errors"]["goodness"] < 15


def test_samples_are_test_images(client, digits):
    told = client.get("/api/samples/given").json()
    assert [each["label"] for each in told] == list(range(10)) * PER_CLASS
    pixels = np.frombuffer(base64.b64decode(told[0]["pixels"]), np.uint8) / 255
    first = int((digits.test.labels == 0).nonzero()[0])
    np.testing.assert_allclose(pixels, digits.test.images[first].numpy(), atol=1 / 255)
    assert client.get("/api/samples/trained").status_code == 400
    assert client.get("/api/samples/other").status_code == 422


def test_an_answer_is_the_net_s(client, model, digits):
    image = digits.test.images[:1]
    body = drawing(image.numpy().reshape(8, 8), centre=False)
    told = client.post("/api/look", json=body).json()
    rounded = torch.from_numpy(
        np.frombuffer(base64.b64decode(body["pixels"]), np.uint8) / 255
    ).float()[None]
    layers = goodness_per_label(model.network, rounded)[:, 0]
    torch.testing.assert_close(torch.tensor(told["layers"]), layers)
    torch.testing.assert_close(torch.tensor(told["goodness"]), layers[1:].sum(0))
    assert told["label"] == int(layers[1:].sum(0).argmax())
    assert sum(told["softmax"]) == pytest.approx(1)
    assert base64.b64decode(told["seen"]) == base64.b64decode(body["pixels"])
    assert not told["blank"]


def test_a_drawing_is_centred_and_a_blank_one_is_blank(client):
    told = client.post("/api/look", json=drawing(SEVEN)).json()
    seen = np.frombuffer(base64.b64decode(told["seen"]), np.uint8).reshape(8, 8)
    assert seen[0].any() and seen[7].any()
    assert client.post("/api/look", json=drawing(np.zeros((96, 96)))).json()["blank"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"pixels": "not base64!"}, "no base64"),
        ({"pixels": "AAAA"}, "3 bytes of pixels for 1×96×96"),
        ({"width": 95}, "9216 bytes of pixels for 1×96×95"),
        ({"width": 0}, "width"),
        ({"width": 257}, "width"),
        ({"width": 10**30}, "width"),
        ({"width": "96px"}, "width"),
        ({"width": None}, "width"),
        ({"height": [96]}, "height"),
        ({"channels": 2}, "channels"),
        ({"channels": 3, "height": 48, "width": 64}, "3 channels; this model reads 1"),
        ({"pixels": 7}, "pixels"),
        ({"pixels": None}, "pixels"),
        ({"centre": "perhaps"}, "centre"),
        ({"model": "other"}, "model"),
        ({"model": "trained"}, "no net was trained here yet"),
        ({"more": 1}, "more"),
    ],
)
def test_drawings_that_are_none(client, changed, says):
    answer = client.post("/api/look", json=drawing(SEVEN) | changed)
    assert answer.status_code in (400, 422)
    assert says in answer.json()["error"]
    assert "not base64!" not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 60_000, b'{"a":' * 9_000]
)
def test_bodies_that_are_no_json(client, body):
    for path in (
        "/api/look",
        "/api/run/start",
        "/api/run/change",
        "/api/run/save",
        "/api/run/stop",
    ):
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), (path, body[:20])
        assert set(answer.json()) == {"error"}
        assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    "changed",
    [
        {"data": "mnst"}, {"data": ""}, {"widths": []}, {"widths": [0]}, {"widths": [2001]}, {"widths": [5] * 6},
        {"widths": "20"}, {"epochs": 0}, {"epochs": 501}, {"epochs": 1.5}, {"rate": 0}, {"rate": -1}, {"rate": 11},
        {"rate": "fast"}, {"negatives": "soft"}, {"goodness": "__class__"}, {"loss": "x" * 41}, {"peer": -1},
        {"peer": 11}, {"pace": -1}, {"pace": 61}, {"seed": -1}, {"seed": 2**31}, {"extra": 1},
    ],
    ids=str,
)  # fmt: skip
def test_wishes_that_cannot_be_met(client, studio, changed):
    answer = client.post("/api/run/start", json=WISH | changed)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]
    assert studio.run is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(client, studio, number):
    text = json.dumps(WISH).replace("0.003", number)
    answer = client.post(
        "/api/run/start", content=text, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert studio.run is None


def test_no_run_yet(client):
    for path in ("stop", "use"):
        answer = client.post(f"/api/run/{path}", json={})
        assert (answer.status_code, answer.json()["error"]) == (
            400,
            "there is no run yet; start one",
        )
    assert client.post("/api/run/change", json={"rate": 0.1}).status_code == 400
    assert client.post("/api/run/save", json={"name": "x"}).status_code == 400


def test_names_are_data_not_html(model, studio, client):
    """Names come as JSON; the page writes them as text (a test in the browser looks)."""
    odd = tuple(["<img src=x onerror=alert(1)>"] + list("123456789"))
    studio.models["given"] = Model(model.network, odd, model.shape, "</script><b>")
    told = client.get("/api/models")
    assert told.headers["content-type"] == "application/json"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.json()["given"]["classes"][0] == odd[0]


class TestModels:
    def test_nets_of_other_kinds_are_told_kindly(self, model):
        for shape, says in [
            ((1, 1, 64), "no pictures that could be drawn; ask it with: ff predict runs/x FILE"),
            ((2, 8, 4), "no pictures"),
            ((1, 300, 300), "up to 256 pixels a side"),
        ]:
            other = Model(model.network, model.class_names, shape, "table")
            with pytest.raises(UsageError, match=says):
                showable(other, "runs/x")

    def test_nets_without_goodness_answer_by_softmax(self, digits):
        from forward_forward.baselines.backprop import Perceptron

        rival = Perceptron(64, 10, [12], generator=torch.Generator().manual_seed(0))
        net = showable(Model(rival, digits.class_names, digits.shape, "digits"), "x")
        told = answered(net, digits.test.images[0].numpy().reshape(1, 8, 8))
        assert "layers" not in told
        assert len(told["softmax"]) == 10
        assert card(net)["units"] == []

    def test_data_that_do_not_fit(self, model, digits):
        assert data_of(model, None, None).name == "digits"
        own = replace(model, described={"scaled": False})  # a folder of one's own called digits
        assert data_of(own, None, None) is None
        other = Model(model.network, tuple("abcdefghij"), model.shape, "digits")
        assert data_of(other, None, None) is None
        with pytest.raises(DataError, match="choose a data set that fits"):
            data_of(other, "digits", None)
        unknown = Model(model.network, model.class_names, model.shape, "mine")
        assert data_of(unknown, None, None) is None
        with pytest.raises(UsageError, match="did you mean 'digits'"):
            data_of(unknown, "digts", None)

    def test_images_of_ones_own(self, model, digits, tmp_path):
        images = (digits.test.images[:40].reshape(-1, 8, 8) * 255).numpy().astype("uint8")
        labels = digits.test.labels[:40].tolist()
        np.savez(tmp_path / "own.npz", x=images, y=labels)
        data = data_of(model, str(tmp_path / "own.npz"), None)
        assert {each["label"] for each in samples(data)} == set(labels)
        with pytest.raises(DataError, match=r"the model reads 8×8"):
            np.savez(tmp_path / "wide.npz", x=images[:, :, :4], y=np.arange(40))
            data_of(model, str(tmp_path / "wide.npz"), None)
