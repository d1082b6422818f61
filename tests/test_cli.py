"""The command line from the outside: what it prints, where it writes, and how it ends."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import typer.testing

from forward_forward.cli import app
from forward_forward.data import dataset

SMALL = ["--widths", "12,10,8", "--epochs", "1", "--batch-size", "300", "--device", "cpu"]


def ff(*words, code=0):
    """Run `ff` in this process and return what it printed; fail unless it ends with `code`."""
    result = typer.testing.CliRunner().invoke(app, list(map(str, words)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def fails(*words, code, says):
    """Run `ff` and hold it to an exit code and one line on stderr that names cause and mend."""
    result = ff(*words, code=code)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for part in [says] if isinstance(says, str) else says:
        assert part in lines[0]
    return result


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of one tiny run, with rival and page, and what `ff train --json` printed."""
    folder = tmp_path_factory.mktemp("run") / "digits"
    printed = ff("train", *SMALL, "--out", folder, "--json").stdout
    return folder, json.loads(printed)


def test_help_needs_no_torch():
    code = (
        "import sys\nfrom forward_forward.cli import app\n"
        "try: app(['--help'], prog_name='ff')\n"
        "except SystemExit: pass\n"
        "print('heavy:', *({'torch', 'sklearn', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1].strip() == "heavy:"
    for command in [
        "train",
        "evaluate",
        "compare",
        "predict",
        "stream",
        "list",
        "reproduce",
        "results",
        "report",
        "data",
        "serve",
        "bench",
        "push",
        "tune",
    ]:
        assert command in run.stdout


def test_version():
    from forward_forward import __version__

    assert ff("--version").stdout == f"ff {__version__}\n"


class TestTrain:
    def test_leaves_a_run(self, trained):
        folder, printed = trained
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
        assert {
            "record.json",
            "report.html",
            "log.jsonl",
            "model/manifest.json",
            "checkpoint/manifest.json",
            "backprop/record.json",
            "backprop/model/manifest.json",
        } <= files
        assert set(printed) == {"folder", "model", "page", "forward_forward", "backpropagation"}
        for name in ("forward_forward", "backpropagation"):
            net = printed[name]
            assert 0 <= net["test_error"] <= 100
            assert net["seconds"] >= 0
            assert net["peak_memory_mib"] > 0
        record = json.loads((folder / "record.json").read_text())
        assert record["metrics"] == printed["forward_forward"]["metrics"]
        assert len((folder / "log.jsonl").read_text().splitlines()) == 1

    def test_page_has_every_picture_and_no_address(self, trained):
        page = (trained[0] / "report.html").read_text()
        for title in (
            "Learning curves",
            "What the first layer looks for",
            "Goodness of positives and negatives",
            "Confusion matrix",
            "Error by readout and by layer",
            "Beside backpropagation",
        ):
            assert title in page
        assert 'src="http' not in page

    def test_tells_epochs_table_and_places(self, here):
        result = ff("train", *SMALL, "--no-report", "--epochs", "2")
        assert "Forward-Forward  epoch 1/2  pairs right" in result.stderr
        assert "backpropagation  epoch 2/2" in result.stderr
        for text in ("test error, %", "macro F1, %", "peak memory, MiB", "runs/digits/model"):
            assert text in result.stdout
        assert "\x1b" not in result.output
        assert not (here / "runs/digits/report.html").exists()
        ff("train", *SMALL, "--no-report", "--no-baseline")
        assert (here / "runs/digits-2/record.json").exists()
        assert not (here / "runs/digits-2/backprop").exists()

    def test_without_labels(self, tmp_path):
        words = ["--negatives", "hybrid", "--no-baseline", "--json", "--out", tmp_path / "run"]
        found = json.loads(ff("train", *SMALL, *words).stdout)["forward_forward"]
        assert set(found["metrics"]) == {"softmax_error", "softmax_macro_f1"}
        assert found["metrics"]["softmax_error"] < 80
        page = (tmp_path / "run" / "report.html").read_text()
        assert "Hybrid images" in page
        assert "hybrids of them (negative)" in page
        again = json.loads(ff("evaluate", tmp_path / "run", "--json").stdout)
        assert again["metrics"] == found["metrics"]

    def test_without_labels_there_is_no_place_for_one(self, tmp_path):
        words = ["--negatives", "hybrid", "--label", "concatenate", "--out", tmp_path / "run"]
        fails("train", *SMALL, *words, code=2, says="no place for one")

    def test_jittered_nets_are_other_nets(self, trained, tmp_path):
        words = ["--jitter", "1", "--json", "--no-report", "--out", tmp_path / "run"]
        found = json.loads(ff("train", *SMALL, *words).stdout)
        for name in ("forward_forward", "backpropagation"):
            assert found[name]["metrics"] != trained[1][name]["metrics"]

    def test_a_run_is_not_overwritten(self, trained):
        folder, _ = trained
        before = (folder / "record.json").read_bytes()
        fails("train", *SMALL, "--out", folder, code=2, says="holds a run already; add --resume")
        assert (folder / "record.json").read_bytes() == before

    def test_other_parts(self, here):
        ff(
            "train", *SMALL, "--no-baseline", "--no-report", "--validation", "--method", "greedy",
            "--loss", "threshold-logistic", "--threshold", "2", "--goodness", "SUM_OF_SQUARES",
            "--negatives", "random_wrong_label", "--normalization", "unit_length", "--peer", "0",
            "--optimizer", "adam", "--label", "overlay", "--dtype", "float32",
        )  # fmt: skip
        config = json.loads((here / "runs/digits/record.json").read_text())["config"]
        assert config["data"] == "digits/validation"
        assert config["learner"]["method"] == "greedy"
        first = config["learner"]["network"]["layers"][0]
        assert first["loss"] == {"part": "ThresholdLogistic", "threshold": 2.0, "temperature": 1.0}
        assert (first["goodness"], first["place"], first["peer"]) == (
            "sum_of_squares",
            "overlay",
            0,
        )
        assert config["learner"]["rule"]["part"] == "Adam"
        log = json.loads((here / "runs/digits/log.jsonl").read_text().splitlines()[-1])
        assert "goodness_error" in log["validation"]

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["--data", "digts"], "no data set 'digts'; did you mean 'digits'"),
            (["--loss", "sylu"], "no loss 'sylu'; did you mean 'SiLU'"),
            (["--goodness", "sum_of_cubes"], "did you mean 'sum_of_squares'"),
            (["--goodness", "cubes"], "no goodness 'cubes'"),
            (["--negatives", "none"], "no negatives 'none'"),
            (["--normalization", "lenght"], "did you mean 'length'"),
            (["--optimizer", "sgd"], "no optimizer 'sgd'"),
            (["--method", "gredy"], "no method 'gredy'; did you mean 'greedy'"),
            (["--label", "stamp"], "no label 'stamp'"),
            (["--dtype", "float16"], "no dtype 'float16'"),
            (["--device", "abacus"], "device 'abacus': choose auto, cpu or cuda"),
            (["--device", "cpu:x"], "device 'cpu:x' cannot be used"),
            (["--data", ""], "no data set ''; known: aesop"),
            (["--widths", "0,10"], "each must be above 0"),
            (["--widths", "12,-3"], "each must be above 0"),
            (["--widths", "wide"], "give whole numbers, as in 2000,2000"),
            (["--epochs", "0"], "epochs and batch must be above 0"),
            (["--batch-size", "-1"], "epochs and batch must be above 0"),
            (["--rate", "0"], "must be above 0"),
            (["--rate", "nan"], "must be above 0"),
            (["--weight-decay", "-1"], "weight decay -1.0 not below"),
            (["--alpha", "-1"], "alpha -1.0 must be above 0"),
            (["--peer", "-1"], "peer strength -1.0"),
            (["--loss", "silu", "--threshold", "2"], "the loss SiLU has no threshold, only alpha"),
            (["--threshold", "-5"], "no unit can reach threshold -5"),
            (["--method", "greedy", "--negatives", "hard_by_softmax"], "softmax head"),
        ],
        ids=" ".join,
    )
    def test_wrong_usage(self, here, words, says):
        options = dict(zip(SMALL[::2], SMALL[1::2], strict=True))
        options.update(zip(words[::2], words[1::2], strict=True))
        given = [word for pair in options.items() for word in pair]
        fails("train", *given, "--no-baseline", code=2, says=says)
        assert not list(here.rglob("*.safetensors"))

    def test_missing_data_says_how_to_get_it(self, home, here):
        fails("train", "--data", "mnist", "--device", "cpu", code=1, says="ff data fetch mnist")

    def test_resume_with_other_options(self, trained):
        words = ["--out", trained[0], "--resume", "--no-report", "--seed", "1"]
        says = ["holds another run: plan.seed was 0 and is now 1", "same options"]
        fails("train", *SMALL, *words, code=1, says=says)

    def test_a_model_without_its_checkpoint_is_not_replaced(self, here):
        ff("train", *SMALL, "--no-report", "--no-baseline")
        kept = (here / "runs/digits/model/manifest.json").read_text()
        shutil.rmtree(here / "runs/digits/checkpoint")
        words = ["--widths", "5", "--epochs", "1", "--out", "runs/digits"]
        fails("train", *words, "--resume", code=2, says="nothing to go on from")
        fails("train", *words, code=2, says="choose another --out")
        assert (here / "runs/digits/model/manifest.json").read_text() == kept

    def test_where_nothing_can_be_kept_nothing_is_learned(self, here):
        (here / "file").write_text("mine")
        words = ["--smoke", "--data", "digits", "--widths", "5", "--runs", "file"]
        for failing in (["train", *SMALL, "--out", "file/x"], ["compare", *words]):
            result = fails(*failing, code=1, says=["cannot write to file", "choose another folder"])
            assert "epoch" not in result.stderr
        words = ["--data-dir", "nowhere", "--records", "file"]
        fails("reproduce", "author_program", *words, code=1, says="cannot write to file")
        fails("bench", "step", "--save", "file/x", code=1, says="cannot write to file")

    def test_damaged_checkpoint(self, here):
        ff("train", *SMALL, "--no-baseline", "--no-report")
        (tensors,) = here.glob("runs/digits/checkpoint/*.safetensors")
        tensors.write_bytes(tensors.read_bytes()[:-1])
        words = ["--no-baseline", "--no-report", "--resume"]
        fails("train", *SMALL, *words, code=1, says="is damaged: its sha256 is not the manifest's")

    def test_full_disk_takes_one_line(self, here, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device", "runs/digits/log.jsonl")

        monkeypatch.setattr("os.fsync", full)
        errors = ff("train", *SMALL, "--no-baseline", code=1).stderr.splitlines()
        assert errors[-1].startswith("error: cannot save to runs/digits/checkpoint: No space left")
        assert len(errors) == 1  # an epoch that was not saved is not told of

    def test_unforeseen_errors_stay_loud(self, here, monkeypatch):
        def broken(*_, **__):
            raise ZeroDivisionError("a mistake of ours")

        monkeypatch.setattr("forward_forward.experiment.run", broken)
        with pytest.raises(ZeroDivisionError):
            ff("train", *SMALL)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_ctrl_c_saves_and_resume_gives_the_same_bits(tmp_path, name, code):
    options = ["--widths", "16,16,16", "--epochs", "4", "--batch-size", "25", "--device", "cpu"]
    options += ["--no-baseline", "--no-report"]
    ff("train", *options, "--out", tmp_path / "straight")
    words = [sys.executable, "-m", "forward_forward", "train", *options]
    words += ["--out", str(tmp_path / "stopped")]
    log = tmp_path / "stopped" / "log.jsonl"
    with subprocess.Popen(words, stdout=-1, stderr=-1, text=True) as run:
        until = time.monotonic() + 200
        while not log.exists() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        run.send_signal(getattr(signal, name))
        _, errors = run.communicate(timeout=200)
    assert run.returncode == code, errors
    assert "Traceback" not in errors
    last = errors.strip().splitlines()[-1]
    assert last.startswith("interrupted; all is saved; go on with: ff train")
    assert "--resume" in last
    done = len(log.read_text().splitlines())
    assert 1 <= done < 4
    ff("train", *options, "--out", tmp_path / "stopped", "--resume")
    straight, resumed = (
        json.loads((tmp_path / name / "model" / "manifest.json").read_text())
        for name in ("straight", "stopped")
    )
    assert straight["sha256"] == resumed["sha256"]


def test_a_second_ctrl_c_does_not_claim_that_all_is_saved(here, monkeypatch):
    def learn(self, interrupted):
        (here / "runs/digits/checkpoint").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr("forward_forward.training.loop._Run.go", learn)
    result = ff("train", *SMALL, code=130)
    last = result.stderr.strip()
    assert last.startswith("interrupted; go on from what is saved: ff")
    assert last.endswith("--resume --out runs/digits")


def test_a_recipe_that_has_kept_nothing_does_not_claim_it(here, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("forward_forward.reproduce.reproduce", stop)
    assert ff("reproduce", "author_program", "--smoke", code=130).stderr == "interrupted\n"
    (here / "runs/author_program-smoke/seed0/checkpoint").mkdir(parents=True)
    told = ff("reproduce", "author_program", "--smoke", code=130).stderr
    assert "go on from what is saved" in told


class TestEvaluate:
    def test_gives_the_figures_of_the_run(self, trained):
        folder, printed = trained
        found = json.loads(ff("evaluate", folder, "--json", "--device", "cpu").stdout)
        assert found["metrics"] == printed["forward_forward"]["metrics"]
        assert found["images"] == 360
        rival = json.loads(ff("evaluate", folder / "backprop", "--json", "--device", "cpu").stdout)
        assert rival["metrics"] == printed["backpropagation"]["metrics"]

    def test_table(self, trained):
        text = ff("evaluate", trained[0]).stdout
        assert "layer 3 alone" in text
        assert "shortlist" in text

    def test_not_a_model(self, tmp_path):
        fails("evaluate", tmp_path, code=1, says="is this a run's folder?")

    def test_checkpoint_is_no_model(self, trained):
        fails("evaluate", trained[0] / "checkpoint", code=1, says="holds no model")

    def test_unknown_data(self, trained):
        fails("evaluate", trained[0], "--data", "mnits", code=2, says="did you mean 'mnist'")
        fails("evaluate", trained[0], "--data", "a/b.txt", code=2, says="no data set 'a/b.txt'")
        fails("evaluate", trained[0], "--data", "digits/test", code=2, says="set 'digits/test'")

    def test_a_part_held_out_can_be_named(self, trained):
        words = ["evaluate", trained[0], "--json", "--data", "digits/validation"]
        assert json.loads(ff(*words).stdout)["images"] == 240


class TestPredict:
    def test_index_and_file_agree(self, trained, tmp_path):
        from forward_forward.data import load

        words = ["predict", trained[0], "--json"]
        (by_index,) = json.loads(ff(*words, "--index", "3").stdout)
        image = np.asarray(load("digits").test.images[3])
        np.save(tmp_path / "one.npy", image.reshape(8, 8))
        (by_file,) = json.loads(ff(*words, tmp_path / "one.npy").stdout)
        true = by_index.pop("true_class")
        assert true in "0123456789"
        assert by_index == by_file | {"image": 3}
        assert sum(by_file["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert max(by_file["goodness"], key=by_file["goodness"].get) == by_file["class"]

    def test_explain(self, trained):
        text = ff("predict", trained[0], "--index", "0", "--explain").stdout
        assert "layer 3" in text
        assert "←" in text
        (answer,) = json.loads(
            ff("predict", trained[0], "--index", "0", "--explain", "--json").stdout
        )
        total = sum(layer["0"] for layer in answer["layers"][1:])
        assert total == pytest.approx(answer["goodness"]["0"], rel=1e-5)

    def test_several_images(self, trained, tmp_path):
        np.save(tmp_path / "many.npy", np.zeros((3, 64), dtype=np.uint8))
        lines = ff("predict", trained[0], tmp_path / "many.npy").stdout.splitlines()
        assert [line.split(":")[0] for line in lines] == ["image 0", "image 1", "image 2"]

    def test_picture(self, trained, tmp_path):
        from PIL import Image

        Image.new("RGB", (8, 8), (255, 255, 255)).save(tmp_path / "white.png")
        np.save(tmp_path / "white.npy", np.ones((8, 8)))
        words = ["predict", trained[0], "--json"]
        assert (
            ff(*words, tmp_path / "white.png").stdout == ff(*words, tmp_path / "white.npy").stdout
        )

    def test_wrong_usage(self, trained):
        fails("predict", trained[0], code=2, says="give either a FILE or --index N")
        fails("predict", trained[0], "--index", "360", code=2, says="no image 360; there are 360")
        words = ["predict", trained[0] / "backprop", "--index", "0", "--explain"]
        fails(*words, code=2, says="backpropagation net")

    def test_bad_file(self, trained, tmp_path):
        np.save(tmp_path / "large.npy", np.zeros((28, 28)))
        says = ["large.npy: an image of 28×28; the model reads 8×8", "scale it first"]
        fails("predict", trained[0], tmp_path / "large.npy", code=1, says=says)
        fails("predict", trained[0], tmp_path / "none.png", code=1, says="no such file")


def test_list_names_everything():
    found = json.loads(ff("list", "--json").stdout)
    assert {"author_program", "hinton2022_supervised"} <= {row["name"] for row in found["recipes"]}
    assert [row["name"] for row in found["data"]] == dataset.names()
    rows = [*found["recipes"], *found["data"], *sum(found["parts"].values(), [])]
    labelled = [row for row in rows if row not in found["parts"]["method"]]
    assert all(row["about"] for row in labelled), [r for r in labelled if not r["about"]]
    assert "sum_of_squares" in ff("list").stdout


class TestDataCommand:
    def test_status(self, home):
        found = json.loads(ff("data", "status", "--json").stdout)
        assert found["digits"] == {"ready": True, "files": []}
        assert found["mnist"]["ready"] is False
        assert "missing: `ff data fetch mnist`" in ff("data", "status").stdout

    def test_fetch_unknown_or_needless(self, home):
        fails("data", "fetch", "mnits", code=2, says="did you mean 'mnist'")
        fails("data", "fetch", "digits", code=2, says="digits needs no download")


class TestNothingIsLost:
    def test_reproduce_does_not_replace_what_is_there(self, here):
        kept = here / "runs" / "author_program" / "seed0" / "checkpoint"
        kept.mkdir(parents=True)
        fails("reproduce", "author_program", code=2, says="is there already; add --resume")
        assert kept.exists()

    def test_a_checkpoint_without_its_manifest_is_not_begun_anew(self, here):
        words = ["--no-baseline", "--no-report", "--out", "run"]
        ff("train", *SMALL, *words)
        (here / "run" / "checkpoint" / "manifest.json").unlink()
        (tensors,) = (here / "run" / "checkpoint").glob("*.safetensors")
        before = tensors.read_bytes()
        fails(
            "train",
            *SMALL,
            *words,
            "--resume",
            code=1,
            says="cannot read run/checkpoint/manifest.json",
        )
        assert tensors.read_bytes() == before

    def test_a_mistyped_folder_of_records_wipes_nothing(self, here):
        (here / "RESULTS.md").write_text("kept")
        fails("results", "--records", "recrods", code=2, says="recrods is no folder of records")
        assert (here / "RESULTS.md").read_text() == "kept"

    def test_widths_that_no_machine_holds(self, here):
        fails("train", "--widths", "99999999999999999999", code=2, says="no more than")

    def test_a_threshold_beyond_reach(self, here):
        fails("train", *SMALL, "--threshold", "1e9", code=2, says="no unit can reach threshold")


class TestResults:
    def test_check_fails_when_stale_and_says_the_mend(self, here):
        fails("results", "--check", code=1, says="mend it with: ff results")
        ff("results")
        assert "author_program" in (here / "RESULTS.md").read_text()
        ff("results", "--check")

    def test_json_rows(self, here):
        rows = json.loads(ff("results", "--json").stdout)
        keys = {"recipe", "metric", "unit", "paper", "mean", "std", "n", "verdict"}
        assert all(keys <= row.keys() for row in rows)
        assert not (here / "RESULTS.md").exists()

    def test_damaged_record(self, here):
        (here / "records/author_program").mkdir(parents=True)
        (here / "records/author_program/seed0.json").write_text("{")
        fails("results", code=1, says=["seed0.json is damaged", "delete it"])


class TestReport:
    def test_overview(self, here):
        ff("report", "--out", "all.html")
        assert "author_program" in (here / "all.html").read_text()

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["--only", "pairs"], "--pictures FOLDER"),
            (["run", "--pictures", "shown"], "leave the run away"),
            (["--pictures", "shown", "--only", "nothing"], "no picture is called 'nothing'"),
        ],
    )
    def test_pictures_of_nothing(self, here, words, says):
        fails("report", *words, code=2, says=says)

    def test_a_run_again(self, trained):
        page = trained[0] / "report.html"
        before = page.read_text()
        page.unlink()
        ff("report", trained[0])
        assert "Beside backpropagation" in page.read_text()
        assert len(page.read_text()) == pytest.approx(len(before), rel=0.2)

    def test_not_a_run(self, here):
        fails("report", here, code=2, says="holds no record.json")


class TestBench:
    def test_unknown(self):
        fails("bench", "stap", code=2, says="did you mean 'step' or")

    def test_figures(self, monkeypatch):
        from forward_forward.benchmarks import step

        asked = {}
        monkeypatch.setattr(step, "run", lambda quick, device: asked.update(q=quick) or {"a": 1.5})
        assert json.loads(ff("bench", "step", "--quick", "--json").stdout) == {"a": 1.5}
        assert asked == {"q": True}
        assert "1.5" in ff("bench", "step").stdout


class TestReproduce:
    @pytest.fixture
    def tiny(self, monkeypatch, here):
        """The oracle's recipe, on digits and tiny."""
        from dataclasses import replace

        from forward_forward import recipes
        from forward_forward.recipes.author_program import RECIPE
        from forward_forward.recipes.best_supervised import best_learner
        from forward_forward.training.plan import Plan

        def build(data, seed, device):
            return best_learner(data, [8, 8], seed, device), Plan(1, batch_size=500, seed=seed)

        recipe = replace(RECIPE, dataset="digits", build=build)
        for place in ("reproduce.find", "recipes.find"):
            monkeypatch.setattr(f"forward_forward.{place}", lambda name: recipe)
        assert recipes.names()
        return here

    def test_keeps_a_record_of_each_seed_and_skips_them_later(self, tiny):
        result = ff("reproduce", "author_program", "--seeds", "2", "--device", "cpu")
        assert "author_program seed 1  epoch 1/1" in result.stderr
        assert "(n<3)" in result.stdout
        paths = sorted(tiny.glob("records/author_program/*.json"))
        assert [path.name for path in paths] == ["seed0.json", "seed1.json"]
        times = [path.stat().st_mtime_ns for path in paths]
        words = ["--seeds", "3", "--resume", "--device", "cpu"]
        result = ff("reproduce", "author_program", *words)
        assert "seeds 0, 1 have a record already" in result.stderr
        assert [path.stat().st_mtime_ns for path in paths] == times
        assert (tiny / "records/author_program/seed2.json").exists()

    def test_smoke_leaves_no_record(self, tiny):
        assert "smoke run" in ff("reproduce", "author_program", "--smoke", "--device", "cpu").stdout
        assert not (tiny / "records").exists()

    def test_leaves_a_model_and_a_page_that_can_be_drawn_again(self, tiny):
        ff("reproduce", "author_program", "--device", "cpu")
        run = tiny / "runs/author_program/seed0"
        page = (run / "report.html").read_text()
        assert "Confusion matrix" in page
        assert "What the first layer looks for" in page
        (run / "report.html").unlink()
        assert "report.html" in ff("report", str(run)).stdout
        assert (run / "report.html").read_text() == page
        assert "digits" in ff("evaluate", str(run)).stdout

    def test_wrong_usage(self, here):
        says = "no recipe 'author_programm'; did you mean 'author_program'"
        fails("reproduce", "author_programm", code=2, says=says)
        fails("reproduce", "author_program", "--seeds", "0", code=2, says="at least 1")
        fails("reproduce", "author_program", "--seeds", 10**23, code=2, says="at most")
        fails("reproduce", "author_program", "--first-seed", -1, code=2, says="0 at least")


def test_typers_own_errors_end_with_2():
    assert "No such option" in ff("train", "--colour", "red", code=2).stderr
    assert "sing" in ff("sing", code=2).stderr
    ff("train", "--epochs", "many", code=2)


def test_outside_terminals_nothing_is_cut(trained):
    text = ff("evaluate", trained[0]).stdout
    assert all(len(line) <= 200 for line in text.splitlines())
    assert "…" not in text


def test_module_runs_too():
    words = [sys.executable, "-m", "forward_forward", "train", "--data", "digts"]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "error: no data set 'digts'; did you mean 'digits'?\n"


class TestCompare:
    def test_pairs_are_set_side_by_side(self, tmp_path):
        words = [
            "--data",
            "digits",
            "--widths",
            "20,20",
            "--widths",
            "30",
            "--epochs",
            "2",
            "--target",
            "100",
        ]
        found = json.loads(ff("compare", *words, "--runs", tmp_path, "--json").stdout)["metrics"]
        for pair in ("20x20", "30"):
            gap = found[f"{pair}_ff_error"] - found[f"{pair}_bp_error"]
            assert found[f"{pair}_gap"] == pytest.approx(gap, abs=1e-5)
            assert found[f"{pair}_ff_epochs_to_100"] == 1
            assert found[f"{pair}_ff_peak_memory_mib"] > 0
        told = ff("compare", *words, "--runs", tmp_path, "--resume").stdout
        assert "20x20_bp" in told
        assert "epochs to 100 %" in told

    def test_what_is_there_is_not_replaced(self, tmp_path):
        words = [
            "compare",
            "--data",
            "digits",
            "--widths",
            "9",
            "--epochs",
            "1",
            "--runs",
            tmp_path,
        ]
        ff(*words)
        assert "add --resume" in ff(*words, code=2).stderr

    @pytest.mark.parametrize("target", ["nan", "-1", "inf", "101"])
    def test_a_target_is_an_error_in_percent(self, here, target):
        fails("compare", "--data", "digits", "--target", target, code=2, says="from 0 to 100 %")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"transient_mib": ',
        "[]",
        "[" * 100_000,
        '{"transient_mib": 1, "us_per_image": 1, "units": 1, "batch": 1}',
        '{"transient_mib": {"ff": {"x": 1}}, "us_per_image": {}, "units": 1, "batch": 1}',
        '{"transient_mib": {"ff": {"1": NaN}}, "us_per_image": {}, "units": 1, "batch": 1}',
    ],
)
def test_damaged_figures_of_memory_are_named(text, tmp_path):
    (tmp_path / "memory.json").write_text(text)
    (tmp_path / "records").mkdir()
    words = ["report", "--benchmarks", tmp_path, "--records", tmp_path / "records"]
    fails(*words, "--out", tmp_path / "page.html", code=1, says="holds no figures of memory")


@pytest.mark.parametrize("option", ["--readme", "--pages"])
def test_a_page_that_is_no_text_is_named(option, tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "page.md").write_bytes(b"\xff\xfe")
    elsewhere = {"--readme": tmp_path / "none", "--pages": tmp_path / "none"}
    elsewhere[option] = tmp_path / "page.md" if option == "--readme" else tmp_path
    words = [str(word) for pair in elsewhere.items() for word in pair]
    words += ["--records", tmp_path / "records", "--out", tmp_path / "out"]
    fails("results", *words, code=1, says="page.md is no text in UTF-8")
