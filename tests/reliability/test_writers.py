"""Everything that is written is whole or not at all: one helper writes, and nobody goes round it."""

import ast
from pathlib import Path

import pytest

import forward_forward
from forward_forward.files import write_whole

SOURCE = Path(forward_forward.__file__).parent
BY_HAND = {
    "write_text",
    "write_bytes",
    "to_csv",
    "to_parquet",
    "save_file",
    "savetxt",
    "savez",
    "tofile",
}
IN_MEMORY = {"to_csv", "to_parquet"}  # without a place to write to they return what they made
WRITERS = {
    "files.py": "the one writer",
    "events.py": "grows a file by whole records; who reads events skips a torn last one",
}


def writes(tree):
    """Yield the line of each call that puts a file in place by itself; a buffer in memory is none."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        modes = [
            *node.args[:2],
            *(option.value for option in node.keywords if option.arg == "mode"),
        ]
        texts = [
            mode.value
            for mode in modes
            if isinstance(mode, ast.Constant) and isinstance(mode.value, str)
        ]
        if name in IN_MEMORY and not node.args:
            continue
        if name in BY_HAND or (
            name == "open" and any(set(t) <= set("rwaxbt+") and set(t) & set("wax+") for t in texts)
        ):
            yield node.lineno


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.relative_to(SOURCE).as_posix()
)
def test_only_one_module_writes_files(path):
    found = list(writes(ast.parse(path.read_text(encoding="utf-8"))))
    assert bool(found) == (path.relative_to(SOURCE).as_posix() in WRITERS), (
        f"lines {found}: call `files.write_whole`, or `records.write_atomically` for an error that names the file"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [("p.write_text('')", 1), ("open(p, 'w')", 1), ("p.open('xb')", 1), ("open(p, mode='a')", 1), ("open(p)", 0),
     ("open(p, 'rb')", 0), ("np.save(p, a)", 0), ("p.read_text()", 0)],
)  # fmt: skip
def test_a_writer_is_seen(text, found):
    assert len(list(writes(ast.parse(text)))) == found


def test_a_planted_link_is_not_followed(tmp_path):
    """Neither the file's own name nor any name that it has on the way leads out of the folder."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").symlink_to(outside)
    write_whole(folder / "a", b"new")
    assert outside.read_text() == "mine"
    assert (folder / "a").read_bytes() == b"new" and not (folder / "a").is_symlink()
    assert [path.name for path in folder.iterdir()] == ["a"]


def test_others_read_what_the_user_lets_them(tmp_path):
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "whole", b"")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 3000, "a\0b"])
def test_a_name_that_cannot_be_is_an_error_of_the_system(tmp_path, name):
    with pytest.raises((OSError, ValueError)):
        write_whole(tmp_path / name, b"1")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
