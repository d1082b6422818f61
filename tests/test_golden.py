"""Models that older versions wrote keep loading, for ever, and say what they said then."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from forward_forward import __version__
from forward_forward.model_folder import write_model
from forward_forward.models import load_model

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted(path.parent for path in GOLDEN.rglob("expected.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.relative_to(GOLDEN).as_posix())
def test_a_golden_model_says_what_it_said(folder):
    model = load_model(folder)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    inputs = torch.tensor(expected["inputs"])
    readouts = model.scores(inputs).readouts
    assert list(readouts) == list(expected["readouts"])
    for name, values in expected["readouts"].items():
        torch.testing.assert_close(
            readouts[name].float(), torch.tensor(values), rtol=1e-4, atol=1e-5
        )
        assert readouts[name].argmax(1).tolist() == torch.tensor(values).argmax(1).tolist()


def test_there_are_golden_models_of_every_kind_of_the_first_format():
    kinds = {folder.name for folder in FOLDERS if folder.parent.name == "0.1.0"}
    assert kinds == {"backprop", "labelled", "recurrent", "text", "unlabelled"}


def test_a_golden_folder_is_as_its_version_wrote_it():
    for folder in FOLDERS:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        data = (folder / manifest["tensors"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
        assert f"format{manifest['format']}" in folder.parts


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.relative_to(GOLDEN).as_posix())
def test_a_golden_model_can_be_written_again_with_a_card(folder, tmp_path):
    model = load_model(folder)
    write_model(tmp_path, model.network, model.described)
    again = load_model(tmp_path)
    assert again.described == {**model.described, "version": __version__}
    for key, value in model.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[key], value)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert model.data in text
    assert "## Figures" in text
