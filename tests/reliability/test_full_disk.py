"""A disk that is full: what was saved before is intact, the exit code says so, nothing half-written is left."""

import os
import subprocess
from contextlib import contextmanager

import pytest

from forward_forward.training.checkpoints import read_folder
from reliability.outcomes import RUNS, litter, outcome


@contextmanager
def tiny_disk(place, size):
    """Mount a file system of so many bytes; skip where that takes rights that are not there."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root mounts a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


long = pytest.mark.long


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("train", 500),
        *(pytest.param(n, s, marks=long) for n in ("train", "reproduce") for s in (0, 4000, 9000)),
    ],
)
def test_a_system_that_refuses_to_write_more(warm, count, tmp_path, name, largest):
    ended = warm.run(*RUNS[name], cwd=tmp_path, largest_file=largest)
    assert ended.code == 1, ended.errors
    assert ended.errors.strip().splitlines()[-1].startswith("error: cannot"), ended.errors
    assert "Traceback" not in ended.errors
    assert not litter(tmp_path)
    again = warm.run(*RUNS[name], cwd=tmp_path)
    assert again.code == 0, again.errors
    count("3 full disks", refused=1, old_intact_and_nothing_left=1)


def test_a_full_file_system(warm, count, tmp_path):
    """ENOSPC itself: a run goes on once there is room, to the bits of one that always had it."""
    (tmp_path / "whole").mkdir()
    assert warm.run("loop", cwd=tmp_path / "whole").code == 0
    with tiny_disk(tmp_path / "tiny", 128 * 1024) as place:
        (place / "filler").write_bytes(bytes(128 * 1024 - 8192))
        ended = warm.run("loop", cwd=place)
        assert ended.code != 0
        assert "No space left" in ended.errors and "CheckpointError" in ended.errors
        assert not litter(place)
        (place / "filler").unlink()
        assert warm.run("loop", cwd=place).code == 0
        kept = files(place)
        free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
        (place / "filler").write_bytes(bytes(free))
        (place / "log.jsonl").chmod(0o644)
        assert outcome(place) == outcome(tmp_path / "whole")
        from forward_forward.errors import CheckpointError
        from forward_forward.training.checkpoints import learner_tensors, write_folder
        from toys import dataset, simultaneous

        with pytest.raises(CheckpointError, match="No space left"):
            write_folder(
                place / "checkpoint", learner_tensors(simultaneous()), {"new": dataset().name}
            )
        (place / "filler").unlink()
        assert files(place) == kept
        read_folder(place / "checkpoint")
    count("3 full disks", refused=2, old_intact_and_nothing_left=2)
