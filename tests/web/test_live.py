"""A run that is watched: it streams, obeys while it learns, ends when asked, and can be used and saved."""

import asyncio
import http.client
import json
import time

import pytest
import torch

from forward_forward.composition import forward_forward
from forward_forward.errors import DataError
from forward_forward.models import load_model
from forward_forward.plain_json import finite
from forward_forward.training.loop import train
from forward_forward.web import live as live_module
from forward_forward.web.choices import Wish, settings_of
from forward_forward.web.events import Reader, stream
from forward_forward.web.live import LiveRun
from page import WISH, below


def wished(**changed) -> Wish:
    return Wish(**{k: v for k, v in (WISH | {"seed": 0} | changed).items() if k != "pace"})


def until(condition, seconds=60):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.005)


@pytest.fixture
def run(digits):
    """A function that starts a run on digits; what it started is stopped at the end."""
    made = []

    def begun(pace=0.0, **changed):
        made.append(LiveRun(wished(**changed), lambda name: digits, pace))
        made[-1].start()
        return made[-1]

    yield begun
    for each in made:
        each.stop()
        assert not each.thread.is_alive()


def test_a_run_that_is_left_alone_learns_as_ff_train_does(run, digits):
    watched = run()
    until(lambda: watched.ended)
    assert (watched.told.state, watched.told.why) == ("done", "")
    data = digits.for_validation()
    learner, plan = forward_forward(settings_of(wished()), data)
    progress = train(learner, data, plan)
    copy, _ = watched.copied()
    for name, value in learner.network.state_dict().items():
        assert torch.equal(copy.network.state_dict()[name], value), name
    errors = [entry["validation"]["goodness_error"] for entry in progress.curve]
    assert [judged[1] for judged in watched.told.judged] == errors


def test_what_it_tells(run):
    watched = run(epochs=3)
    until(lambda: watched.ended)
    told = watched.told
    assert told.points[-1][0] == pytest.approx(3, abs=0.2)
    assert 0 < len(told.points) <= 3 * 24
    assert all(len(layers) == 2 and len(layers[0]) == 4 for _, layers in told.points)
    assert [judged[0] for judged in told.judged] == [1, 2, 3]
    assert told.seen["units"]["shape"] == [20, 64]
    spread = told.seen["spread"]
    assert len(spread) == 2
    for layer in spread:
        assert sum(layer["positive"]) == sum(layer["negative"]) == 240
        assert layer["low"] < layer["high"]
        assert layer["means"][0] > layer["means"][1]


