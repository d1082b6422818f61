"""What a recipe is: claims, a data set, and how to build the learners and their plans."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forward_forward.data import Examples, load
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

Build = Callable[[Any, int, str], tuple[Learner, Plan]]
"""(data set or windows of a text, seed, device) → a fresh learner and its plan."""

Results = Mapping[str, Mapping[str, Any]]
"""What came of each net: the keys of a record that are a net's own, such as `metrics` and `curves`."""


def prefixed(results: Results) -> dict[str, float]:
    """Return the metrics of several nets in one mapping, each under its net's name: `<net>_<metric>`."""
    return {
        f"{net}_{metric}": value
        for net, result in results.items()
        for metric, value in result["metrics"].items()
    }


def nothing(learner: Learner, data: Examples) -> Mapping[str, Any]:
    """Return nothing more than every net is measured by."""
    return {}


@dataclass(frozen=True)
class Recipe:
    """One experiment that stands behind one row or more of RESULTS.md.

    Arguments:
        dataset: name of the data set; learned on its official training split, judged on its test split.
        load: reads it: (name, folder or None, device) → data set, or a text that `prepare` cuts into windows.
        claims: what is claimed, and what counts as reached.
        build: makes the learner and the plan; where several nets are compared, one function for each, by name.
        prepare: changes the data first, where a claim was made on part of it.
        watched: learn from 5/6 of the training split and look at the rest as the plan says, for curves of error by
            epoch; the test split is judged on at the end all the same.
        beside: rivals that do not learn as nets do, given the data: name → their metrics, as of a net.
        measure: of several nets, what the record says of them, and of what is beside them.
        also: more metrics of each net, once it has learned; the data are the recipe's, whole.
        traces: of each net, whatever a page draws beside curves: plain JSON, small.
    """

    dataset: str
    claims: tuple[Claim, ...]
    build: Build | Mapping[str, Build]
    load: Callable[[str, Path | None, str], Any] = load
    prepare: Callable[[Any], Any] = lambda data: data
    watched: bool = False
    beside: Callable[[Any], Results] = lambda data: {}
    measure: Callable[[Results], Mapping[str, float | None]] = prefixed
    also: Callable[[Learner, Any], Mapping[str, float]] = nothing
    traces: Callable[[Learner, Any], Mapping[str, Any]] = nothing

    @property
    def nets(self) -> dict[str, Build]:
        """The build function of each net; the name of a single one is empty."""
        return {"": self.build} if callable(self.build) else dict(self.build)
