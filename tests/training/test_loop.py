"""The loop: what it asks of a learner, and that stopping and going on leaves no trace."""

import json
import math
import shutil
import signal
import threading
import time
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from forward_forward.baselines.backprop import Perceptron
from forward_forward.baselines.through_time import ThroughTime
from forward_forward.data import batches
from forward_forward.errors import CheckpointError, DivergenceError, FFError, Stopped, UsageError
from forward_forward.models import load_model, save_model
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.networks.wiring import with_skips
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.checkpoints import (
    learner_tensors,
    read_folder,
    read_manifest,
    write_folder,
)
from forward_forward.training.evaluation import Scores
from forward_forward.training.greedy import Greedy
from forward_forward.training.iterated import Iterated
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import constant, linear
from forward_forward.training.simultaneous import Simultaneous
from forward_forward.video import MovingImages
from toys import CLASSES, PIXELS, dataset, generator, network, simultaneous

BF16 = torch.bfloat16
PLAN = Plan(epochs=2, batch_size=8, seed=3)
RULES = (SmoothedGradient(0.02), SmoothedGradient(0.1))


def greedy(seed, cached, rule=None):
    net = network(seed, widths=(9, 8), head=False)
    return Greedy(net, random_wrong_label, rule or SmoothedGradient(0.02), cached=cached)


def backprop(seed, matmul_dtype=None, dropout=0.0):
    net = Perceptron(PIXELS, CLASSES, [9, 8], generator=generator(seed), dropout=dropout)
    return Backpropagation(net, Adam(rate=0.01, weight_decay=0.1), matmul_dtype)


VIDEO = MovingImages((1, 3, 4), size=5, frames=3, visible=0.5)


def recurrent(seed, video=None, **options):
    net = dense_recurrent(
        PIXELS if video is None else video.features,
        CLASSES,
        [6, 5],
        generator=generator(seed),
        peer=0.06,
        **options,
    )
    rule = SmoothedGradient(rate=0.02, weight_decay=0.002)
    return Iterated(net, hard_by_softmax, rule, rule, video=video)


def through_time(seed):
    net = ThroughTime(VIDEO.features, CLASSES, [6, 5], generator=generator(seed), video=VIDEO)
    return Backpropagation(net, Adam(rate=0.01))


LEARNERS = {
    "simultaneous, smoothed": simultaneous,
    "simultaneous, Adam": lambda seed: simultaneous(seed, Adam(rate=0.01, weight_decay=0.1)),
    "simultaneous, bf16": lambda seed: simultaneous(seed, matmul_dtype=BF16),
    "greedy, cached": lambda seed: greedy(seed, cached=True),
    "greedy, streamed": lambda seed: greedy(seed, cached=False, rule=Adam(rate=0.01)),
    "recurrent": recurrent,
    "recurrent, bf16": lambda seed: recurrent(seed, matmul_dtype=BF16),
    "recurrent, video": lambda seed: recurrent(seed, video=VIDEO),
    "through time": through_time,
    "backprop": backprop,
    "backprop, bf16": lambda seed: backprop(seed, BF16),
    "backprop, dropout": lambda seed: backprop(seed, dropout=0.3),
}
every_learner = pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)


def without_time(curve):
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in curve]


def outcome(learner, progress):
    return learner_tensors(learner), without_time(progress.curve)


def assert_same(found, expected):
    assert found[0].keys() == expected[0].keys()
    different = [name for name, value in expected[0].items() if not value.equal(found[0][name])]
    assert not different
    assert found[1] == expected[1]


def after(learner, step, action):
    """Have the learner do something right after its n-th step."""
    inner, count = learner.step, iter(range(1, 10_000))

    def counted(*arguments):
        result = inner(*arguments)
        if next(count) == step:
            action()
        return result

    learner.step = counted
    return learner


def interrupt():
    signal.raise_signal(signal.SIGINT)


class Crash(BaseException):
    """What a killed process does not get to catch."""


def crash():
    raise Crash


