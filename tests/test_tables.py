"""Tables of a recipe's records in the pages of docs."""

import pytest

from forward_forward import results, tables
from forward_forward.records import Claim


def record(seed, **metrics):
    return {
        "recipe": "study",
        "seed": seed,
        "date": "2026-11-27",
        "claims": [],
        "metrics": metrics,
        "layer_errors": [],
        "seconds": 120,
        "config": {},
        "epochs": 1,
        "environment": {"processor": "P", "device": "cpu", "threads": 1, "commit": "0123456789"},
    }


RECORDS = [
    record(0, a_error=1.0, b_error=2.0, b_softmax_error=3.0, a_to_b=0.5),
    record(1, a_error=2.0, b_error=2.0, b_softmax_error=5.0, a_to_b=1.0),
]
KNOWN = {"study": [Claim("a_to_b", None, 1.0, "ours", unit="")], "waiting": [Claim("x", 1, 1, "")]}
ROWS = results.summarize(RECORDS, KNOWN)
PAGE = """# A page
<!-- results study: error, softmax_error -->
stale
<!-- /results -->
between
<!-- results waiting: error -->
<!-- /results -->
after
"""


def test_a_page_gets_claims_and_nets_between_its_marks_and_nothing_else_changes():
    page = tables.filled(PAGE, ROWS, RECORDS)
    assert "| a to b | – | 1.0000 | 0.7500 ± 0.3536 (2) | reproduced (n&lt;3) |" in page
    assert "| a | 1.50 ± 0.71 | – |" in page
    assert "| b | 2.00 ± 0.00 | 4.00 ± 1.41 |" in page
    assert "stale" not in page
    assert page.startswith("# A page\n<!-- results study")
    assert "<!-- /results -->\nbetween\n" in page
    assert "Not run yet." in page.partition("between")[2]
    assert page.endswith("<!-- /results -->\nafter\n")


def test_several_recipes_are_a_row_each():
    kept = [record(0, goodness_error=44.5), record(0, softmax_error=37.5)]
    kept[0]["recipe"], kept[1]["recipe"] = "study_max", "study_bp"
    known = {
        "study_max": [Claim("goodness_error", 44, 46, "table 1")],
        "study_bp": [Claim("softmax_error", 37, 37, "table 1")],
        "study_min": [Claim("goodness_error", 41, 43, "table 1")],
        "another": [Claim("goodness_error", 1, 1, "")],
    }
    rows = results.summarize(kept, known)
    asked = "<!-- results study_*: goodness_error -->\n<!-- /results -->\n"
    page = tables.filled(asked, rows, kept)
    assert "| study_max | goodness error | 44.00 % | 46.00 % | 44.50 % (1) |" in page
    assert "| study_bp | softmax error | 37.00 % | 37.00 % | 37.50 % (1) | missed" in page
    assert "| study_min | goodness error | 41.00 % | 43.00 % | – | not run |" in page
    assert "| study max | 44.50 |" in page
    assert "another" not in page
    assert tables.filled(page, rows, kept) == page


def test_filling_twice_changes_nothing():
    once = tables.filled(PAGE, ROWS, RECORDS)
    assert tables.filled(once, ROWS, RECORDS) == once


def test_a_page_without_marks_stays_as_it_is():
    assert tables.filled("plain\n", ROWS, RECORDS) == "plain\n"


def test_a_name_belongs_to_the_longest_measure():
    found = tables.by_net([{"a_softmax_error": 1.0, "a_error": 2.0}], ["error", "softmax_error"])
    assert found == {"a": {"softmax_error": [1.0], "error": [2.0]}}


@pytest.mark.parametrize(
    ("values", "shown"),
    [([1.0, None], "1.00 (1)"), ([None, None], "–"), ([1.0, 3.0], "2.00 ± 1.41")],
)
def test_a_diverged_seed_shows_in_its_number(values, shown):
    runs = [{"a_error": value} for value in values]
    assert f"| a | {shown} |" in tables.net_table(runs, ["error"])
