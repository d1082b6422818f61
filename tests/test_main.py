"""The program's first and last moments: Ctrl-C is told in a word, whatever it hits."""

import signal
import subprocess
import sys

import pytest

HEAD = """
import atexit, signal, sys
from forward_forward import __main__ as program
sys.argv = ["ff", "--version"]
"""

WHILE_IMPORTED = """
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
program.main()
"""

TURNED_INTO_ANOTHER_ERROR = """
import forward_forward.cli

def run():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise ImportError("cannot load module more than once per process")

forward_forward.cli.main = run
program.main()
"""

WHILE_WORDS_ARE_READ = """
from forward_forward.commands.program import Program

Program.parse_args = lambda *_: signal.raise_signal(signal.SIGINT)
program.main()
"""

AT_THE_END = "atexit.register(signal.raise_signal, signal.SIGINT)"
AGAIN_AT_THE_END = f"{AT_THE_END}\n{TURNED_INTO_ANOTHER_ERROR}"


def run(code):
    words = [sys.executable, "-c", HEAD + code]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "code",
    [WHILE_IMPORTED, TURNED_INTO_ANOTHER_ERROR, WHILE_WORDS_ARE_READ, AGAIN_AT_THE_END],
    ids=["while imported", "turned into another error", "while words are read", "again at the end"],
)
def test_ctrl_c_is_told_in_a_word(code):
    ended = run(code)
    assert (ended.returncode, ended.stderr) == (130, "interrupted\n")


def test_an_error_of_our_own_stays_loud():
    ended = run(
        "import forward_forward.cli\nforward_forward.cli.main = lambda: 1 / 0\nprogram.main()"
    )
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stderr


def test_ctrl_c_that_is_to_be_ignored_is():
    code = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + WHILE_IMPORTED
    ended = run(code)
    assert (ended.returncode, ended.stdout[:3]) == (0, "ff ")


def test_without_ctrl_c_it_is_the_program():
    ended = subprocess.run(
        [sys.executable, "-m", "forward_forward", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("ff ")
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
