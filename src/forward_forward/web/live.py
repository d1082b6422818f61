"""A run that is watched: it learns in a thread of its own, can be paused, changed and stopped between two steps."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from forward_forward.composition import forward_forward
from forward_forward.data import Dataset
from forward_forward.errors import FFError, UsageError
from forward_forward.models import Model
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan, Progress
from forward_forward.training.simultaneous import Simultaneous
from forward_forward.web.choices import Wish, negatives_of, settings_of
from forward_forward.web.seen import Spread, first_units

POINTS = 240
"""Points of a curve, at most: more would not be seen."""
LOOKS = 0.4
"""Seconds between two looks at weights and goodness."""

LOADING, RUNNING, PAUSED, DONE, STOPPED, FAILED = (
    "loading", "running", "paused", "done", "stopped", "failed",
)  # fmt: skip
ENDED = (DONE, STOPPED, FAILED)
log = logging.getLogger(__name__)


class _EndedEarly(Exception):
    """The run was asked to stop."""


@dataclass
class Wishes:
    """What may change while a run learns; read before every step.

    Arguments:
        rate: learning rate at a schedule's 1.
        negatives: name of the negatives.
        pace: seconds that an epoch takes at least.
        paused, stopped: whether it is to wait, or to end.
    """

    rate: float
    negatives: str
    pace: float = 0.0
    paused: bool = False
    stopped: bool = False


@dataclass
class Told:
    """What a run has told so far; lists only grow, so that a reader goes on where it was.

    Arguments:
        state: one of the words above, and `why`, where it failed.
        epochs: how many there are to be.
        points: `[epochs done, [loss, accuracy, g⁺, g⁻] of each layer]`.
        changed: epochs at which something was changed.
        judged: `[epoch, error by goodness, error by softmax]` on held-out images, percent.
        looks: how often `seen` was made anew.
        seen: weights of the first units, and how goodness spreads.
    """

    state: str = LOADING
    why: str = ""
    epochs: int = 0
    points: list[list[Any]] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)
    judged: list[list[Any]] = field(default_factory=list)
    looks: int = 0
    seen: dict[str, Any] = field(default_factory=dict)


class LiveRun:
    """One net that learns, and what is known of it.

    Arguments:
        wish: what is asked of it.
        load: name → data set; called in the run's own thread, as it may take its time.
        pace: seconds that an epoch takes at least.

    Raises:
        UsageError: the wish names a part that is not there.
    """

    def __init__(self, wish: Wish, load: Callable[[str], Dataset], pace: float = 0.0) -> None:
        self.wish, self.load = wish, load
        self.settings = settings_of(wish)
        self.wishes = Wishes(wish.rate, wish.negatives, pace)
        self.told = Told(epochs=wish.epochs)
        self.lock = threading.Lock()  # held while weights change
        self.woken = threading.Condition()
        self.data: Dataset | None = None
        self.learner: Simultaneous | None = None
        self.metrics: dict[str, Any] = {}
        self.thread = threading.Thread(target=self._run, name="ff run", daemon=True)

    def start(self) -> None:
        self.thread.start()

    @property
    def ended(self) -> bool:
        """Whether nothing will be learned any more."""
        return self.told.state in ENDED

    def change(self, **wishes: Any) -> None:
        """Change what may change: rate, negatives, pace, paused, stopped; the next step goes by it."""
        if "negatives" in wishes:
            negatives_of(wishes["negatives"])
        with self.woken:
            if {"rate", "negatives"} & wishes.keys():
                self.told.changed.append(self.told.points[-1][0] if self.told.points else 0.0)
            for name, value in wishes.items():
                setattr(self.wishes, name, value)
            self.woken.notify_all()

    def stop(self, seconds: float = 10.0) -> None:
        """Ask the run to end, and wait until it has."""
        self.change(stopped=True)
        self.thread.join(seconds)

    def copied(self) -> tuple[Model, Dataset]:
        """Return the net as it is now, apart from the one that learns, and the data it learns from.

        Raises:
            UsageError: nothing has been learned yet.
        """
        if self.learner is None or self.data is None or not self.told.points:
            raise UsageError("nothing has been learned yet; wait for the first epoch")
        network, data = self.learner.network, self.data
        copy = FeedForward.from_config(network.config())
        with self.lock:
            copy.load_state_dict(network.state_dict())
        dtype = self.learner.matmul_dtype or torch.float32
        for layer in copy.layers:
            layer.set_matmul_dtype(dtype)
        model = Model(copy, data.class_names, data.shape, data.name, dict(self.metrics), dtype)
        return model, data

    def _run(self) -> None:
        told = self.told
        try:
            self.data = self.load(self.wish.data).for_validation()
            learner, plan = forward_forward(self.settings, self.data)
            if not isinstance(learner, Simultaneous):
                raise UsageError("the page shows nets whose layers learn side by side")
            self.learner = learner
            told.state = RUNNING
            gated = Gated(learner, self, plan, len(self.data.train), Spread(self.data))
            train(gated, self.data, plan, watch=self._judge)
            told.state = DONE
        except _EndedEarly:
            told.state = STOPPED
        except (FFError, MemoryError) as error:
            told.why = str(error) or "not enough memory; choose smaller widths"
            told.state = FAILED
        except Exception:  # whatever it is, the page must hear of it
            log.exception("the run failed")
            told.why = "something failed on the server; its terminal says what"
            told.state = FAILED

    def _judge(self, progress: Progress, steps: int, epochs: int) -> None:
        judged = self.told.judged
        for entry in progress.curve[len(judged) :]:
            found = entry.get("validation", {})
            self.metrics = {k: v for k, v in found.items() if k != "layer_errors"}
            errors = [found.get(f"{name}_error") for name in ("goodness", "softmax")]
            judged.append([entry["epoch"], *errors])


class Gated:
    """A learner that asks its run before every step whether and how to go on, and tells it what the step saw."""

    stages = 1

    def __init__(
        self, learner: Simultaneous, run: LiveRun, plan: Plan, images: int, spread: Spread
    ) -> None:
        self.inner, self.run, self.spread = learner, run, spread
        self.network, self.matmul_dtype = learner.network, learner.matmul_dtype
        self.optimizers, self.memory = learner.optimizers, learner.memory
        self.steps = plan.steps(images)
        self.every = max(1, self.steps * plan.epochs // POINTS)
        self.taken, self.looked = 0, 0.0
        self.sums: Tensor | None = None
        self._look()

    def begin(self, split: Any, stage: int, seed: int) -> None:
        self.inner.begin(split, stage, seed)

    def scores(self, images: Tensor) -> Any:
        return self.inner.scores(images)

    def describe(self) -> dict[str, Any]:
        return self.inner.describe()

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        self._wait()
        self._obey()
        with self.run.lock:
            statistics = self.inner.step(rows, generator, gain)
        self.taken += 1
        sums = statistics if self.sums is None else self.sums + statistics
        full = self.taken % self.every == 0
        if full:
            means = (sums / self.every).tolist()
            self.run.told.points.append([self.taken / self.steps, means])
        self.sums = None if full else sums
        if time.monotonic() - self.looked > LOOKS or self.taken == self._all():
            self._look()
        return statistics

    def _all(self) -> int:
        return self.steps * self.run.told.epochs

    def _wait(self) -> None:
        """Wait as long as the run is paused, and for its pace."""
        wishes, woken, told = self.run.wishes, self.run.woken, self.run.told
        due = time.monotonic() + wishes.pace / self.steps
        with woken:
            while not wishes.stopped:
                told.state = PAUSED if wishes.paused else RUNNING
                left = due - time.monotonic()
                if not wishes.paused and left <= 0:
                    return
                woken.wait(None if wishes.paused else left)
        raise _EndedEarly

    def _obey(self) -> None:
        """Learn from now on at the rate and from the negatives that are wished for."""
        self.inner.negatives = negatives_of(self.run.wishes.negatives)
        for optimizer in self.inner.layer_optimizers:
            for group in optimizer.param_groups:
                group["rate"] = self.run.wishes.rate

    def _look(self) -> None:
        told, data = self.run.told, self.run.data
        assert data is not None
        told.seen = {
            "units": first_units(self.network, data.shape),
            "spread": self.spread(self.network),
        }
        told.looks += 1
        self.looked = time.monotonic()
