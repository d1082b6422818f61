"""The loop: epochs, schedule, early looks, log, checkpoints. It knows nothing of how a net learns."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from forward_forward.allocator import keep_freed_memory
from forward_forward.data import Examples, Split, batches
from forward_forward.errors import (
    CheckpointError,
    DivergenceError,
    FFError,
    Stopped,
    UsageError,
)
from forward_forward.files import write_whole
from forward_forward.randomness import generator as seeded
from forward_forward.spec import describe
from forward_forward.training.checkpoints import (
    MANIFEST,
    alone_in,
    check_writable,
    learner_tensors,
    not_finite,
    read_folder,
    restore_learner,
    write_folder,
)
from forward_forward.training.evaluation import Evaluation, evaluate
from forward_forward.training.interrupts import polite_interrupt
from forward_forward.training.learner import STATISTICS, Learner
from forward_forward.training.plan import Plan, Progress, Watch


def train(
    learner: Learner,
    data: Examples,
    plan: Plan,
    *,
    folder: Path | str | None = None,
    resume: bool = False,
    watch: Watch | None = None,
) -> Progress:
    """Train a learner on `data.train`; look at `data.test` only where the plan says so.

    Arguments:
        learner: learns in place.
        data: on the learner's device.
        plan: epochs, batches, schedule, seed.
        folder: keeps `checkpoint/` (every epoch, and on an interrupt) and `log.jsonl`; None keeps nothing.
        resume: go on from the folder's checkpoint, if there is one, to the bits of a run never stopped.
        watch: called about ten times a second.

    Raises:
        CheckpointError: when a checkpoint is damaged, or is of another configuration, or the folder cannot be written
            or is another run's at the moment.
        DivergenceError: when a loss is no longer finite; the last checkpoint stays.
        UsageError: when the net is for another number of classes, or would be tuned on a test split.
        Stopped: on Ctrl-C, SIGTERM or SIGHUP, after the state was saved; a second one stops at once.
    """
    keep_freed_memory()
    if folder is not None:
        folder = Path(folder)
        check_writable(folder)
    run = _Run(learner, data, plan, folder, watch)
    with alone_in(folder), polite_interrupt() as interrupted:
        if resume:
            run.restore()
        try:
            run.go(interrupted)
        except FFError:
            raise
        except (
            Exception
        ) as error:  # a watch ended the run; who asked for it as well is not forgotten
            if asked := interrupted():
                raise Stopped(asked) from error
            raise
        if asked := interrupted():  # while the last epoch was being saved
            raise Stopped(asked)
    return run.progress


class _Run:
    """One call of `train`: the state that its steps share."""

    def __init__(
        self, learner: Learner, data: Examples, plan: Plan, folder: Path | None, watch: Watch | None
    ) -> None:
        if plan.look_every and not data.held_out:
            raise UsageError(
                f"early looks at {data.name}'s test images would tune on them; "
                "train on data.for_validation(), or set look_every=0"
            )
        known = getattr(learner.network, "classes", data.classes)
        if known != data.classes:
            raise UsageError(
                f"the net knows {known} classes, {data.name} has {data.classes}; build it for these data"
            )
        self.learner, self.data, self.plan = learner, data, plan
        self.folder, self.watch = folder, watch
        self.device = data.train.images.device
        self.progress = Progress()
        self.steps = plan.steps(len(data.train))
        self.epochs = plan.epochs * learner.stages
        self.identity = {
            "data": data.name,
            "images": len(data.train),
            "learner": learner.describe(),
            "plan": plan.describe(),
            "matmul_dtype": describe(learner.matmul_dtype),
        }
        if folder is not None:
            self.identity["content"] = _content(data)
        self.generator_state: Tensor | None = None

    def go(self, interrupted: Callable[[], int]) -> None:
        progress = self.progress
        stage = -1
        while progress.epoch < self.epochs:
            if progress.epoch // self.plan.epochs != stage:
                stage = progress.epoch // self.plan.epochs
                started = time.perf_counter()
                self.learner.begin(self.data.train, stage, self.plan.seed)
                progress.seconds += time.perf_counter() - started
            totals = self._epoch(stage, interrupted)
            progress.curve.append(self._entry(totals, stage))
            progress.epoch, progress.step, progress.totals = progress.epoch + 1, 0, None
            self.generator_state = None
            self._keep()

    def _epoch(self, stage: int, interrupted: Callable[[], int]) -> Tensor:
        """Run the rest of the epoch under way and return its summed statistics."""
        progress, plan = self.progress, self.plan
        generator = seeded(plan.seed, "steps", progress.epoch, device=self.device)
        if self.generator_state is not None:
            generator.set_state(self.generator_state)
        totals = None if progress.totals is None else torch.tensor(progress.totals).to(self.device)
        size, first_pass = len(self.data.train), progress.epoch * plan.passes
        order = chain.from_iterable(
            batches(size, plan.batch_size, plan.seed, first_pass + i, self.device)
            for i in range(plan.passes)
        )
        started = told = time.perf_counter()
        begun = progress.epoch - stage * plan.epochs
        for step, rows in enumerate(order):
            if step < progress.step:
                continue
            gain = plan.schedule((begun + step / self.steps) / plan.epochs)
            try:
                statistics = self.learner.step(rows, generator, gain)
            except DivergenceError as error:
                when = f"epoch {progress.epoch + 1}, step {step + 1}"
                raise DivergenceError(f"{error} ({when})") from None
            totals = _tally(statistics) if totals is None else totals + _tally(statistics)
            progress.step = step + 1
            self._check(totals)
            now = time.perf_counter()
            if self.watch is not None and now - told > 0.1:
                told = now
                progress.totals = totals.tolist()
                self.watch(progress, self.steps, self.epochs)
            if asked := interrupted():
                progress.totals = totals.tolist()
                progress.seconds += time.perf_counter() - started
                self._save(generator.get_state())
                raise Stopped(asked)
        assert totals is not None
        self._check(totals, last=True)
        progress.seconds += time.perf_counter() - started
        return totals

    def _check(self, totals: Tensor, last: bool = False) -> None:
        """Stop at the first loss that is not finite; a GPU is asked only once an epoch."""
        if self.device.type != "cpu" and not last:
            return
        losses = totals[0, :, 0]
        if not bool(losses.isfinite().all()):
            layer = int((~losses.isfinite()).nonzero()[0]) + 1
            asked = "by the end of" if last and self.device.type != "cpu" else "in"
            raise DivergenceError(
                f"the loss of layer {layer} is not finite {asked} epoch {self.progress.epoch + 1}, step "
                f"{self.progress.step}; lower the learning rate, or look for what is odd in the data"
            )

    def _entry(self, totals: Tensor, stage: int) -> dict[str, Any]:
        self.progress.totals = totals.tolist()
        layers = [dict(zip(STATISTICS, row, strict=True)) for row in self.progress.means()]
        done = self.progress.epoch + 1
        seconds = round(self.progress.seconds, 3)
        entry = {"epoch": done, "stage": stage, "seconds": seconds, "layers": layers}
        every = self.plan.look_every
        if every and (done % every == 0 or done == self.epochs):
            look = self._look(self.data.test)
            entry["validation"] = {**look.metrics, "layer_errors": look.layer_errors}
            if self.plan.look_back:
                entry["training"] = self._look(self.data.train).metrics
        return entry

    def _look(self, split: Split) -> Evaluation:
        return evaluate(self.learner.scores, split, self.data.classes)

    def _keep(self) -> None:
        self._save(None)
        if self.folder is not None:
            self._log(self.folder / "log.jsonl")
        if self.watch is not None:
            self.watch(self.progress, self.steps, self.epochs)

    def _log(self, path: Path) -> None:
        lines = [json.dumps(entry) + "\n" for entry in self.progress.curve]
        try:
            write_whole(path, "".join(lines).encode())
        except OSError as error:
            raise CheckpointError(
                f"cannot write {path}: {error.strerror or error}; the checkpoint beside it is saved"
            ) from None

    def _save(self, generator_state: Tensor | None) -> None:
        if (name := not_finite(self.learner.network.state_dict())) is not None:
            raise DivergenceError(
                f"{name} is not finite in epoch {self.progress.epoch}; lower the learning rate"
            )
        if self.folder is None:
            return
        tensors = learner_tensors(self.learner)
        if generator_state is not None:
            tensors["generator"] = generator_state
        manifest = {"identity": self.identity, "progress": asdict(self.progress)}
        write_folder(self.folder / "checkpoint", tensors, manifest)

    def restore(self) -> None:
        """Go back to the folder's checkpoint; without one, start at the beginning."""
        if self.folder is None or not any((self.folder / "checkpoint").glob("*")):
            return
        told_of = (self.folder / "checkpoint" / MANIFEST, self.folder / "log.jsonl")
        if not any(path.exists() for path in told_of):  # the first save of all was cut short
            return
        tensors, manifest = read_folder(self.folder / "checkpoint")
        kept = manifest.get("identity")
        if isinstance(kept, dict):  # which earlier versions kept for tables and pictures alone
            kept = {"content": self.identity["content"], **kept}
        difference = _difference(kept, self.identity)
        if difference:
            raise CheckpointError(
                f"{self.folder} holds another run: {difference}; "
                "resume with the same options, or choose another folder"
            )
        self.generator_state = tensors.pop("generator", None)
        restore_learner(self.learner, tensors)
        try:
            self.progress = Progress(**manifest["progress"])
            if not self.progress.fits(self.steps, self.epochs) or not manifest["progress"]:
                raise KeyError
        except (KeyError, TypeError):
            raise CheckpointError(
                f"{self.folder}/checkpoint is damaged: no progress in it"
            ) from None


def _tally(statistics: Tensor) -> Tensor:
    """Return `[2, layers, 4]`: the statistics, and 1 for each there is. NaN says there is none, but for a loss."""
    there = ~statistics.isnan()
    there[:, 0] = True
    return torch.stack([statistics.where(there, 0), there.to(statistics)])


def _content(data: Examples) -> str:
    """Return what tells changed data of the same name: of the file they were read from, or of the values themselves."""
    read = getattr(data, "source", None) or getattr(data, "file", None)
    return str(data.train.sha256() if read is None else read.sha256)[:12]


def _difference(old: Any, new: Any, where: str = "") -> str:
    """Return the first difference between two plain structures in words, or an empty string."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(k for k in old if k not in new)]:
            found = _difference(old.get(key), new.get(key), f"{where}.{key}".strip("."))
            if found:
                return found
        return ""
    if isinstance(new, tuple | list) and isinstance(old, tuple | list):
        if len(old) != len(new):
            return f"{where} were {len(old)} and are now {len(new)}"
        for i, (a, b) in enumerate(zip(old, new, strict=True)):
            found = _difference(a, b, f"{where}[{i}]")
            if found:
                return found
        return ""
    return "" if old == new else f"{where} was {old!r} and is now {new!r}"