@every_learner
def test_interrupted_after_any_step_it_goes_on_to_the_same_bits(make, tmp_path):
    straight, data = make(0), dataset(16)
    expected = outcome(straight, train(straight, data, PLAN))
    for step in range(1, 4 * straight.stages + 1):
        folder = tmp_path / str(step)
        with pytest.raises(KeyboardInterrupt):
            train(after(make(0), step, interrupt), data, PLAN, folder=folder)
        again = make(1)  # whose own weights must leave no trace
        assert_same(outcome(again, train(again, data, PLAN, folder=folder, resume=True)), expected)


@every_learner
def test_killed_after_any_step_it_goes_on_from_the_last_epoch(make, tmp_path):
    straight, data = make(0), dataset(16)
    expected = outcome(straight, train(straight, data, PLAN))
    for step in range(1, 4 * straight.stages + 1):
        folder = tmp_path / str(step)
        with pytest.raises(Crash):
            train(after(make(0), step, crash), data, PLAN, folder=folder)
        again = make(0)  # before the first checkpoint the weights come from the seed
        assert_same(outcome(again, train(again, data, PLAN, folder=folder, resume=True)), expected)
        log = (folder / "log.jsonl").read_text().splitlines()
        assert without_time(map(json.loads, log)) == expected[1]


@pytest.mark.parametrize("logged", [False, True])
def test_a_first_save_that_was_cut_short_is_no_run_but_a_lost_manifest_is_told(logged, tmp_path):
    straight = simultaneous()
    expected = outcome(straight, train(straight, dataset(), PLAN, folder=tmp_path))
    (tmp_path / "checkpoint" / "manifest.json").unlink()
    if not logged:
        (tmp_path / "log.jsonl").unlink()
        again = simultaneous()
        progress = train(again, dataset(), PLAN, folder=tmp_path, resume=True)
        assert_same(outcome(again, progress), expected)
        assert len(list((tmp_path / "checkpoint").iterdir())) == 2
    else:
        with pytest.raises(CheckpointError, match=r"cannot read .*manifest\.json"):
            train(simultaneous(), dataset(), PLAN, folder=tmp_path, resume=True)


def test_interrupted_again_and_again(tmp_path):
    straight = simultaneous()
    expected = outcome(straight, train(straight, dataset(), PLAN))
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            train(
                after(simultaneous(), 1, interrupt), dataset(), PLAN, folder=tmp_path, resume=True
            )
    last = simultaneous()
    assert_same(outcome(last, train(last, dataset(), PLAN, folder=tmp_path, resume=True)), expected)


def test_several_passes_an_epoch_too(tmp_path):
    plan = replace(PLAN, passes=2)
    straight = simultaneous()
    expected = outcome(straight, train(straight, dataset(), plan))
    for step in (4, 6, 10):
        with pytest.raises(KeyboardInterrupt):
            train(
                after(simultaneous(), step, interrupt), dataset(), plan, folder=tmp_path / str(step)
            )
        again = simultaneous()
        progress = train(again, dataset(), plan, folder=tmp_path / str(step), resume=True)
        assert_same(outcome(again, progress), expected)


def test_a_finished_run_is_not_run_again(tmp_path):
    first = simultaneous()
    expected = outcome(first, train(first, dataset(), PLAN, folder=tmp_path))
    again = after(simultaneous(1), 1, crash)
    assert_same(
        outcome(again, train(again, dataset(), PLAN, folder=tmp_path, resume=True)), expected
    )


def test_without_a_checkpoint_resuming_starts_at_the_beginning(tmp_path):
    first, again = simultaneous(), simultaneous()
    expected = outcome(first, train(first, dataset(), PLAN))
    assert_same(
        outcome(again, train(again, dataset(), PLAN, folder=tmp_path, resume=True)), expected
    )


@every_learner
def test_the_same_seed_the_same_bits(make):
    before = torch.get_rng_state()
    runs = []
    for seed, plan in ((0, PLAN), (0, PLAN), (1, PLAN), (0, replace(PLAN, seed=4))):
        learner = make(seed)
        runs.append(outcome(learner, train(learner, dataset(), plan)))
    assert torch.get_rng_state().equal(before)
    assert_same(runs[0], runs[1])
    for other in runs[2:]:
        assert other[1] != runs[0][1]


