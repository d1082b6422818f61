"""Records into RESULTS.md: what a source claims beside what the runs gave, failures included."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from forward_forward.errors import escaped
from forward_forward.records import Claim, Record, settings

SEEDS = 3
FEW = f" (n<{SEEDS})"
STANDARD_ERRORS = 2.0

HEADER = """\
# Results

Made by `ff results` from the files in `records/`; do not edit by hand.

Each row sets a published number beside ours: mean ± sample standard deviation over the seeds, with
their number in brackets. Lower is better, and higher where the target is marked ≥. How to read a verdict:

* **reproduced**: the mean is no worse than the target that the recipe set before its runs, or than
  the paper's number where it set none.
* **better than the paper**: that, and better than the paper's number by more than two standard errors.
* **missed**: worse than the target, however near to the paper, or a run diverged.
* **measured**: a run without a published number to compare with.
* **not run**: no record yet.

A verdict marked (n<3) rests on fewer than three seeds and is provisional. A commit marked * had
changes that were not committed.
"""


def summarize(
    records: Iterable[Record], known: Mapping[str, Sequence[Claim]] | None = None
) -> list[dict[str, Any]]:
    """Return one row for each recipe and claim, sorted by recipe.

    Arguments:
        records: The runs, as `records.read_all` returns them.
        known: The claims of each recipe; they outrank those in the records, and a recipe without
            any record appears as "not run".

    Returns:
        Rows with the keys recipe, metric, unit, source, paper, target, higher_is_better, mean, std (None below two
        seeds), n, diverged, verdict, provisional, mixed, minutes, machine, commit, seeds, command,
        others (the recipe's other metrics) and layers (each layer alone); the last two map or list
        {mean, std, n}.
    """
    runs: dict[str, list[Record]] = {name: [] for name in known or {}}
    for record in records:
        runs.setdefault(record["recipe"], []).append(record)
    rows = []
    for recipe, group in sorted(runs.items()):
        claims = (known or {}).get(recipe) or _claims(group)
        shared = _shared(recipe, group, {claim.metric for claim in claims})
        rows += [{**shared, **_claim_row(claim, group)} for claim in claims]
    return rows


def verdict(claim: Claim, values: Sequence[float | None]) -> str:
    """Judge the values of all seeds, in which None stands for a run that diverged.

    Example:
        >>> claim = Claim("goodness_error", paper=1.36, target=1.45, source="section 3.3")
        >>> verdict(claim, [1.41, 1.39, 1.43]), verdict(claim, [1.25, 1.26, 1.24])
        ('reproduced', 'better than the paper')
        >>> verdict(claim, [1.36])
        'reproduced (n<3)'
    """
    if not values:
        return "not run"
    return _judge(claim, values) + (FEW if len(values) < SEEDS else "")


def spread(values: Iterable[float | None]) -> dict[str, Any]:
    """Return {mean, std, n} of the finite values; std is the sample's, None below two values."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return {
        "mean": statistics.fmean(finite) if finite else None,
        "std": statistics.stdev(finite) if len(finite) > 1 else None,
        "n": len(finite),
    }


def show(metric: str, value: float | None) -> str:
    """Return `value` as a reader expects it: errors and gaps to 0.01, other numbers to four digits."""
    if value is None:
        return "–"
    if metric.endswith(("error", "gap")):
        return f"{value:.2f}"
    if abs(value) <= 1:
        return f"{value:.4f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def show_spread(metric: str, cell: Mapping[str, Any], counted: bool = True) -> str:
    """Return `mean ± std (n)` of a `spread`, or without its count."""
    if cell["mean"] is None:
        return "–"
    mean = show(metric, cell["mean"])
    digits = len(mean.partition(".")[2])
    deviation = "" if cell["std"] is None else f" ± {cell['std']:,.{digits}f}"
    return f"{mean}{deviation} ({cell['n']})" if counted else mean + deviation


