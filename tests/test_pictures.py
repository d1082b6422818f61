"""Figures show the numbers they are given, the same way each time, and leave no global state."""

import base64

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from forward_forward import pictures


def curves(epochs=3, layers=2, validated=(1, 3)):
    """Return the curves of a small run."""
    return [
        {
            "epoch": epoch,
            "layers": [{"loss": 1.0 / epoch, "accuracy": 0.5 + 0.1 * epoch}] * layers,
            **({"validation": {"goodness_error": 9.0 / epoch, "macro_f1": 0.9}}
               if epoch in validated else {}),
        }
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip


def titles(figure):
    """Return the titles of the figure's axes."""
    return [axis.get_title(loc="left") for axis in figure.axes]


def legend(axis):
    """Return the texts of the axis's legend."""
    return [text.get_text() for text in axis.get_legend().get_texts()]


def test_learning_curves_show_each_layer_and_the_validation():
    figure = pictures.learning_curves(curves())
    assert titles(figure) == ["Training accuracy, %", "Training loss", "Validation error, %"]
    accuracy, loss, error = figure.axes
    assert legend(accuracy) == ["layer 1", "layer 2"]
    assert accuracy.lines[0].get_ydata() == pytest.approx([60, 70, 80])
    assert loss.lines[1].get_ydata() == pytest.approx([1, 1 / 2, 1 / 3])
    assert [line.get_label() for line in error.lines] == ["goodness error"]
    assert list(error.lines[0].get_xdata()) == [1, 3]
    assert "goodness error 3.00 %" in figure.get_label()


def test_without_validation_there_is_no_third_panel():
    assert len(pictures.learning_curves(curves(validated=())).axes) == 2


@pytest.mark.parametrize("given", [[], [{"epoch": 1}], [{"epoch": 1, "layers": [{"loss": None}]}]])
def test_sparse_curves_are_drawn(given):
    assert pictures.to_svg_or_png(pictures.learning_curves(given))


def test_errors_far_apart_get_a_logarithmic_axis():
    far = [{"epoch": e, "validation": {"goodness_error": v}} for e, v in enumerate([20.0, 1.5], 1)]
    none = [{"epoch": e, "validation": {"goodness_error": v}} for e, v in enumerate([20.0, 0.0], 1)]
    assert pictures.learning_curves(far).axes[2].get_yscale() == "log"
    assert pictures.learning_curves(none).axes[2].get_yscale() == "linear"


def test_curves_of_several_recipes_share_an_axis():
    figure = pictures.curves_by_recipe({"a": curves(), "b": curves(), "c": curves(validated=())})
    (axis,) = figure.axes
    assert legend(axis) == ["a", "b"]


def test_receptive_fields_pick_the_largest_norms_and_a_symmetric_scale():
    weights = np.ones((6, 12)) * np.arange(12)
    weights[0] = -weights[0]
    figure = pictures.receptive_fields(weights, (1, 2, 3), count=4)
    image = figure.axes[0].images[0]
    low, high = image.get_clim()
    assert low == -high
    shown = np.ma.filled(image.get_array(), np.nan)
    assert shown.shape == (5, 7)
    corners = shown[[0, 0, 3, 3], [0, 4, 0, 4]]
    assert list(corners) == [-11, -10, -9, -8]
    assert np.isnan(shown[2]).all()


def test_receptive_fields_are_deterministic_among_equal_norms():
    weights = np.eye(4)
    one, two = (
        np.ma.filled(pictures.receptive_fields(weights, (1, 2, 2)).axes[0].images[0].get_array())
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


def test_colour_images_are_centred_on_grey():
    weights = np.zeros((12, 2))
    weights[0, 0] = 1.0
    image = pictures.receptive_fields(weights, (3, 2, 2)).axes[0].images[0].get_array()
    assert list(image[0, 0]) == [1.0, 0.5, 0.5]


@pytest.mark.parametrize("shape", [(1, 3, 3), (2, 2, 3)])
def test_weights_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="no images of shape"):
        pictures.receptive_fields(np.ones((12, 2)), shape)


@pytest.mark.parametrize(("depth", "panels"), [(1, 1), (3, 3), (4, 4), (5, 6)])
def test_goodness_has_a_panel_for_each_layer(depth, panels):
    good, bad = [np.full(50, 8.0)] * depth, [np.linspace(0, 4, 50)] * depth
    figure = pictures.goodness_histograms(good, bad, [2.0] * depth)
    assert len(figure.axes) == panels
    assert titles(figure)[0] == "Layer 1: 75.0 % on the right side"
    assert sorted(legend(figure.axes[0])) == ["negative", "positive"]
    assert figure.axes[0].get_xlabel() == "goodness"


def test_goodness_without_thresholds_and_with_a_value_that_is_not_finite():
    figure = pictures.goodness_histograms([np.array([1.0, np.nan])], [np.array([0.0, np.inf])])
    assert titles(figure) == ["Layer 1"]
    assert not figure.axes[0].lines


def test_the_confusion_matrix_counts_mistakes():
    figure = pictures.confusion_matrix(np.array([[8, 2], [0, 10]]), ["cat", "dog"])
    (axis,) = figure.axes
    assert titles(figure) == ["2 of 20 wrong (10.00 %)"]
    assert [text.get_text() for text in axis.texts] == ["8", "2", "10"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in axis.get_yticklabels()] == ["cat", "dog"]
    assert figure.get_label().endswith("Most often cat is taken for dog.")


def test_large_and_faultless_confusion_matrices_are_drawn():
    figure = pictures.confusion_matrix(np.eye(50, dtype=int), [str(i) for i in range(50)])
    assert not figure.axes[0].texts
    assert titles(figure) == ["0 of 50 wrong (0.00 %)"]


def test_names_of_classes_are_drawn_as_they_are():
    """Neither as a formula, which may be a wrong one, nor over several lines."""
    figure = pictures.confusion_matrix(np.array([[3, 1], [2, 4]]), ["$\\frac{$", "b\nc"])
    figure.canvas.draw()
    assert figure.get_label().endswith(r"Most often b\nc is taken for $\frac{$.")


def test_bars_show_errors_alone():
    metrics = {"goodness_error": 1.37, "macro_f1": 0.98, "softmax_error": None}
    figure = pictures.error_bars_by_readout(metrics, [2.5, None])
    (axis,) = figure.axes
    assert [bar.get_width() for bar in axis.patches] == [1.37, 2.5]
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "goodness error",
        "layer 1 alone",
    ]
    assert [text.get_text().strip() for text in axis.texts] == ["1.37", "2.50"]


