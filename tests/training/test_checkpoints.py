"""Whatever happens to a checkpoint: the old pair or the new one, or a typed error; never a wrong model."""

import errno
import hashlib
import json
import os
import pickle
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from forward_forward.errors import CheckpointError
from forward_forward.training import checkpoints
from forward_forward.training.checkpoints import (
    MANIFEST,
    alone_in,
    check_writable,
    learner_tensors,
    read_folder,
    restore_learner,
    restore_network,
    write_folder,
)
from forward_forward.training.optimizers import Adam
from toys import generator, network, simultaneous, split

OLD = {"network.a": torch.arange(4.0), "network.b": torch.tensor([[1, 2]])}
NEW = {"network.a": torch.arange(4.0) + 1, "network.b": torch.tensor([[3, 4]])}
STATE = {"identity": {"seed": 1}, "progress": {"epoch": 3, "step": 20}}


@pytest.fixture
def folder(tmp_path):
    write_folder(tmp_path / "checkpoint", OLD, {**STATE, "which": "old"})
    return tmp_path / "checkpoint"


def tensors_file(folder):
    (path,) = folder.glob("tensors-*.safetensors")
    return path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rewrite(folder, **changes):
    """Change a manifest by another hand that knows how to seal it; None takes a key away."""
    manifest = json.loads((folder / MANIFEST).read_text()) | changes
    manifest = {key: value for key, value in manifest.items() if value is not None}
    manifest["seal"] = checkpoints._seal(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def assert_holds(folder, tensors, which):
    found, manifest = read_folder(folder)
    assert manifest["which"] == which
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].equal(value)
        assert found[name].dtype == value.dtype


def test_what_was_written_comes_back(folder):
    assert_holds(folder, OLD, "old")
    _, manifest = read_folder(folder)
    assert STATE.items() <= manifest.items()


def test_the_new_takes_the_old_one_s_place(folder):
    write_folder(folder, NEW, {**STATE, "which": "new"})
    assert_holds(folder, NEW, "new")
    assert len(contents(folder)) == 2


def test_the_same_tensors_again(folder):
    write_folder(folder, OLD, {**STATE, "which": "again"})
    assert_holds(folder, OLD, "again")


def test_tensors_need_not_be_contiguous(tmp_path):
    slanted = torch.arange(6.0).view(2, 3).t()
    write_folder(tmp_path, {"a": slanted}, {})
    assert read_folder(tmp_path)[0]["a"].equal(slanted)


def test_truncated_tensors(folder):
    path = tensors_file(folder)
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(CheckpointError, match="damaged"):
            read_folder(folder)


def test_flipped_bits_in_tensors(folder):
    path = tensors_file(folder)
    data = path.read_bytes()
    for bit in range(0, 8 * len(data), 13):
        path.write_bytes(flipped(data, bit))
        with pytest.raises(CheckpointError, match="damaged"):
            read_folder(folder)


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_truncated_manifest(folder):
    data = (folder / MANIFEST).read_bytes()
    for size in range(len(data) - 1):
        (folder / MANIFEST).write_bytes(data[:size])
        with pytest.raises(CheckpointError):
            read_folder(folder)


def test_flipped_bits_in_the_manifest(folder):
    """It says which epoch this is and what the network looks like: changed, it is a wrong model."""
    data = (folder / MANIFEST).read_bytes()
    whole = read_folder(folder)[1]
    for bit in range(8 * len(data)):
        (folder / MANIFEST).write_bytes(flipped(data, bit))
        try:
            _, manifest = read_folder(folder)
        except CheckpointError:
            continue
        assert manifest == whole, f"bit {bit} was flipped unnoticed"


@pytest.mark.parametrize("key", ["tensors", "sha256", "format"])
def test_a_manifest_without_what_it_needs(folder, key):
    rewrite(folder, **{key: None})
    with pytest.raises(CheckpointError):
        read_folder(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "null", "{}", '{"format": 2}', "[" * 100_000, "\x00"]
)
def test_a_manifest_that_is_something_else(folder, text):
    (folder / MANIFEST).write_text(text)
    with pytest.raises(CheckpointError):
        read_folder(folder)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x80abc", b'{"format": 1, "tensors": "\xff"}'])
def test_a_manifest_that_is_no_text(folder, data):
    (folder / MANIFEST).write_bytes(data)
    with pytest.raises(CheckpointError):
        read_folder(folder)


