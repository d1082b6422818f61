"""A table's columns as inputs of the exported graphs: what torch makes of a table, a runtime makes of its columns."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import typer.testing

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from forward_forward.cli import app
from forward_forward.data.columns import Columns
from forward_forward.data.table import table_of
from forward_forward.export.columns import columns_file
from forward_forward.export.onnx import onnx_files
from forward_forward.export.trainer import OnnxTrainer
from forward_forward.models import load_model, save_model
from forward_forward.readout import accumulated_goodness
from forward_forward.recipes.best_supervised import best_learner
from toys import generator

ROWS = 120


def frame(kinds="nct", seed=0):
    """A table with numbers, some of them missing and one of a scale that float32 cannot tell apart, and with texts."""
    draw = np.random.default_rng(seed)
    small, late = draw.normal(0, 1e-3, ROWS), 1.7e9 + draw.uniform(0, 9, ROWS)
    columns = {"label": np.where((small > 0) ^ (late > 1.7e9 + 4), "up", "down")}
    if "n" in kinds:
        columns |= {"small": small, "late": late, "gaps": np.where(small > 1e-3, np.nan, late)}
    if "c" in kinds:
        columns |= {"city": draw.choice(["Rome", "Oslo", ""], ROWS), "on": small > 0}
    if "t" not in kinds:
        columns.pop("gaps", None)
    return pd.DataFrame(columns)


def inputs_of(columns, rows):
    """Return a table's columns as the graph takes them, filled by what `columns.json` says and no more."""
    described = json.loads(columns_file(columns, ()).decode())
    given = {}
    if described["numbers"]:
        given["numbers"] = rows[described["numbers"]].to_numpy(np.float64)
    if described["choices"]:
        texts = {name: rows[name].fillna("").astype(str) for name in described["choices"]}
        places = [
            [known.index(text) if text in known else -1 for text in texts[name]]
            for name, known in described["choices"].items()
        ]
        given["choices"] = np.array(places, np.int64).T
    return given


@pytest.fixture(params=["nct", "n", "c", "nc"])
def exported(request, tmp_path):
    table = table_of("t", frame(request.param), "label")
    learner = best_learner(
        table, [24, 20], seed=0, adversary=None, matmul_dtype=torch.float32
    )  # an adversary is no part of the exported step
    learner.begin(table.train, 0, 0)
    for step in range(20):
        learner.step(torch.arange(len(table.train)), generator(step), 1.0)
    for name, content in onnx_files(learner.network, columns=table.columns).items():
        (tmp_path / name).write_bytes(content)
    return table, learner, OnnxTrainer(tmp_path), frame(request.param, seed=1)


def test_answers_are_torchs_on_rows_that_were_never_seen(exported):
    table, learner, trainer, new = exported
    if "city" in new:
        new.loc[::5, "city"] = "Atlantis"
    goodness, label = trainer.predict(inputs_of(table.columns, new))
    expected = accumulated_goodness(learner.network, torch.from_numpy(table.columns(new)))
    assert np.abs(goodness - expected.numpy()).max() <= 2e-6
    assert (label == expected.argmax(1).numpy()).mean() > 0.99


def test_a_step_learns_from_columns_what_torch_learns_from_inputs(exported):
    table, learner, trainer, _ = exported
    trainer.state |= {
        f"velocity.{name}": parameter.grad.numpy().copy()
        for name, parameter in learner.network.named_parameters()
        if parameter.grad is not None
    }
    labels = table.train.labels
    noise = torch.rand(len(labels), 2, generator=generator(5))
    given = inputs_of(table.columns, table.learned)
    trainer.step(
        **given, labels=labels.numpy(), noise=noise.numpy(), gain=np.array(1.0, np.float32)
    )
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    learner.step(torch.arange(len(labels)), generator(5), 1.0)
    for name, value in learner.network.state_dict().items():
        if name in trainer.state:
            assert float((value - torch.from_numpy(trainer.state[name])).abs().max()) <= 1e-5
    moved = [
        float((learner.network.state_dict()[n] - old).abs().max()) for n, old in before.items()
    ]
    assert max(moved) > 1e-4


def test_the_program_writes_graphs_of_columns_and_the_file_beside_them(tmp_path):
    table = table_of("t", frame(), "label")
    save_model(tmp_path / "model", best_learner(table, [9, 8], seed=0).network, table, {})
    result = typer.testing.CliRunner().invoke(
        app, ["export", str(tmp_path / "model"), "--onnx", str(tmp_path / "onnx"), "--c", str(tmp_path / "c")]
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    described = json.loads((tmp_path / "onnx" / "columns.json").read_text())
    assert described["class_names"] == ["down", "up"]
    assert described == json.loads((tmp_path / "c" / "columns.json").read_text())
    columns = Columns.of(described["columns"])
    model = load_model(tmp_path / "model")
    assert (columns(frame()) == model.columns(frame())).all()
    trainer = OnnxTrainer(tmp_path / "onnx")
    goodness, _ = trainer.predict(inputs_of(columns, frame()))
    expected = model.scores(torch.from_numpy(columns(frame()))).readouts["goodness"]
    assert np.abs(goodness - expected.numpy()).max() <= 2e-6