def test_a_second_interrupt_stops_at_once(tmp_path):
    def twice():
        interrupt()
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        train(after(simultaneous(), 5, twice), dataset(), PLAN, folder=tmp_path)
    assert read_manifest(tmp_path / "checkpoint")["progress"]["step"] == 0


def test_an_interrupt_during_the_last_look_is_heard(tmp_path):
    learner = simultaneous()
    scores = learner.scores
    learner.scores = lambda images: (interrupt(), scores(images))[1]
    with pytest.raises(KeyboardInterrupt):
        train(learner, dataset(name="toy/validation"), replace(PLAN, look_every=2), folder=tmp_path)
    assert read_manifest(tmp_path / "checkpoint")["progress"]["epoch"] == 2


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_every_request_to_end_saves_and_works_as_before_afterwards(name, tmp_path):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    train(simultaneous(), dataset(), PLAN)
    assert signal.getsignal(number) is before
    stopped = after(simultaneous(), 3, lambda: signal.raise_signal(number))
    with pytest.raises(Stopped) as told:
        train(stopped, dataset(), PLAN, folder=tmp_path)
    assert told.value.signum == number
    assert signal.getsignal(number) is before
    progress = read_manifest(tmp_path / "checkpoint")["progress"]
    assert progress["epoch"] * 3 + progress["step"] == 3


def test_a_net_for_another_number_of_classes_is_told():
    data = replace(dataset(), classes=CLASSES + 1, class_names=tuple("abcd"))
    with pytest.raises(UsageError, match="the net knows 3 classes, toy has 4"):
        train(simultaneous(), data, PLAN)


def test_it_runs_in_a_thread():
    done = []
    thread = threading.Thread(target=lambda: done.append(train(simultaneous(), dataset(), PLAN)))
    thread.start()
    thread.join()
    assert done[0].epoch == 2


def test_time_is_not_lost_by_an_interrupt(tmp_path):
    def doze():
        time.sleep(0.05)
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        train(after(simultaneous(), 2, doze), dataset(), PLAN, folder=tmp_path)
    assert read_manifest(tmp_path / "checkpoint")["progress"]["seconds"] >= 0.05


def changed(data):
    """As many images under the same name, with other values."""
    return replace(data, train=replace(data.train, images=1 - data.train.images))


OTHERS = {
    "rate": lambda: (simultaneous(rule=SmoothedGradient(0.5, 0.002)), dataset(), PLAN),
    "part": lambda: (simultaneous(rule=Adam(0.02, 0.002)), dataset(), PLAN),
    "units": lambda: (simultaneous(widths=(9, 8, 6)), dataset(), PLAN),
    "peer": lambda: (simultaneous(peer=0.1), dataset(), PLAN),
    "read_from": lambda: (simultaneous(read_from=0), dataset(), PLAN),
    "method": lambda: (greedy(0, cached=False), dataset(), PLAN),
    "seed": lambda: (simultaneous(), dataset(), replace(PLAN, seed=4)),
    "epochs": lambda: (simultaneous(), dataset(), replace(PLAN, epochs=3)),
    "batch_size": lambda: (simultaneous(), dataset(), replace(PLAN, batch_size=6)),
    "passes": lambda: (simultaneous(), dataset(), replace(PLAN, passes=2)),
    "schedule": lambda: (simultaneous(), dataset(), replace(PLAN, schedule=constant)),
    "data": lambda: (simultaneous(), dataset(name="other"), PLAN),
    "data|images": lambda: (simultaneous(), dataset(count=32), PLAN),
    "dtype": lambda: (simultaneous(matmul_dtype=BF16), dataset(), PLAN),
    "content": lambda: (simultaneous(), changed(dataset()), PLAN),
}


