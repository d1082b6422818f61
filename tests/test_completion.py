"""Tab at the command line: commands, options and names, without torch."""

import os
import subprocess
import sys

import pytest

from forward_forward import recipes


def offered(*words: str) -> list[str]:
    """Return what bash is told to offer for the last of these words."""
    environment = {
        **os.environ,
        "_FF_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("ff", *words)),
        "COMP_CWORD": str(len(words)),
    }
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "forward_forward"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0
    assert not any(line.endswith(" torch") for line in run.stderr.splitlines())
    return run.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("re",), ["reproduce", "results", "report"]),
        (("train", "--wei"), ["--weight-decay"]),
        (("train", "--data", "mn"), ["mnist"]),
        (("data", "fetch", "cifar"), ["cifar10", "cifar100"]),
        (("bench", "mem"), ["memory"]),
        (("reproduce", "author"), ["author_program"]),
    ],
)
def test_what_tab_offers(words, expected) -> None:
    found = offered(*words)
    assert sorted(found) == sorted(expected)


def test_every_recipe_is_offered() -> None:
    assert offered("reproduce", "") == recipes.names()
