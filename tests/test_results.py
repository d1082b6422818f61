"""Verdicts follow their rule, and the table leaves no failure out."""

import math

import pytest

from forward_forward import results
from forward_forward.records import Claim

CLAIM = Claim("goodness_error", 1.36, 1.45, "Hinton 2022, section 3.3")


def record(value, seed=0, recipe="supervised", claims=(CLAIM,), **changes):
    """Return a record whose goodness error is `value`."""
    return {
        "recipe": recipe,
        "seed": seed,
        "date": "2026-05-09",
        "claims": [vars(claim) for claim in claims],
        "config": {"epochs": 60, "seed": seed},
        "metrics": {"goodness_error": value, "softmax_error": 2.0 + seed},
        "layer_errors": [3.0, 2.0],
        "curves": [],
        "epochs": 60,
        "seconds": 120.0,
        "environment": {
            "device": "cpu", "processor": "A processor", "threads": 2,
            "commit": "0123456789abcdef", "dirty": False,
        },
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "not run"),
        ([1.20, 1.21, 1.22], "better than the paper"),
        ([1.20, 1.22], "better than the paper (n<3)"),
        ([1.20], "reproduced (n<3)"),
        ([1.35, 1.20, 1.50], "reproduced"),
        ([1.36, 1.36, 1.36], "reproduced"),
        ([1.45, 1.45, 1.45], "reproduced"),
        ([1.46, 1.46, 1.46], "missed"),
        ([1.20, 1.21, None], "missed"),
        ([None], "missed (n<3)"),
    ],
)
def test_a_verdict_follows_its_rule(values, expected):
    assert results.verdict(CLAIM, values) == expected


def test_better_needs_more_than_two_standard_errors():
    values = [1.30, 1.32, 1.34]
    error = 0.02 / math.sqrt(3)
    just, short = (Claim("e", 1.32 + share * error, 2.0, "") for share in (2.01, 1.99))
    assert results.verdict(just, values) == "better than the paper"
    assert results.verdict(short, values) == "reproduced"


@pytest.mark.parametrize(
    ("paper", "target", "expected"),
    [
        (None, 1.40, "reproduced"),
        (None, 1.30, "missed"),
        (1.37, None, "reproduced"),
        (1.30, None, "missed"),
        (None, None, "measured"),
    ],
)
def test_a_claim_may_lack_a_number(paper, target, expected):
    assert results.verdict(Claim("e", paper, target, ""), [1.30, 1.37, 1.44]) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([89.9, 89.9, 89.9], "missed"),
        ([90.0, 90.0, 90.0], "reproduced"),
        ([93.9, 94.0, 94.2], "reproduced"),
        ([95.0, 95.1, 95.2], "better than the paper"),
        ([95.0, None, 95.2], "missed"),
    ],
)
def test_higher_may_be_better(values, expected):
    claim = Claim("accuracy", 94.0, 90.0, "", higher_is_better=True)
    assert results.verdict(claim, values) == expected


def test_where_higher_is_better_the_table_says_at_least():
    claims = (Claim("accuracy", 94.0, 90.0, "", higher_is_better=True), CLAIM)
    runs = [record(1.3, claims=claims, metrics={"accuracy": 95.0, "goodness_error": 1.3})]
    text = results.markdown(results.summarize(runs))
    assert "| accuracy | 94 % | ≥ 90 % | 95 % (1) |" in text
    assert "| goodness error | 1.36 % | 1.45 % | 1.30 % (1) |" in text


def test_a_row_gathers_the_seeds_of_a_recipe():
    (row,) = results.summarize([record(1.4, 1), record(1.3, 0), record(1.5, 2)])
    assert row["mean"] == pytest.approx(1.4)
    assert row["std"] == pytest.approx(0.1)
    assert (row["n"], row["seeds"], row["provisional"]) == (3, [0, 1, 2], False)
    assert (row["minutes"], row["commit"], row["machine"]) == (
        2,
        "0123456",
        "A processor, 2 threads",
    )
    assert row["command"] == "ff reproduce supervised --seeds 3"
    assert row["others"]["softmax_error"] == {"mean": 3.0, "std": 1.0, "n": 3}
    assert [layer["mean"] for layer in row["layers"]] == [3.0, 2.0]
    assert not row["mixed"]


def test_one_seed_has_no_deviation_and_is_provisional():
    (row,) = results.summarize([record(1.3)])
    assert row["std"] is None
    assert row["provisional"]
    assert row["verdict"].endswith("(n<3)")


def test_each_claim_has_its_row_and_recipes_are_sorted():
    both = (CLAIM, Claim("softmax_error", None, 3.0, ""))
    rows = results.summarize([record(1.3, recipe="b", claims=both), record(1.3, recipe="a")])
    assert [(row["recipe"], row["metric"]) for row in rows] == [
        ("a", "goodness_error"), ("b", "goodness_error"), ("b", "softmax_error"),
    ]  # fmt: skip
    assert rows[1]["others"] == {}


def test_a_recipe_without_a_record_appears():
    (row,) = results.summarize([], {"jittered": [CLAIM]})
    assert (row["n"], row["mean"], row["verdict"]) == (0, None, "not run")
    assert (row["provisional"], row["minutes"]) == (False, None)
    assert row["command"] == "ff reproduce jittered --seeds 3"


def test_known_claims_outrank_those_of_the_record():
    (row,) = results.summarize(
        [record(1.40)], {"supervised": [Claim("goodness_error", 1.0, 1.1, "")]}
    )
    assert row["verdict"] == "missed (n<3)"


