"""One run, or all of them, as a single HTML page that asks no other host for anything."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.figure import Figure

from forward_forward import pictures, records, results
from forward_forward.errors import UsageError, escaped
from forward_forward.records import Claim, Record

_UNUSED = re.compile(r"\.connections\.\d+\.(goodness|loss|peer)\b")
"""Settings that a connection has as every layer has, and its joint layer makes no use of."""

Figures = Mapping[str, tuple[Figure, str]]

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("forward_forward", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def run_page(
    record: Record, figures: Figures, comparison: Sequence[Mapping[str, Any]] | None = None
) -> str:
    """Return the page of one run.

    Arguments:
        record: The run, as `records.read` returns it.
        figures: Title of each picture to the figure and its caption, in the order of the page.
        comparison: Rows of `comparison_row`, such as Forward-Forward above backpropagation.
    """
    return _TEMPLATES.get_template("run.html.j2").render(
        title=record["recipe"],
        subtitle=_subtitle(record),
        headlines=[_headline(Claim(**claim), record) for claim in record["claims"]],
        comparison=[_comparison_cells(row) for row in comparison or ()],
        judged=record.get("test_images"),
        figures=_pictures(figures),
        metrics=_metrics(record),
        sections=[
            ("Configuration", [r for r in _flat(record["config"]) if not _UNUSED.search(r[0])]),
            ("Environment", _flat(record["environment"])),
        ],
        command=escaped(
            record.get("command") or f"ff reproduce {record['recipe']} --seeds {results.SEEDS}"
        ),
    )


def results_page(rows: Sequence[Mapping[str, Any]], figures: Figures) -> str:
    """Return the overview of all records.

    Arguments:
        rows: What `results.summarize` returns.
        figures: What `overview.figures` returns.
    """
    return _TEMPLATES.get_template("results.html.j2").render(
        title="Results",
        subtitle=_counts(rows),
        rows=[_result_cells(row) for row in rows],
        figures=_pictures(figures),
        commands=list(dict.fromkeys(row["command"] for row in rows)),
    )


def comparison_row(name: str, record: Record) -> dict[str, Any]:
    """Return one row of a comparison: test error, macro F1, seconds and peak memory of a run.

    The error is the one that the record's first claim names, else the goodness, else the test
    error; the F1 is of the same readout.
    """
    metrics = record["metrics"]
    claimed = [claim["metric"] for claim in record["claims"]]
    errors = [*claimed, "goodness_error", "test_error", *sorted(metrics)]
    error = next((key for key in errors if key in metrics and key.endswith("error")), "test_error")
    return {
        "name": name,
        "test_error": metrics.get(error),
        "macro_f1": metrics.get(f"{error.removesuffix('error')}macro_f1", metrics.get("macro_f1")),
        "seconds": record["seconds"],
        "peak_memory_mib": record.get("peak_memory_mib"),
    }


def write_page(path: Path | str, html: str) -> None:
    """Write `html` to `path`, whole or not at all.

    Raises:
        FFError: If that fails; an earlier page is then intact.
    """
    records.write_atomically(path, html)


def save_pictures(figures: Figures, folder: Path, only: str = "") -> list[Path]:
    """Write each picture as a PNG named after its title, and return the files.

    Arguments:
        figures: title → (figure, caption).
        folder: made if need be.
        only: of these, the pictures whose title begins so.

    Raises:
        UsageError: when there is none.
        FFError: when one cannot be written; an earlier one is then intact.
    """
    chosen = {title: figure for title, (figure, _) in figures.items() if title.startswith(only)}
    if not chosen:
        raise UsageError(
            f"no picture is called {only!r}; there are: {', '.join(figures) or 'none'}"
        )
    written = []
    for title, figure in chosen.items():
        path = folder / f"{re.sub('[^a-z0-9]+', '_', title.lower()).strip('_')}.png"
        records.write_atomically(path, pictures.to_png(figure))
        written.append(path)
    return written


def _subtitle(record: Record) -> str:
    parts = [f"seed {record['seed']}", f"{record['epochs']} epochs", duration(record["seconds"])]
    learner = record["config"].get("learner")
    if isinstance(learner, Mapping) and learner.get("method"):
        parts.insert(0, f"method {learner['method']}")
    if record.get("parameters"):
        parts.append(f"{record['parameters']:,} parameters")
    if record.get("peak_memory_mib"):
        parts.append(f"{_mebibytes(record['peak_memory_mib'])} MiB at most")
    return " · ".join([*parts, record["date"]])


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units.

    Example:
        >>> duration(42.04), duration(59.96), duration(185), duration(7325)
        ('42.0 s', '1 min 0 s', '3 min 5 s', '2 h 2 min')
    """
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _headline(claim: Claim, record: Record) -> dict[str, Any]:
    value = record["metrics"].get(claim.metric)
    measured = [value] if claim.metric in record["metrics"] else []
    against = {"paper": claim.paper, "target": claim.target}
    return {
        "name": results.name_of(claim.metric),
        "value": results.show(claim.metric, value),
        "unit": claim.unit,
        "source": claim.source,
        "against": [
            (name, results.show(claim.metric, number))
            for name, number in against.items()
            if number is not None
        ],
        **_judgement(results.verdict(claim, measured)),
    }


