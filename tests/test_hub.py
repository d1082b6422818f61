"""Models on a hub: a small one on this machine that speaks as much of the hub's language as is needed."""

import json
import socket
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("huggingface_hub")

from huggingface_hub import constants

from forward_forward import hub
from forward_forward.commands.evaluate import fitting_data
from forward_forward.composition import Settings, forward_forward
from forward_forward.data import load
from forward_forward.data.source import Source
from forward_forward.data.text import load_text
from forward_forward.data.windows import windowed
from forward_forward.errors import (
    CheckpointError,
    HubError,
    NoNetworkError,
    NoRepoError,
    NoTokenError,
    UsageError,
)
from forward_forward.models import Model, load_model, save_model
from forward_forward.recipes.reading import best_reader
from small_hub import TOKEN, serving
from test_cli import fails, ff
from toys import PIXELS, dataset, network

NAME = "me/toy"
IMAGES = torch.linspace(0, 1, 5 * PIXELS).view(5, PIXELS)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    """A cache, no token and no hub, whatever the machine has."""
    monkeypatch.setenv("HF_ENDPOINT", nobody())
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)


@pytest.fixture
def there():
    """A hub that runs."""
    with serving() as running:
        yield running


@pytest.fixture
def model(tmp_path):
    save_model(tmp_path / "model", network(), dataset(), {"goodness_error": 12.0})
    return load_model(tmp_path / "model")


@pytest.fixture
def pushed(model, there):
    """The options of a hub that holds the model."""
    options = {"endpoint": there.endpoint, "token": TOKEN}
    model.push_to_hub(NAME, **options)
    return options


def answers(model):
    return model.scores(IMAGES).readouts["goodness"]


