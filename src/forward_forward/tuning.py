"""A search for settings: optuna proposes, a net learns, held-out data judge it after every epoch; what lags is stopped.

The test split is never seen: a search takes a data set whose `test` is held out of the training split, and no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forward_forward.composition import Settings, forward_forward, plan_for
from forward_forward.data import Dataset
from forward_forward.errors import DivergenceError, FFError, UsageError
from forward_forward.journal import check_optuna, opened
from forward_forward.losses import SiLU
from forward_forward.randomness import seed_for
from forward_forward.training.checkpoints import alone_in
from forward_forward.training.loop import train
from forward_forward.training.plan import Progress, Watch

DEPTHS = (2, 3, 4)

Params = Mapping[str, Any]
"""What a trial chose, by name."""

Watcher = Callable[[int, int], Watch | None]
"""(trial, of how many) → what the loop is to tell of its progress."""


@dataclass(frozen=True)
class Outcome:
    """What came of one trial.

    Arguments:
        number: of the trial, counted from 1.
        settings: what it chose.
        state: "finished", "stopped" because it lagged, or "diverged".
        error: on held-out data after the last epoch, in percent; None where it did not come to its end.
    """

    number: int
    settings: Settings
    state: str
    error: float | None


def search(
    base: Settings,
    data: Dataset,
    folder: Path,
    *,
    trials: int = 20,
    resume: bool = False,
    watcher: Watcher = lambda trial, trials: None,
    tell: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Try settings until so many trials are done, and return what came of each, in their order.

    The first trial is our best method as it is, so what a search finds is never worse. A search that was stopped and
    resumed goes the same way as one that was not: each trial is drawn from the seed, its number and the trials before.

    Arguments:
        base: epochs, batch size, dtype and seed of every trial.
        data: with a held-out part, `data.for_validation()`.
        folder: keeps the journal of the search.
        trials: how many there are to be, those before a stop included.
        resume: go on with the search in the folder.
        watcher: returns what the loop is to tell of a trial.
        tell: told of every trial that is done.

    Raises:
        UsageError: the data are not held out, there is a search already, or optuna is missing.
        CheckpointError: the folder cannot be written, or another search is at work in it, or it holds a search of
            another kind, or a damaged one.
        KeyboardInterrupt: on Ctrl-C; the trial under way is lost, those before are kept.
    """
    if not data.held_out:
        raise UsageError(
            f"a search judges on held-out images, and {data.name}'s test split is none; give it data.for_validation()"
        )
    if trials < 1:
        raise UsageError(f"{trials} trials: at least 1")
    check_optuna()
    with alone_in(folder):
        study = opened(folder, identity(base, data), resume)
        while (done := len(outcomes(study, base))) < trials:
            tell(_tried(study, done, base, data, watcher(done, trials)))
    return outcomes(study, base)


def best_of(found: list[Outcome]) -> Outcome:
    """Return the trial with the least error on held-out data, the first of several.

    Raises:
        FFError: none came to its end.
    """
    finished = [outcome for outcome in found if outcome.error is not None]
    if not finished:
        raise FFError(
            f"none of {len(found)} trials came to its end, as their losses were not finite; look for what is odd in "
            "the data"
        )
    return min(finished, key=lambda outcome: outcome.error or 0.0)


def options(settings: Settings) -> list[str]:
    """Return settings that a search has found as options of `ff train`.

    Example:
        >>> options(Settings(widths=(30, 20), rate=0.003, loss=SiLU(alpha=4.0), peer=0.1, epochs=5))
        ['--widths', '30,20', '--epochs', '5', '--rate', '0.003', '--alpha', '4', '--peer', '0.1']
    """
    assert settings.loss is None or isinstance(settings.loss, SiLU)
    values = {
        "--widths": ",".join(map(str, settings.widths or ())),
        "--epochs": settings.epochs,
        "--batch-size": settings.batch_size,
        "--rate": settings.rate,
        "--alpha": settings.loss.alpha if settings.loss is not None else None,
        "--peer": settings.peer,
        "--strength": settings.strength,
        "--weight-decay": settings.weight_decay,
        "--adversary": settings.adversary,
        "--seed": settings.seed or None,
    }
    known = {name: value for name, value in values.items() if value not in (None, "")}
    return [
        word
        for name, value in known.items()
        for word in (name, f"{value:g}" if isinstance(value, float) else str(value))
    ]


def identity(base: Settings, data: Dataset) -> dict[str, Any]:
    """Return what a search that is resumed must have in common with the one before, as plain JSON."""
    plan = plan_for(base, data)
    return {
        "data": data.name,
        "data_sha256": data.train.sha256(),
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "seed": base.seed,
        "dtype": str(base.matmul_dtype),
        "space": known_best(data),
    }


