"""Models on a hub, Hugging Face or one's own: fetched into its cache, or put there; no network unless asked for.

Only a model's own files are fetched, safetensors, JSON and a card; what they hold is checked as from any folder.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forward_forward import __version__
from forward_forward.errors import (
    FFError,
    HubError,
    NoNetworkError,
    NoRepoError,
    NoTokenError,
    UsageError,
    install,
)

PREFIX = "hub:"
MANIFEST = "manifest.json"
FILES = [MANIFEST, "tensors-*.safetensors", "README.md"]
"""What a model's folder holds, and all that is ever fetched or put."""
TRANSPORTS = {"httpcore", "httpx", "httpx2", "requests", "urllib3"}
"""Libraries whose errors say that a hub was not reached."""
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"


def located(source: Path | str) -> Path:
    """Return the folder of a model that is named by its path, or by `hub:user/name` or `hub:user/name@revision`.

    Raises:
        HubError: the hub does not give it.

    Example:
        >>> located("runs/digits").as_posix()
        'runs/digits'
    """
    return found(source) if _name(source).startswith(PREFIX) else Path(source)


def found(source: Path | str, revision: str | None = None, **options: Any) -> Path:
    """Return the folder of a model: one that is there, else that of a name on the hub, at a revision of it.

    Arguments:
        source: a folder, or `user/name`.
        revision: None is the newest.
        options: cache, token and endpoint of `fetch`.

    Raises:
        UsageError: a revision is asked of a folder.
        HubError: the hub does not give it.
    """
    if not Path(source).exists():
        repo_id, _, named = _name(source).removeprefix(PREFIX).partition("@")
        return fetch(repo_id, revision=revision or named or None, **options)
    if revision is not None:
        raise UsageError(f"{source} is a folder, which has no revisions; leave the revision out")
    return Path(source)


def fetch(
    repo_id: str,
    *,
    revision: str | None = None,
    cache: Path | None = None,
    token: str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Return a folder with the model of this name; what the cache holds already is not fetched again.

    Arguments:
        repo_id: `user/name`.
        revision: a branch, a tag or a commit; None is the newest.
        cache: where to keep it; None is the hub's own cache. Where the hub cannot be reached, it answers.
        token: None takes that of the environment, or of the last login.
        endpoint: address of another hub; None takes `$HF_ENDPOINT`, or Hugging Face.

    Raises:
        UsageError: the name cannot be one, or the package is missing.
        HubError: the hub has no such model, wants a token, or cannot be reached.
    """
    api = _api(endpoint, token)
    with _told(repo_id, revision):
        folder = api.snapshot_download(
            repo_id, revision=revision, cache_dir=cache, allow_patterns=FILES
        )
    if not (Path(folder) / MANIFEST).exists():
        raise NoRepoError(
            f"{repo_id} on the hub holds no model of forward_forward: it has no {MANIFEST}"
        )
    return Path(folder)


def push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    message: str = "",
    token: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Put the model in a folder on the hub, in the place of one that is there, and return its address.

    Arguments:
        folder: a model's own.
        repo_id: `user/name`; made if need be.
        private: whether a new one is shown to its owner alone.
        message: of the commit.
        token: one that may write; None takes that of the environment, or of the last login.
        endpoint: address of another hub; None takes `$HF_ENDPOINT`, or Hugging Face.

    Raises:
        UsageError: the name cannot be one, or the package is missing.
        HubError: the hub wants a token, refuses, or cannot be reached.
    """
    api = _api(endpoint, token)
    import huggingface_hub
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    with _told(repo_id, None):
        validate_repo_id(repo_id)
    if not (token or huggingface_hub.get_token()):
        raise NoTokenError(f"to put a model on the hub takes a token that may write: {LOGIN}")
    with _told(repo_id, None):
        made = api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            allow_patterns=FILES,
            delete_patterns=FILES[1],
            commit_message=message or f"Model written by forward_forward {__version__}",
        )
    return str(made)


def _name(source: Path | str) -> str:
    return source.as_posix() if isinstance(source, Path) else source


def _api(endpoint: str | None, token: str | None) -> Any:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise UsageError(f"models on a hub need huggingface_hub: {install('hub')}") from None
    return HfApi(
        endpoint=endpoint or os.environ.get("HF_ENDPOINT"),
        token=token,
        library_name="forward_forward",
        library_version=__version__,
    )


@contextmanager
def _told(repo_id: str, revision: str | None) -> Iterator[None]:
    """Turn what the hub's library raises into an `FFError` of one line that names the cause and the mend."""
    try:
        yield
    except Exception as error:
        told = _in_words(error, repo_id, revision)
        if told is None:
            raise
        raise told from None


def _in_words(error: Exception, repo_id: str, revision: str | None) -> FFError | None:
    from huggingface_hub import errors

    if isinstance(error, errors.HFValidationError):
        return UsageError(
            f"{repo_id!r} names no model on a hub; give user/name, or a folder that is there"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return NoRepoError(f"{repo_id} on the hub has no revision {revision!r}")
    if isinstance(error, errors.GatedRepoError):
        return NoTokenError(f"{repo_id} is shown only to those it admits; ask there, then {LOGIN}")
    if isinstance(error, errors.RepositoryNotFoundError):
        return NoRepoError(
            f"the hub has no {repo_id}, or does not show it; if it is there, {LOGIN}"
        )
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(error, repo_id)
    if isinstance(error, errors.LocalEntryNotFoundError) or _of_transport(error):
        return NoNetworkError(
            f"{repo_id}: the hub cannot be reached, and the cache does not hold it; try again online"
        )
    if isinstance(error, OSError):
        return HubError(f"{repo_id}: {error.strerror or error}")
    return None


def _refused(error: Any, repo_id: str) -> HubError:
    status = error.response.status_code if error.response is not None else 0
    if status in (401, 403):
        return NoTokenError(f"{repo_id}: the token may not do that, or there is none; {LOGIN}")
    said = getattr(error, "server_message", None) or str(error).partition("\n")[0]
    return HubError(f"{repo_id}: the hub answered {status or 'oddly'}: {said}")


def _of_transport(error: BaseException) -> bool:
    """Return whether an error is that of a connection which did not come about, or broke."""
    homes = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, ConnectionError | TimeoutError) or bool(homes & TRANSPORTS)
