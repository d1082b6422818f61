"""Archives that want out: nothing is unpacked to disk anywhere, and the one kind that is read stays in memory."""

import ast
import io
import resource
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

import forward_forward
from forward_forward.data.idx import read_idx
from forward_forward.data.image_file import read_images
from forward_forward.errors import DataError

SOURCE = Path(forward_forward.__file__).parent
UNPACKERS = {"extract", "extractall", "unpack_archive", "Untar", "Unzip"}
SHAPE = (1, 2, 2)


def array(shape=(1, 2, 2)):
    stream = io.BytesIO()
    np.save(stream, np.ones(shape))
    return stream.getvalue()


def zipped(*members, kind=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, kind
            archive.writestr(info, content)
    return stream.getvalue()


def tarred(name, kind=tarfile.REGTYPE, link="", packed=""):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=f"w:{packed}") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        content = b"" if kind != tarfile.REGTYPE else array()
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def bomb():
    """A megabyte that unpacks to more than a gibibyte of zeros, with an honest header; put together by hand."""
    header = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (33 * 2**23, 2, 2)}
    np.lib.format.write_array_header_1_0(header, shape)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(header.getvalue()) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(bytes(2**25)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed += 33 * zeros + packer.flush()
    sizes = struct.pack("<III", 0, len(packed), len(header.getvalue()) + 33 * 2**25)
    name, common = b"images.npy", struct.pack("<HHHHH", 20, 0, zipfile.ZIP_DEFLATED, 0, 0)
    local = b"PK\3\4" + common + sizes + struct.pack("<HH", len(name), 0) + name + packed
    entry = b"PK\1\2" + struct.pack("<H", 20) + common + sizes
    entry += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    return (
        local + entry + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    )


def liar():
    """A header that promises 2^40 images where there is one."""
    return zipped(
        ("images.npy", array().replace(b"(1, 2, 2)", b"(1099511627776, 2, 2)"[:9]), 0o644)
    )


FILE, LINK, DEVICE = (stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666)
ARCHIVES = {
    "zip, ../": lambda: zipped(("../escaped.npy", array(), FILE)),
    "zip, ../../../ and again": lambda: zipped(("a/../../../escaped.npy", array(), FILE)),
    "zip, absolute": lambda: zipped(("/tmp/escaped.npy", array(), FILE)),
    "zip, a drive": lambda: zipped(("C:\\escaped.npy", array(), FILE)),
    "zip, a link and a file through it": lambda: zipped(
        ("images", "/tmp", LINK), ("images/escaped.npy", array(), FILE)
    ),
    "zip, a link named images": lambda: zipped(("images.npy", "/etc/passwd", LINK)),
    "zip, a device": lambda: zipped(("images.npy", "", DEVICE)),
    "zip, the same name twice": lambda: zipped(("a.npy", array(), FILE), ("../a.npy", array(), FILE)),
    "zip, a bomb": bomb,
    "zip, a header that lies": liar,
    "tar, ../": lambda: tarred("../escaped.npy"),
    "tar, absolute": lambda: tarred("/tmp/escaped.npy"),
    "tar, symbolic link": lambda: tarred("images.npy", tarfile.SYMTYPE, "/etc/passwd"),
    "tar, hard link": lambda: tarred("images.npy", tarfile.LNKTYPE, "../../../etc/passwd"),
    "tar, device": lambda: tarred("images.npy", tarfile.CHRTYPE),
    "tar, pipe": lambda: tarred("images.npy", tarfile.FIFOTYPE),
    "tgz, ../": lambda: tarred("../escaped.npy", packed="gz"),
}  # fmt: skip


def everything(root):
    return {path for path in root.rglob("*")}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ARCHIVES)
def test_nothing_lies_outside(name, count, tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    path = folder / ("archive.npz" if name.startswith("zip") else "archive.tar")
    path.write_bytes(ARCHIVES[name]())
    before, temporary = everything(tmp_path), set(Path("/tmp").glob("escaped*"))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (lambda: read_images(path, SHAPE), lambda: read_idx(path, 3)):
        try:
            assert read().shape[1:] in (
                (4,),
                (2, 2),
            )  # the numbers of a member may be read, in memory
        except DataError as error:
            assert "\n" not in str(error)
    assert everything(tmp_path) == before
    assert set(Path("/tmp").glob("escaped*")) == temporary
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 256 * 1024
    count("6 archives", read=1, outside=0)


def test_a_bomb_is_told(tmp_path):
    (tmp_path / "bomb.npz").write_bytes(bomb())
    with pytest.raises(DataError, match=r"unpacks to 1,107,29\d,\d+ bytes"):
        read_images(tmp_path / "bomb.npz", SHAPE)


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.relative_to(SOURCE).as_posix()
)
def test_nothing_of_ours_unpacks_an_archive(path):
    names = {
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not names & UNPACKERS, "unpack with tarfile's filter='data', and test it with ARCHIVES"