def test_curves_stay_short(run, monkeypatch):
    monkeypatch.setattr(live_module, "POINTS", 20)
    watched = run(epochs=3, widths=[4])
    until(lambda: watched.ended)
    steps = 3 * (len(watched.data.train) // 50)
    assert len(watched.told.points) == steps // (steps // 20)


def test_rate_and_negatives_change_while_it_learns(run, monkeypatch):
    watched = run(epochs=200, pace=0.2)
    until(lambda: watched.told.points)
    learner = watched.learner
    watched.change(rate=0.02, negatives="random")
    until(lambda: learner.negatives.__name__ == "random_wrong_label")
    until(lambda: learner.layer_optimizers[1].param_groups[0]["lr"] == 0.02)
    assert len(watched.told.changed) == 1
    watched.change(pace=0.0)
    assert len(watched.told.changed) == 1  # a pace changes nothing that is learned


def test_a_rate_of_almost_nothing_stops_the_learning(run):
    watched = run(epochs=200, pace=0.1)
    until(lambda: watched.told.points)
    watched.change(rate=1e-30)
    time.sleep(0.1)
    before = watched.copied()[0].network.state_dict()
    taken = len(watched.told.points)
    until(lambda: len(watched.told.points) > taken + 3)
    after = watched.copied()[0].network.state_dict()
    assert all(
        torch.equal(before[name], after[name])
        for name in before
        if name.endswith("weight") and name.startswith("layers")
    )


def test_pause_go_on_and_stop(run):
    watched = run(epochs=500, pace=0.05)
    until(lambda: watched.told.points)
    watched.change(paused=True)
    until(lambda: watched.told.state == "paused")
    stood = len(watched.told.points)
    time.sleep(0.15)
    assert len(watched.told.points) == stood
    watched.change(paused=False)
    until(lambda: len(watched.told.points) > stood)
    watched.change(paused=True)
    started = time.monotonic()
    watched.stop()
    assert watched.told.state == "stopped"
    assert time.monotonic() - started < 5


def test_a_pace_of_a_minute_does_not_delay_a_stop(run):
    watched = run(pace=60.0)
    until(lambda: watched.told.state == "running")
    watched.stop(5)
    assert watched.told.state == "stopped"


def test_what_goes_wrong_is_told(run, digits, monkeypatch, caplog):
    def missing(name):
        raise DataError("mnist is not on this machine")

    lost = LiveRun(wished(), missing)
    lost.start()
    until(lambda: lost.ended)
    assert (lost.told.state, lost.told.why) == ("failed", "mnist is not on this machine")

    def broken(*_, **__):
        raise RuntimeError("/home/somebody")

    monkeypatch.setattr(live_module, "train", broken)
    failed = run()
    until(lambda: failed.ended)
    assert failed.told.why == "something failed on the server; its terminal says what"
    assert "/home/somebody" in caplog.text


class TestOverHTTP:
    def start(self, client, studio, **changed):
        answer = client.post("/api/run/start", json=WISH | changed)
        assert answer.status_code == 200, answer.text
        return studio.current()

    def test_one_run_at_a_time_and_then_another(self, client, studio):
        first = self.start(client, studio, epochs=500, pace=1)
        answer = client.post("/api/run/start", json=WISH)
        assert answer.status_code == 400
        assert answer.json()["error"] == "a run is under way; stop it before another is started"
        assert studio.run is first and not first.ended
        assert client.post("/api/run/stop", json={}).json() == {"state": "stopped"}
        assert self.start(client, studio) is not first

    def test_changes(self, client, studio):
        run = self.start(client, studio, epochs=500, pace=0.1)
        until(lambda: run.told.points)
        for body in ({"rate": 0.01}, {"negatives": "random"}, {"pace": 0.0}, {"paused": True}):
            assert client.post("/api/run/change", json=body).status_code == 200
        until(lambda: run.told.state == "paused")
        assert (run.wishes.rate, run.wishes.negatives, run.wishes.pace) == (0.01, "random", 0.0)
        for body in (
            {"negatives": "soft"},
            {"rate": 0},
            {"rate": "NaN"},
            {"widths": [3]},
            {"stopped": True},
        ):
            assert client.post("/api/run/change", json=body).status_code in (400, 422)
        assert run.wishes.negatives == "random"

    def test_the_trained_net_is_used_and_saved(self, client, studio, digits, tmp_path):
        run = self.start(client, studio, epochs=6)
        until(lambda: run.ended)
        used = client.post("/api/run/use", json={}).json()
        assert used["units"] == [20, 10] and used["held_out"]
        assert set(client.get("/api/models").json()) == {"given", "trained"}
        assert len(client.get("/api/samples/trained").json()) == 30
        for name, folder in [
            ("mine", "runs/mine"),
            ("mine", "runs/mine-2"),
            ("A-1_b", "runs/A-1_b"),
        ]:
            assert client.post("/api/run/save", json={"name": name}).json() == {"folder": folder}
            loaded = load_model(tmp_path / folder)
            image = digits.test.images[:50]
            ours, theirs = (
                m.scores(image).readouts["goodness"] for m in (loaded, studio.models["trained"])
            )
            assert torch.equal(ours, theirs)
        assert loaded.data == "digits/validation"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "a b",
            "-x",
            "_x",
            "x" * 41,
            "é",
            "a\0",
            "a\n",
            "<b>",
            "a.b",
            7,
        ],
    )
    def test_names_that_are_none(self, client, studio, tmp_path, name):
        run = self.start(client, studio, epochs=1, widths=[4])
        until(lambda: run.ended)
        answer = client.post("/api/run/save", json={"name": name})
        assert answer.status_code == 422
        assert "runs" not in below(tmp_path)

    def test_what_cannot_be_written_is_told_in_one_line(self, client, studio):
        client.post("/api/run/start", json=WISH)
        until(lambda: studio.run.ended)
        studio.runs.write_text("a file where the folder should be")
        answer = client.post("/api/run/save", json={"name": "mine"})
        assert (answer.status_code, "cannot write to" in answer.json()["error"]) == (400, True)
        assert studio.runs.is_file()

    def test_a_link_is_no_place_to_save_to(self, client, studio, tmp_path):
        run = self.start(client, studio, epochs=1, widths=[4])
        until(lambda: run.ended)
        outside = tmp_path / "outside"
        outside.mkdir()
        (tmp_path / "runs").mkdir()
        (tmp_path / "runs" / "mine").symlink_to(outside)
        assert client.post("/api/run/save", json={"name": "mine"}).json() == {
            "folder": "runs/mine-2"
        }
        assert not list(outside.iterdir())

    def test_a_net_that_learns_can_be_used_before_it_is_done(self, client, studio):
        run = self.start(client, studio, epochs=500, pace=0.1)
        until(lambda: run.told.points)
        assert client.post("/api/run/use", json={}).status_code == 200
        assert not run.ended


