"""Data of one's own through the program: from a file to a trained, saved net, its answers, and what is refused."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import typer.testing
from PIL import Image

from forward_forward.answers import asked, questions_in
from forward_forward.cli import app
from forward_forward.models import load_model
from test_models import planted

SMALL = ["--widths", "24,20", "--epochs", "12", "--batch-size", "16", "--device", "cpu"]
ALONE = ["--no-baseline", "--no-report"]


def ff(*words, code=0):
    result = typer.testing.CliRunner().invoke(app, list(map(str, words)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def fails(*words, says, code=1):
    lines = ff(*words, code=code).stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert says in lines[0]


def plants(rows=90, seed=0):
    draw = np.random.default_rng(seed)
    height, wet = draw.uniform(0, 9, rows).round(2), draw.choice(["dry", "wet"], rows)
    kind = np.where(wet == "dry", "cactus", np.where(height > 4, "willow", "moss"))
    return pd.DataFrame({"height": height, "kind": kind, "soil": wet, "id": np.arange(rows)})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a table, and the net that has learned it, beside its rival."""
    folder = tmp_path_factory.mktemp("plants")
    plants().to_csv(folder / "plants.csv", index=False)
    words = ["train", "--data", folder / "plants.csv", "--target", "kind", "--without", "id"]
    printed = ff(*words, *SMALL, "--epochs", "60", "--out", folder / "run").stdout
    return folder, printed


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of dark and of light pictures, and the net that has learned them."""
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 128)):
        (folder / "set" / name).mkdir(parents=True)
        for number in range(8):
            pixels = draw.integers(low, low + 100, (6, 9)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "set" / name / f"{number}.png")
    words = ["train", "--data", folder / "set", "--size", "5", *ALONE, *SMALL]
    ff(*words, "--out", folder / "run", "--epochs", "1")
    return folder


def test_training_says_what_it_made_of_the_table(run):
    folder, printed = run
    assert "predicts the column 'kind'" in printed
    assert "plants.csv: 72 rows to learn from, 18 to be judged on" in printed
    model = load_model(folder / "run")
    assert model.class_names == ("cactus", "moss", "willow")
    assert model.columns.names == ("height", "soil")
    assert model.metrics["goodness_error"] < 20
    page = (folder / "run" / "report.html").read_text()
    assert "Goodness of positives and negatives" in page
    assert "What the first layer looks for" not in page


def test_the_last_column_is_the_target_by_default_and_a_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plants()[["height", "soil", "kind"]].to_csv("plants.csv", index=False)
    words = ["train", "--data", "plants.csv", *ALONE, *SMALL]
    ff(*words, "--epochs", "1")
    assert load_model(tmp_path / "runs" / "plants").columns.target == "kind"
    frame = plants()[["height", "soil", "kind"]].assign(height=lambda f: f.height * 2)
    frame.to_csv("plants.csv", index=False)
    fails(*words, "--epochs", "1", "--resume", says="holds another run: content was")


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "json"])
def test_answers_go_into_a_file_of_every_form(run, tmp_path, form):
    folder, _ = run
    new, out = tmp_path / "new.csv", tmp_path / f"pred.{form}"
    frame = plants(30, seed=1).drop(columns="kind")
    frame[["soil", "height"]].assign(note="x").to_csv(new, index_label="")
    said = ff("predict", folder / "run", new, "--out", out).stdout
    assert "not read: 'note'" in said
    assert "wrote 30 answers" in said
    read = {"csv": pd.read_csv, "tsv": pd.read_table, "parquet": pd.read_parquet}
    if form == "json":
        answers = [answer["class"] for answer in json.loads(out.read_text())]
    else:
        table = read[form](out)
        names = [f"probability_{name}" for name in ("cactus", "moss", "willow")]
        assert list(table.columns) == ["row", "answer", *names]
        assert [str(row) for row in table.row] == [str(row) for row in range(30)]
        assert table[names].sum(axis=1).to_numpy() == pytest.approx(1)
        answers = table.answer.tolist()
    truth = plants(30, seed=1).kind
    assert np.mean([a == t for a, t in zip(answers, truth, strict=True)]) > 0.8


def test_answers_of_a_table_with_its_target_are_judged_and_explained(run, tmp_path):
    folder, _ = run
    out = tmp_path / "pred.csv"
    said = ff("predict", folder / "run", folder / "plants.csv", "--out", out, "--explain").stdout
    table = pd.read_csv(out)
    right = (table.answer == table.true).sum()
    assert f"right: {right} of 90 whose class is known" in said
    assert table.true.tolist() == plants().kind.tolist()
    for name in ("cactus", "moss", "willow"):
        total = table[f"layer1_{name}"] + table[f"layer2_{name}"]
        assert total.to_numpy() == pytest.approx(table[f"goodness_{name}"].to_numpy(), rel=1e-5)
    chosen = [row[f"layer2_{row['answer']}"] for _, row in table.iterrows()]
    assert table.layer2.tolist() == pytest.approx(chosen)


def test_a_file_of_answers_is_not_replaced_unasked_nor_half_written(run, tmp_path, monkeypatch):
    folder, _ = run
    out = tmp_path / "pred.csv"
    out.write_text("mine")
    words = ["predict", folder / "run", folder / "plants.csv", "--out", out]
    fails(*words, says="add --force to replace it", code=2)
    assert out.read_text() == "mine"
    fails(*words[:-1], tmp_path / "pred.xls", says="must end in one of", code=2)
    fails(*words[:-1], tmp_path / "pred.csv" / "a.csv", says="cannot write to")
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    fails(*words, "--force", says="No space left")
    assert out.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["pred.csv"]
    monkeypatch.undo()
    ff(*words, "--force")
    assert len(pd.read_csv(out)) == 90


def test_what_is_asked_about_is_not_replaced_by_its_answers(run, tmp_path):
    asked_of = tmp_path / "new.csv"
    plants(4).to_csv(asked_of, index=False)
    words = ["predict", run[0] / "run", asked_of, "--out", asked_of, "--force"]
    fails(*words, says="the file that is asked about", code=2)
    assert len(pd.read_csv(asked_of)) == 4


def test_a_path_that_leads_nowhere_is_told_as_a_path(tmp_path):
    fails("train", "--data", tmp_path / "nowhere", says="no such file or folder")
    fails("train", "--data", "", says="no data set ''", code=2)
    plants(12).to_csv(tmp_path / "mine.csv", index=False)
    words = [
        "train",
        "--data",
        tmp_path / "mine.csv",
        "--target",
        "kind",
        "--out",
        tmp_path / "new",
    ]
    ff(*words, *ALONE, *SMALL, "--epochs", "1")
    (tmp_path / "mine.csv").unlink()
    fails("evaluate", tmp_path / "new", says="is not there any more; say where it is")


def test_few_rows_are_shown_as_a_table_and_one_with_its_layers(run, tmp_path):
    folder, _ = run
    plants(3).to_csv(tmp_path / "few.csv", index=False)
    lines = ff("predict", folder / "run", tmp_path / "few.csv").stdout.splitlines()
    assert any("cactus, %" in line for line in lines)
    assert lines[-1].startswith("right: ")
    plants(1).to_csv(tmp_path / "one.csv", index=False)
    said = ff("predict", folder / "run", tmp_path / "one.csv", "--explain").stdout
    assert said.startswith("not read: 'id'\nanswer: ")
    assert "layer 2" in said
    found = json.loads(ff("predict", folder / "run", tmp_path / "few.csv", "--json").stdout)
    assert [answer["row"] for answer in found] == [0, 1, 2]
    assert set(found[0]) == {"row", "label", "class", "true_class", "goodness", "probabilities"}


def test_a_model_is_judged_on_its_own_fifth_or_on_all_of_another_file(run, tmp_path):
    folder, _ = run
    own = json.loads(ff("evaluate", folder / "run", "--json").stdout)
    assert own["images"] == 18
    assert own["metrics"] == load_model(folder / "run").metrics
    plants(40, seed=2).to_csv(tmp_path / "new.csv", index=False)
    words = ["evaluate", folder / "run", "--data"]
    assert json.loads(ff(*words, tmp_path / "new.csv", "--json").stdout)["images"] == 40
    assert json.loads(ff(*words, folder / "plants.csv", "--json").stdout)["images"] == 18
    fails(*words, "digits", says="reads rows of a table", code=2)
    fails(*words, tmp_path, says="no table, but the model reads the rows of one")
    assert json.loads(ff("predict", folder / "run", "--index", "0", "--json").stdout)[0]["row"] == 0


def test_a_net_that_learned_of_a_part_is_judged_on_what_was_held_out(run, tmp_path):
    folder, _ = run
    words = ["train", "--data", folder / "plants.csv", "--target", "kind", "--validation"]
    ff(*words, *ALONE, *SMALL, "--out", tmp_path / "run", "--epochs", "2")
    found = json.loads(ff("evaluate", tmp_path / "run", "--json").stdout)
    assert found["data"] == "plants.csv/validation"
    assert found["metrics"] == load_model(tmp_path / "run").metrics


def test_a_table_is_no_image_and_an_image_no_table(run, pictures, tmp_path):
    folder, _ = run
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    words = ["predict", folder / "run"]
    fails(*words, tmp_path / "a.png", says="no table, but this model reads rows with 'height'")
    fails("predict", pictures / "run", folder / "plants.csv", says="a table, but this model reads")
    plants().drop(columns="soil").to_csv(tmp_path / "less.csv", index=False)
    fails(*words, tmp_path / "less.csv", says="less.csv: no column 'soil', which the model reads")
    plants().assign(height="tall").to_csv(tmp_path / "odd.csv", index=False)
    fails(*words, tmp_path / "odd.csv", says="'tall' in row 0")
    fails(*words, tmp_path / "none.csv", says="no such file")
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    fails(*words, tmp_path / "a.npy", says="no columns 'height', 'soil'")


def test_settings_for_images_are_refused_for_rows(run):
    words = ["train", "--data", run[0] / "plants.csv", "--target", "kind", *SMALL]
    words += ["--out", run[0] / "other"]
    fails(*words, "--label", "overlay", says="leave --label out", code=2)
    fails(*words, "--jitter", "1", says="shifts images", code=2)
    fails(*words, "--negatives", "hybrid", says="made of images", code=2)
    fails("train", "--text", "a.txt", "--target", "x", says="are for --data", code=2)
    fails("train", "--data", "digits", "--target", "x", says="for your own data", code=2)
    fails("train", "--data", "digts", says="did you mean 'digits'", code=2)


def test_the_other_ways_to_learn_take_tables_too(run, tmp_path):
    words = ["train", "--data", run[0] / "plants.csv", "--target", "kind", *ALONE, *SMALL]
    for number, more in enumerate((["--method", "greedy"], ["--method", "recurrent"])):
        ff(*words, *more, "--epochs", "1", "--out", tmp_path / str(number))
        out = tmp_path / f"{number}.csv"
        ff("predict", tmp_path / str(number), run[0] / "plants.csv", "--out", out)
        kind = "probability" if more[1] == "recurrent" else "goodness"
        assert f"{kind}_moss" in pd.read_csv(out).columns


def test_a_rival_answers_too_but_cannot_be_explained(run, tmp_path):
    words = ["predict", run[0] / "run" / "backprop", run[0] / "plants.csv"]
    ff(*words, "--out", tmp_path / "a.csv")
    assert "probability_moss" in pd.read_csv(tmp_path / "a.csv").columns
    fails(*words, "--explain", says="a backpropagation net", code=2)


def test_pictures_of_any_size_and_folders_are_answered(pictures, tmp_path):
    model = load_model(pictures / "run")
    assert (model.shape, model.scaled) == ((1, 5, 5), True)
    Image.fromarray(np.full((20, 10, 3), 200, np.uint8)).save(tmp_path / "a.png")
    assert ff("predict", pictures / "run", tmp_path / "a.png").stdout.startswith("answer: ")
    ff("predict", pictures / "run", pictures / "set", "--out", tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv")
    assert table.image[0] == "dark/0.png"
    assert table.true.tolist() == ["dark"] * 8 + ["light"] * 8
    found = json.loads(ff("evaluate", pictures / "run", "--json").stdout)
    assert found["images"] == 4
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 5, 5)), labels=["dark", "dark", "light"])
    assert "of 3 whose class" in ff("predict", pictures / "run", tmp_path / "a.npz").stdout


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m["columns"].update(fill=["x"]), "no columns"),
        (lambda m: m["columns"].update(choices=[]), "inputs, it reads"),
        (lambda m: m.update(columns=[]), "no columns"),
        (lambda m: m.update(source={"path": "x"}), "sha256"),
    ],
)
def test_forged_columns_end_in_one_line(run, tmp_path, change, says):
    shutil.copytree(run[0] / "run" / "model", tmp_path / "model")
    planted(tmp_path / "model", change)
    fails("predict", tmp_path / "model", run[0] / "plants.csv", says=says)


def test_a_table_is_asked_about_in_portions_alike(run, monkeypatch):
    model = load_model(run[0] / "run")
    questions = questions_in(run[0] / "plants.csv", model)
    whole = asked(model, questions, explain=True)
    monkeypatch.setattr("forward_forward.answers.PORTION", 7)
    parts = asked(model, questions, explain=True)
    assert parts.labels == whole.labels
    assert parts.layers.shape == whole.layers.shape == (2, 90, 3)


def test_a_picture_is_answered_without_what_only_tables_and_pages_need(pictures):
    code = (
        "import sys\nfrom forward_forward.cli import app\n"
        "try: app(sys.argv[1:], prog_name='ff')\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'pyarrow', 'sklearn', 'scipy', 'matplotlib', 'onnx'}\n"
        "print('heavy:', *(heavy & set(sys.modules)))"
    )
    words = ["predict", pictures / "run", pictures / "set" / "dark" / "0.png"]
    command = [sys.executable, "-c", code, *map(str, words)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("answer: ")
    assert run.stdout.splitlines()[-1].strip() == "heavy:"
