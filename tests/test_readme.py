"""What the README and the pages beside it show is run."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.testing
from typer.main import get_command

from forward_forward.cli import app

ROOT = Path(__file__).parents[1]

PATHS = [p for p in (ROOT / "docs").rglob("*.md") if "generated" not in p.parts]
PAGES = ["README.md", *sorted(p.relative_to(ROOT).as_posix() for p in PATHS)]
EXTRAS = {
    "docs/edge.md": ["onnx", "onnxruntime"],
    "docs/tuning.md": ["optuna", "tensorboard"],
    "docs/your_data.md": ["onnx", "onnxruntime"],
}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in (ROOT / p).read_text("utf-8")])
def test_the_python_examples_of_a_page(page) -> None:
    for extra in EXTRAS.get(page, []):
        pytest.importorskip(extra)
    failures, tried = doctest.testfile(str(ROOT / page), module_relative=False, optionflags=OPTIONS)
    assert tried > 5
    assert failures == 0


def blocks(page, language) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def words_of(line) -> list[str]:
    """Return the words of a command, without what the shell sends elsewhere."""
    words = shlex.split(line, comments=True)
    ends = [place for place, word in enumerate(words) if word in ("<", ">", "|")]
    return words[: min(ends, default=None)]


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_the_commands_of_a_page_are_commands(page) -> None:
    """Each `ff …` that a page shows is read by the command line, which knows all of its options; none is run."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    shown = [words_of(line)[2:] for line in lines if line.startswith("$ ff ")]
    for arguments in shown:
        command, context = get_command(app), None
        while hasattr(command, "commands"):
            name, *rest = arguments
            if name in ("--help", "--install-completion"):
                break
            context = command.make_context("ff", [name], parent=context)
            command, arguments = command.commands[name], rest
        else:
            command.make_context(name, arguments, parent=context)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_shell_script_of_a_page(home, tmp_path) -> None:
    (script,) = blocks("docs/how_to/shell.md", "sh")
    program = tmp_path / "bin" / "ff"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m forward_forward "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join(
        [str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    run = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    first, second = run.stdout.splitlines()
    assert 0 < float(first.removeprefix("error: ").removesuffix(" %")) < 50
    assert second.startswith("exit code 2: error: no image 100000")


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
