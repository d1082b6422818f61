"""Which pictures the page over all records shows, each made from what the records keep."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from forward_forward import pictures
from forward_forward.exhibits import BLURS, unpacked
from forward_forward.pictures.style import words
from forward_forward.records import Record
from forward_forward.report import Figures
from forward_forward.tables import by_net

Captioned = tuple[Figure, str]


def figures(records: Sequence[Record], memory: Mapping[str, Any] | None = None) -> Figures:
    """Return the pictures: title → (figure, caption).

    Arguments:
        records: all of them; where a single run is drawn, it is the first of its recipe.
        memory: what `ff bench memory` found, to be drawn.
    """
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record["recipe"], record)
    found = _of_errors(first)
    for record in records:
        for title, picture in _of_images(record).items():
            found.setdefault(title, picture)  # of a recipe's seeds the first may keep none
    for record in first.values():
        found |= _of_iterations(record)
    found |= _of_nets(records)
    found |= _of_one_run(records)
    found |= _of_samples(records)
    found |= _of_texts(records)
    if memory is not None:
        found["Memory and time by depth"] = (
            pictures.memory_by_depth(memory["transient_mib"], memory["us_per_image"]),
            f"What a training step holds beside weights and optimiser state, {memory['units']} units a layer, "
            f"batch {memory['batch']}; and the time of one update of every layer.",
        )
    return found


def _of_errors(first: Mapping[str, Record]) -> dict[str, Captioned]:
    """Return the errors on held-out images by epoch: of all recipes, and of the nets of each."""
    groups = {"Error by epoch": {name: record["curves"] for name, record in first.items()}}
    for name, record in first.items():
        nets = record.get("nets", {})
        groups[f"{name}: error by epoch"] = {net: own["curves"] for net, own in nets.items()}
    caption = "The error on held-out training images as training goes on, one run of each."
    found: dict[str, Captioned] = {}
    for title, group in groups.items():
        drawn = {
            name: curves
            for name, curves in group.items()
            if any("validation" in entry for entry in curves)
            and not pictures.tells_perplexity(curves)
        }
        if drawn:
            found[title] = (pictures.curves_by_recipe(drawn), caption)
    return found


def _of_nets(every: Sequence[Record]) -> dict[str, Captioned]:
    """Return, of each recipe of several nets that are judged by an error, the error of each in every seed.

    Not of nets that watch a video: there one readout sees a frame and another all, which the frames' own picture tells.
    """
    groups: dict[str, dict[str, dict[str, list[float]]]] = {}
    for record in every:
        for net, own in record.get("nets", {}).items():
            if pictures.errors_by_frames(record["metrics"], net):
                continue
            for readout in ("goodness_error", "softmax_error"):
                error = own.get("metrics", {}).get(readout)
                if error is not None and not pictures.tells_perplexity(own["curves"]):
                    nets = groups.setdefault(record["recipe"], {}).setdefault(readout, {})
                    nets.setdefault(net, []).append(error)
    return {
        f"{name}: {words(readout)} of each net": (
            pictures.values_by_net(nets, f"{words(readout).capitalize()} on the test split, %"),
            "A dot for each seed, a line at their mean.",
        )
        for name, readouts in groups.items()
        for readout, nets in readouts.items()
        if len(nets) > 1
    }


def _of_one_run(every: Sequence[Record]) -> dict[str, Captioned]:
    """Return the errors of nets that learned one after the other in a single run, each in every seed."""
    groups: dict[str, list[Mapping[str, float | None]]] = {}
    for record in every:
        if len(record.get("nets", {})) == 1:
            groups.setdefault(record["recipe"], []).append(record["metrics"])
    found: dict[str, Captioned] = {}
    for name, metrics in groups.items():
        cells = by_net(metrics, ["error", "softmax_error"])
        errors = {
            net: [value for value in cell["error"] if value is not None]
            for net, cell in cells.items()
            if "error" in cell
        }
        if len(errors) > 1:
            found[f"{name}: error of each net"] = (
                pictures.values_by_net(errors, "Error on the test split, %"),
                "A dot for each seed, a line at their mean.",
            )
    return found


def _of_samples(every: Sequence[Record]) -> dict[str, Captioned]:
    """Return errors by samples seen, of recipes whose nets see each sample once; all nets and seeds."""
    groups: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for record in every:
        for net, own in record.get("nets", {}).items():
            if "error_by_samples" in (traces := own.get("traces", {})):
                groups.setdefault(record["recipe"], {}).setdefault(net, []).append(traces)
    caption = "Error on the test split after so many samples, each seen once; a line for each seed."
    return {
        f"{name}: error by samples seen": (pictures.error_by_samples(nets), caption)
        for name, nets in groups.items()
    }


def _of_texts(every: Sequence[Record]) -> dict[str, Captioned]:
    """Return the pictures of nets that read text, of each recipe all nets and seeds."""
    groups: dict[str, dict[str, list[Any]]] = {}
    for record in every:
        for net, own in record.get("nets", {}).items():
            if pictures.tells_perplexity(own["curves"]):
                seeds = groups.setdefault(record["recipe"], {}).setdefault(net, [])
                seeds.append(own["curves"])
    found: dict[str, Captioned] = {}
    for name, nets in groups.items():
        found[f"{name}: perplexity by epoch"] = (
            pictures.perplexity_by_epoch(nets),
            "Means over seeds; bands reach from the least to the most. What rises above three times the middle is cut.",
        )
        found[f"{name}: goodness and silent units by epoch"] = (
            pictures.goodness_and_silence(nets),
            "Means over layers of one seed; a unit is silent that answers to nothing in the held-out text.",
        )
    return found


def _of_images(record: Record) -> dict[str, Captioned]:
    """Return figures 1 and 2 of Hinton 2022, of a record that keeps what they are made of."""
    traces, found = record.get("traces", {}), {}
    if "hybrid_images" in traces:
        kept = traces["hybrid_images"]
        masks, hybrids = unpacked(kept.get("masks")), unpacked(kept.get("hybrids"))
        found[f"{record['recipe']}: hybrid images (figure 1)"] = (
            pictures.hybrid_images(masks, hybrids, BLURS, tuple(kept["image"])),
            "Masks, and the negatives they make of two digits. The paper's figure shows a mask with large regions of "
            "ones and zeros, and a hybrid with the short-range structure of digits but not the long-range one.",
        )
    if "first_layer" in traces:
        kept = traces["first_layer"]
        title = f"{record['recipe']}: what the first layer looks for"
        caption = "A hundred units of the first layer, those with the largest weights"
        if _covers_pixels_by_label(record):
            title += " (figure 2)"
            caption += (
                "; the first ten pixels show the weights of the label. The paper's figure shows a hundred units of "
                "its jittered net in the same way"
            )
        figure = pictures.receptive_fields(unpacked(kept), tuple(kept["image"]))
        found[title] = (figure, f"{caption}.")
    return found


def _covers_pixels_by_label(record: Record) -> bool:
    """Return whether the first layer of a record's net reads a label in the place of pixels."""
    network = record["config"].get("learner", {}).get("network", {})
    return any(layer.get("place") == "overlay" for layer in network.get("layers", ())[:1])


def _of_iterations(record: Record) -> dict[str, Captioned]:
    """Return the pictures of recurrent nets' iterations and of a video's frames, where the record tells of them."""
    name, found = record["recipe"], {}
    nets = {name: record} | {f"{name} {net}": own for net, own in record.get("nets", {}).items()}
    for title, own in nets.items():
        if set(own.get("traces", ())) & set(pictures.ITERATION_TITLES):
            found[f"{title}: from iteration to iteration"] = (
                pictures.by_iteration(own["traces"]),
                pictures.ITERATIONS_CAPTION,
            )
    frames = {
        method: errors
        for method, net in (("Forward-Forward", "ff"), ("backpropagation through time", "bp"))
        if (errors := pictures.errors_by_frames(record["metrics"], net))
    }
    if frames:
        caption = "Each frame shows few pixels of what moves in it; all frames so far count alike."
        still = record["metrics"].get("ff_one_frame_error")
        found[f"{name}: from frame to frame"] = (pictures.error_by_frames(frames, still), caption)
    return found
