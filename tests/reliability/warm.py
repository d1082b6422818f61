"""A process that has imported everything and forks a child for each command: a program's start in milliseconds.

Run as a program it reads jobs as JSON lines and answers each with how its child ended. `Warm` is the near side.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

Signals = list[tuple[float, int]]
"""(seconds after the start, signal) in the order of time."""


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, or minus the signal that killed it; what it said on stderr; seconds."""

    code: int
    errors: str
    seconds: float


class Warm:
    """The near side: starts the process and hands it jobs."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=-1, stdout=-1, text=True, env=environment
        )

    def run(
        self,
        *words: Any,
        cwd: Path,
        signals: Signals = (),
        die_at: int | None = None,
        largest_file: int | None = None,
    ) -> Ended:
        """Run `ff` with these words, or the loop on toy data where the word is `loop`, and return how it ended.

        Arguments:
            cwd: where; the child's every file lies below.
            signals: sent to the child while it runs.
            die_at: at which of the moments of writing it kills itself, counted from 0.
            largest_file: bytes above which the system refuses to write.
        """
        job = {
            "words": [str(word) for word in words], "cwd": str(cwd), "signals": list(signals),
            "die_at": die_at, "largest_file": largest_file,
        }  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return Ended(*json.loads(self.process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.kill()  # between two jobs it has nothing to lose
        self.process.wait()
        self.process.stdout.close()


def main() -> None:
    """Import, then fork a child for every line."""
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here.parent))
    import torch

    from forward_forward import recipes

    recipes.__path__.append(str(here / "recipes"))
    torch.set_num_threads(1)
    _rehearse()
    for line in sys.stdin:
        job = json.loads(line)
        heard, said = (
            os.pipe()
        )  # which takes more than a child says, and knows no limit of a file's size
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(job, said)
        os.close(said)
        code = _attended(child, started, job["signals"])
        seconds = time.monotonic() - started
        with os.fdopen(heard, encoding="utf-8", errors="replace") as stream:
            print(json.dumps([code, stream.read(), seconds]), flush=True)


def _rehearse() -> None:
    """Do what children will do, so that they find imported whatever is imported late."""
    import forward_forward.commands.train
    import forward_forward.experiment  # noqa: F401
    from forward_forward.reproduce import reproduce
    from toys import dataset, simultaneous

    with TemporaryDirectory() as folder:
        reproduce("toy_digits", 0, runs=Path(folder))
        _train(simultaneous(), dataset(), Path(folder, "loop"))


def _attended(child: int, started: float, signals: Signals) -> int:
    """Send a child its signals in time, and return how it ended."""
    for seconds, number in signals:
        while time.monotonic() - started < seconds:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.0005)
        os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _child(job: dict[str, Any], said: int) -> None:
    code = 70
    try:
        os.chdir(job["cwd"])
        silent = os.open(os.devnull, os.O_RDWR)
        for target, source in enumerate((silent, silent, said)):
            os.dup2(source, target)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        if job["largest_file"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"],) * 2)
        if job["die_at"] is not None:
            _die_at(job["die_at"], job["cwd"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _loop() if job["words"] == ["loop"] else _program(job["words"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _program(words: list[str]) -> None:
    from forward_forward.__main__ import main as ff

    sys.argv = ["ff", *words]
    ff()


def _loop() -> None:
    """Train a toy net in the working directory, going on from what is there."""
    from toys import dataset, simultaneous

    _train(simultaneous(), dataset(), Path())


def _train(learner: Any, data: Any, folder: Path) -> None:
    from forward_forward.training.loop import train
    from forward_forward.training.plan import Plan

    train(learner, data, Plan(epochs=3, batch_size=8), folder=folder, resume=True)


def _die_at(point: int, root: str) -> None:
    """Kill this process at one of the moments of writing: a file is opened, synced, renamed or removed below `root`."""
    moments, fsync = iter(range(10**6)), os.fsync

    def moment() -> None:
        if next(moments) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.rename", "os.remove") or (
            event == "open"
            and arguments[2] & (os.O_CREAT | os.O_WRONLY)
            and str(Path(str(arguments[0])).absolute()).startswith(root)
        ):
            moment()

    def synced(descriptor: int) -> None:
        moment()
        fsync(descriptor)
        moment()

    sys.addaudithook(watched)
    os.fsync = synced


if __name__ == "__main__":
    main()
