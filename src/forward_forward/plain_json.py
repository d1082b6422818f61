"""Plain data as JSON that every reader takes: JSON has no NaN and no infinity."""

import json
import math
from typing import Any


def json_of(value: Any, **how: Any) -> str:
    """Return plain data as JSON, numbers that are not finite as null; `how` is for `json.dumps`.

    Example:
        >>> json_of({"loss": [0.5, float("nan")]})
        '{"loss": [0.5, null]}'
    """
    return json.dumps(finite(value), allow_nan=False, **how)


def scalar(value: Any) -> Any:
    """Return a number of NumPy's or torch's as a plain one: what `json.dumps` takes as `default`."""
    if getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"a {type(value).__name__} is no plain data")


def finite(value: Any) -> Any:
    """Return plain data with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
