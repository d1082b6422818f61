"""`ff generate`: a saved net that reads text goes on writing."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from forward_forward.commands.given import Device
from forward_forward.commands.parts import find_device
from forward_forward.commands.program import say_json
from forward_forward.errors import UsageError


def generate(
    model: Annotated[
        Path, typer.Argument(help="Folder of a run or of its model, or hub:user/name.")
    ],
    prompt: Annotated[str, typer.Option(help="What to go on from.")] = "",
    length: Annotated[int, typer.Option(help="How many characters to write.")] = 300,
    temperature: Annotated[
        float, typer.Option(help="Below 1 more certain, above 1 wilder; 0 takes the likeliest.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed writes the same text.")] = 0,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the text as JSON.")] = False,
) -> None:
    """Write text, character by character, with a net that learned to predict the next one.

    Of the prompt, what the net knows is read: in lower case, without symbols outside its alphabet. One shorter than the
    net's window is filled up with spaces in front.
    """
    if length < 1:
        raise UsageError(f"--length {length}: at least 1")
    from forward_forward.console import say
    from forward_forward.models import load_model
    from forward_forward.randomness import generator

    asked = load_model(model, find_device(device))
    read = asked.read_prompt(prompt)
    if read != prompt:
        say(f"read as: {read!r}", stderr=True)
    draw = generator(seed, "generate", device=next(asked.network.parameters()).device)
    written = asked.written(read, length, draw, temperature)
    if as_json:
        say_json({"prompt": read, "text": "".join(written)})
        return
    sys.stdout.write(read)
    for symbol in written:
        sys.stdout.write(symbol)
        sys.stdout.flush()
    sys.stdout.write("\n")
