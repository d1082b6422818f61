"""The card of a model: what people read of it in its folder or on a hub, made of its manifest; never read back."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forward_forward.data.examples import HELD_OUT
from forward_forward.errors import CheckpointError, escaped
from forward_forward.files import write_whole
from forward_forward.results import name_of

CARD = "README.md"
MOST_NAMES = 20
"""Classes, or columns, beyond are counted and not named."""
TAGS = {
    "FeedForward": ("forward-forward", "local-learning", "backpropagation-free"),
    "Recurrent": ("forward-forward", "local-learning", "backpropagation-free", "recurrent"),
}
"""By kind of network; those of backpropagation have none of these."""
ON_THE_HUB = {
    "cifar10": "uoft-cs/cifar10",
    "cifar100": "uoft-cs/cifar100",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "mnist": "ylecun/mnist",
}
"""Data sets that have a name there."""
MEASURES = {"_error": "accuracy", "_macro_f1": "f1", "_perplexity": "perplexity"}
"""Endings of our metrics, and what a hub calls such a measure."""

Described = Mapping[str, Any]
"""What a manifest says of a model."""


def write_card(folder: Path, described: Described, where: str = "") -> None:
    """Write a model's card into its folder, in the place of an older one.

    Raises:
        CheckpointError: when it cannot be written.
    """
    try:
        write_whole(folder / CARD, card(described, where).encode())
    except OSError as error:
        raise CheckpointError(
            f"cannot write {folder / CARD}: {error.strerror or error}; the model itself is saved"
        ) from None


def card(described: Described, where: str = "") -> str:
    """Return the card of a model: front matter as a hub expects it, and what people want to know.

    Arguments:
        described: what its manifest says of the model.
        where: its name on a hub; without one, a folder.
    """
    data = str(described["data"]).removesuffix(HELD_OUT)
    parts = [
        _front_matter(described, data),
        f"# {_kind(described)}, {_code(data)}",
        _what(described),
        "## How it learned",
        _how(described, data),
        "## Figures",
        _figures(described),
        "## How to load it",
        _loading(where),
        "## Limits",
        _limits(described),
    ]
    return "\n\n".join(parts) + "\n"


def learned_own(described: Described) -> bool:
    """Return whether a model learned from a table, arrays or pictures of one's own, whatever these are called.

    A manifest says so even where it does not say any more where they lie.

    Example:
        >>> learned_own({"data": "mnist"}), learned_own({"data": "mnist", "scaled": False})
        (False, True)
    """
    return "columns" in described or "scaled" in described


def _front_matter(described: Described, data: str) -> str:
    """Return the YAML on top, its values as JSON, which YAML is too; an unknown licence is left out."""
    tags = [*TAGS.get(described["network"]["type"], ("backpropagation",)), _task(described)]
    names = described["metrics"]
    known = data in ON_THE_HUB and not learned_own(described)
    measures = [measure for end, measure in MEASURES.items() if any(n.endswith(end) for n in names)]
    fields = {
        "library_name": "forward_forward",
        "tags": tags,
        "datasets": [ON_THE_HUB[data]] if known else [],
        "metrics": measures,
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items() if value]
    return "\n".join(["---", *lines, "---"])


def _task(described: Described) -> str:
    if _reads_text(described):
        return "text-generation"
    image = "columns" not in described and described["shape"][1] > 1
    return "image-classification" if image else "tabular-classification"


def _kind(described: Described) -> str:
    forward = described["network"]["type"] in TAGS
    return "A Forward-Forward net" if forward else "A net of backpropagation"


def _what(described: Described) -> str:
    channels, height, width = described["shape"]
    names = described["class_names"]
    if _reads_text(described):
        reads = f"It reads the last {width} characters of a text, and says which comes next"
    elif "columns" in described:
        reads = _reads_columns(described["columns"])
    elif height > 1:
        colours = "in one colour" if channels == 1 else f"in {channels} colours"
        reads = (
            f"It reads images of {height} × {width} {colours}, values from 0 to 1, and names them"
        )
    else:
        reads = f"It reads rows of {channels * width} values from 0 to 1, and names them"
    return f"{reads}: one of {len(names)} classes, {_named(names)}."


def _reads_columns(columns: Described) -> str:
    """Return what a model reads of a table; `columns` is what `Columns.describe` returned."""
    names = [*columns["numbers"], *(name for name, _ in columns["choices"])]
    return f"It reads rows of a table by the columns {_named(names)}, and tells {_code(columns['target'])}"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(_code(name) for name in names[:MOST_NAMES])
    return shown + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")


def _how(described: Described, data: str) -> str:
    part = "the first 5/6 of the training split" if _held_out(described) else "the training split"
    digest = described.get("data_sha256")
    learned = dict(described.get("learned") or {})
    learner, plan = dict(learned.get("learner") or {}), dict(learned.get("plan") or {})
    network = dict(described["network"]["config"])
    rows = [("data", f"{part} of {data}"), ("sha256 of the data", digest)]
    rows += [(f"layer {i}", layer) for i, layer in enumerate(network.pop("layers", ()), start=1)]
    rows += [(name, value) for name, value in network.items()]
    rows += [(name, value) for name, value in learner.items() if name != "network"]
    rows += [(name, value) for name, value in plan.items()]
    rows += [("version of forward_forward", described.get("version"))]
    lines = [
        f"- {name.replace('_', ' ')}: {_phrase(value)}"
        for name, value in rows
        if value not in (None, "")
    ]
    local = (
        "Each layer learned from its own objective alone: no error travelled from one layer to another."
        if described["network"]["type"] in TAGS
        else "It learned by backpropagation, beside a net that did without."
    )
    return "\n".join([local, "", *lines])


def _figures(described: Described) -> str:
    split = (
        "a part of the training split that was held out"
        if _held_out(described)
        else "the test split"
    )
    metrics = described["metrics"]
    if not metrics:
        return "None are known."
    rows = [f"| {name_of(str(name))} | {_number(value)} |" for name, value in metrics.items()]
    head = f"On {split}; errors and F1 in percent."
    return "\n".join([head, "", "| measure | value |", "| --- | --: |", *rows])


def _loading(where: str) -> str:
    name = where or "path/to/this/folder"
    asked = f"hub:{where}" if where else name
    extra = "'forward-forward[hub]'" if where else "forward-forward"
    python = f'from forward_forward.models import Model\n\nmodel = Model.from_pretrained("{name}")'
    return (
        f"```console\n$ pip install {extra}\n$ ff evaluate {asked}\n```\n\n```python\n{python}\n```"
    )


def _limits(described: Described) -> str:
    lines = [
        "- It knows its classes and no others: whatever it is shown, it names one of them.",
        "- Its figures hold for data like those it was judged on.",
    ]
    if _reads_text(described):
        lines.append("- Symbols outside its alphabet are not read.")
    elif described["network"]["type"] in TAGS:
        lines.append(
            "- Goodness ranks labels; it is not a probability. The softmax, where there is one, is."
        )
    lines.append(
        "- Weights are in safetensors, sealed by the hashes in `manifest.json`. Nothing in this folder is run, and "
        "this card is not read when the model is loaded."
    )
    return "\n".join(lines)


def _held_out(described: Described) -> bool:
    return str(described["data"]).endswith(HELD_OUT)


def _reads_text(described: Described) -> bool:
    layers = described["network"]["config"].get("layers", ({},))
    return described["network"]["type"] == "TextPerceptron" or layers[0].get("layer") == "Symbols"


def _phrase(value: Any) -> str:
    """Return plain JSON as it would be written in Python: a part with its fields, a name, a number."""
    text = _code(_call(value))
    return text if isinstance(value, dict | str | list) else str(value)


def _call(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_call, value))}]"
    if not isinstance(value, dict):
        return str(value)
    kind = value.get("part") or value.get("layer") or ""
    fields = [f"{k}={_call(v)}" for k, v in value.items() if k not in ("part", "layer")]
    return f"{kind}({', '.join(fields)})" if kind else ", ".join(fields)


def _code(text: Any) -> str:
    """Return text as code of one line, whatever is in it."""
    plain = escaped(" ".join(str(text).replace("`", "'").split())) or " "
    return f"`{plain}`"


def _number(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
