"""Whether the parts of a record have the form that tables and pictures read: a record may come from anywhere."""

from typing import Any

COUNTS = ("parameters", "peak_memory_mib", "test_images")
"""What a record may count beside what it must hold."""


def are_measures(values: Any) -> bool:
    """Return whether these are numbers by name; None stands for one that is not finite."""
    return isinstance(values, dict) and are_numbers(list(values.values()))


def are_numbers(values: Any) -> bool:
    """Return whether this is a list of numbers; None stands for one that is not finite."""
    return isinstance(values, list) and all(map(_is_number, values))


def are_curves(curves: Any) -> bool:
    """Return whether there is an object for each epoch, and numbers alone are in its looks and layers."""
    return _are_objects(curves) and all(map(_is_entry, curves))


def is_net(own: Any) -> bool:
    """Return whether this is what a record of several nets says of one."""
    if not isinstance(own, dict) or not are_measures(own.get("metrics", {})):
        return False
    return _are_objects(own.get("curves")) and all(map(_is_entry, own["curves"]))


def are_traces(traces: Any) -> bool:
    """Return whether these can be drawn: pictures, numbers by iteration, or for each side by iteration and layer."""
    if not isinstance(traces, dict) or not all(map(_is_trace, traces.values())):
        return False
    by_samples = [traces.get(name) for name in ("samples", "error_by_samples")]
    if by_samples[1] is not None and not _are_rows(by_samples):
        return False
    return isinstance(traces.get("hybrid_images", {}), dict)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _are_objects(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def _is_entry(entry: dict[str, Any]) -> bool:
    looks = [entry.get(part, {}) for part in ("validation", "training")]
    return (
        entry.get("epoch") is not None
        and _is_number(entry["epoch"])
        and all(map(_is_look, looks))
        and _are_objects(entry.get("layers", []))
        and all(map(are_measures, entry.get("layers", [])))
    )


def _is_look(look: Any) -> bool:
    return isinstance(look, dict) and all(
        are_numbers(value) if isinstance(value, list) else _is_number(value)
        for value in look.values()
    )


def _is_trace(value: Any) -> bool:
    if not isinstance(value, dict):
        return are_numbers(value)
    # a picture is checked when drawn
    return "image" in value or all(map(_are_rows, value.values()))


def _are_rows(rows: Any) -> bool:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return False
    return len({len(row) for row in rows}) == 1 and all(map(are_numbers, rows))
