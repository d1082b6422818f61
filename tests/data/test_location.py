from pathlib import Path

import pytest

from forward_forward.data.location import complete, locate, roots
from forward_forward.errors import DataError

FILES = ["a.gz", "b.gz"]


def put(root: Path, *files: str) -> Path:
    (root / "toy").mkdir(parents=True, exist_ok=True)
    for file in files:
        (root / "toy" / file).touch()
    return root


def test_the_order_of_folders(tmp_path, empty_cache, monkeypatch):
    assert roots() == [empty_cache]
    monkeypatch.setenv("FF_DATA", "")
    assert roots() == [empty_cache]
    monkeypatch.setenv("FF_DATA", str(tmp_path))
    assert roots() == [tmp_path, empty_cache]
    assert roots(Path("given")) == [Path("given")]


def test_a_tilde_is_the_home_folder(empty_cache, monkeypatch):
    monkeypatch.setenv("FF_DATA", "~/sets")
    assert roots()[0] == Path.home() / "sets"
    assert roots(Path("~/sets")) == [Path.home() / "sets"]


def test_ff_data_goes_before_the_cache(tmp_path, empty_cache, monkeypatch):
    put(empty_cache, *FILES)
    assert locate("toy", FILES)[0].parent.parent == empty_cache
    monkeypatch.setenv("FF_DATA", str(put(tmp_path / "named", *FILES)))
    assert locate("toy", FILES)[0].parent.parent == tmp_path / "named"


def test_a_folder_with_half_the_files_is_passed_over(tmp_path, empty_cache, monkeypatch):
    put(empty_cache, *FILES)
    monkeypatch.setenv("FF_DATA", str(put(tmp_path / "half", "a.gz")))
    assert [path.parent.parent for path in locate("toy", FILES)] == [empty_cache] * 2


def test_a_given_folder_is_the_only_one(tmp_path, empty_cache):
    put(empty_cache, *FILES)
    assert complete("toy", FILES, tmp_path / "given") is None


def test_unpacked_files_will_do(tmp_path):
    found = locate("toy", FILES, put(tmp_path, "a", "b.gz"))
    assert [path.name for path in found] == ["a", "b.gz"]


def test_what_is_missing_is_said(tmp_path, empty_cache, monkeypatch):
    monkeypatch.setenv("FF_DATA", str(put(tmp_path / "half", "a.gz")))
    with pytest.raises(DataError) as caught:
        locate("toy", FILES)
    message = str(caught.value)
    assert f"{tmp_path / 'half' / 'toy'} (no b.gz)" in message
    assert f"{empty_cache / 'toy'} (no a.gz)" in message
    assert message.endswith("run `ff data fetch toy`")
    assert "\n" not in message
