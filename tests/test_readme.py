"""What the README and the pages beside it show is run."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.testing

from forward_forward.cli import app

ROOT = Path(__file__).parents[1]


PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
EXTRAS = {page: ["onnx", "onnxruntime"] for page in ("docs/edge.md", "docs/your_data.md")}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in (ROOT / p).read_text("utf-8")])
def test_the_python_examples_of_a_page(page) -> None:
    for extra in EXTRAS.get(page, []):
        pytest.importorskip(extra)
    failures, tried = doctest.testfile(str(ROOT / page), module_relative=False, optionflags=OPTIONS)
    assert tried > 5
    assert failures == 0


def test_the_commands_for_a_table_of_ones_own_run_as_typed(tmp_path, monkeypatch) -> None:
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    section = (ROOT / "README.md").read_text("utf-8").partition("## Your own table")[2]
    block = section.partition("```console")[2].partition("```")[0]
    commands = [shlex.split(line, comments=True) for line in re.findall(r"^\$ (.*)", block, re.M)]
    assert [words[0] for words in commands] == ["python", "ff", "ff", "ff"]
    subprocess.run([sys.executable, *commands[0][1:]], check=True)
    for words in commands[1:]:
        result = typer.testing.CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0, result.output
    lines = Path("answers.csv").read_text().splitlines()
    assert lines[0] == "row,answer,true,probability_0,probability_1,probability_2"
    assert len(lines) == 1 + len(Path("table.csv").read_text().splitlines()) - 1
    found = {path.name for path in Path("table_onnx").iterdir()}
    assert found == {"predict.onnx", "learn.onnx", "columns.json"}
    assert Path("runs/table/report.html").exists()
