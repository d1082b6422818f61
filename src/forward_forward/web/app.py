"""The routes of the page. Files are read once, when the server starts: no request names a path on disk."""

import logging
from importlib import resources
from typing import Annotated, Any, Literal

from forward_forward.errors import FFError, UsageError, install
from forward_forward.plain_json import json_of
from forward_forward.web.choices import MOST_LAYERS, MOST_UNITS, Wish
from forward_forward.web.events import stream
from forward_forward.web.guard import Guard
from forward_forward.web.picture import MOST_PIXELS
from forward_forward.web.studio import Studio

try:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, Response, StreamingResponse
    from pydantic import BaseModel, ConfigDict, Field
    from starlette.exceptions import HTTPException
except ImportError:
    text = f"the page needs fastapi and uvicorn: {install('web')}"
    raise UsageError(text) from None

KINDS = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
MOST_TEXT = 40
log = logging.getLogger(__name__)

Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Text = Annotated[str, Field(max_length=MOST_TEXT)]
Side = Annotated[int, Field(ge=1, le=MOST_PIXELS)]
Rate = Annotated[Finite, Field(gt=0, le=10)]
Pace = Annotated[Finite, Field(ge=0, le=60)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Drawing(_Asked):
    """A picture to look at: bytes in base64, channel by channel, and whether to centre it as MNIST does."""

    model: Literal["given", "trained"] = "given"
    channels: Literal[1, 3]
    height: Side
    width: Side
    pixels: str
    centre: bool


class NewRun(_Asked):
    """What to train, and how many seconds an epoch is to take at least."""

    data: Text
    widths: Annotated[
        list[Annotated[int, Field(ge=1, le=MOST_UNITS)]],
        Field(min_length=1, max_length=MOST_LAYERS),
    ]
    epochs: Annotated[int, Field(ge=1, le=500)]
    rate: Rate
    negatives: Text
    goodness: Text
    loss: Text
    peer: Annotated[Finite, Field(ge=0, le=10)]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    pace: Pace = 0.0


class Change(_Asked):
    """What is to change in a run that learns; what is left out stays."""

    rate: Rate | None = None
    negatives: Text | None = None
    pace: Pace | None = None
    paused: bool | None = None


class Kept(_Asked):
    """What to call a net that is to be saved."""

    name: Annotated[str, Field(pattern=NAME)]


class Nothing(_Asked):
    """A request that says all by its path."""


def make_app(studio: Studio, port: int) -> Guard:
    """Return the page as an ASGI application, behind its guard.

    Arguments:
        studio: what it shows.
        port: that it will be asked on; requests for other hosts are refused.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_exception_handler(FFError, _mendable)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _no_page)
    app.add_exception_handler(Exception, _failed)
    _add_files(app)
    _add_models(app, studio)
    _add_run(app, studio)
    return Guard(app, port)


def _add_files(app: FastAPI) -> None:
    files = read_files()

    @app.get("/")
    def index() -> Response:
        return Response(files["index.html"], media_type=KINDS["html"])

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in files or name == "index.html":
            raise HTTPException(404)
        return Response(files[name], media_type=KINDS[name.rpartition(".")[2]])


def read_files() -> dict[str, bytes]:
    """Return every file of the page by its name."""
    folder = resources.files("forward_forward.web") / "static"
    found = [path for path in folder.iterdir() if path.name.rpartition(".")[2] in KINDS]
    return {path.name: path.read_bytes() for path in found}


def _add_models(app: FastAPI, studio: Studio) -> None:
    @app.get("/api/models")
    def models() -> Response:
        return _plain(studio.cards())

    @app.get("/api/samples/{which}")
    def samples(which: Literal["given", "trained"]) -> Response:
        return _plain(studio.samples_of(which))

    @app.post("/api/look")
    async def look(drawing: Drawing) -> Response:
        # In the loop's own thread: a hop to another costs more than the answer, and no two ask a net at once.
        shape = (drawing.channels, drawing.height, drawing.width)
        return _plain(studio.look(drawing.model, drawing.pixels, shape, drawing.centre))


def _add_run(app: FastAPI, studio: Studio) -> None:
    @app.get("/api/run/offers")
    def offers() -> Response:
        return _plain(studio.offers())

    @app.post("/api/run/start")
    def start(new: NewRun) -> Response:
        plain = new.model_dump()
        pace = plain.pop("pace")
        studio.begin(Wish(**plain), pace)
        return _plain({"state": studio.current().told.state})

    @app.post("/api/run/change")
    def change(change: Change) -> Response:
        studio.current().change(**change.model_dump(exclude_none=True))
        return _plain({"state": studio.current().told.state})

    @app.post("/api/run/stop")
    def stop(nothing: Nothing) -> Response:
        studio.current().stop()
        return _plain({"state": studio.current().told.state})

    @app.post("/api/run/use")
    def use(nothing: Nothing) -> Response:
        return _plain(studio.use())

    @app.post("/api/run/save")
    def save(kept: Kept) -> Response:
        return _plain({"folder": studio.save(kept.name)})

    @app.get("/api/run/events")
    async def events() -> Response:
        return StreamingResponse(stream(studio), media_type="text/event-stream")


def _plain(value: Any) -> Response:
    return Response(json_of(value), media_type="application/json")


def _mendable(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


def _not_valid(request: Request, error: Exception) -> Response:
    """Name the first field that is wrong and what it should be; what was sent is not sent back."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:] if isinstance(part, str))
    known = where if where.replace(".", "").isidentifier() and len(where) <= MOST_TEXT else ""
    line = f"{known}: {first['msg']}" if known else str(first["msg"])
    return JSONResponse({"error": line}, status_code=422)


def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "there is no such page", 405: "this page is not asked that way"}
    line = words.get(error.status_code, "the request could not be read")
    return JSONResponse({"error": line}, status_code=error.status_code)


def _failed(request: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return JSONResponse(
        {"error": "something failed on the server; its terminal says what"}, status_code=500
    )
