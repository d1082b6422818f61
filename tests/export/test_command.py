"""`ff export` from the outside."""

import json

import pytest
import typer.testing

from compiled import have, program, run, samples
from forward_forward.cli import app
from forward_forward.export.c import c_sources
from forward_forward.goodness import mean_of_squares
from forward_forward.losses import SiLU
from forward_forward.models import load_model, save_model
from forward_forward.readout import accumulated_goodness
from toys import dataset, network

TOY = dataset()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a saved net."""
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, network(goodness=mean_of_squares, loss=SiLU()), TOY, {})
    return folder


def ff(*words, code=0):
    result = typer.testing.CliRunner().invoke(app, ["export", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def fails(*words, code, says):
    lines = ff(*words, code=code).stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert says in lines[0]


def test_onnx(model, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    import numpy as np

    from forward_forward.export.trainer import OnnxTrainer

    said = ff(model, "--onnx", tmp_path / "out").stdout
    assert said == f"wrote predict.onnx, learn.onnx to {tmp_path / 'out'}\n"
    trainer = OnnxTrainer(tmp_path / "out")
    images = TOY.test.images.numpy()
    expected = accumulated_goodness(load_model(model).network, TOY.test.images).numpy()
    np.testing.assert_allclose(trainer.predict(images)[0], expected, rtol=1e-5)
    before = trainer.predict(images)[0]
    trainer.learn(TOY.train.images.numpy(), TOY.train.labels.numpy(), np.random.default_rng(0))
    assert np.abs(trainer.predict(images)[0] - before).max() > 1e-6
    assert trainer.draws_hard


def test_the_rate_is_the_graphs(model, tmp_path):
    pytest.importorskip("onnx")
    graphs = []
    for rate in ("0.0015", "0.003"):
        ff(model, "--onnx", tmp_path / rate, "--rate", rate)
        graphs.append((tmp_path / rate / "learn.onnx").read_bytes())
    ff(model, "--onnx", tmp_path / "default")
    assert graphs[0] == (tmp_path / "default" / "learn.onnx").read_bytes()
    assert graphs[0] != graphs[1]


@pytest.mark.parametrize("int8", [False, True], ids=["float", "int8"])
def test_c(model, tmp_path, int8):
    out = tmp_path / "out"
    flags = ["--int8"] if int8 else []
    done = json.loads(ff(model, "--c", out, "--rate", "0.002", *flags, "--json").stdout)["c"]
    expected = c_sources(load_model(model).network, rate=0.002, int8=int8)
    assert {p.name: p.read_text() for p in out.iterdir()} == expected
    assert done["folder"] == str(out)
    assert done["files"] == {name: len(text.encode()) for name, text in expected.items()}
    assert f"#define FF_BYTES {done['ram']} " in expected["ff_net.h"]
    if have("gcc"):
        files = [samples(tmp_path / "s", s.images, s.labels, int8) for s in (TOY.train, TOY.test)]
        assert run(program(out), *files).startswith("learned 10, right ")


def test_the_budget_of_a_model_and_of_examples(model):
    text = ff("--budget").stdout
    assert "32 × 64" in text
    assert "1 MiB" in text
    (whole, eighth) = json.loads(ff(model, "--budget", "--json").stdout)["budget"]
    assert (whole["widths"], whole["numbers"], eighth["numbers"]) == ([9, 8, 7], "float", "int8")
    (row,) = (line for line in ff(model, "--budget").stdout.splitlines() if "float" in line)
    assert "9, 8, 7" in row
    assert f"{whole['forward_forward']:,}" in row


def test_bad_words(model, tmp_path):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "out"
    fails(code=2, says="say what to write: --onnx FOLDER, --c FOLDER, or --budget")
    fails("--c", out, code=2, says="say which MODEL to export")
    fails(model, "--onnx", out, "--int8", code=2, says="--int8 is for C code")
    fails(model, "--c", tmp_path / "file", code=2, says="file is there already; choose another")
    fails(model, "--onnx", model, code=2, says="is there already")
    fails(model, "--c", tmp_path / "file" / "out", code=1, says="Not a directory")
    fails(model, "--c", out, "--rate", "0", code=2, says="rate 0.0 must be above 0")
    fails(model, "--onnx", out, "--rate", "-1", code=2, says="must be above 0")
    fails(tmp_path / "none", "--c", out, code=1, says="No such file or directory")
    fails(model, "--onnx", out, "--c", out, code=2, says="name the same folder")
    fails(model, "--onnx", out, "--c", tmp_path / "file", code=2, says="file is there already")
    assert not out.exists()


def test_nets_of_another_kind(tmp_path):
    save_model(tmp_path / "model", network(labelled=False), TOY, {})
    fails(
        tmp_path / "model", "--c", tmp_path / "out", code=2, says="learned without labels cannot be"
    )


def test_help_names_it():
    assert "export" in typer.testing.CliRunner().invoke(app, ["--help"]).output
