"""A page is one file that asks no host for anything, and shows names as text."""

import os
from html.parser import HTMLParser

import numpy as np
import pytest

from forward_forward import exhibits, overview, pictures, report, results
from forward_forward.errors import FFError, UsageError
from forward_forward.records import Claim

EVIL = "<script>alert('x')</script>&\""


def record(**changes):
    """Return a small record as read from a file."""
    return {
        "format": 1,
        "recipe": "hinton2022_supervised",
        "seed": 0,
        "date": "2026-05-09",
        "claims": [vars(Claim("goodness_error", 1.36, 1.45, "https://example.org, section 3.3"))],
        "config": {"data": "mnist", "net": {"units": [2000, 500]}, "jitter": False, "rate": 0.03},
        "metrics": {"goodness_error": 1.37, "goodness_macro_f1": 0.9862, "softmax_error": None},
        "layer_errors": [2.5],
        "curves": [{"epoch": 1, "layers": [], "validation": {"goodness_error": 1.5}}],
        "epochs": 60,
        "seconds": 7325.0,
        "peak_memory_mib": 1432.4,
        "parameters": 13602010,
        "environment": {"device": "cpu", "processor": "A processor", "threads": 2, "dirty": None},
        **changes,
    }


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []
        self.feed(html)
        self.words = " ".join(" ".join(self.text).split())

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        """Note text."""
        self.text.append(data)


def figures():
    """Return one picture."""
    bars = pictures.error_bars_by_readout({"goodness_error": 1.37}, [])
    return {"Readouts": (bars, "Error of each readout.")}


def full_page(**changes):
    """Return a page with every part."""
    rows = [report.comparison_row("Forward-Forward", record())]
    rows.append({"name": "Backpropagation", "test_error": 1.2, "seconds": 61.25})
    return report.run_page(record(**changes), figures(), rows)


def overview_page():
    """Return the overview of one record and of one recipe without any."""
    known = {"jittered": [Claim("goodness_error", 0.64, 0.7, EVIL)]}
    return report.results_page(
        results.summarize([record()], known), overview.figures([record(recipe=EVIL)])
    )


def pictured(*records, memory=None):
    """Return the overview of these records' pictures."""
    return report.results_page([], overview.figures(records, memory))


def test_the_page_names_the_method():
    words = Page(full_page(config={"learner": {"method": "iterated"}})).words
    assert "method iterated · seed 0 · 60 epochs" in words


def test_the_page_shows_claim_metrics_configuration_and_environment():
    words = Page(full_page()).words
    for part in [
        "goodness error 1.37 % reproduced (n<3) paper 1.36 % · target 1.45 %",
        "seed 0 · 60 epochs · 2 h 2 min · 13,602,010 parameters · 1,432 MiB at most · 2026-05-09",
        "Forward-Forward 1.37 0.9862 7,325.0 1,432",
        "Backpropagation 1.20 – 61.2 –",
        "softmax error – %",
        "error of layer 1 alone 2.50 %",
        "net.units 2000, 500",
        "jitter no",
        "rate 0.03",
        "processor A processor",
        "dirty –",
        "ff reproduce hinton2022_supervised --seeds 3",
    ]:
        assert part in words


@pytest.mark.parametrize("make", [full_page, overview_page])
def test_a_page_asks_no_host_for_anything(make):
    html = make()
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "a", "base"} & set(page.tags)
    loading = [value for _, name, value in page.attributes if name in {"src", "href", "srcset"}]
    assert loading
    assert all(value.startswith("data:image/") for value in loading)
    assert "url(" not in html
    assert "@import" not in html
    assert any("default-src 'none'" in (value or "") for _, _, value in page.attributes)


@pytest.mark.parametrize("make", [full_page, overview_page])
def test_each_picture_says_what_it_shows(make):
    page = Page(make())
    alts = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert len(alts) == page.tags.count("img") == 1
    assert all(len(alt) > 10 for alt in alts)


