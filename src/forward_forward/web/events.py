"""Server-sent events: what a run tells, from its beginning and then as it comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from forward_forward.plain_json import json_of
from forward_forward.web.live import LiveRun
from forward_forward.web.studio import Studio

EVERY = 0.1
"""Seconds between two looks for news."""
SILENCE = 10.0
"""Seconds without news after which a line that means nothing shows whether anybody still listens."""


async def stream(studio: Studio) -> AsyncIterator[str]:
    """Yield the events of the studio's run; of the next one too, once it has begun. It ends when the studio closes.

    A reader that comes late, or comes back, gets all points from the first on; the run knows nothing of readers.
    """
    reader, quiet = Reader(None), 0.0
    while not studio.closing.is_set():
        if studio.run is not reader.run:
            reader = Reader(studio.run)
        news = reader.news()
        if news:
            quiet = 0.0
            yield event(news)
        elif quiet >= SILENCE:
            quiet = 0.0
            yield ":\n\n"
        await asyncio.sleep(EVERY)
        quiet += EVERY


LISTS = ("points", "judged", "changed")
"""What a run tells and only adds to."""


class Reader:
    """Remembers what one listener has been told of a run, and what is new to it."""

    def __init__(self, run: LiveRun | None) -> None:
        self.run = run
        self.state: tuple[Any, ...] | None = None
        self.told = {name: 0 for name in LISTS}
        self.looks = 0
        self.begun = False

    def news(self) -> dict[str, Any]:
        """Return what has not been told yet; nothing where there is nothing."""
        if self.run is None:
            return self._state(("none", ""))
        told, wishes = self.run.told, self.run.wishes
        found = self._state((told.state, told.why, wishes.rate, wishes.negatives, wishes.pace))
        if not self.begun:
            self.begun = True
            found |= {"begins": True, "epochs": told.epochs, "wish": vars(self.run.wish)}
        for name in LISTS:
            fresh = getattr(told, name)[self.told[name] :]
            if fresh:
                self.told[name] += len(fresh)
                found[name] = fresh
        if told.looks != self.looks:
            self.looks = told.looks
            found |= told.seen
        return found

    def _state(self, state: tuple[Any, ...]) -> dict[str, Any]:
        if state == self.state:
            return {}
        self.state = state
        return dict(zip(("state", "why", "rate", "negatives", "pace"), state, strict=False))


def event(news: dict[str, Any]) -> str:
    r"""Return one event, numbers that are not finite as null.

    Example:
        >>> event({"loss": float("nan")})
        'data: {"loss": null}\n\n'
    """
    return f"data: {json_of(news)}\n\n"
