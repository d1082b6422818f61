"""The journal of a search, in its folder: what was tried and what came of it, as optuna keeps it, in lines of JSON."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from forward_forward.errors import CheckpointError, FFError, UsageError, install
from forward_forward.files import write_whole
from forward_forward.training.checkpoints import check_writable

JOURNAL = "tune.journal"
STARTS = 5
"""Trials that must have come to their end before one is stopped early."""


def check_optuna() -> None:
    """Raise a `UsageError` that says how to install it, where optuna is missing."""
    if find_spec("optuna") is None:
        raise UsageError(f"a search needs optuna: {install('tune')}")


def opened(folder: Path, identity: Mapping[str, Any], resume: bool) -> Any:
    """Return the study in a folder, or a new one; what was under way when it was left is lost.

    Arguments:
        folder: made if need be.
        identity: what a search that goes on has in common with the one before, as plain JSON; `epochs` among it.
        resume: whether there may be one.

    Raises:
        UsageError: there is one already.
        CheckpointError: it is of another search, or damaged, or the folder cannot be written.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = folder / JOURNAL
    if path.exists() and not resume:
        raise UsageError(f"{folder} holds a search already; add --resume, or choose another --out")
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _readable(path):
        _mend(path)
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
            study_name="tune",
            pruner=optuna.pruners.MedianPruner(STARTS, max(1, identity["epochs"] // 4)),
            load_if_exists=True,
        )
        _identify(study, identity, folder)
        _forget_what_was_under_way(study)
    return study


def _mend(path: Path) -> None:
    """Cut off a last line that was not written to its end; every other is to be JSON."""
    if not path.exists():
        return
    whole, _, rest = path.read_bytes().rpartition(b"\n")
    for line in whole.splitlines():
        json.loads(line)
    if rest:
        write_whole(path, whole + b"\n" if whole else b"")


def _identify(study: Any, identity: Mapping[str, Any], folder: Path) -> None:
    kept = study.user_attrs
    for name, value in identity.items():
        if name not in kept:
            study.set_user_attr(name, value)
        elif kept[name] != value:
            raise CheckpointError(
                f"{folder} holds another search: {name} was {kept[name]!r} and is now {value!r}; "
                "resume with the same options, or choose another folder"
            )


def _forget_what_was_under_way(study: Any) -> None:
    """Call lost what a process that was killed was trying."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING)):
        study.tell(trial.number, state=TrialState.FAIL)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what a damaged journal leads to into a `CheckpointError`."""
    try:
        yield
    except FFError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({type(error).__name__}: {error}); use another copy, or choose another folder"
        ) from None
