import gzip
import os
import tempfile
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forward_forward.data import idx
from forward_forward.data.idx import read_idx, read_pair
from forward_forward.errors import DataError

HEAD = bytes([0, 0, 8])


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def read_bytes(content, dimensions):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(content)
        return read_idx(path, dimensions)


@settings(deadline=None)
@given(st.data(), st.integers(1, 3), st.booleans())
def test_what_is_written_is_read(idx_bytes, data, dimensions, packed):
    shape = data.draw(st.tuples(*[st.integers(1, 5)] * dimensions))
    array = data.draw(arrays(np.uint8, shape))
    content = idx_bytes(array)
    read = read_bytes(gzip.compress(content) if packed else content, dimensions)
    assert read.dtype == np.uint8
    assert read.flags.writeable
    assert np.array_equal(read, array)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: HEAD + tail))
def test_any_bytes_give_an_array_or_a_data_error(content):
    for dimensions in (1, 3):
        for packed in (content, gzip.compress(content), b"\x1f\x8b" + content):
            try:
                assert read_bytes(packed, dimensions).ndim == dimensions
            except DataError as error:
                assert "file" in str(error) and "\n" not in str(error)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_a_flipped_byte_gives_an_array_or_a_data_error(idx_bytes, where, flip, packed):
    content = idx_bytes(np.arange(60).reshape(3, 4, 5))
    damaged = bytearray(gzip.compress(content) if packed else content)
    damaged[where % len(damaged)] ^= flip
    with suppress(DataError):
        assert read_bytes(bytes(damaged), 3).shape == (3, 4, 5)


@pytest.mark.parametrize("packed", [True, False])
def test_every_truncation_is_noticed(idx_bytes, write, packed):
    content = idx_bytes(np.arange(12).reshape(3, 2, 2))
    content = gzip.compress(content) if packed else content
    for length in range(len(content)):
        with pytest.raises(DataError):
            read_idx(write(content[:length]), 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "truncated: 0 bytes"),
        (b"PK\3\4 a zip", "not an idx file: it starts with 504b0304"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]), "type 0x0d, not unsigned bytes"),
        (HEAD + bytes([3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0]), "3 dimensions, not 1"),
        (HEAD + bytes([1, 0, 0]), "the header ends after 6 bytes"),
        (HEAD + bytes([1, 0, 0, 0, 0]), "empty"),
        (HEAD + bytes([1, 0, 0, 0, 3, 7]), "promises 3 = 3 bytes, the file has 1"),
        (HEAD + bytes([1, 0, 0, 0, 1, 7, 7]), "trailing bytes"),
        (HEAD + bytes([1, 255, 255, 255, 255, 7]), "absurd sizes 4294967295"),
        (b"\x1f\x8b this is no gzip", "the gzip is corrupt"),
        (gzip.compress(HEAD + bytes([1, 0, 0, 0, 1, 7])) + b"more", "the gzip is corrupt"),
    ],
)
def test_what_is_wrong_is_said(write, content, says):
    path = write(content, "labels-idx1")
    with pytest.raises(DataError, match=says) as caught:
        read_idx(path, 1)
    assert str(path) in str(caught.value)


def test_a_wrong_checksum_is_noticed(write, idx_bytes):
    content = bytearray(gzip.compress(idx_bytes([1, 2, 3])))
    content[-8] ^= 1
    with pytest.raises(DataError, match="CRC"):
        read_idx(write(bytes(content)), 1)


def test_sizes_whose_product_overflows_64_bits(write):
    with pytest.raises(DataError, match="absurd"):
        read_idx(write(HEAD + bytes([3]) + b"\xff" * 12), 3)


def test_missing(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_idx(tmp_path / "nothing", 1)


def test_not_a_file(tmp_path):
    with pytest.raises(DataError, match="not a regular file"):
        read_idx(tmp_path, 1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a regular file"):
        read_idx(tmp_path / "pipe", 1)


def test_an_error_of_the_system(write, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(idx, "_read", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        read_idx(write(b""), 1)


def peak(path, dimensions):
    tracemalloc.start()
    with pytest.raises(DataError):
        read_idx(path, dimensions)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used


def test_a_header_alone_allocates_nothing(write):
    promise = HEAD + bytes([1]) + (2**30).to_bytes(4, "big")
    assert peak(write(promise + b"few"), 1) < 8 * 2**20


def test_a_gzip_bomb_stays_packed(write, idx_bytes):
    bomb = gzip.compress(idx_bytes([1, 2, 3]) + bytes(64 * 2**20))
    assert len(bomb) < 2**18
    assert peak(write(bomb), 1) < 8 * 2**20


def test_a_pair(write, idx_bytes):
    images, labels = np.arange(12).reshape(3, 2, 2), np.array([1, 0, 2])
    read = read_pair(write(idx_bytes(images), "images"), write(idx_bytes(labels), "labels"))
    assert np.array_equal(read[0], images)
    assert np.array_equal(read[1], labels)


def test_a_pair_of_different_length(write, idx_bytes):
    images, labels = write(idx_bytes(np.zeros((3, 2, 2))), "i"), write(idx_bytes([1, 2]), "l")
    with pytest.raises(DataError, match=r"has 3 images but .* 2 labels"):
        read_pair(images, labels)


def test_a_pair_swapped(write, idx_bytes):
    images, labels = write(idx_bytes(np.zeros((3, 2, 2))), "i"), write(idx_bytes([1, 2, 3]), "l")
    with pytest.raises(DataError, match="1 dimensions, not 3"):
        read_pair(labels, images)
