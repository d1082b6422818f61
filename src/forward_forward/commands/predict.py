"""`ff predict`: what a saved model says of an image."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.evaluate import fitting_data
from forward_forward.commands.parts import find_device
from forward_forward.commands.program import say_json
from forward_forward.errors import UsageError


def predict(
    model: Annotated[
        Path, typer.Argument(help="Folder of a run or of its model, or hub:user/name.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(help="Picture, .npy, .npz or idx file; light ink on black, as in MNIST."),
    ] = None,
    index: Annotated[
        int | None, typer.Option(help="Or: which image of the data set's test split.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set of --index.", show_default="the model's own")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the goodness of every layer.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
) -> None:
    """Name what is in an image, with a score for every label."""
    if (file is None) == (index is None):
        raise UsageError("give either a FILE or --index N")
    from forward_forward.models import load_model

    place = find_device(device)
    asked = load_model(model, place)
    if asked.reads_text:
        raise UsageError(f"this net reads text, not images; let it write: ff generate {model}")
    if file is not None:
        from forward_forward.data.image_file import read_images

        images, true = read_images(file, asked.shape).to(place), None
    else:
        images, true = _pick(fitting_data(asked, data, data_dir, place), index or 0)
    answers = _answers(asked, images, true, explain, first=index or 0)
    if as_json:
        say_json(answers)
    else:
        _tell(answers)


def _pick(data: Any, index: int) -> tuple[Any, str]:
    """Return one image of the test split, and its class."""
    test = data.test
    if not 0 <= index < len(test):
        raise UsageError(f"no image {index}; there are {len(test)}, counted from 0")
    return test.images[index : index + 1], data.class_names[int(test.labels[index])]


def _answers(
    model: Any, images: Any, true: str | None, explain: bool, first: int = 0
) -> list[dict[str, Any]]:
    import torch

    scores = [model.scores(part) for part in images.split(1000)]
    if explain and scores[0].layers is None:
        raise UsageError(
            "--explain shows the goodness of each label; a backpropagation net, or one without labels, has none"
        )
    readouts = {
        name: torch.cat([part.readouts[name] for part in scores]).cpu()
        for name in scores[0].readouts
    }
    layers = torch.cat([part.layers for part in scores], dim=1).cpu() if explain else None
    names = model.class_names
    answers = [_answer(i, readouts, layers, names, true) for i in range(len(images))]
    return [answer | {"image": answer["image"] + first} for answer in answers]


def _answer(
    i: int, readouts: dict[str, Any], layers: Any, names: tuple[str, ...], true: str | None
) -> dict[str, Any]:
    """Return one image's answer as plain JSON."""
    main = next(iter(readouts.values()))[i]
    best = int(main.argmax())
    answer: dict[str, Any] = {"image": i, "label": best, "class": names[best]}
    if true is not None:
        answer["true_class"] = true
    if "goodness" in readouts:
        answer["goodness"] = dict(zip(names, readouts["goodness"][i].tolist(), strict=True))
    if "softmax" in readouts:
        shares = readouts["softmax"][i].float().softmax(0).tolist()
        answer["probabilities"] = dict(zip(names, shares, strict=True))
    if layers is not None:
        answer["layers"] = [dict(zip(names, row, strict=True)) for row in layers[:, i].tolist()]
    return answer


def _tell(answers: list[dict[str, Any]]) -> None:
    from forward_forward.console import say

    if len(answers) == 1:
        _tell_one(answers[0])
        return
    for answer in answers:
        say(f"image {answer['image']}: {answer['class']}{_sure(answer)}")


def _tell_one(answer: dict[str, Any]) -> None:
    from forward_forward.console import say, say_table

    true = f"; it is {answer['true_class']}" if "true_class" in answer else ""
    say(f"answer: {answer['class']}{true}")
    shares, layers = answer.get("probabilities"), answer.get("layers", [])
    goodness = answer.get("goodness")
    columns = ["label"]
    columns += ["goodness"] if goodness else []
    columns += ["softmax, %"] if shares else []
    columns += [f"layer {number}" for number in range(1, len(layers) + 1)]
    rows = []
    for name in goodness or shares or {}:
        row = [f"{name} ←" if name == answer["class"] else name]
        row += [f"{goodness[name]:.4g}"] if goodness else []
        row += [f"{100 * shares[name]:.2f}"] if shares else []
        rows.append(row + [f"{layer[name]:.4g}" for layer in layers])
    say_table(columns, rows)


def _sure(answer: dict[str, Any]) -> str:
    shares = answer.get("probabilities")
    return f" (softmax {100 * shares[answer['class']]:.1f} %)" if shares else ""
