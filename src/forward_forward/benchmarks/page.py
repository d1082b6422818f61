"""The page of `ff serve`: how long a drawing waits for its answer, over HTTP, as a browser would ask."""

import base64
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from forward_forward.data import Dataset, Split, load
from forward_forward.environment import environment
from forward_forward.models import Model
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.web.choices import Wish
from forward_forward.web.server import ADDRESS, Server, listening
from forward_forward.web.studio import Studio

DESCRIPTION = "milliseconds from a drawing to its answer: the first, later ones, and beside a run"
SIDE = 96
BUSY = Wish("digits", (200,) * 3, 500, 3e-3, "hard", "mean of squares", "silu of pairs", 0.06, 0)


def run(quick: bool = False) -> dict[str, Any]:
    """Start servers, draw a 7 on each, and time what comes back.

    The net has 2 × 500 units and reads 28×28 pixels; its weights are as drawn, which costs the same as learned ones.

    Arguments:
        quick: a small net and few rounds, to see that it runs.

    Returns:
        Medians in milliseconds: `first` of each server's first drawing, its connection and all; `next` and `next_p95`
        of those after it; `beside_a_run`, while a net of 3 × 200 learns at full speed. `bytes` of a request.
    """
    servers, drawings, widths = (1, 3, [20, 20]) if quick else (7, 40, [500, 500])
    body = json.dumps(drawing()).encode()
    first: list[float] = []
    later: list[float] = []
    for _ in range(servers):
        with served(widths) as (_, port), connected(port) as connection:
            first.append(_asked(connection, body))
            later += [_asked(connection, body) for _ in range(drawings)]
    with served(widths) as (studio, port):
        studio.begin(BUSY, pace=0.0)
        while not studio.current().told.points:
            time.sleep(0.01)
        with connected(port) as connection:
            beside = [_asked(connection, body) for _ in range(drawings)]
        learns = not studio.current().ended
    return {
        "first": round(statistics.median(first), 2),
        "next": round(statistics.median(later), 2),
        "next_p95": round(float(np.percentile(later, 95)), 2),
        "beside_a_run": round(statistics.median(beside), 2),
        "run_was_learning": learns,
        "bytes": len(body),
        "widths": widths,
        "environment": environment("cpu", "float32"),
    }


def connected(port: int) -> closing[http.client.HTTPConnection]:
    """Return a connection to the server that closes; it is made when the first question is asked."""
    return closing(http.client.HTTPConnection(ADDRESS, port, timeout=30))


def drawing() -> dict[str, Any]:
    """Return a 7 as the page sends it."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    bar = (abs(rows - 0.25) < 0.05) & (abs(columns - 0.5) < 0.2)
    stem = (abs(columns - 0.7 + 0.4 * (rows - 0.25)) < 0.05) & (rows > 0.25) & (rows < 0.8)
    pixels = base64.b64encode(((bar | stem) * np.uint8(255)).tobytes()).decode()
    size = {"channels": 1, "height": SIDE, "width": SIDE}
    return {"model": "given", **size, "pixels": pixels, "centre": True}


@contextmanager
def served(widths: list[int]) -> Iterator[tuple[Studio, int]]:
    """Run a server in a thread of its own, and torch in one, as `ff serve` does; yield what it holds, and its port."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(_model(widths), "net", None, load=load, known=["digits"], runs=Path(folder))
        listener = listening(0)
        server = Server(studio, listener)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            yield studio, listener.getsockname()[1]
        finally:
            server.end()
            studio.close()
            thread.join()
            listener.close()
            torch.set_num_threads(threads)


def _model(widths: list[int]) -> Model:
    digits = load("digits")
    learner = best_learner(_as_mnist(digits), widths, seed=0)
    return Model(learner.network, digits.class_names, (1, 28, 28), "mnist")


def _as_mnist(digits: Dataset) -> Dataset:
    """Return a data set of blank images of MNIST's size, which says what a net is to read."""
    blank = Split(torch.zeros(2, 784), torch.tensor([0, 1]))
    return replace(digits, shape=(1, 28, 28), train=blank, test=blank)


def _asked(connection: http.client.HTTPConnection, body: bytes) -> float:
    """Return the milliseconds that an answer took."""
    started = time.perf_counter()
    connection.request("POST", "/api/look", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    taken = 1000 * (time.perf_counter() - started)
    assert answer.status == 200 and len(told["softmax"]) == 10, told
    return taken
