"""Images of one's own: whatever has happened to a file, it is read or told of in one line."""

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from forward_forward.data.image_file import read_images
from forward_forward.errors import DataError

SHAPE = (1, 8, 8)
IMAGES = np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)


def archive(save):
    stream = io.BytesIO()
    save(stream, images=IMAGES)
    return stream.getvalue()


def array():
    stream = io.BytesIO()
    np.save(stream, IMAGES)
    return stream.getvalue()


def picture(kind):
    stream = io.BytesIO()
    Image.fromarray((IMAGES[0] * 255).astype(np.uint8)).save(stream, kind)
    return stream.getvalue()


def idx():
    return bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 8, 8) + bytes(range(128))


FORMS = {
    "a.npy": array(),
    "stored.npz": archive(np.savez),
    "packed.npz": archive(np.savez_compressed),
    "a.png": picture("PNG"),
    "a.tiff": picture("TIFF"),
    "a-idx3-ubyte": idx(),
}


def told(path, shape=SHAPE):
    """Return what is said of a file, None where it can be read."""
    try:
        assert read_images(path, shape).shape[1] == 64
    except DataError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)
        return str(error)
    return None


@pytest.mark.parametrize("name", FORMS)
def test_whole_files_are_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    assert told(path) is None


@pytest.mark.parametrize("name", FORMS)
def test_a_flipped_byte_is_read_over_or_told(tmp_path, recwarn, name):
    path, raw = tmp_path / name, FORMS[name]
    for place in range(len(raw)):
        for flipped in (raw[place] ^ 1, raw[place] ^ 255):
            path.write_bytes(raw[:place] + bytes([flipped]) + raw[place + 1 :])
            told(path)
    assert not recwarn.list


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_was_cut_off_is_told(tmp_path, name):
    path, raw = tmp_path / name, FORMS[name]
    for length in range(0, len(raw) - 8, 7):
        path.write_bytes(raw[:length])
        if not name.endswith((".png", ".tiff")):  # a picture may end early and still be whole
            assert told(path) is not None
        else:
            told(path)


def test_a_damaged_idx_file_of_ones_own_is_not_fetched_again(tmp_path):
    path = tmp_path / "mine"
    path.write_bytes(idx()[:-3])
    assert "truncated" in told(path)
    assert "use another copy" in told(path)
    assert "ff data fetch" not in told(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_numpy_did_not_pack_is_told(tmp_path, method):
    path = tmp_path / "other.npz"
    with zipfile.ZipFile(path, "w", method) as other:
        other.writestr("images.npy", array())
    assert "numpy.savez" in told(path)


@pytest.mark.parametrize(
    "shape", ["(3, 8, 8", "(9**99,)", "(2, '8', 8)", "(-2, 8, 8)"], ids=lambda text: text
)
def test_a_forged_header_is_told(tmp_path, shape):
    path = tmp_path / "forged.npy"
    path.write_bytes(array().replace(b"(2, 8, 8)", shape.encode().ljust(9)))
    assert "no array that can be read" in told(path)


@pytest.mark.parametrize("size", [2**62, 2**64, 10**40])
def test_a_header_of_more_than_any_number_of_images_is_told(tmp_path, size):
    path = tmp_path / "forged.npy"
    header = {"descr": "<f4", "fortran_order": False, "shape": (size, 8, 8)}
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(IMAGES.tobytes())
    assert "no array that can be read" in told(path)


def test_a_single_number_is_told_as_such(tmp_path):
    path = tmp_path / "one.npy"
    np.save(path, np.float32(1))
    assert "an image of a single value; the model reads 8×8" in told(path)
