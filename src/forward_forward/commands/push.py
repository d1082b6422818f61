"""`ff push`: put a saved model on a hub, with its card, for others to load."""

from pathlib import Path
from typing import Annotated

import typer

from forward_forward.commands.program import say_json


def push(
    model: Annotated[Path, typer.Argument(help="Folder of a run or of its model.")],
    repo_id: Annotated[
        str, typer.Argument(metavar="USER/NAME", help="Its name there; made if need be.")
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Show a new one to yourself alone.")
    ] = False,
    message: Annotated[str, typer.Option(help="Of the commit.", show_default="says who")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print its address as JSON.")] = False,
) -> None:
    """Put a model on the Hugging Face hub, or on that of $HF_ENDPOINT, in the place of one that is there.

    It takes a token that may write: `hf auth login`, or HF_TOKEN.
    """
    from forward_forward.console import say
    from forward_forward.models import load_model

    address = load_model(model).push_to_hub(repo_id, private=private, message=message)
    if as_json:
        say_json({"model": str(model), "name": repo_id, "address": address})
    else:
        say(f"{address}", f"Load it by hub:{repo_id}, as in: ff evaluate hub:{repo_id}")