@pytest.mark.parametrize(("word", "other"), OTHERS.items(), ids=OTHERS)
def test_another_configuration_does_not_resume(word, other, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(after(simultaneous(), 4, interrupt), dataset(), PLAN, folder=tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(CheckpointError, match=word):
        learner, data, plan = other()
        train(learner, data, plan, folder=tmp_path, resume=True)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_checkpoint_that_knows_no_content_resumes(tmp_path):
    """Earlier versions kept none of a data set that has a name."""
    with pytest.raises(KeyboardInterrupt):
        train(after(simultaneous(), 4, interrupt), dataset(), PLAN, folder=tmp_path)
    tensors, manifest = read_folder(tmp_path / "checkpoint")
    kept = {name: manifest[name] for name in ("identity", "progress")}
    del kept["identity"]["content"]
    write_folder(tmp_path / "checkpoint", tensors, kept)
    assert train(simultaneous(), dataset(), PLAN, folder=tmp_path, resume=True).epoch == 2


@pytest.mark.parametrize(
    "progress",
    [
        None,
        3,
        {},
        {"epoch": "2"},
        {"epoch": 1, "colour": 2},
        {"epoch": -1},
        {"epoch": 1, "step": 99},
    ],
)
def test_progress_that_cannot_be(progress, tmp_path):
    """Written by another hand, checksum and all: still a typed error."""
    train(simultaneous(), dataset(), PLAN, folder=tmp_path)
    tensors, manifest = read_folder(tmp_path / "checkpoint")
    kept = {"identity": manifest["identity"], "progress": progress}
    write_folder(tmp_path / "checkpoint", tensors, kept)
    with pytest.raises(CheckpointError, match="progress|damaged"):
        train(simultaneous(), dataset(), PLAN, folder=tmp_path, resume=True)


ROW = [0.5, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "odd",
    [
        *({"epoch": value} for value in (1.0, True, None)),
        *({"curve": value} for value in (None, 3, {}, [], [1], [{}], [{"epoch": 1}])),
        *({"seconds": value} for value in (None, "x", -1, math.nan, math.inf, [])),
        *({"totals": value} for value in (3, "x", [], {}, [[], []], [[ROW], [ROW[:3]]])),
        *({"totals": value} for value in ([[ROW]], [[ROW], [["x"] * 4]], [[ROW], [[10**400] * 4]])),
    ],
    ids=lambda odd: str(odd)[:30],
)
def test_progress_with_an_odd_part(odd, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(after(simultaneous(), 5, interrupt), dataset(), PLAN, folder=tmp_path)
    tensors, manifest = read_folder(tmp_path / "checkpoint")
    assert manifest["progress"]["epoch"] == 1
    kept = {name: manifest[name] for name in ("identity", "progress")}
    kept["progress"] |= odd
    write_folder(tmp_path / "checkpoint", tensors, kept)
    with pytest.raises(CheckpointError, match="no progress in it"):
        train(simultaneous(), dataset(), PLAN, folder=tmp_path, resume=True)


@pytest.mark.parametrize("make", [simultaneous, lambda: greedy(0, False), lambda: backprop(0)])
def test_data_that_is_not_finite_stops_it_within_a_step(make, tmp_path):
    learner, data = make(), dataset()
    train(learner, data, replace(PLAN, epochs=1), folder=tmp_path)
    good = read_folder(tmp_path / "checkpoint")[0]
    data.train.images[:] = math.nan
    count = []
    inner = learner.step
    learner.step = lambda *arguments: (count.append(1), inner(*arguments))[1]
    with pytest.raises(DivergenceError, match=r"layer 1 .* epoch 1, step 1"):
        train(learner, data, replace(PLAN, epochs=1), folder=tmp_path)
    assert len(count) == 1
    kept = read_folder(tmp_path / "checkpoint")[0]
    assert all(value.equal(kept[name]) for name, value in good.items())


def test_one_bad_image_among_many_is_enough():
    data = dataset()
    data.train.images[7, 5] = math.inf
    with pytest.raises(DivergenceError, match="not finite"):
        train(simultaneous(), data, PLAN)


def test_a_recurrent_net_that_blows_up_is_told_when_and_where():
    data = dataset()
    data.train.images[7, 5] = math.nan
    with pytest.raises(
        DivergenceError, match=r"layer 1 .* iteration 1 on frame 1.*\(epoch 1, step \d"
    ):
        train(recurrent(0), data, PLAN)


def test_another_wiring_is_named_before_what_follows_from_it(tmp_path):
    plan = replace(PLAN, epochs=1)
    train(recurrent(0), dataset(), plan, folder=tmp_path)
    with pytest.raises(CheckpointError, match="wiring") as caught:
        train(recurrent(0, wiring=with_skips(2)), dataset(), plan, folder=tmp_path, resume=True)
    assert len(str(caught.value)) < 300


def test_weights_that_blow_up_are_never_saved(tmp_path):
    """An epoch of one step: its loss is that of the weights before, so the weights themselves must be looked at."""
    rule = SmoothedGradient(rate=3e38, weight_decay=1e6)
    with pytest.raises(DivergenceError):
        train(
            simultaneous(rule=rule, peer=0.0),
            dataset(8),
            Plan(epochs=1, batch_size=8),
            folder=tmp_path,
        )
    assert not (tmp_path / "checkpoint").exists()


def test_a_softmax_that_blows_up_is_noticed():
    learner = simultaneous()
    learner.head_optimizer.param_groups[0]["rate"] = 3e38
    with pytest.raises(DivergenceError):
        train(learner, dataset(), PLAN)


def test_a_log_that_cannot_be_written_costs_no_checkpoint(tmp_path):
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises((FFError, OSError), match="log.jsonl"):
        train(simultaneous(), dataset(), PLAN, folder=tmp_path)
    assert read_manifest(tmp_path / "checkpoint")["progress"]["epoch"] == 1


@dataclass
class Recorder:
    """A learner that learns nothing and writes down what it is asked."""

    stages: int = 1

    def __post_init__(self):
        self.network = nn.Linear(1, 1)
        self.matmul_dtype = None
        self.optimizers = []
        self.memory = {}
        self.begun, self.rows, self.gains, self.drawn = [], [], [], []

    def begin(self, split, stage, seed):
        self.begun.append((len(split), stage, seed))

    def step(self, rows, generator, gain):
        self.rows.append(rows)
        self.gains.append(gain)
        self.drawn.append(torch.rand(1, generator=generator).item())
        return torch.tensor([[len(self.gains), 0.5, math.nan, 2.0]])

    def scores(self, images):
        return Scores({"softmax": torch.eye(CLASSES)[[0] * len(images)]})

    def describe(self):
        return {"method": "recorder"}


def test_every_image_once_an_epoch_in_the_order_of_the_seed():
    learner = Recorder(stages=2)
    train(learner, dataset(26), Plan(epochs=3, batch_size=8, seed=5))
    assert learner.begun == [(26, 0, 5), (26, 1, 5)]
    expected = [rows for epoch in range(6) for rows in batches(26, 8, 5, epoch)]
    assert len(learner.rows) == 18  # two images are left over each time
    assert all(a.equal(b) for a, b in zip(learner.rows, expected, strict=True))
    assert len(set(learner.drawn)) == 18


def test_a_batch_larger_than_the_set_is_the_set():
    learner = Recorder()
    train(learner, dataset(6), Plan(epochs=1, batch_size=100))
    assert [sorted(rows.tolist()) for rows in learner.rows] == [list(range(6))]


@pytest.mark.parametrize("schedule", [linear, constant])
def test_the_schedule_runs_once_a_stage(schedule):
    learner = Recorder(stages=2)
    train(learner, dataset(), Plan(epochs=2, batch_size=8, schedule=schedule))
    assert learner.gains == pytest.approx(2 * [schedule(i / 6) for i in range(6)])


def test_curves_are_means_over_the_epoch(tmp_path):
    progress = train(Recorder(), dataset(), PLAN, folder=tmp_path)
    means = [entry["layers"][0] for entry in progress.curve]
    assert [m["loss"] for m in means] == [2.0, 5.0]
    assert means[0] == {"loss": 2.0, "accuracy": 0.5, "goodness_pos": None, "goodness_neg": 2.0}
    assert [entry["epoch"] for entry in progress.curve] == [1, 2]
    log = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in log] == progress.curve


@pytest.mark.parametrize(
    ("every", "looked"), [(0, []), (1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])]
)
def test_looks_are_taken_when_the_plan_says_so(every, looked):
    plan = Plan(epochs=5, batch_size=24, look_every=every)
    progress = train(Recorder(), dataset(name="toy/validation"), plan)
    assert [entry["epoch"] for entry in progress.curve if "validation" in entry] == looked
    for entry in progress.curve:
        if "validation" in entry:
            wrong = (dataset().test.labels != 0).double().mean().item()
            assert entry["validation"]["softmax_error"] == pytest.approx(100 * wrong, abs=1e-5)


def test_the_held_out_split_is_not_touched_unasked():
    learner, data = simultaneous(), dataset()
    data.test.images[:] = math.nan
    data.test.labels[:] = 99
    assert train(learner, data, PLAN).epoch == 2


def test_the_watcher_is_told_of_every_epoch():
    told = []
    train(
        Recorder(), dataset(), PLAN,
        watch=lambda progress, steps, epochs: told.append((progress.epoch, steps, epochs)),
    )  # fmt: skip
    assert told[-1] == (2, 3, 2)
    assert {epoch for epoch, _, _ in told} >= {1, 2}


def test_nothing_is_kept_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(Recorder(), dataset(), PLAN)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [{"epochs": 0}, {"epochs": -1}, {"epochs": 1, "batch_size": 0}, {"epochs": 1, "passes": 0},
     {"epochs": 1, "look_every": -1}, {"epochs": 1, "batch_size": -5}, {"epochs": math.nan},
     {"epochs": 1.5}, {"epochs": 1, "batch_size": 2.5}, {"epochs": "2"}],
)  # fmt: skip
def test_plans_that_make_no_sense_are_refused(options):
    with pytest.raises(UsageError, match="above 0"):
        Plan(**options)


