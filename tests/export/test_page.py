"""What the page shows is run, and its table is the program's."""

import doctest
from pathlib import Path

import pytest

from forward_forward.commands.export import _row
from forward_forward.export.budget import EXAMPLES, table

PAGE = Path(__file__).parents[2] / "docs" / "edge.md"


def test_the_python_examples():
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    failures, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 20
    assert failures == 0


def test_the_table_of_bytes():
    text = PAGE.read_text(encoding="utf-8")
    for row in table(EXAMPLES):
        assert f"| {' | '.join(_row(row))} |" in text
