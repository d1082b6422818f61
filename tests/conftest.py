"""What every test gets: two torch threads, no window, and a home of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

torch.set_num_threads(2)

HOME_VARIABLES = ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA")
XDG_VARIABLES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def _settle(patch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Make `folder` the user's home, caches included, for this process and the ones it starts."""
    for name in HOME_VARIABLES:
        patch.setenv(name, str(folder))
    for name in XDG_VARIABLES:
        patch.setenv(name, str(folder / name.lower()))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the whole session away from the user's own home and cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = _settle(patch, tmp_path_factory.mktemp("home"))
        patch.setenv("MPLCONFIGDIR", str(folder / "matplotlib"))  # one font cache for all
        patch.setenv("MPLBACKEND", "Agg")
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for one test, without prepared data: what a new user has."""
    monkeypatch.delenv("FF_DATA", raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    return _settle(monkeypatch, folder)
