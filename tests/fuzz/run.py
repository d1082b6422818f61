"""Fuzz every parser, one after the other: `python tests/fuzz/run.py [NAME ...] [--runs N] [--save FILE] [--add]`.

Each parser is a file in `parsers/` with `SEEDS` and `read(data)`. Anything but a typed error of one line is a crash;
what crashed lies in `.cache/fuzz/<name>/`. A parser's figures take the place of its old ones in FILE, or are added to
them: slow parsers get to their million over several days.
"""

import argparse
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import parsers  # noqa: E402

CACHE = Path(".cache/fuzz")
EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
INTERRUPTED = 72
"""What libFuzzer exits with after Ctrl-C: what it did until then counts."""
LIMITS = ["-timeout=20", "-rss_limit_mb=4096", "-max_len=4096", "-print_final_stats=1", "-seed=0"]
"""A seed of 0 is one that libFuzzer draws: no two runs try the same."""


def names() -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules(parsers.__path__))


def parser(name: str) -> ModuleType:
    return importlib.import_module(f"fuzz.parsers.{name}")


def guarded(read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return a reader that lets typed errors of one line pass."""
    from forward_forward.errors import FFError

    def one(data: bytes) -> None:
        try:
            read(data)
        except FFError as error:
            assert "\n" not in str(error), "an error of several lines"

    return one


def inside(name: str, words: list[str]) -> None:
    """Fuzz one parser in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["forward_forward"], enable_loader_override=False):
        module = parser(name)
    atheris.Setup(["fuzz", *words], guarded(module.read))
    atheris.Fuzz()


def fuzzed(name: str, runs: int) -> dict[str, float | int]:
    """Fuzz one parser in a process of its own and return its figures."""
    corpus = CACHE / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(parser(name).SEEDS):
        (corpus / f"seed{number}").write_bytes(seed)
    words = [f"-runs={runs}", f"-artifact_prefix={corpus}/", *LIMITS, str(corpus)]
    started = time.perf_counter()
    told = subprocess.run(
        [sys.executable, __file__, "--inside", name, *words],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    found = EXECUTIONS.search(told.stderr)
    if told.returncode not in (0, INTERRUPTED):
        print(told.stdout[-4000:], told.stderr[-1000:], file=sys.stderr)
    return {
        "executions": int(found.group(1)) if found else 0,
        "crashes": int(told.returncode not in (0, INTERRUPTED)),
        "seconds": round(time.perf_counter() - started, 1),
        "inputs_kept": sum(1 for path in corpus.iterdir() if not path.name.startswith("crash")),
    }


def together(old: dict[str, float | int], new: dict[str, float | int]) -> dict[str, float | int]:
    """Return figures of two runs as one; the inputs kept are the later one's."""
    return {key: new[key] if key == "inputs_kept" else round(old[key] + new[key], 1) for key in new}


def main() -> int:
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", default=names(), metavar="NAME")
    options.add_argument("--runs", type=int, default=1_000_000)
    options.add_argument("--save", type=Path)
    options.add_argument("--add", action="store_true")
    asked = options.parse_args()
    old = json.loads(asked.save.read_text()) if asked.save and asked.save.exists() else {}
    for name in asked.names:
        found = fuzzed(name, asked.runs)
        old[name] = together(old[name], found) if asked.add and name in old else found
        print(name, json.dumps(old[name]), flush=True)
        if asked.save:
            asked.save.write_text(json.dumps(dict(sorted(old.items())), indent=1) + "\n")
    return int(any(old[name]["crashes"] for name in asked.names))


if __name__ == "__main__":
    sys.exit(main())