def _judgement(text: str) -> dict[str, str]:
    tones = {"better": "good", "reproduced": "good", "missed": "bad"}
    return {"verdict": text, "tone": tones.get(text.split(maxsplit=1)[0], "plain")}


def _comparison_cells(row: Mapping[str, Any]) -> dict[str, str]:
    memory = row.get("peak_memory_mib")
    seconds = row.get("seconds")
    return {
        "name": row["name"],
        "test_error": results.show("error", row.get("test_error")),
        "macro_f1": results.show("f1", row.get("macro_f1")),
        "seconds": "–" if seconds is None else f"{seconds:,.1f}",
        "peak_memory_mib": "–" if memory is None else _mebibytes(memory),
    }


def _mebibytes(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _metrics(record: Record) -> list[tuple[str, str, str]]:
    rows = [
        (results.name_of(name), results.show(name, value), "%" if name.endswith("error") else "")
        for name, value in record["metrics"].items()
    ]
    layers = enumerate(record["layer_errors"], start=1)
    return rows + [(f"error of layer {n} alone", results.show("error", v), "%") for n, v in layers]


def _flat(values: Mapping[Any, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            rows += _flat(dict(enumerate(value, start=1)), f"{prefix}{key}.")
        elif isinstance(value, list):
            rows.append((f"{prefix}{key}", ", ".join(map(_text, value)) or "–"))
        else:
            rows.append((f"{prefix}{key}", _text(value)))
    return rows


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "–", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pictures(figures: Figures) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "caption": caption,
            "alt": str(figure.get_label()) or title,
            "source": pictures.to_svg_or_png(figure),
            "wide": figure.get_figwidth() > 2 * figure.get_figheight(),
        }
        for title, (figure, caption) in figures.items()
    ]


def _counts(rows: Sequence[Mapping[str, Any]]) -> str:
    kinds = ("better than the paper", "reproduced", "missed", "measured", "not run")
    counts = {kind: sum(row["verdict"].startswith(kind) for row in rows) for kind in kinds}
    return " · ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "no records"


def _result_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    metric = row["metric"]
    finite = {**row, "n": row["n"] - row["diverged"]}
    return {
        "recipe": row["recipe"],
        "metric": results.name_of(metric),
        "unit": row["unit"],
        "source": row["source"],
        "paper": results.show(metric, row["paper"]),
        "target": results.show(metric, row["target"]),
        "ours": results.show_spread(metric, finite),
        "minutes": "–" if row["minutes"] is None else f"{row['minutes']:.1f}",
        "machine": row["machine"] or "–",
        "commit": row["commit"],
        **_judgement(row["verdict"]),
    }
