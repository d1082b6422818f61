"""What the README and the pages beside it show is run."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "page", ["README.md", "docs/recurrent.md", "docs/text.md", "docs/mortal.md"]
)
def test_the_python_examples_of_a_page(page) -> None:
    failures, tried = doctest.testfile(str(ROOT / page), module_relative=False)
    assert tried > 5
    assert failures == 0