class TestEvents:
    async def collected(self, studio, until_state, from_start=None):
        """Return what a listener hears up to a state, merged as the page does."""
        heard = {"points": [], "judged": [], "changed": [], "states": []}
        async for line in stream(studio):
            assert line.endswith("\n\n")
            if line.startswith(":"):
                continue
            news = json.loads(line.removeprefix("data: "))
            for name in ("points", "judged", "changed"):
                heard[name] += news.get(name, [])
            heard |= {k: news[k] for k in ("units", "spread", "wish", "epochs") if k in news}
            if "state" in news:
                heard["states"].append(news["state"])
            if news.get("state") == until_state:
                return heard

    def test_two_listeners_hear_all_of_it_and_a_late_one_too(self, studio, client):
        client.post("/api/run/start", json=WISH | {"epochs": 3, "pace": 0.1})

        async def both():
            return await asyncio.gather(*(self.collected(studio, "done") for _ in range(2)))

        first, second = asyncio.run(both())
        late = asyncio.run(self.collected(studio, "done"))
        assert (
            first["points"] == second["points"] == late["points"] == finite(studio.run.told.points)
        )
        assert len(first["judged"]) == 3
        assert "units" in late and len(late["spread"]) == 2
        assert late["wish"]["widths"] == [20, 10]

    def test_without_a_run_it_says_so_and_then_hears_of_one(self, studio, client):
        async def first_words():
            heard = []
            async for line in stream(studio):
                heard.append(json.loads(line.removeprefix("data: ")))
                if len(heard) == 1:
                    client.post("/api/run/start", json=WISH)
                if "begins" in heard[-1]:
                    return heard

        heard = asyncio.run(first_words())
        assert heard[0] == {"state": "none", "why": ""}
        assert heard[-1]["epochs"] == 2

    def test_it_ends_when_the_server_does(self, studio):
        async def listened():
            return [line async for line in stream(studio)]

        studio.closing.set()
        assert asyncio.run(listened()) == []

    def test_numbers_that_are_not_finite_are_null(self, studio, client):
        client.post("/api/run/start", json=WISH)
        until(lambda: studio.run.ended)
        studio.run.told.points.append([9.0, [[float("nan"), float("inf"), 1.0, 2.0]]])
        news = Reader(studio.run).news()
        assert finite(news["points"][-1]) == [9.0, [[None, None, 1.0, 2.0]]]

    def test_closing_the_page_costs_nobody_the_run(self, live, studio):
        host, _, port = live.removeprefix("http://").rstrip("/").partition(":")
        line = http.client.HTTPConnection(host, int(port), timeout=10)
        body = json.dumps(WISH | {"epochs": 500, "pace": 0.2})
        line.request("POST", "/api/run/start", body, {"Content-Type": "application/json"})
        assert line.getresponse().read() == b'{"state": "loading"}' or studio.run
        for _ in range(3):
            reader = http.client.HTTPConnection(host, int(port), timeout=10)
            reader.request("GET", "/api/run/events")
            answer = reader.getresponse()
            assert answer.headers["content-type"].startswith("text/event-stream")
            heard = ""
            while "points" not in heard:
                heard = answer.readline().decode()
            reader.close()
            answer.close()
        taken = len(studio.run.told.points)
        until(lambda: len(studio.run.told.points) > taken)
        assert studio.run.told.state == "running"
        line.close()