def test_a_data_uri_is_deterministic_and_small_figures_stay_sharp():
    one, two = (pictures.to_svg_or_png(pictures.learning_curves(curves())) for _ in range(2))
    assert one == two
    head, _, body = one.partition(",")
    assert head == "data:image/svg+xml;base64"
    assert b"<svg" in base64.b64decode(body, validate=True)


def test_a_heavy_figure_becomes_a_png(monkeypatch):
    monkeypatch.setattr(pictures.style, "MAX_SVG_BYTES", 100)
    figure = Figure(figsize=(1, 1))
    head, _, body = pictures.to_svg_or_png(figure).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body).startswith(b"\x89PNG")


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    pictures.to_svg_or_png(pictures.learning_curves(curves()))
    assert dict(matplotlib.rcParams) == before


def test_hybrids_stand_below_their_masks():
    masks = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) % 2
    for channels in (1, 3):
        hybrids = np.linspace(0, 1, 2 * 3 * 20 * channels).reshape(2, 3, -1)
        figure = pictures.hybrid_images(masks, hybrids, (0, 6), (channels, 4, 5))
        assert len(figure.axes) == 2 * 2 * 3
        shown = [axis.images[0].get_array() for axis in figure.axes]
        assert shown[0].tolist() == masks[0, 0].tolist()
        assert shown[1].tolist() == masks[1, 0].tolist()
        below = np.asarray(shown[2])
        expected = hybrids[0, 0].reshape(channels, 4, 5).transpose(1, 2, 0)
        assert np.allclose(below.reshape(4, 5, channels), expected)
        assert "0, 6 blurs" in figure.get_label()


def test_memory_is_drawn_by_depth_on_a_scale_that_holds_it_all():
    sizes = {"greedy": {"2": 11.0, "64": 11.0}, "backprop": {"2": 11.0, "64": 132.0}}
    times = {"greedy": {"2": 50.0, "64": 30000.0}, "backprop": {"2": 40.0, "64": 1400.0}}
    figure = pictures.memory_by_depth(sizes, times)
    memory, time = figure.axes
    assert [list(line.get_ydata()) for line in memory.lines] == [[11, 11], [11, 132]]
    assert [list(line.get_xdata()) for line in time.lines] == [[2, 64], [2, 64]]
    assert legend(memory) == ["greedy", "backprop"]
    assert "backprop 132 MiB at 64 layers" in figure.get_label()


def traces():
    rows = [[0.1, None], [0.3, None], [0.5, None]]
    sides = {"positive": rows, "negative": [[0.0, None]] * 3}
    goodness = {"positive": [[1.0, 2.0]] * 3, "negative": [[0.5, 0.2]] * 3}
    return {
        "error_by_iteration": [9.0, 3.0, 2.5],
        "goodness_by_iteration": goodness,
        "cancelled_by_iteration": sides,
    }


