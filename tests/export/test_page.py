"""The table of the page on export is the program's."""

from pathlib import Path

from forward_forward.commands.export import _row
from forward_forward.export.budget import EXAMPLES, table

PAGE = Path(__file__).parents[2] / "docs" / "edge.md"


def test_the_table_of_bytes():
    text = PAGE.read_text(encoding="utf-8")
    for row in table(EXAMPLES):
        assert f"| {' | '.join(_row(row))} |" in text
