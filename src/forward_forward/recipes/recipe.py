"""What a recipe is: a claim, a data set, and how to build the learner and the plan."""

from collections.abc import Callable
from dataclasses import dataclass

from forward_forward.data import Dataset
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

Build = Callable[[Dataset, int, str], tuple[Learner, Plan]]


@dataclass(frozen=True)
class Recipe:
    """One experiment that stands behind one row or more of RESULTS.md.

    Arguments:
        dataset: name of the data set; learned on its official training split, judged on its test split.
        claims: what is claimed, and what counts as reached.
        build: (data, seed, device) → (learner, plan).
        prepare: changes the data first, where a claim was made on part of it.
    """

    dataset: str
    claims: tuple[Claim, ...]
    build: Build
    prepare: Callable[[Dataset], Dataset] = lambda data: data
