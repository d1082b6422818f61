"""Records of runs: any bytes, and a record with changes."""

import json
from pathlib import Path

from forward_forward.exhibits import unpacked
from forward_forward.records import decoded
from forward_forward.results import summarize
from fuzz.edits import edited

RECORD = {
    "format": 1, "recipe": "toy", "seed": 0, "date": "2026-01-01", "config": {"learner": {"widths": [3, 2]}},
    "claims": [{"metric": "goodness_error", "paper": 1.4, "target": None, "source": "§3", "unit": "%"}],
    "metrics": {"goodness_error": 1.5, "softmax_error": None}, "layer_errors": [3.0, 2.0],
    "curves": [{"epoch": 1, "seconds": 0.5, "layers": [{"loss": 0.5}]}], "epochs": 1, "seconds": 2.5,
    "environment": {"commit": "0" * 40, "dtype": "float32", "processor": "one"},
    "nets": {"a": {"curves": [], "traces": {"t": [1, 2], "s": {"pos": [[1], [2]]}}}},
    "traces": {"p": {"image": [1, 1, 2], "shape": [1, 2], "largest": 1.0, "levels": "f8A="}},
}  # fmt: skip
SEEDS = [b"J" + json.dumps(RECORD).encode(), b"E", b"E" + bytes(range(100, 118)), b"J[" * 9]


def read(data: bytes) -> None:
    raw = data[1:] if data[:1] == b"J" else json.dumps(edited(RECORD, data[1:])).encode()
    record = decoded(raw, Path("seed0.json"))
    summarize([record], {})
    for trace in record.get("traces", {}).values():
        if isinstance(trace, dict) and "image" in trace:
            unpacked(trace)
