"""Bytes → changes to plain JSON: a fuzzer then spends its time behind the JSON parser, not within it."""

import copy
from collections.abc import Iterator
from typing import Any

ODD = [
    None, True, False, 0, 1, -1, 2, 3, 7, 255, 2**31, 10**14, 10**400, 0.0, 0.5, -0.5, 1e-300, 1e30, float("inf"),
    float("nan"), "", "a", "image", "label", "os.system", "../a", "SiLU", "sum_of_squares", "concatenate", "\0", [],
    {}, [[]], [1, 2], [1, [2]], {"part": "SymBa"}, {"layer": "Dense"}, {"a": {"b": 1}},
]  # fmt: skip


def edited(value: Any, data: bytes) -> Any:
    """Return a copy with up to six changes; three bytes say where, how, and to what each is."""
    root = {"": copy.deepcopy(value)}
    for start in range(0, min(len(data), 18) - 2, 3):
        where, how, what = data[start : start + 3]
        places = list(_places(root))
        holder, key = places[where % len(places)]
        if how % 4 == 0 and holder is not root:
            del holder[key]
        elif how % 4 == 1 and isinstance(holder, dict):
            holder[f"new{what}"] = copy.deepcopy(ODD[what % len(ODD)])
        elif how % 4 == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            other = places[what % len(places)]
            holder[key] = copy.deepcopy(ODD[what % len(ODD)] if how & 128 else other[0][other[1]])
    return root.get("")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])
