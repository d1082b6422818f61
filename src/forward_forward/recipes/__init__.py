"""Recipes: one file per published claim, each a composition of parts in the order data flows."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from forward_forward.discover import load_submodule, pick, submodules

if TYPE_CHECKING:
    from forward_forward.recipes.recipe import Recipe


HELPERS = {"recipe", "matched", "reading", "table1"}
"""Modules here that are no recipes."""


def names() -> list[str]:
    """Return the names of all recipes, in alphabetical order, without importing them.

    Example:
        >>> "author_program" in names()
        True
    """
    return sorted(name for name in submodules(_package()) if name not in HELPERS)


def find(name: str) -> Recipe:
    """Return the recipe of this name.

    Raises:
        UsageError: there is no such recipe; the message names near ones.
    """
    pick({known: known for known in names()}, name, "recipe")
    recipe: Recipe = load_submodule(_package(), name, "recipe").RECIPE
    return recipe


def _package() -> ModuleType:
    from forward_forward import recipes

    return recipes