@pytest.mark.parametrize(
    "name",
    ["../elsewhere", "..", ".", "", "/etc/passwd", "a\x00b", "x" * 5000, 3, None, ["a"], "none"],
)
def test_a_manifest_that_names_other_files(folder, name):
    (folder.parent / "elsewhere").write_bytes(tensors_file(folder).read_bytes())
    rewrite(folder, tensors=name)
    with pytest.raises(CheckpointError):
        read_folder(folder)


@pytest.mark.parametrize("digest", [None, 3, "", "0" * 64, ["a"]])
def test_another_digest(folder, digest):
    rewrite(folder, sha256=digest)
    with pytest.raises(CheckpointError):
        read_folder(folder)


@pytest.mark.parametrize("missing", [MANIFEST, "tensors"])
def test_a_missing_file(folder, missing):
    (folder / MANIFEST if missing == MANIFEST else tensors_file(folder)).unlink()
    with pytest.raises(CheckpointError, match="cannot read"):
        read_folder(folder)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(CheckpointError, match="cannot read"):
        read_folder(tmp_path / "nothing")


class Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def payloads(target):
    archive = target.with_name("archive.pt")
    torch.save({"a": Payload(target)}, archive)
    yield pickle.dumps(Payload(target))
    yield archive.read_bytes()


def test_a_planted_pickle_is_never_run(folder, tmp_path):
    target = tmp_path / "it ran"
    for data in payloads(target):
        tensors_file(folder).write_bytes(data)
        rewrite(folder, sha256=hashlib.sha256(data).hexdigest())
        manifest = (folder / MANIFEST).read_text()
        with pytest.raises(CheckpointError):
            read_folder(folder)
        (folder / MANIFEST).write_bytes(data)
        with pytest.raises(CheckpointError):
            read_folder(folder)
        (folder / MANIFEST).write_text(manifest)
        assert not target.exists()
    pickle.loads(data) if data[:2] != b"PK" else pickle.loads(next(payloads(target)))
    assert target.exists()  # so the payload was a live one


class FullDisk:
    """Fails the n-th call of a function that writes."""

    def __init__(self, inner, failing):
        self.inner, self.failing, self.calls = inner, failing, 0

    def __call__(self, *arguments):
        self.calls += 1
        if self.calls == self.failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.inner(*arguments)


@pytest.mark.parametrize("failing", [1, 3])  # in between the folder itself is told
def test_a_disk_that_fills_up(folder, monkeypatch, failing):
    before = contents(folder)
    monkeypatch.setattr(os, "fsync", FullDisk(os.fsync, failing))
    with pytest.raises(CheckpointError, match="No space left"):
        write_folder(folder, NEW, {**STATE, "which": "new"})
    assert contents(folder) == before
    monkeypatch.undo()
    write_folder(folder, NEW, {**STATE, "which": "new"})
    assert_holds(folder, NEW, "new")


@contextmanager
def largest_file(size):
    """Let the system itself refuse to write more than `size` bytes to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_the_system_cuts_short(folder):
    before = contents(folder)
    with largest_file(100), pytest.raises(CheckpointError, match="cannot save"):
        write_folder(folder, NEW, {**STATE, "which": "new"})
    assert contents(folder) == before


def test_a_first_save_that_fails_leaves_nothing(tmp_path):
    with largest_file(100), pytest.raises(CheckpointError, match="cannot save"):
        write_folder(tmp_path / "checkpoint", NEW, STATE)
    assert not list((tmp_path / "checkpoint").iterdir())


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "checkpoint").write_text("mine")
    with pytest.raises(CheckpointError, match="cannot save"):
        write_folder(tmp_path / "checkpoint", NEW, STATE)
    assert (tmp_path / "checkpoint").read_text() == "mine"


def test_a_folder_is_tried_before_there_is_anything_to_keep(tmp_path):
    (tmp_path / "file").write_text("mine")
    check_writable(tmp_path)
    check_writable(tmp_path / "a/b/c")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    for place in (tmp_path / "file", tmp_path / "file/a", tmp_path / ("x" * 300), Path("/proc/a")):
        with pytest.raises(CheckpointError, match=f"cannot write to {place}: .*; choose another"):
            check_writable(place)


KILLED = """
import json, os, signal, sys
from pathlib import Path
import torch
from forward_forward.training.checkpoints import read_folder, write_folder
root = Path(sys.argv[1])
old, new = ({"network.a": torch.full((9,), v)} for v in (1.0, 2.0))
outcomes = []
for point in range(30):
    folder = root / str(point)
    write_folder(folder, old, {"which": "old"})
    child = os.fork()
    if child == 0:
        calls = iter(range(1000))
        def deadly(event, arguments):
            if event in ("open", "os.rename", "os.remove") and str(root) in str(arguments[0]):
                if next(calls) == point // 2:
                    os.kill(os.getpid(), signal.SIGKILL)
        fsync, syncs = os.fsync, iter(range(1000))
        def after_fsync(descriptor):
            fsync(descriptor)
            if next(syncs) == point // 2 - 8:
                os.kill(os.getpid(), signal.SIGKILL)
        if point % 2:
            os.fsync = after_fsync
        else:
            sys.addaudithook(deadly)
        write_folder(folder, new, {"which": "new"})
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    tensors, manifest = read_folder(folder)
    value = {"old": 1.0, "new": 2.0}[manifest["which"]]
    assert tensors["network.a"].eq(value).all(), point
    write_folder(folder, new, {"which": "new"})
    left = sorted(path.name for path in folder.iterdir())
    outcomes.append((os.WIFSIGNALED(status), manifest["which"], len(left)))