def test_what_a_connection_makes_no_use_of_is_not_shown():
    connection = {"layer": "Dense", "units": 5, "peer": 0.5, "loss": {"part": "SiLU", "alpha": 7}}
    layer = {"layer": "Joint", "connections": [connection], "peer": 0.25}
    html = full_page(config={"network": {"layers": [layer]}})
    for key, shown in {
        "layers.1.peer": True,
        "layers.1.connections.1.units": True,
        "layers.1.connections.1.peer": False,
        "layers.1.connections.1.loss": False,
    }.items():
        assert (key in html) is shown


def test_a_picture_keeps_its_title_and_caption():
    html = full_page()
    assert 'alt="Errors: goodness error 1.37 %."' in html
    assert "<figcaption>Error of each readout.</figcaption>" in html


def test_names_are_shown_as_text():
    bars = pictures.error_bars_by_readout({"goodness_error": 1.0}, [])
    html = report.run_page(
        record(recipe=EVIL, config={EVIL: EVIL}, environment={"processor": EVIL}),
        {EVIL: (bars, EVIL)},
        [{"name": EVIL}],
    )
    assert "<script" not in html
    assert Page(html).words.count(EVIL) >= 6
    assert "<script" not in overview_page()


def test_a_page_suits_light_dark_and_phones():
    html = full_page()
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html
    assert '<html lang="en">' in html


def test_a_page_without_claims_pictures_or_comparison():
    bare = record(claims=[], peak_memory_mib=None, parameters=None)
    page = Page(report.run_page(bare, {}))
    assert "img" not in page.tags
    assert "Beside backpropagation" not in page.words


def test_the_overview_holds_every_row():
    words = Page(overview_page()).words
    assert "1 reproduced · 1 not run" in words
    assert "1.37 (1) reproduced (n<3)" in words
    assert "ff reproduce jittered --seeds 3" in words
    assert "no records" in pictured()


def test_memory_by_depth_is_drawn_where_it_was_measured():
    sizes = {"greedy": {"4": 11.7, "16": 11.7}, "backprop": {"4": 15.1, "16": 38.6}}
    found = {"transient_mib": sizes, "us_per_image": sizes, "units": 1000, "batch": 512}
    words = pictured(memory=found)
    assert "Memory and time by depth" in words
    assert "backprop 38.6 MiB at 16 layers" in words
    assert "Memory and time" not in pictured()


def test_a_comparison_follows_the_first_claim():
    metrics = {"goodness_error": 1.0, "test_error": 2.0, "macro_f1": 0.98}
    row = report.comparison_row("net", record(claims=[], metrics=metrics))
    assert (row["test_error"], row["macro_f1"]) == (1.0, 0.98)
    claim = vars(Claim("test_error", None, None, ""))
    assert (
        report.comparison_row("net", record(claims=[claim], metrics=metrics))["test_error"] == 2.0
    )
    assert report.comparison_row("net", record(claims=[], metrics={}))["test_error"] is None