def test_iterations_have_their_error_goodness_and_what_is_cancelled():
    figure = pictures.by_iteration(traces())
    error, goodness, cancelled = figure.axes
    assert error.lines[0].get_ydata().tolist() == [9.0, 3.0, 2.5]
    assert len(goodness.lines) == 4
    assert len(cancelled.lines) == 2  # a layer that hears nothing from above has none
    assert "9, 3, 2.5 %" in figure.get_label()
    assert all(axis.get_legend() is None for axis in figure.axes)
    (named,) = figure.legends
    sides = [f"{side}, layer {layer}" for layer in (1, 2) for side in ("positive", "negative")]
    assert [text.get_text() for text in named.texts] == sides


def test_errors_by_frames_are_drawn_beside_the_frame_that_stays():
    found = pictures.errors_by_frames(
        {"ff_frames_1_error": 40.0, "ff_frames_20_error": 9.0, "bp_frames_1_error": 1.0}, "ff"
    )
    assert found == {1: 40.0, 20: 9.0}
    nets = {"Forward-Forward": found, "backpropagation": {1: 1.0}}
    figure = pictures.error_by_frames(nets, still=35.0)
    points, rival, line = figure.axes[0].lines
    assert points.get_xydata().tolist() == [[1, 40], [20, 9]]
    assert line.get_ydata()[0] == 35.0
    assert len({drawn.get_color() for drawn in (points, rival, line)}) == 3
    assert "9.00 %" in figure.get_label()


def text_curves(epochs=3, seed=0):
    """Return the curves of a net that reads text, as a record keeps them."""
    return [
        {
            "epoch": epoch,
            "layers": [{"goodness_pos": 2.0, "goodness_neg": None}],
            "validation": {"softmax_perplexity": 9.0 - epoch + seed, "silent_units": 5.0},
            "training": {"softmax_perplexity": 8.0 - epoch},
        }
        for epoch in range(1, epochs + 1)
    ]


def test_perplexities_are_means_over_seeds_with_a_band():
    seeds = [text_curves(seed=0), text_curves(seed=1)]
    figure = pictures.perplexity_by_epoch({"awake": seeds, "one_seed": seeds[:1]})
    (axis,) = figure.axes
    held_out, learned = axis.lines[:2]
    assert held_out.get_ydata().tolist() == [8.5, 7.5, 6.5]
    assert learned.get_ydata().tolist() == [7.0, 6.0, 5.0]
    assert len(axis.collections) == 2
    assert legend(axis) == ["awake", "one seed"]
    assert "one seed 6.00" in figure.get_label()


def test_perplexities_that_shoot_up_leave_room_for_the_others():
    wild = text_curves(epochs=9)
    wild[0]["validation"]["softmax_perplexity"] = 1000.0
    (axis,) = pictures.perplexity_by_epoch({"net": [wild]}).axes
    assert axis.get_ylim()[1] < 30


def test_goodness_and_silent_units_leave_out_what_there_is_not():
    axes = pictures.goodness_and_silence({"net": [text_curves()]}).axes
    positive, negative = axes[0].lines
    assert positive.get_ydata().tolist() == [2.0] * 3
    assert len(negative.get_ydata()) == 0
    assert axes[1].lines[0].get_ydata().tolist() == [5.0] * 3
    assert pictures.tells_perplexity(text_curves())
    assert not pictures.tells_perplexity(curves())


def test_errors_by_samples_have_a_line_for_each_seed_and_skip_what_was_not_seen():
    seeds = [
        {"samples": [10, 100, 1000], "error_by_samples": [9.0, 3.0, last]} for last in (1.0, None)
    ]
    figure = pictures.error_by_samples({"exact": seeds, "backprop": seeds[:1]})
    lines = figure.axes[0].get_lines()
    assert [len(line.get_xdata()) for line in lines] == [3, 2, 3]
    assert legend(figure.axes[0]) == ["exact", "backprop"]
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"


def test_errors_by_samples_of_many_nets_and_of_one_that_never_had_any():
    seed = {"samples": [10, 100], "error_by_samples": [9.0, 3.0]}
    nothing = {"samples": [10, 100], "error_by_samples": [None, None]}
    nets = {f"net_{i}": [seed] for i in range(8)} | {"diverged": [nothing]}
    lines = pictures.error_by_samples(nets).axes[0].get_lines()
    assert [len(line.get_xdata()) for line in lines] == [2] * 8 + [0]


def test_names_as_long_as_a_book_or_of_no_font_are_drawn_without_a_word(recwarn):
    figure = pictures.confusion_matrix(np.eye(2, dtype=int) + 1, ["k" * 10_000, "\N{WOMAN}"])
    assert pictures.to_svg_or_png(figure)
    pictures.to_png(figure)
    assert not recwarn.list
    assert len(figure.get_label()) < 200
