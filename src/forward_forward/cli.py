"""The command `ff`. Its commands lie in `commands/`; torch is imported only by those that need it."""

import io
import sys
from typing import Annotated

import typer

from forward_forward import __version__
from forward_forward.commands import (
    bench,
    compare,
    data,
    evaluate,
    export,
    generate,
    listing,
    predict,
    program,
    push,
    report,
    reproduce,
    results,
    serve,
    stream,
    train,
    tune,
)

app = typer.Typer(
    cls=program.Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train.train)
app.command("tune")(tune.tune)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("generate")(generate.generate)
app.command("stream")(stream.stream)
app.command("export")(export.export)
app.command("push")(push.push)
app.command("list")(listing.listing)
app.command("reproduce")(reproduce.reproduce)
app.command("compare")(compare.compare)
app.command("results")(results.results)
app.command("report")(report.report)
app.add_typer(data.app, name="data")
app.command("serve")(serve.serve)
app.command("bench")(bench.bench)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ff {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Say which version this is."
        ),
    ] = False,
) -> None:
    """Train networks with the Forward-Forward algorithm: every layer learns on its own."""


def main() -> None:
    """Run the command line and exit."""
    for written in (sys.stdout, sys.stderr):
        if isinstance(written, io.TextIOWrapper):
            written.reconfigure(errors="replace")  # a terminal without "→" is no reason to stop
    app(prog_name="ff")  # however it was started
