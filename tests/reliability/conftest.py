"""What these tests share: a warm process, and figures that `--figures FILE` keeps."""

import json
from collections import Counter
from pathlib import Path

import pytest

from reliability.warm import Warm

FIGURES: dict[str, Counter] = {}


def pytest_addoption(parser):
    parser.addoption(
        "--figures",
        type=Path,
        help="keep what was counted in this JSON file, in the place of older counts",
    )


@pytest.fixture(scope="session")
def warm():
    with Warm() as process:
        yield process


@pytest.fixture
def count():
    """Adds numbers to a figure, by the name of the test list and what was counted."""

    def add(figure, **numbers):
        FIGURES.setdefault(figure, Counter()).update(numbers)

    return add


def pytest_sessionfinish(session):
    path = session.config.getoption("figures", None)
    if path is not None and FIGURES:
        old = json.loads(path.read_text()) if path.exists() else {}
        figures = old | {name: dict(figure) for name, figure in FIGURES.items()}
        path.write_text(json.dumps(dict(sorted(figures.items())), indent=1) + "\n")
