"""The command `ff`: strings become parts here and nowhere else. torch is imported only by the commands that need it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.command("reproduce")
def reproduce_command(
    name: str,
    seeds: Annotated[int, typer.Option()] = 1,
    first_seed: int = 0,
    resume: bool = False,
    smoke: bool = False,
    data_dir: Path | None = None,
    device: str = "cpu",
    runs: Path = Path("runs"),
    records: Path = Path("records"),
) -> None:
    """Run a recipe."""
    from forward_forward import records as files
    from forward_forward.reproduce import reproduce

    for seed in range(first_seed, first_seed + seeds):
        record = reproduce(
            name, seed, data_dir=data_dir, device=device, runs=runs, resume=resume, smoke=smoke
        )
        if not smoke:
            files.write(record, records)
        print(name, seed, record["metrics"], record["layer_errors"], record["seconds"], flush=True)


@app.command("list")
def list_command() -> None:
    from forward_forward.recipes import names

    print(names())


def main() -> None:
    app()
