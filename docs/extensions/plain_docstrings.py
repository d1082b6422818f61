"""Docstrings here are plain text with `code` between single backticks: this makes reStructuredText of them.

Outside code and examples the characters that reStructuredText gives a meaning to are escaped; an indented block is
code; a list may follow its sentence without an empty line. Names of our classes become links.
"""

import re
from collections.abc import Iterator
from typing import Any

SECTION = re.compile(r"(Arguments|References?|Returns|Yields|Raises|Examples?):$")
ITEM = re.compile(r"(\d+\.|\*|-) ")
CODE = re.compile(r"(`+[^`]+`+)")
ESCAPED = re.compile(r"([\\*|_])|(?<=: )(?=[A-Za-z]\.)")  # "units: U." begins no list


def setup(app: Any) -> dict[str, bool]:
    """Come before napoleon, and before a name that leads nowhere is warned of."""
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}


def process(app: Any, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Replace a docstring's lines in place; napoleon takes what is before a value's colon for its type, if it can."""
    lines[:] = [*([""] if what in ("attribute", "data") else []), *restructured(lines)]


def restructured(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a docstring as reStructuredText."""
    before, in_section, in_list, in_example, in_block = "", False, False, False, False
    for line in lines:
        indented = line.startswith(" ")
        if line and not indented:
            in_section, in_block = bool(SECTION.match(line)), False
            in_list = bool(ITEM.match(line))
            if in_list and before and not ITEM.match(before) and not before.startswith(" "):
                yield ""
        elif line and not before and not (in_section or in_list or in_block):
            in_block = True
            yield from ("::", "")
        in_example = bool(line) and (in_example or line.lstrip().startswith(">>> "))
        yield line if in_example or in_block else _escaped(line)
        before = line


def _escaped(line: str) -> str:
    """Double the backticks of code; escape what stands outside it."""
    item = re.match(r"\s*(\* )?", line).end()  # type: ignore[union-attr]
    parts = CODE.split(line[item:])
    parts[::2] = [ESCAPED.sub(_behind_a_backslash, part) for part in parts[::2]]
    for index in range(1, len(parts), 2):  # an escaped space cuts code off from letters around it
        before, after = parts[index - 1][-1:], parts[index + 1][:1]
        parts[index] = f"``{parts[index].strip('`')}``"
        parts[index] = ("\\ " if before.isalnum() else "") + parts[index]
        parts[index] += "\\ " if after.isalnum() else ""
    return line[:item] + "".join(parts)


def _behind_a_backslash(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Link a bare name such as `UsageError` to the one object of ours that bears it."""
    if node.get("refdomain") != "py":
        return None
    domain, target = env.get_domain("py"), node["reftarget"].rpartition(".")[2]
    found = [
        name
        for name, entry in domain.objects.items()
        if name.rpartition(".")[2] == target and not entry.aliased
    ]
    if len(found) != 1 or found[0] == node["reftarget"]:
        return None
    return domain.resolve_xref(
        env, node.get("refdoc", ""), app.builder, "obj", found[0], node, contnode
    )