def known_best(data: Dataset) -> dict[str, Any]:
    """Return what the first trial chooses: what a learner is made of where no setting says otherwise."""
    best = forward_forward(Settings(), data)[0].describe()
    layers, rule = best["network"]["layers"], best["rule"]
    return {
        "layers": len(layers),
        "units": layers[0]["units"],
        "rate": rule["rate"],
        "alpha": layers[0]["loss"]["alpha"],
        "peer": layers[0]["peer"],
        "strength": layers[0]["strength"],
        "weight_decay": rule["weight_decay"],
        "adversary": best["adversary"]["size"] if "adversary" in best else 0.0,
    }


def proposed(trial: Any, usual: Params) -> dict[str, Any]:
    """Return what a trial chooses, around what is usual; its numbers have three digits, as they are typed."""
    units, rate = usual["units"], usual["rate"]
    choices = {
        "layers": trial.suggest_categorical("layers", DEPTHS),
        "units": trial.suggest_categorical("units", (units // 4, units // 2, units, units * 2)),
        "rate": trial.suggest_float("rate", rate / 10, rate * 10, log=True),
        "alpha": trial.suggest_float("alpha", 1.0, 20.0, log=True),
        "peer": trial.suggest_float("peer", 0.0, 0.2),
        "strength": trial.suggest_float("strength", 0.3, 5.0, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 2e-2, log=True),
        "adversary": trial.suggest_float("adversary", 0.0, 0.15),
    }
    return {name: _rounded(value) for name, value in choices.items()}


def settings_of(params: Params, base: Settings) -> Settings:
    """Return the settings that a trial chose."""
    plain = {name: _rounded(value) for name, value in params.items()}
    widths = (plain.pop("units"),) * plain.pop("layers")
    return replace(
        base, widths=widths, loss=SiLU(alpha=plain.pop("alpha")), baseline=False, **plain
    )


def outcomes(study: Any, base: Settings) -> list[Outcome]:
    """Return what came of each trial that is done, in their order; those that were interrupted are not."""
    return [
        _outcome(number, trial, base)
        for number, trial in enumerate((t for t in study.trials if _is_done(t)), start=1)
    ]


def _tried(study: Any, done: int, base: Settings, data: Dataset, tell: Watch | None) -> Outcome:
    """Run the next trial, and keep what came of it."""
    import optuna

    study.sampler = optuna.samplers.TPESampler(seed=seed_for(base.seed, "tune", done) % 2**32)
    usual = known_best(data)
    if not done:
        study.enqueue_trial(usual)
    trial = study.ask()
    lost, stopped = optuna.trial.TrialState.FAIL, optuna.trial.TrialState.PRUNED
    try:
        settings = settings_of(proposed(trial, usual), base)
        study.tell(trial, _learned(settings, data, trial, tell))
    except optuna.TrialPruned:
        study.tell(trial, state=stopped)
    except DivergenceError as error:
        trial.set_user_attr("diverged", str(error))
        study.tell(trial, state=stopped)
    except BaseException:
        study.tell(trial, state=lost)
        raise
    return _outcome(done + 1, study.trials[trial.number], base)


def _learned(settings: Settings, data: Dataset, trial: Any, tell: Watch | None) -> float:
    """Return the error on held-out data after the last epoch; a trial that lags is stopped before."""
    import optuna

    def watch(progress: Progress, steps: int, epochs: int) -> None:
        if tell is not None:
            tell(progress, steps, epochs)
        if progress.step == 0 and 0 < progress.epoch < epochs:
            trial.report(_error(progress), progress.epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

    learner, plan = forward_forward(settings, data)
    return _error(train(learner, data, plan, watch=watch))


def _error(progress: Progress) -> float:
    """Return the error of the main readout at the last look."""
    look = progress.curve[-1]["validation"]
    return float(next(value for name, value in look.items() if name.endswith("_error")))


def _is_done(trial: Any) -> bool:
    return trial.state.name in ("COMPLETE", "PRUNED")


def _outcome(number: int, trial: Any, base: Settings) -> Outcome:
    state = "finished" if trial.state.name == "COMPLETE" else "stopped"
    if "diverged" in trial.user_attrs:
        state = "diverged"
    error = trial.value if state == "finished" else None
    return Outcome(number, settings_of(trial.params, base), state, error)


def _rounded(value: Any) -> Any:
    """Return a number of three digits, as short as it is typed."""
    return float(f"{value:.3g}") if isinstance(value, float) else value
