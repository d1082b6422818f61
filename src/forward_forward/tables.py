"""Tables of recipes' records, kept up to date between marks in the pages of `docs/`.

A page asks with `<!-- results RECIPE: measure, measure -->` for what stands from there to `<!-- /results -->`: the
claims and their verdicts, and a row for each net with these measures of it. `RECIPE_*` asks for all recipes whose names
begin so, a net each.
"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from forward_forward.records import Record
from forward_forward.results import claim_cells, name_of, show_spread, spread, table

Rows = Sequence[Mapping[str, Any]]

MARKS = ("<!-- results -->", "<!-- /results -->")
_BLOCK = re.compile(
    r"(<!-- results (\w+\*?)(?:: ([\w, ]+))? -->\n).*?(<!-- /results -->)", re.DOTALL
)
_CLAIM_COLUMNS = {"claim": "", "paper": "right", "target": "right", "ours (n)": "right", "verdict": ""}  # fmt: skip


def between_marks(text: str, table: str) -> str:
    """Return `text` with `table` between its results marks; without marks, as it is."""
    before, start, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    return f"{before}{start}\n{table}{end}{after}" if start and end else text


def filled(page: str, rows: Rows, records: Sequence[Record]) -> str:
    """Return a page with what stands between its marks made anew.

    Arguments:
        page: Markdown; without marks it comes back as it is.
        rows: what `results.summarize` returns.
        records: all of them.
    """

    def block(found: re.Match[str]) -> str:
        start, asked, named, end = found.groups()
        measures = [name.strip() for name in (named or "").split(",") if name.strip()]
        own = [row for row in rows if fnmatchcase(row["recipe"], asked)]
        kept = [record for record in records if fnmatchcase(record["recipe"], asked)]
        return f"{start}\n{tables_of(own, kept, measures)}\n{end}"

    return _BLOCK.sub(block, page)


def tables_of(rows: Rows, records: Sequence[Record], measures: Sequence[str]) -> str:
    """Return the claims of a recipe, or of several, with their verdicts, and what came of each net.

    Arguments:
        rows: of these recipes.
        records: of these recipes, one for each seed.
        measures: the columns: what a metric `<net>_<measure>` ends in; of several recipes, each a net, the metric.
    """
    if not records:
        return "Not run yet.\n"
    several = len({row["recipe"] for row in rows}) > 1
    columns = {"recipe": "", **_CLAIM_COLUMNS} if several else _CLAIM_COLUMNS
    parts = [table(columns, [claim_cells(row)[0 if several else 1 : 6] for row in rows])]
    if measures:
        metrics = [_as_net(record) if several else record["metrics"] for record in records]
        parts.append(net_table(metrics, measures))
    return "\n".join([*parts, _note(rows, records, several)])


def net_table(metrics: Sequence[Mapping[str, float | None]], measures: Sequence[str]) -> str:
    """Return a table with a row for each net and a column for each measure of it.

    Example:
        >>> runs = [{"a_error": 1.0, "b_error": 2.0, "b_seconds": 9}]
        >>> print(net_table(runs, ["error", "seconds"]), end="")
        | net | error, % | seconds |
        | --- | --: | --: |
        | a | 1.00 | – |
        | b | 2.00 | 9 |
    """
    cells = by_net(metrics, measures)
    columns = {"net": "", **{_heading(measure): "right" for measure in measures}}
    return table(
        columns,
        [
            [name_of(net), *(_cell(measure, of_net.get(measure, [])) for measure in measures)]
            for net, of_net in cells.items()
        ],
    )


def by_net(
    metrics: Sequence[Mapping[str, float | None]], measures: Sequence[str]
) -> dict[str, dict[str, list[float | None]]]:
    """Return net → measure → what each seed came to, of metrics named `<net>_<measure>`.

    A name that ends in several measures belongs to the longest.
    """
    found: dict[str, dict[str, list[float | None]]] = {}
    longest_first = sorted(measures, key=len, reverse=True)
    for own in metrics:
        for name, value in own.items():
            ending = next((m for m in longest_first if name.endswith(f"_{m}")), None)
            if ending is not None:
                net = found.setdefault(name.removesuffix(f"_{ending}"), {})
                net.setdefault(ending, []).append(value)
    return found


def _as_net(record: Record) -> dict[str, float | None]:
    """Return a record's metrics as those of a net that is called as its recipe."""
    return {f"{record['recipe']}_{name}": value for name, value in record["metrics"].items()}


def _note(rows: Rows, records: Sequence[Record], several: bool) -> str:
    machines = "; ".join(sorted({row["machine"] for row in rows if row["n"]}))
    if several:
        return f"Mean ± sample standard deviation; {machines}.\n"
    minutes = f"{rows[0]['minutes'] if rows else 0:.0f} minutes"
    if len(records) == 1:
        return f"One seed, {minutes}; {machines}.\n"
    return (
        f"Mean ± sample standard deviation of {len(records)} seeds, {minutes} each; {machines}.\n"
    )


def _heading(measure: str) -> str:
    return f"{name_of(measure)}, %" if measure.endswith("error") else name_of(measure)


def _cell(measure: str, values: Sequence[float | None]) -> str:
    cell = spread(values)
    return show_spread(measure, cell, counted=cell["n"] < len(values))