def name_of(metric: str) -> str:
    """Return a metric's name in words.

    Example:
        >>> name_of("goodness_macro_f1"), name_of("peak_memory_mib")
        ('goodness macro F1', 'peak memory, MiB')
    """
    return metric.replace("_", " ").replace(" f1", " F1").replace(" mib", ", MiB")


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the whole of RESULTS.md; the same rows give the same text."""
    parts = [HEADER, table(_CLAIM_COLUMNS, [claim_cells(row) for row in rows]), *_notes(rows)]
    recipes = list({row["recipe"]: row for row in reversed(rows)}.values())[::-1]
    parts += [
        "## Run it again\n",
        "Records are never overwritten: `--resume` adds what is missing, `--records` and `--runs` keep others apart.\n",
        "\n".join(f"    {row['command']}" for row in recipes) + "\n",
    ]
    measures = [cells for row in recipes for cells in measure_cells(row)]
    if measures:
        parts += ["## Other measures\n", table(_MEASURE_COLUMNS, measures)]
    return "\n".join(parts)


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the short table of a README: published numbers beside ours; how our claims fared, and what is not run."""
    run = [row for row in rows if row["n"]]
    columns = dict(list(_CLAIM_COLUMNS.items())[:6])
    cells = [claim_cells(row)[:6] for row in run if row["paper"] is not None]
    own = Counter(row["verdict"].removesuffix(FEW) for row in run if row["paper"] is None)
    few = sum(row["provisional"] for row in run if row["paper"] is None)
    fared = ", ".join(f"{count} {verdict}" for verdict, count in sorted(own.items()))
    waiting = ", ".join(sorted({f"`{row['recipe']}`" for row in rows if not row["n"]}))
    notes = [f"Claims without a published number: {fared}; {few} of them{FEW}."] * bool(own)
    notes += [f"Not run yet: {waiting}."] * bool(waiting)
    return "\n".join([table(columns, cells), *(f"{note}\n" for note in notes)])


def check(path: Path | str, text: str) -> bool:
    """Return whether the file `path` holds exactly `text`; a stale table can fail a build."""
    try:
        return Path(path).read_bytes() == text.encode("utf-8")
    except OSError:
        return False


_CLAIM_COLUMNS = {
    "recipe": "",
    "metric": "",
    "paper": "right",
    "target": "right",
    "ours (n)": "right",
    "verdict": "",
    "minutes a seed": "right",
    "machine": "",
    "commit": "",
}
_MEASURE_COLUMNS = {"recipe": "", "measure": "", "ours (n)": "right"}


def _judge(claim: Claim, values: Sequence[float | None]) -> str:
    cell = spread(values)
    if cell["n"] < len(values):
        return "missed"
    limit = claim.paper if claim.target is None else claim.target
    if limit is None:
        return "measured"
    if claim.worse(cell["mean"], limit):
        return "missed"
    if claim.paper is not None and cell["std"] is not None:
        doubt = STANDARD_ERRORS * cell["std"] / math.sqrt(cell["n"])
        if claim.worse(claim.paper, cell["mean"] + (-doubt if claim.higher_is_better else doubt)):
            return "better than the paper"
    return "reproduced"


def _claims(group: Sequence[Record]) -> list[Claim]:
    newest = max(group, key=lambda record: (record["date"], record["seed"]), default=None)
    if newest is None:
        return [Claim("test_error", None, None, "")]
    if newest["claims"]:
        return [Claim(**claim) for claim in newest["claims"]]
    errors = sorted(name for name in newest["metrics"] if name.endswith("error"))
    return [Claim(name, None, None, "") for name in errors[:1] or sorted(newest["metrics"])[:1]]


