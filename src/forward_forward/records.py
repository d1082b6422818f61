"""One run's record: a small JSON file per recipe and seed, written whole or not at all."""

import dataclasses
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forward_forward.errors import FFError
from forward_forward.files import write_whole
from forward_forward.plain_json import scalar
from forward_forward.record_checks import (
    COUNTS,
    are_curves,
    are_measures,
    are_numbers,
    are_traces,
    is_net,
)

FORMAT = 1
REQUIRED: dict[str, type | tuple[type, ...]] = {
    "recipe": str,
    "seed": int,
    "date": str,
    "claims": list,
    "config": dict,
    "metrics": dict,
    "layer_errors": list,
    "curves": list,
    "epochs": int,
    "seconds": (int, float),
    "environment": dict,
}
CURVE_DIGITS = 6

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/\\])(?:file://)?(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\]+[/\\])*([^\s/\\]+)[/\\]?"
)

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A number that a source reports and a recipe sets out to reach.

    Arguments:
        metric: The record's metric that answers the claim, such as `"goodness_error"`.
        paper: What the source reports, or None where it gives no number.
        target: The worst mean that counts as reproduced, or None to hold to `paper` itself.
        source: Where the number stands, such as `"Hinton 2022, section 3.3"`.
        unit: The unit of all three numbers.
        higher_is_better: Whether the target is the least that counts, as of an accuracy; else it is the most.
    """

    metric: str
    paper: float | None
    target: float | None
    source: str
    unit: str = "%"
    higher_is_better: bool = False

    def worse(self, value: float, than: float) -> bool:
        """Return whether a value of the metric is worse than another one."""
        return value < than if self.higher_is_better else value > than


_CLAIM_FIELDS = {field.name for field in dataclasses.fields(Claim)}


def record_path(root: Path | str, recipe: str, seed: int) -> Path:
    """Return the file of one run: `root/<recipe>/seed<seed>.json`.

    Raises:
        FFError: If `recipe` cannot be the name of a folder.
    """
    if not _FOLDER_NAME.fullmatch(recipe):
        raise FFError(f"recipe name {recipe!r} cannot name a folder; use letters, digits, _ and -")
    return Path(root) / recipe / f"seed{seed}.json"


def write(record: Mapping[str, Any], root: Path | str) -> Path:
    """Write `record` below `root`, in place of an earlier one of the same recipe and seed; return its path.

    Arguments:
        record: The keys of `REQUIRED`, and what else its maker knows; claims may be `Claim`s.
        root: The folder of all records.
    """
    path = record_path(root, str(record.get("recipe", "")), record.get("seed", -1))
    write_file(record, path)
    return path


def write_file(record: Mapping[str, Any], path: Path | str) -> None:
    """Write `record` to the file `path`.

    Numbers that are not finite become null, and floats of the curves keep six digits. Absolute
    paths shrink to their last part, for a record is published. What fails leaves an earlier file intact.
    """
    plain = {"format": FORMAT, **_plain(dict(record))}
    problem = _problem(plain)
    if problem:
        raise FFError(f"cannot write {path}: {problem}")
    for own in (plain, *plain.get("nets", {}).values()):
        own["curves"] = _rounded(own["curves"])
    write_atomically(path, _layout(plain))


def read(path: Path | str) -> Record:
    """Return the record in the file `path`.

    Raises:
        FFError: If the file is missing, damaged, of another format or not a record.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise FFError(f"cannot read record {path}: {error.strerror}") from error
    return decoded(raw, path)


def decoded(raw: bytes, path: Path | str) -> Record:
    """Return the record that a file's bytes are; `path` is what an error names.

    Raises:
        FFError: If they are damaged, of another format or no record.
    """
    try:
        record: Record = json.loads(
            raw.decode("utf-8"), parse_int=_whole, parse_float=_finite, parse_constant=_finite
        )
    except (ValueError, RecursionError) as error:
        raise FFError(
            f"record {path} is damaged: {error}; delete it or run its seed again"
        ) from error
    problem = _problem(record)
    if problem:
        raise FFError(f"{path} is no record of this version: {problem}")
    return record


