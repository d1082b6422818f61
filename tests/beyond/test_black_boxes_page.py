"""What the page on black boxes shows is run."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "black_boxes.md"


def test_the_python_examples_of_the_page() -> None:
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failures, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=options)
    assert tried > 20
    assert failures == 0
