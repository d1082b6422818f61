"""What Tab offers for names; they are found without torch, as nobody waits for a completion."""

from collections.abc import Iterable


def recipe_names(incomplete: str) -> list[str]:
    """Return the recipes whose name begins so."""
    from forward_forward.recipes import names

    return begun(names(), incomplete)


def data_names(incomplete: str) -> list[str]:
    """Return the data sets whose name begins so."""
    from forward_forward.data.dataset import names

    return begun(names(), incomplete)


def begun(names: Iterable[str], incomplete: str) -> list[str]:
    """Return the names that begin so."""
    return [name for name in names if name.startswith(incomplete)]