print(json.dumps(outcomes))
"""


def test_killed_at_any_moment_of_a_save(tmp_path):
    """Each read finds the old pair or the new one, and the next save clears what the killed one left."""
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    outcomes = json.loads(run.stdout)
    assert len({which for killed, which, _ in outcomes if killed}) == 2
    assert sum(killed for killed, _, _ in outcomes) >= 5
    assert {left for _, _, left in outcomes} == {2}


def trained(seed=0, rule=None, steps=3):
    learner = simultaneous(seed, rule)
    learner.begin(split(12), 0, 0)
    for step in range(steps):
        learner.step(torch.arange(12), generator(step), 1.0)
    return learner


@pytest.mark.parametrize("rule", [None, Adam(rate=0.01, weight_decay=0.1)])
def test_a_learner_goes_on_as_if_nothing_had_been(rule, tmp_path):
    learner, other = trained(0, rule), trained(1, rule, steps=1)
    write_folder(tmp_path, learner_tensors(learner), {})
    restore_learner(other, read_folder(tmp_path)[0])
    for going in (learner, other):
        going.step(torch.arange(12), generator(9), 0.5)
    mine, theirs = learner_tensors(learner), learner_tensors(other)
    assert mine.keys() == theirs.keys()
    assert all(value.equal(theirs[name]) for name, value in mine.items())
    assert any(name.startswith("grad.") for name in mine)
    assert any(name.startswith("optimizer.") for name in mine) is (rule is not None)


def change(name, value):
    return lambda tensors: {**tensors, name: value}


@pytest.mark.parametrize(
    "damage",
    [change("network.layers.0.bias", torch.zeros(3)), change("network.more", torch.zeros(3)),
     lambda t: {k: v for k, v in t.items() if k != "network.head.bias"}, lambda t: {}],
)  # fmt: skip
def test_weights_of_another_network(damage):
    tensors = damage(learner_tensors(trained()))
    with pytest.raises(CheckpointError, match="do not fit"):
        restore_network(network(), tensors)


def test_velocities_of_another_network():
    tensors = learner_tensors(trained())
    tensors["grad.layers.1.weight"] = torch.zeros(2, 2)
    with pytest.raises(CheckpointError):
        restore_learner(trained(), tensors)


def test_a_safetensors_file_of_the_wrong_kind(folder):
    data = save({"x": torch.zeros(1)})[:-2]
    tensors_file(folder).write_bytes(data)
    rewrite(folder, sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(CheckpointError):
        read_folder(folder)


def test_a_second_run_is_kept_out_of_a_folder(tmp_path):
    pytest.importorskip("fcntl")
    with alone_in(tmp_path / "run"):
        with (
            pytest.raises(CheckpointError, match="another run is at work in"),
            alone_in(tmp_path / "run"),
        ):
            pass
        with alone_in(tmp_path / "other"):
            pass
    with alone_in(tmp_path / "run"):
        assert not list((tmp_path / "run").iterdir())