def test_a_plan_is_plain_json():
    described = Plan(epochs=2, schedule=linear).describe()
    assert json.loads(json.dumps(described)) == described
    assert described["schedule"] == "linear"


def test_a_run_copied_elsewhere_resumes_there(tmp_path):
    straight = simultaneous()
    expected = outcome(straight, train(straight, dataset(), PLAN))
    with pytest.raises(KeyboardInterrupt):
        train(after(simultaneous(), 4, interrupt), dataset(), PLAN, folder=tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    again = simultaneous()
    progress = train(again, dataset(), PLAN, folder=tmp_path / "there", resume=True)
    assert_same(outcome(again, progress), expected)


def test_a_signal_is_not_forgotten_when_a_watch_ends_the_run():
    def stop(progress, steps, epochs):
        if progress.epoch == 1 and progress.step == 0:
            signal.raise_signal(signal.SIGTERM)
            raise ValueError("enough")

    with pytest.raises(Stopped) as told:
        train(simultaneous(), dataset(), Plan(epochs=3, batch_size=8), watch=stop)
    assert told.value.signum == signal.SIGTERM


@pytest.mark.parametrize(
    "make",
    [
        lambda: Simultaneous(recurrent(0).network, random_wrong_label, *RULES),
        lambda: Greedy(recurrent(0, head=False).network, random_wrong_label, RULES[0]),
        lambda: Iterated(network(), random_wrong_label, *RULES),
    ],
    ids=["simultaneous", "greedy", "iterated"],
)
def test_a_net_of_another_kind_is_told_which_way_to_learn(make):
    with pytest.raises(
        UsageError, match="FeedForward learns by Simultaneous or Greedy, a Recurrent"
    ):
        make()


def test_a_folder_may_be_text_and_images_may_hang_on_a_graph(tmp_path):
    data = dataset()
    data.train.images.requires_grad_()
    train(simultaneous(), data, PLAN, folder=str(tmp_path))
    save_model(str(tmp_path / "model"), simultaneous().network, data, {})
    assert read_manifest(tmp_path / "checkpoint")["progress"]["epoch"] == 2
    assert load_model(tmp_path).data == "toy"