def read_all(root: Path | str) -> list[Record]:
    """Return every record below `root`, sorted by recipe and seed.

    Raises:
        FFError: If a file is damaged, or lies where another recipe or seed belongs.
    """
    records = []
    for path in sorted(Path(root).glob("*/*.json")):
        record = read(path)
        expected = record_path(root, record["recipe"], record["seed"])
        if path != expected:
            raise FFError(f"record {path} belongs at {expected}; move or delete it")
        records.append(record)
    return sorted(records, key=lambda record: (record["recipe"], record["seed"]))


def settings(record: Mapping[str, Any]) -> str:
    """Return what seeds of a recipe share as one text: the configuration without any seed, epochs, dtype."""
    dtype = record["environment"].get("dtype")
    return json.dumps([_seedless(record["config"]), record["epochs"], dtype], sort_keys=True)


def write_atomically(path: Path | str, content: str | bytes) -> None:
    """Replace the file `path` by `content` in one step, creating its folder; text becomes UTF-8.

    Raises:
        FFError: If that fails; an earlier file is then intact and no temporary file is left.
    """
    try:
        write_whole(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise FFError(f"cannot write {path}: {error.strerror or error}") from error


def _whole(digits: str) -> int:
    """Return the whole number; one that no float holds is a sign of damage."""
    if len(digits) > 300:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite(text: str) -> float:
    """Return the number; none is written that is not finite, so one that is not was not written by us."""
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no number")
    return value


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | os.PathLike):
        return _ABSOLUTE_PATH.sub(r"\1", os.fspath(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _seedless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _seedless(item) for key, item in value.items() if key != "seed"}
    return [_seedless(item) for item in value] if isinstance(value, list | tuple) else value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.{CURVE_DIGITS}g}") if isinstance(value, float) else value


def _problem(record: Any) -> str | None:
    if not isinstance(record, dict):
        return "it is not a JSON object"
    if record.get("format") != FORMAT:
        return f"format {record.get('format')!r}, expected {FORMAT}"
    for key, kind in REQUIRED.items():
        if key not in record:
            return f"{key!r} is missing"
        if not isinstance(record[key], kind) or isinstance(record[key], bool):
            return f"{key!r} is {json.dumps(record[key])[:40]}"
    return _problem_of_parts(record)


def _problem_of_parts(record: Record) -> str | None:
    if not are_measures(record["metrics"]) or not are_numbers(record["layer_errors"]):
        return "'metrics' and 'layer_errors' hold more than numbers"
    if not all(isinstance(claim, dict) and _has_fields(claim) for claim in record["claims"]):
        return f"a claim needs the keys {', '.join(sorted(_CLAIM_FIELDS))}"
    if not all(_is_claim(claim) for claim in record["claims"]):
        return "a claim's paper and target are numbers or null, higher_is_better is true or false, the rest text"
    if not are_curves(record["curves"]):
        return "'curves' needs one object per epoch, with numbers alone in its looks and layers"
    nets = record.get("nets", {})
    if not isinstance(nets, dict) or not all(map(is_net, nets.values())):
        return "'nets' needs curves for each net, and metrics that are numbers"
    if not are_numbers([record.get(name) for name in COUNTS]):
        return f"{', '.join(COUNTS)} must be numbers"
    traced = [record, *nets.values()]
    if not all(are_traces(own.get("traces", {})) for own in traced):
        return (
            "'traces' needs pictures, numbers by iteration, or for each side by iteration and layer"
        )
    return None


def _has_fields(claim: Mapping[str, Any]) -> bool:
    return (
        _CLAIM_FIELDS - {"higher_is_better"} <= claim.keys() <= _CLAIM_FIELDS
    )  # older ones lack it


def _is_claim(claim: Mapping[str, Any]) -> bool:
    numbers = [claim["paper"], claim["target"]]
    texts = [claim["metric"], claim["source"], claim["unit"]]
    return (
        all(n is None or isinstance(n, int | float) for n in numbers)
        and all(isinstance(text, str) for text in texts)
        and isinstance(claim.get("higher_is_better", False), bool)
    )


def _layout(record: Record) -> str:
    plain = json.loads(json.dumps(record, default=scalar))
    lines = [f"{json.dumps(key)}: {_block(value)}" for key, value in plain.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _block(value: Any) -> str:
    compact = json.dumps(value, allow_nan=False)
    if isinstance(value, dict) and len(compact) > 80:
        inner = [f" {json.dumps(key)}: {json.dumps(item)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner) + "\n}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(f" {json.dumps(item)}" for item in value) + "\n]"
    return compact
