"""What the README and the pages beside it show is run."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
EXTRAS = {
    "docs/edge.md": ["onnx", "onnxruntime"],
    "docs/tuning.md": ["optuna", "tensorboard"],
}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in (ROOT / p).read_text("utf-8")])
def test_the_python_examples_of_a_page(page) -> None:
    for extra in EXTRAS.get(page, []):
        pytest.importorskip(extra)
    failures, tried = doctest.testfile(str(ROOT / page), module_relative=False, optionflags=OPTIONS)
    assert tried > 5
    assert failures == 0
