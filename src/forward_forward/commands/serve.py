"""`ff serve`: a page to draw on and to watch a net learn, for this machine alone."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.given import DataDir, Device
from forward_forward.commands.parts import find_device
from forward_forward.console import say
from forward_forward.errors import UsageError

RUNS = Path("runs")


def serve(
    model: Annotated[Path, typer.Argument(help="Folder of a run or of its model.")],
    port: Annotated[int, typer.Option(help="Of 127.0.0.1; 0 takes a free one.")] = 8000,
    open_page: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open", help="Show the page in a browser.", show_default="in a terminal"
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data set, .npz or folder of pictures: of examples, and of runs beside digits.",
            show_default="the model's own",
        ),
    ] = None,
    data_dir: DataDir = None,
    device: Device = "auto",
) -> None:
    """Serve a page: draw and see goodness, train a small net and watch. Ctrl-C ends it."""
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port}: choose from 0 to 65535")
    from forward_forward.web.server import listening
    from forward_forward.web.server import serve as run

    studio = _studio(model, data, data_dir, find_device(device))
    listener = listening(port)

    def begun(address: str) -> None:
        say(f"The page is at {address} for this machine alone; Ctrl-C ends it.")
        if sys.stdout.isatty() if open_page is None else open_page:
            import webbrowser

            webbrowser.open(address)

    run(studio, listener, begun)


def _studio(model: Path, named: str | None, data_dir: Path | None, device: str) -> Any:
    import torch

    from forward_forward.data import load
    from forward_forward.models import load_model
    from forward_forward.web.answers import showable
    from forward_forward.web.samples import data_of
    from forward_forward.web.studio import Studio

    torch.set_num_threads(1)  # one image at a time, and small batches: more threads only wait
    shown = showable(load_model(model, device), str(model))
    data = data_of(shown, named, data_dir)
    known = ["digits"] + ([data.name] if data is not None and data.name != "digits" else [])

    def load_for_run(name: str) -> Any:
        return data if data is not None and name == data.name else load(name, data_dir)

    name = model.resolve().parent.name if model.resolve().name == "model" else model.resolve().name
    return Studio(shown, name, data, load=load_for_run, known=known, runs=RUNS.absolute())
