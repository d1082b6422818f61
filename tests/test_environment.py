"""Where a run ran: complete, private, and without what is private."""

import json
import os
import platform
from pathlib import Path

from forward_forward import environment


def test_the_environment_is_complete_and_private():
    found = environment.environment("cpu", "float32")
    assert set(found) == {
        "threads", "device", "processor", "dtype", "python", "torch", "forward_forward",
        "commit", "dirty",
    }  # fmt: skip
    assert found["python"] == platform.python_version()
    assert found["threads"] >= 1
    assert found["processor"]
    text = json.dumps(found)
    assert str(Path.home()) + "/" not in text
    assert os.getcwd() not in text
    assert (found["commit"] is None) == (found["dirty"] is None)


def test_without_a_source_checkout_there_is_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "site-packages" / "environment.py"))
    (tmp_path / "site-packages").mkdir()
    found = environment.environment("cpu", "float32")
    assert (found["commit"], found["dirty"]) == (None, None)