def test_the_newest_record_decides_the_claims():
    stricter = Claim("goodness_error", 1.36, 1.0, "")
    old = record(1.40, 0)
    new = record(1.40, 1, claims=[stricter], date="2026-05-10")
    assert results.summarize([old, new])[0]["verdict"] == "missed (n<3)"


def test_a_recipe_without_a_claim_is_measured():
    (row,) = results.summarize([record(1.3, claims=())])
    assert (row["metric"], row["verdict"]) == ("goodness_error", "measured (n<3)")


def test_a_diverged_seed_is_missed_and_counted():
    rows = results.summarize([record(1.2, 0), record(1.2, 1), record(None, 2)])
    assert (rows[0]["verdict"], rows[0]["diverged"], rows[0]["mean"]) == ("missed", 1, 1.2)
    assert "1 of its runs gave no number" in results.markdown(rows)


def test_different_settings_and_unclean_commits_are_told():
    dirty = {"device": "cuda:0", "processor": "A GPU", "commit": "fedcba9876", "dirty": True}
    other = record(1.3, 1, config={"epochs": 10}, environment=dirty)
    (row,) = results.summarize([record(1.3), other])
    assert row["mixed"]
    assert row["commit"] == "0123456, fedcba9*"
    assert row["machine"] == "A GPU; A processor, 2 threads"
    assert "did not all run with the same settings" in results.markdown([row])


@pytest.mark.parametrize(("where", "mixed"), [("seed", False), ("size", True)])
def test_seeds_within_a_configuration_are_no_settings(where, mixed):
    """A net may sit on a piece of hardware that the seed chose."""
    runs = [record(1.3, n, config={"layers": [{"piece": {where: n}}]}) for n in range(2)]
    assert results.summarize(runs)[0]["mixed"] is mixed


def test_the_table_holds_failures_and_is_deterministic():
    runs = [record(1.40, seed) for seed in range(3)] + [record(9.0, s, "worse") for s in range(3)]
    known = {"jittered": [CLAIM]}
    text = results.markdown(results.summarize(runs, known))
    assert text == results.markdown(results.summarize(reversed(runs), known))
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert (
        "| supervised | goodness error | 1.36 % | 1.45 % | 1.40 ± 0.00 % (3) | reproduced | 2.0 |"
        in text
    )
    assert "| worse | goodness error | 1.36 % | 1.45 % | 9.00 ± 0.00 % (3) | missed |" in text
    assert "| jittered | goodness error | 1.36 % | 1.45 % | – | not run | – | – | – |" in lines
    assert "| supervised | softmax error | 3.00 ± 1.00 (3) |" in lines
    assert "| supervised | error of layer 2 alone | 2.00 ± 0.00 (3) |" in lines
    assert "    ff reproduce worse --seeds 3" in text.splitlines()
    assert text.endswith("|\n")


def test_names_cannot_break_the_table():
    environment = {"device": "cuda", "processor": "A | B\n<b>C"}
    text = results.markdown(results.summarize([record(1.3, environment=environment)]))
    (line,) = [line for line in text.splitlines() if "A \\| B &lt;b>C" in line]
    assert line.replace("\\|", "").count("|") == 10


def test_a_readme_counts_how_claims_without_a_published_number_fared():
    own = (Claim("goodness_error", None, 1.4, ""), Claim("softmax_error", None, 1.7, ""))
    study = record(1.3, recipe="study", claims=own)
    known = {"study": own, "supervised": [CLAIM]}
    text = results.summary(results.summarize([study, record(1.3)], known))
    assert "study" not in text
    assert "Claims without a published number: 1 missed, 1 reproduced; 2 of them (n<3).\n" in text


def test_a_readme_shows_what_was_run_and_names_the_rest():
    known = {"supervised": [CLAIM], "jittered": [CLAIM], "also": [CLAIM]}
    text = results.summary(results.summarize([record(1.3)], known))
    assert "| supervised |" in text
    assert "| jittered |" not in text
    assert text.endswith("Not run yet: `also`, `jittered`.\n")
    assert "Not run" not in results.summary(
        results.summarize([record(1.3)], {"supervised": [CLAIM]})
    )


def test_no_records_make_a_table_all_the_same():
    assert results.markdown(results.summarize([])).startswith("# Results\n")


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("goodness_error", 1.3649, "1.36"),
        ("macro_f1", 0.98765, "0.9877"),
        ("images_a_second", 12345.6, "12,346"),
        ("softmax_error", None, "–"),
    ],
)
def test_numbers_are_shown_as_readers_expect(metric, value, text):
    assert results.show(metric, value) == text


def test_a_stale_table_is_noticed(tmp_path):
    path = tmp_path / "RESULTS.md"
    assert not results.check(path, "± 1\n")
    path.write_text("± 1\n", encoding="utf-8")
    assert results.check(path, "± 1\n")
    assert not results.check(path, "± 2\n")


def test_seeds_of_different_dtypes_are_said_to_be_mixed():
    records = [record(1.3, 0), record(1.3, 1)]
    assert not results.summarize(records)[0]["mixed"]
    records[1]["environment"]["dtype"] = "bfloat16"
    assert results.summarize(records)[0]["mixed"]


def test_names_do_not_steer_the_terminal_that_shows_the_file():
    assert "\x1b" not in results.table({"a": ""}, [["red \x1b[31m"]])
