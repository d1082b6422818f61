"""A folder is written whole or not at all."""

import os

import pytest

from forward_forward.errors import FFError, UsageError
from forward_forward.export.folder import check_free, write_new


def test_files_lie_in_a_new_folder(tmp_path):
    write_new(tmp_path / "a" / "b", {"one": b"1", "two": b"22"})
    assert {p.name: p.read_bytes() for p in (tmp_path / "a" / "b").iterdir()} == {
        "one": b"1",
        "two": b"22",
    }
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]


def test_what_is_there_is_not_touched(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(UsageError, match=f"{name} is there already; choose another folder"):
            write_new(tmp_path / name, {"one": b"1"})
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == []
    check_free(tmp_path / "free")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FFError, match=r"cannot write .*file/out: Not a directory; choose another"):
        write_new(tmp_path / "file" / "out", {"one": b"1"})


def test_nothing_is_left_of_a_folder_that_could_not_be_finished(tmp_path):
    with pytest.raises(FFError, match="cannot write"):
        write_new(tmp_path / "out", {"one": b"1", "x" * 300: b"2"})
    assert os.listdir(tmp_path) == []