def test_a_failed_write_leaves_the_earlier_page(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "run.html"
    report.write_page(path, "one ±")
    assert path.read_text(encoding="utf-8") == "one ±"

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(FFError, match="run.html"):
        report.write_page(path, "two")
    assert [item.read_text(encoding="utf-8") for item in path.parent.iterdir()] == ["one ±"]


def test_iterations_and_frames_are_drawn_of_every_net_that_has_them():
    sides = {side: [[0.1, 0.2], [0.3, 0.4]] for side in ("positive", "negative")}
    net = {"traces": {"cancelled_by_iteration": sides}}
    found = {**record(), "nets": {"low": {**net, "curves": []}, "high": {"curves": []}}}
    found["metrics"] = {
        "ff_frames_1_error": 50.0,
        "ff_frames_20_error": 12.5,
        "ff_one_frame_error": 40.0,
    }
    words = pictured(found)
    name = found["recipe"]
    assert f"{name} low: from iteration to iteration" in words
    assert f"{name} high" not in words
    assert f"{name}: from frame to frame" in words
    assert "Forward-Forward 12.50 %" in words
    assert "from iteration" not in pictured(record())


def test_nets_that_read_text_are_drawn_with_all_their_seeds():
    curve = [
        {
            "epoch": 1,
            "layers": [],
            "validation": {"softmax_perplexity": 7.0, "softmax_error": 60.0},
            "training": {"softmax_perplexity": 5.0},
        }
    ]
    found = [{**record(), "seed": seed, "nets": {"slept": {"curves": curve}}} for seed in (0, 1)]
    words = pictured(*found)
    assert f"{found[0]['recipe']}: perplexity by epoch" in words
    assert "goodness and silent units" in words
    assert "perplexity" not in pictured(record())


def test_figures_1_and_2_are_drawn_from_what_a_record_keeps():
    traces = {
        "first_layer": {"image": [1, 4, 4], **exhibits.packed(np.ones((16, 9)))},
        "hybrid_images": {
            "image": [1, 4, 4],
            "masks": exhibits.packed(np.ones((5, 2, 4, 4))),
            "hybrids": exhibits.packed(np.ones((5, 2, 16))),
        },
    }
    first = {"layer": "LabelledDense", "place": "overlay"}
    labelled = {"learner": {"network": {"layers": [first, {"layer": "Dense"}]}}}
    words = pictured(record(seed=0), record(seed=1, config=labelled, traces=traces))
    assert "hybrid images (figure 1)" in words
    assert "what the first layer looks for (figure 2)" in words
    assert "the weights of the label" in words
    unlabelled = pictured(record(traces=traces))
    assert "what the first layer looks for" in unlabelled
    assert "figure 2" not in unlabelled
    assert "the weights of the label" not in unlabelled


def net(*errors):
    """Return what records of as many seeds keep of a net."""
    own = [{"metrics": {"goodness_error": error}, "curves": []} for error in errors]
    return iter(own)


def test_nets_of_a_recipe_are_drawn_side_by_side():
    ours, theirs = net(2.0, 3.0), net(1.0, 1.5)
    two = [record(recipe="pairs", nets={"ff": next(ours), "bp": next(theirs)}) for _ in range(2)]
    figures = overview.figures(two)
    figure, _ = figures["pairs: goodness error of each net"]
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["ff", "bp"]
    assert [sorted(line.get_xdata()) for line in axis.lines] == [[2.5], [2, 3], [1.25], [1, 1.5]]
    assert "ff 2.50, bp 1.25" in figure.get_label()


def test_pictures_are_saved_under_their_titles(tmp_path):
    nets = {"ff": next(net(2.0)), "bp": next(net(1.0))}
    figures = overview.figures([record(recipe="pairs", nets=nets)])
    saved = report.save_pictures(figures, tmp_path / "new", only="pairs")
    assert [path.name for path in saved] == ["pairs_goodness_error_of_each_net.png"]
    assert saved[0].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="no picture is called 'nobody'"):
        report.save_pictures(figures, tmp_path, only="nobody")


def test_one_run_of_several_nets_and_errors_by_samples_are_drawn():
    seen = {"samples": [10, 100], "error_by_samples": [9.0, 3.0]}
    metrics = {"teacher_error": 2.0, "copied_error": 90.0, "teacher_softmax_error": 3.0}
    own = {"metrics": {}, "curves": [], "traces": seen}
    found = overview.figures([record(recipe="mortal", metrics=metrics, nets={"lineage": own})])
    figure, _ = found["mortal: error of each net"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["teacher", "copied"]
    assert "mortal: error by samples seen" in found


def test_a_command_with_an_escape_is_shown_as_text():
    page = report.run_page(record(command="ff train --target '\x1b[31m'"), {})
    assert "\x1b" not in page and "x1b[31m" in page


def test_hybrid_images_that_are_not_there_are_named():
    damaged = record(traces={"hybrid_images": {"image": [1, 8, 8]}})
    with pytest.raises(FFError, match="picture is damaged"):
        overview.figures([damaged])
