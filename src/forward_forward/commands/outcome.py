"""What `ff train` says of a run: what it learns from, and what came of it."""

from pathlib import Path
from typing import Any


def announce(data: Any, folder: Path) -> None:
    """Say what is learned from, and into which folder."""
    from forward_forward.console import say

    train, test = f"{len(data.train):,}", f"{len(data.test):,}"
    say(*getattr(data, "notes", ()))
    say(f"{data.name}: {train} {data.unit} to learn from, {test} to be judged on → {folder}")


def add_picture(folder: Path, data: Any, kept: dict[str, Any], events: bool) -> None:
    """Add the first layer to a run's events, where it has any."""
    if not events:
        return
    from forward_forward.events import add_first_layer
    from forward_forward.models import load_model

    network = load_model(folder / "model").network
    add_first_layer(folder, network, data.shape, next(iter(kept.values()))["epochs"])


def tell(kept: dict[str, Any], data: Any, folder: Path, report: bool) -> None:
    """Say how good each net is, and where everything lies."""
    from forward_forward.console import closing_table, say
    from forward_forward.memory import MEASURE
    from forward_forward.report import comparison_row

    judged = "held-out" if data.held_out else "test"
    rows = [comparison_row(name, record) for name, record in kept.items()]
    closing_table(rows, f"{judged} error")
    for name, record in kept.items():
        if "softmax_bits" in (metrics := record["metrics"]):
            say(
                f"{name}: {metrics['softmax_bits']:.3f} bits per character on {judged} text, "
                f"perplexity {metrics['softmax_perplexity']:.2f}"
            )
    say(f"Seconds are those of learning. Peak memory: {MEASURE}.")
    page = [f"Page:   {folder / 'report.html'}"] if report else []
    say(f"Model:  {folder / 'model'}", f"Record: {folder / 'record.json'}", *page)


def summary(kept: dict[str, Any], folder: Path, report: bool) -> dict[str, Any]:
    """Return the same as plain JSON."""
    from forward_forward.report import comparison_row

    keys = ("metrics", "layer_errors", "run_errors", "epochs", "parameters")
    nets = {
        name.lower().replace("-", "_"): {
            **{k: v for k, v in comparison_row(name, record).items() if k != "name"},
            **{key: record[key] for key in keys},
        }
        for name, record in kept.items()
    }
    page = str(folder / "report.html") if report else None
    return {"folder": str(folder), "model": str(folder / "model"), "page": page, **nets}
