"""Ctrl-C and other requests to end are heard between two steps, so that a run can save what it has."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def polite_interrupt() -> Iterator[Callable[[], int]]:
    """Turn the first request to end into a question asked between steps, which signal it was, 0 for none.

    A second one stops at once.
    """
    asked = 0

    def handle(signum: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = signum

    names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is unknown on Windows
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    try:
        previous = {each: signal.signal(each, handle) for each in signals}
    except ValueError:  # not the main thread: no signal arrives here
        yield lambda: 0
        return
    try:
        yield lambda: asked
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