def nobody():
    """Return the address of a hub that does not run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_what_is_pushed_comes_back(model, pushed, there):
    again = Model.from_pretrained(NAME, **pushed)
    assert torch.equal(answers(again), answers(model))
    assert (again.data, again.class_names, again.metrics) == ("toy", ("a", "b", "c"), model.metrics)
    assert again.described == model.described
    card = there.repos[NAME].commits[there.repos[NAME].at("main")]["README.md"].decode()
    assert f'Model.from_pretrained("{NAME}")' in card
    assert f"ff evaluate hub:{NAME}" in card


def test_pushed_are_the_weights_of_now_and_nothing_of_before(model, pushed, there):
    with torch.no_grad():
        model.network.layers[0].weight.mul_(1.5)
    model.push_to_hub(NAME, message="longer weights", **pushed)
    assert torch.equal(answers(Model.from_pretrained(NAME, **pushed)), answers(model))
    files = there.repos[NAME].commits[there.repos[NAME].at("main")]
    assert sum(name.endswith(".safetensors") for name in files) == 1


def test_a_revision_is_pinned(model, pushed, there):
    old, before = there.repos[NAME].at("main"), answers(model)
    with torch.no_grad():
        model.network.layers[0].weight.mul_(1.5)
    model.push_to_hub(NAME, **pushed)
    there.repos[NAME].refs["v1"] = old
    for revision in (old, "v1"):
        pinned = Model.from_pretrained(NAME, revision=revision, **pushed)
        assert torch.equal(answers(pinned), before)
    assert torch.equal(answers(Model.from_pretrained(f"{NAME}@v1", **pushed)), before)
    assert not torch.equal(answers(Model.from_pretrained(NAME, **pushed)), before)
    with pytest.raises(NoRepoError, match="no revision 'v9'"):
        Model.from_pretrained(NAME, revision="v9", **pushed)


def test_only_a_models_own_files_are_fetched(pushed, there):
    repo = there.repos[NAME]
    more = {"run.py": b"x", "pytorch_model.bin": b"x", "a.pkl": b"x", "tensors-1.pt": b"x"}
    repo.commit({**repo.commits[repo.at("main")], **more})
    there.asked.clear()
    folder = hub.fetch(NAME, **pushed)
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {
        "README.md",
        "manifest.json",
        "tensors",
    }
    assert set(there.given()) == {path.name for path in folder.iterdir()}


def test_what_is_in_the_cache_is_not_fetched_again_and_answers_without_a_hub(model, pushed, there):
    hub.fetch(NAME, **pushed)
    there.asked.clear()
    hub.fetch(NAME, **pushed)
    assert there.given() == []
    offline = Model.from_pretrained(NAME, endpoint=nobody())
    assert torch.equal(answers(offline), answers(model))


def test_offline_mode_asks_nobody(model, pushed, there, monkeypatch):
    hub.fetch(NAME, **pushed)
    there.asked.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert torch.equal(answers(Model.from_pretrained(NAME, **pushed)), answers(model))
    with pytest.raises(NoNetworkError, match="cannot be reached"):
        hub.fetch("me/other", **pushed)
    assert there.asked == []


def test_a_folder_that_is_there_needs_no_hub(model, tmp_path, there):
    again = Model.from_pretrained(tmp_path / "model", endpoint=there.endpoint)
    assert torch.equal(answers(again), answers(model))
    assert there.asked == []
    with pytest.raises(UsageError, match="no revisions"):
        Model.from_pretrained(tmp_path / "model", revision="v1")


def test_what_a_hub_gives_is_not_trusted(pushed, there):
    repo = there.repos[NAME]
    files = repo.commits[repo.at("main")]
    (name,) = (name for name in files if name.endswith(".safetensors"))
    repo.commit({**files, name: files[name][:-1] + bytes([files[name][-1] ^ 1])})
    with pytest.raises(CheckpointError, match="sha256"):
        Model.from_pretrained(NAME, **pushed)


@pytest.mark.parametrize("name", ["me/nothing", "nothing"])
def test_no_such_model(name, there):
    with pytest.raises(NoRepoError, match=f"no {name}"):
        hub.fetch(name, endpoint=there.endpoint)


def test_a_private_model_is_shown_to_its_owner_alone(model, there):
    model.push_to_hub("me/mine", private=True, endpoint=there.endpoint, token=TOKEN)
    with pytest.raises(NoRepoError, match="does not show it"):
        hub.fetch("me/mine", endpoint=there.endpoint)
    mine = Model.from_pretrained("me/mine", endpoint=there.endpoint, token=TOKEN)
    assert torch.equal(answers(mine), answers(model))


def test_a_repo_without_a_model(pushed, there):
    there.repos[NAME].commit({"config.json": b"{}", "README.md": b"hello"})
    with pytest.raises(NoRepoError, match="holds no model"):
        hub.fetch(NAME, **pushed)


@pytest.mark.parametrize("name", ["a/b/c", "../x", "", "me/no thing"])
def test_no_name_of_a_model(name, there):
    with pytest.raises(UsageError, match="user/name"):
        hub.fetch(name, endpoint=there.endpoint)
    assert there.asked == []


@pytest.mark.parametrize("name", ["", "../b", "a/b/c", "a b/c", "hub:a/b"])
def test_a_name_that_is_none_is_told_before_a_token_is_asked_for(model, there, name):
    with pytest.raises(UsageError, match="user/name"):
        model.push_to_hub(name, endpoint=there.endpoint)
    assert there.asked == []


def test_to_push_takes_a_token(model, there):
    with pytest.raises(NoTokenError, match="HF_TOKEN"):
        model.push_to_hub(NAME, endpoint=there.endpoint)
    assert there.asked == []
    with pytest.raises(NoTokenError, match="may not do that"):
        model.push_to_hub(NAME, endpoint=there.endpoint, token="hf_of_another")


def test_no_network(model):
    with pytest.raises(NoNetworkError, match="cannot be reached"):
        hub.fetch(NAME, endpoint=nobody())
    with pytest.raises(NoNetworkError, match="cannot be reached"):
        model.push_to_hub(NAME, endpoint=nobody(), token=TOKEN)


def test_a_hub_out_of_order(model, there):
    there.broken = 418
    with pytest.raises(HubError, match="418"):
        model.push_to_hub(NAME, endpoint=there.endpoint, token=TOKEN)


def test_a_model_that_was_put_together_by_hand_says_how_it_is_pushed(model, there):
    made = Model(model.network, model.class_names, model.shape, model.data)
    with pytest.raises(UsageError, match="save_model"):
        made.push_to_hub(NAME, endpoint=there.endpoint, token=TOKEN)
    assert there.asked == []


def test_without_the_package(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"pip install 'forward-forward\[hub\]'"):
        Model.from_pretrained(NAME)
    with pytest.raises(UsageError, match=r"pip install 'forward-forward\[hub\]'"):
        model.push_to_hub(NAME)


def test_the_program_pushes_and_loads_by_name(model, there, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", there.endpoint)
    fails("push", tmp_path / "model", NAME, code=1, says="HF_TOKEN")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert f"ff evaluate hub:{NAME}" in ff("push", tmp_path / "model", NAME).stdout
    printed = json.loads(ff("push", tmp_path / "model", NAME, "--json").stdout)
    assert printed["address"].endswith(f"/{NAME}")
    monkeypatch.delenv("HF_TOKEN")
    image = tmp_path / "image.npy"
    np.save(image, IMAGES[:1].view(3, 4).numpy())
    by_name = json.loads(ff("predict", f"hub:{NAME}", image, "--json").stdout)
    assert by_name == json.loads(ff("predict", tmp_path / "model", image, "--json").stdout)
    fails("evaluate", "hub:me/nothing", code=1, says="no me/nothing")
    fails("generate", f"hub:{NAME}@v7", code=1, says="no revision 'v7'")
    fails("evaluate", "hub:", code=2, says="user/name")
    fails("push", tmp_path / "nothing", NAME, code=1, says="manifest.json")


def test_where_ones_own_text_lies_is_not_told(tmp_path, there):
    (tmp_path / "diary.txt").write_text("the cat sat on the mat. " * 400)
    windows = windowed(load_text(str(tmp_path / "diary.txt")), 4)
    save_model(tmp_path / "run", best_reader(windows, [5], 0).network, windows, {})
    model = load_model(tmp_path / "run")
    assert str(tmp_path) in (tmp_path / "run" / "manifest.json").read_text()
    model.push_to_hub("me/cat", endpoint=there.endpoint, token=TOKEN)
    files = there.repos["me/cat"].commits[there.repos["me/cat"].at("main")]
    assert not any(str(tmp_path).encode() in data for data in files.values())
    again = Model.from_pretrained("me/cat", endpoint=there.endpoint)
    assert (again.file, again.data) == (None, model.data)


def test_a_pushed_model_of_a_table_asks_for_data_and_is_judged_on_them(
    tmp_path, there, monkeypatch
):
    pandas = pytest.importorskip("pandas")
    from forward_forward.data.table import load_table

    monkeypatch.setenv("HF_ENDPOINT", there.endpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    file = tmp_path / "fruit.csv"
    pandas.DataFrame({"size": [1, 2, 3, 7, 8, 9] * 5, "kind": ["plum"] * 15 + ["fig"] * 15}).to_csv(
        file, index=False
    )
    table = load_table(file)
    learner, _ = forward_forward(Settings(widths=(6, 5)), table)
    save_model(tmp_path / "run", learner.network, table, {})
    load_model(tmp_path / "run").push_to_hub("me/fruit")
    files = there.repos["me/fruit"].commits[there.repos["me/fruit"].at("main")]
    assert not any(str(tmp_path).encode() in data for data in files.values())
    fetched = load_model("hub:me/fruit")
    with pytest.raises(
        UsageError, match="'fruit.csv', data of one's own; say where .* --data FILE"
    ):
        fitting_data(fetched, None, None, "cpu")
    with pytest.raises(UsageError, match="digits: images, but"):
        fitting_data(fetched, "digits", None, "cpu")
    judged = json.loads(ff("evaluate", "hub:me/fruit", "--data", file, "--json").stdout)
    assert judged["images"] == 30


def test_a_pushed_model_is_not_judged_on_another_set_of_the_same_name(there, tmp_path, monkeypatch):
    """A folder of pictures called `digits` is not the data set `digits`."""
    monkeypatch.setenv("HF_ENDPOINT", there.endpoint)
    digits = load("digits")
    learner, _ = forward_forward(Settings(widths=(6, 5)), digits)
    own = replace(digits, source=Source(str(tmp_path / "digits"), "0" * 64))
    save_model(tmp_path / "run", learner.network, own, {})
    model = load_model(tmp_path / "run")
    model.push_to_hub("me/own", endpoint=there.endpoint, token=TOKEN)
    fetched = load_model("hub:me/own")
    assert (fetched.source, fetched.data, fetched.shape) == (None, digits.name, digits.shape)
    with pytest.raises(UsageError, match="'digits', data of one's own; say where"):
        fitting_data(fetched, None, None, "cpu")
    assert fitting_data(fetched, "digits", None, "cpu").name == "digits"
