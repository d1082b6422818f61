"""`ff predict`: what a saved model says of an image, or of the rows of a table."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from forward_forward.commands.evaluate import fitting_data
from forward_forward.commands.given import DataDir, Device
from forward_forward.commands.parts import find_device
from forward_forward.commands.program import pretty_json, say_json
from forward_forward.errors import UsageError, escaped, install

FORMS = (".csv", ".tsv", ".parquet", ".json")
MOST_SHOWN = 20
"""Rows of a table that are shown with all their probabilities; of more, the answers alone."""
MOST_CLASSES = 10


def predict(
    model: Annotated[
        Path, typer.Argument(help="Folder of a run or of its model, or hub:user/name.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="What to ask about: a table; a picture, .npy, .npz or idx file, light ink on black as in MNIST; or a "
            "folder of pictures."
        ),
    ] = None,
    index: Annotated[
        int | None, typer.Option(help="Or: which image of the data set's test split.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set of --index.", show_default="the model's own")
    ] = None,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the answers: .csv, .tsv, .parquet or .json; a row for each."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace that file.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the goodness of every layer.")
    ] = False,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
) -> None:
    """Name what is in images, or what belongs to the rows of a table, with a score for every label.

    The answer is the label with the highest goodness. Probabilities are the softmax's, which may see it otherwise.
    """
    if (file is None) == (index is None):
        raise UsageError("give either a FILE or --index N")
    _check_out(out, force)
    if out is not None and file is not None and out.exists() and out.resolve() == file.resolve():
        raise UsageError(f"{out} is the file that is asked about; choose another --out")
    from forward_forward.answers import asked

    answering = _loaded(model, find_device(device))
    questions = (
        _read(file, answering)
        if file is not None
        else _pick(fitting_data(answering, data, data_dir, find_device(device)), index or 0)
    )
    _give(asked(answering, questions, explain), out, as_json)


def _loaded(folder: Path, device: str) -> Any:
    from forward_forward.models import load_model

    model = load_model(folder, device)
    if model.reads_text:
        raise UsageError(f"this net reads text, not images; let it write: ff generate {folder}")
    return model


def _read(file: Path, model: Any) -> Any:
    from forward_forward.answers import questions_in

    return questions_in(file, model)


def _pick(data: Any, index: int) -> Any:
    """Return the question of one example of the test split."""
    from forward_forward.answers import Questions

    test, unit = data.test, data.unit.removesuffix("s")
    if not 0 <= index < len(test):
        raise UsageError(f"no {unit} {index}; there are {len(test)}, counted from 0")
    true = data.class_names[int(test.labels[index])]
    return Questions(test.images[index : index + 1], unit, [index], [true])


def _check_out(out: Path | None, force: bool) -> None:
    if out is None:
        return
    if out.suffix.lower() not in FORMS:
        raise UsageError(f"--out {out}: the name must end in one of {', '.join(FORMS)}")
    if out.exists() and not (force and out.is_file()):
        raise UsageError(f"{out} is there already; add --force to replace it, or choose another")
    if out.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        text = f"{out}: writing Parquet needs pyarrow: {install('parquet')}"
        raise UsageError(text)
    from forward_forward.training.checkpoints import check_writable

    check_writable(out.parent)


def _give(answers: Any, out: Path | None, as_json: bool) -> None:
    if out is not None:
        _write(answers, out)
        _tell_of_file(answers, out, as_json)
    elif as_json:
        say_json(answers.plain())
    else:
        _tell(answers)


def _write(answers: Any, out: Path) -> None:
    """Write a file of answers, whole or not at all."""
    from forward_forward.records import write_atomically

    form = out.suffix.lower()
    if form == ".json":
        write_atomically(out, pretty_json(answers.plain()) + "\n")
    elif form == ".parquet":
        write_atomically(out, answers.frame().to_parquet(index=False))
    else:
        separator = "\t" if form == ".tsv" else ","
        frame = answers.frame()
        write_atomically(out, frame.to_csv(index=False, sep=separator, lineterminator="\n"))


def _tell_of_file(answers: Any, out: Path, as_json: bool) -> None:
    from forward_forward.console import say

    right, known = answers.accuracy
    if as_json:
        found = {"out": str(out), "answers": len(answers), "notes": answers.questions.notes}
        say_json(found | ({"accuracy": 100 * right / known} if known else {}))
        return
    say(*answers.questions.notes, *_judged(answers), f"wrote {len(answers):,} answers to {out}")


def _judged(answers: Any) -> list[str]:
    right, known = answers.accuracy
    if not known or len(answers) == 1:
        return []
    return [f"right: {right:,} of {known:,} whose class is known, {100 * right / known:.2f} %"]


def _tell(answers: Any) -> None:
    from forward_forward.console import say

    said, unit = answers.plain(), answers.questions.unit
    if len(said) == 1:
        say(*answers.questions.notes)
        _tell_one(said[0])
        return
    shown = said[0].get("probabilities") or said[0].get("goodness") or {}
    if len(said) <= MOST_SHOWN and len(shown) <= MOST_CLASSES and unit == "row":
        _tell_rows(said, list(shown))
    else:
        for answer in said:
            say(f"{unit} {answer[unit]}: {escaped(answer['class'])}{_sure(answer)}")
        if "layers" in said[0]:
            say("The goodness of every layer of so many goes into a file: add --out, or --json.")
    say(*answers.questions.notes, *_judged(answers))


def _tell_rows(said: list[dict[str, Any]], names: list[str]) -> None:
    from forward_forward.console import say_table

    shares = "probabilities" in said[0]
    unit = "%" if shares else "goodness"
    rows = []
    for answer in said:
        scores = answer["probabilities"] if shares else answer["goodness"]
        cells = [f"{100 * scores[n]:.1f}" if shares else f"{scores[n]:.4g}" for n in names]
        rows.append([str(answer["row"]), answer["class"], *cells])
    say_table(["row", "answer ", *(f"{name}, {unit}" for name in names)], rows)


def _tell_one(answer: dict[str, Any]) -> None:
    from forward_forward.console import say, say_table

    true = f"; it is {answer['true_class']}" if "true_class" in answer else ""
    say(escaped(f"answer: {answer['class']}{true}"))
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
