"""A tiny net of digits, and the page that shows it: in this process, and on a port of its own."""

import shutil
import threading
from contextlib import contextmanager

import pytest
import torch

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from fastapi.testclient import TestClient

from forward_forward.data import load
from forward_forward.models import Model
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from forward_forward.web.app import make_app
from forward_forward.web.server import Server, listening
from forward_forward.web.studio import Studio
from page import PORT


@contextmanager
def one_thread():
    """What `ff serve` sets: on a busy machine, threads of small nets wait for one another for minutes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture(scope="session")
def digits():
    return load("digits")


@pytest.fixture(scope="session")
def model(digits):
    learner = best_learner(digits, [80, 80, 80], 0, rate=3e-3)
    with one_thread():
        train(learner, digits, Plan(epochs=12, batch_size=50))
        metrics = evaluate(learner.scores, digits.test, digits.classes).metrics
    assert metrics["goodness_error"] < 15
    return Model(learner.network, digits.class_names, digits.shape, "digits", metrics)


@pytest.fixture
def studio(model, digits, tmp_path):
    made = Studio(model, "net", digits, load=load, known=["digits"], runs=tmp_path / "runs")
    yield made
    made.close()


@pytest.fixture
def client(studio):
    return TestClient(
        make_app(studio, PORT),
        base_url=f"http://127.0.0.1:{PORT}",
        raise_server_exceptions=False,
    )


@pytest.fixture
def live(studio):
    """The address of a server in a thread of its own."""
    listener = listening(0)
    server = Server(studio, listener)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    yield server.address
    server.end()
    studio.close()
    thread.join(20)
    assert not thread.is_alive()
    listener.close()


@pytest.fixture(scope="module")
def chromium():
    """A headless browser; skipped where there is none. It ends with its module, as its event loop bars others."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium here")
    words = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    words += ["--disable-component-update", "--disable-sync", "--no-first-run"]
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=path, args=words)
        yield browser
        browser.close()
