"""The module is the registry: find the public members of a module by name."""

import difflib
import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any

from forward_forward.errors import UsageError


def members(module: ModuleType) -> dict[str, Any]:
    """Return the public functions and classes that `module` itself defines, by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    }


def submodules(package: ModuleType) -> dict[str, str]:
    """Return the public submodules of `package`: short name to full name, without importing them."""
    return {
        info.name: f"{package.__name__}.{info.name}"
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_")
    }


def load_submodule(package: ModuleType, name: str, what: str) -> ModuleType:
    """Import the submodule `name` of `package`, or say which names are near it."""
    return importlib.import_module(pick(submodules(package), name, what))


def pick(known: dict[str, Any], name: str, what: str) -> Any:
    """Return `known[name]`, or raise a `UsageError` that names the nearest ones.

    Example:
        >>> pick({"digits": 1}, "digts", "data set")
        Traceback (most recent call last):
        ...
        forward_forward.errors.UsageError: no data set 'digts'; did you mean 'digits'?
    """
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = "did you mean " + " or ".join(map(repr, near)) if near else "known: " + ", ".join(known)
    raise UsageError(f"no {what} {name!r}; {hint}{'?' if near else ''}")
