"""What came of a run, as far as a run that was stopped must agree with one that never was."""

import json
from pathlib import Path
from typing import Any

TRAIN = (
    "train", "--widths", "12,8", "--epochs", "3", "--batch-size", "200", "--device", "cpu", "--no-baseline",
    "--no-report", "--out", "run", "--resume",
)  # fmt: skip
RUNS: dict[str, tuple[str, ...]] = {
    "loop": ("loop",),
    "train": TRAIN,
    "reproduce": ("reproduce", "toy_digits", "--resume", "--device", "cpu"),
    "greedy": (*TRAIN, "--method", "greedy", "--negatives", "random_wrong_label"),
    "recurrent": (*TRAIN, "--method", "recurrent"),
}


def outcome(folder: Path) -> dict[str, Any]:
    """Return, for every manifest and record below a folder, its hashes, curves and metrics, without any time."""
    found = {}
    for path in sorted(folder.rglob("*.json")):
        kept = json.loads(path.read_text())
        progress = kept.get("progress", {})
        curve = progress.get("curve", kept.get("curves", []))
        found[str(path.relative_to(folder))] = [
            *(kept.get(key) for key in ("sha256", "metrics", "layer_errors", "confusion")),
            *(progress.get(key) for key in ("epoch", "step")),
            [{k: v for k, v in entry.items() if k != "seconds"} for entry in curve],
        ]
    return found


def litter(folder: Path) -> list[str]:
    """Return the hidden files below a folder, which is what an unfinished write leaves."""
    return sorted(str(path) for path in folder.rglob(".*"))