def _claim_row(claim: Claim, group: Sequence[Record]) -> dict[str, Any]:
    measured = [record for record in group if claim.metric in record["metrics"]]
    values = [record["metrics"][claim.metric] for record in measured]
    cell = spread(values)
    return {
        "metric": claim.metric,
        "unit": claim.unit,
        "source": claim.source,
        "paper": claim.paper,
        "target": claim.target,
        "higher_is_better": claim.higher_is_better,
        "mean": cell["mean"],
        "std": cell["std"],
        "n": len(values),
        "diverged": len(values) - cell["n"],
        "verdict": verdict(claim, values),
        "provisional": 0 < len(values) < SEEDS,
        "seeds": sorted(record["seed"] for record in measured),
    }


def _shared(recipe: str, group: Sequence[Record], claimed: set[str]) -> dict[str, Any]:
    names = sorted({name for record in group for name in record["metrics"]} - claimed)
    depth = max((len(record["layer_errors"]) for record in group), default=0)
    seconds = [record["seconds"] for record in group]
    return {
        "recipe": recipe,
        "minutes": statistics.fmean(seconds) / 60 if seconds else None,
        "machine": "; ".join(sorted({_machine(record["environment"]) for record in group})),
        "commit": ", ".join(sorted({_commit(record["environment"]) for record in group})),
        "mixed": len({settings(record) for record in group}) > 1,
        "command": f"ff reproduce {recipe} --seeds {max(len(group), SEEDS)}",
        "others": {name: spread(record["metrics"].get(name) for record in group) for name in names},
        "layers": [
            spread(r["layer_errors"][i] for r in group if i < len(r["layer_errors"]))
            for i in range(depth)
        ],
    }


def _machine(environment: Mapping[str, Any]) -> str:
    name = str(environment.get("processor", "unknown"))
    on_cpu = str(environment.get("device", "cpu")) == "cpu"
    count = environment.get("threads", "?")
    return f"{name}, {count} thread{'s' * (count != 1)}" if on_cpu else name


def _commit(environment: Mapping[str, Any]) -> str:
    commit = environment.get("commit")
    return f"{str(commit)[:7]}{'*' if environment.get('dirty') else ''}" if commit else "unknown"


def claim_cells(row: Mapping[str, Any]) -> list[str]:
    """Return the cells of a row of RESULTS.md, as Markdown that is not yet escaped."""
    metric, unit = row["metric"], f" {row['unit']}" if row["unit"] else ""
    minutes, least = row["minutes"], "≥ " if row["higher_is_better"] else ""
    ours = show_spread(metric, {**row, "n": row["n"] - row["diverged"]})
    return [
        row["recipe"],
        name_of(metric),
        "–" if row["paper"] is None else f"{show(metric, row['paper'])}{unit}",
        "–" if row["target"] is None else f"{least}{show(metric, row['target'])}{unit}",
        ours if ours == "–" else ours.replace(" (", f"{unit} ("),
        row["verdict"],
        "–" if minutes is None else f"{minutes:.1f}" if minutes < 10 else f"{minutes:.0f}",
        row["machine"] or "–",
        row["commit"] or "–",
    ]


def measure_cells(row: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of a recipe's measures beside its claims: recipe, measure, ours."""
    others = [
        [row["recipe"], name_of(name), show_spread(name, cell)]
        for name, cell in row["others"].items()
    ]
    layers = [
        [row["recipe"], f"error of layer {number} alone", show_spread("error", cell)]
        for number, cell in enumerate(row["layers"], start=1)
    ]
    return others + layers


def _notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    mixed = sorted({row["recipe"] for row in rows if row["mixed"]})
    diverged = {row["recipe"]: row["diverged"] for row in rows if row["diverged"]}
    notes = [f"* `{name}`: its seeds did not all run with the same settings." for name in mixed]
    notes += [
        f"* `{name}`: {count} of its runs gave no number; the mean leaves them out."
        for name, count in sorted(diverged.items())
    ]
    return ["\n".join(notes) + "\n"] if notes else []


def table(columns: Mapping[str, str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; a column is aligned to the "right" or left as it is."""
    rule = [("--:" if side == "right" else "---") for side in columns.values()]
    lines = [list(columns), rule, *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return escaped(" ".join(text.split()))
