"""Tables of one's own: what is read of them, what is left out and said, and every way in which they may be wrong."""

import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from forward_forward.data.columns import Columns
from forward_forward.data.own import is_path, load_own
from forward_forward.data.table import known_table, load_table, table_of
from forward_forward.data.table_file import read_table
from forward_forward.errors import CheckpointError, DataError, FFError, UsageError

ROWS = 60


def people(rows=ROWS, seed=0):
    """A table with a column of every kind, and a target that follows from two of them."""
    draw = np.random.default_rng(seed)
    age, city = draw.normal(40, 12, rows).round(1), draw.choice(["Rome", "Oslo", "Bonn"], rows)
    smokes = draw.random(rows) < 0.4
    return pd.DataFrame(
        {
            "age": age,
            "city": city,
            "smokes": smokes,
            "visits": draw.integers(0, 5, rows),
            "risk": np.where((age > 40) ^ smokes, "high", "low"),
        }
    )


def written(folder, frame, name="people.csv"):
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
    return path


def told(path, kind=DataError, **options):
    """Return the one line that is said of a file."""
    with pytest.raises(kind) as error:
        load_own(path, **options)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500
    return str(error.value)


FORMS = ["people.csv", "people.tsv", "people.csv.gz", "people.tsv.gz", "people.parquet"]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_makes_the_same_table(tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    table = load_own(written(tmp_path, people(), name))
    same = table_of("people", people())
    assert table.class_names == ("high", "low")
    assert table.columns.describe() == same.columns.describe()
    assert table.train.images.equal(same.train.images)
    assert table.columns.numbers == ("age", "visits")
    assert dict(table.columns.choices) == {
        "city": ("Bonn", "Oslo", "Rome"),
        "smokes": ("False", "True"),
    }


def test_semicolons_an_index_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "a.csv"
    people().to_csv(path, sep=";", encoding="utf-8-sig")
    frame = read_table(path)
    assert list(frame.columns) == list(people().columns)
    assert frame.index.tolist() == [str(row) for row in range(ROWS)]


def test_a_fifth_of_each_class_is_for_the_test_and_the_same_every_time(tmp_path):
    path = written(tmp_path, people())
    table, again = load_own(path), load_own(path)
    counts = people().risk.value_counts()
    for label, name in enumerate(table.class_names):
        share = int((table.test.labels == label).sum())
        assert share == round(counts[name] / 5)
    assert table.test.images.equal(again.test.images)
    assert len(table.train) + len(table.test) == ROWS
    assert "predicts the column 'risk'" in table.notes


def test_what_is_learned_of_columns_is_learned_of_the_training_rows_alone(tmp_path):
    frame = people()
    table = table_of("t", frame)
    tested = sorted(set(range(ROWS)) - set(table.learned.index))
    assert len(tested) == len(table.test)
    frame.loc[tested[0], "age"] = 1e6
    frame.loc[tested[1], "city"] = "Atlantis"
    other = table_of("t", frame)
    assert other.columns.describe() == table.columns.describe()
    assert other.train.images.equal(table.train.images)
    assert not other.test.images.equal(table.test.images)
    held_out = table.for_validation()
    assert held_out.name == "t/validation"
    assert held_out.columns.describe() != table.columns.describe()
    assert len(held_out.learned) == len(held_out.train) == len(table.train) - len(held_out.test)


def test_unknown_texts_are_zeros_and_missing_numbers_have_an_input_of_their_own():
    frame = people()
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "city"] = None
    columns = table_of("t", frame).columns
    assert columns.flagged == (True, False)
    assert dict(columns.choices)["city"][0] == ""
    asked = pd.DataFrame(
        {"age": [None, 41.0], "visits": [2, 3], "city": ["Paris", None], "smokes": [True, False]}
    )
    inputs = columns(asked)
    flag, city = columns.encoding.width, columns.encoding.width + 1
    assert inputs[:, flag].tolist() == [1, 0]
    assert inputs[:, city : city + 4].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0]]
    assert inputs[0, city + 4 :].tolist() == [0, 1]
    filled = columns(asked.assign(age=[columns.fill[0], 41.0]))
    assert (inputs[0, :flag] == filled[0, :flag]).all()
    assert inputs.min() >= 0
    assert inputs.max() <= 1


def test_columns_come_back_from_their_description():
    columns = table_of("t", people()).columns
    again = Columns.of(columns.describe())
    assert again.describe() == columns.describe()
    assert (again(people()) == columns(people())).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("numbers"),
        lambda d: d.update(numbers=["age"]),
        lambda d: d.update(numbers=["age", "age"]),
        lambda d: d.update(numbers=["age", "risk"]),
        lambda d: d.update(fill=[float("nan"), 0]),
        lambda d: d.update(fill=["x", 0]),
        lambda d: d.update(flagged=7),
        lambda d: d.update(encoding=None),
        lambda d: d.update(encoding={"features": 2}),
        lambda d: d["encoding"].update(columns=[9] * len(d["encoding"]["columns"])),
        lambda d: d.update(choices=[["city", []]]),
        lambda d: d.update(choices=[["city", ["a", "a"]]]),
        lambda d: d.update(choices={"city": 3}),
    ],
)
def test_a_forged_description_is_refused(change):
    described = table_of("t", people()).columns.describe()
    change(described)
    with pytest.raises((DataError, CheckpointError)):
        Columns.of(described)


def test_columns_that_say_nothing_are_left_out_and_named():
    frame = people()
    frame.insert(0, "number", np.arange(100, 100 + ROWS))
    frame.insert(0, "name", [f"person {row}" for row in range(ROWS)])
    frame.insert(0, "planet", "Earth")
    frame.insert(0, "empty", None)
    table = table_of("t", frame)
    said = " ".join(table.notes)
    for part in (
        "'number' counts the rows",
        "'name' has",
        "'planet' is the same",
        "'empty' is empty",
    ):
        assert part in said
    assert table.columns.describe() == table_of("t", people()).columns.describe()
    assert "age" not in table_of("t", people(), without=["age"]).columns.names


def test_rows_without_a_label_are_left_out_and_named():
    frame = people()
    frame.loc[[3, 5], "risk"] = None
    table = table_of("t", frame)
    assert len(table.train) + len(table.test) == ROWS - 2
    assert "left out: 2 rows (3, 5) without a 'risk'" in table.notes


def test_labels_that_are_numbers_are_in_their_order_and_the_same_in_every_form(tmp_path):
    frame = people().assign(risk=np.arange(ROWS) % 11)
    assert table_of("t", frame).class_names == tuple(map(str, range(11)))
    frame["risk"] = frame.risk.astype(float)
    assert load_own(written(tmp_path, frame)).class_names == tuple(map(str, range(11)))


def test_a_class_of_one_row_is_learned_and_said():
    frame = people()
    frame.loc[0, "risk"] = "unheard of"
    table = table_of("t", frame)
    assert "too few rows to be tested: 'unheard of' (1)" in table.notes
    assert int((table.train.labels == 2).sum()) == 1


BAD_CSV = {
    "a picture": (b"\x89PNG\r\n\x1a\n\xff\xd8" * 9, "UTF-8"),
    "empty": (b"", "empty"),
    "blank": (b"\n\n", "empty first line"),
    "header alone": (b"a,b\n", "no rows"),
    "one row": (b"a,b\n1,x\n", "one class alone"),
    "two rows": (b"a,b\n1,x\n2,y\n", "too few"),
    "one class": (b"a,b\n" + b"1,x\n2,x\n" * 5, "one class alone, 'x'"),
    "twice the same name": (b"a,a,b\n1,2,x\n", "two columns are called 'a'"),
    "no name": (b"a,,b\n1,2,x\n", "column 2 has no name"),
    "not UTF-8": (b"a,b\n1,\xe4\n2,y\n", "not a text in UTF-8 (it holds the byte 0xe4)"),
    "too long a row": (b"a,b\n1,x\n1,2,3\n", "line 3"),
    "too long a first row": (b"a,b\n1,2,3\n2,3,4\n", "no table that can be read"),
    "an open quote": (b'a,b\n"1,x\n2,y\n', "no table that can be read"),
    "an open quote above": (b'a,"b\n1,x\n', "first line cannot be read"),
    "infinite": (b"a,b\n" + b"1,x\n2,y\ninf,x\n" * 5, "infinite"),
    "huge": (b"a,b\n" + b"1,x\n2,y\n1e300,x\n" * 5, "beyond"),
    "mixed": (b"a,b\n" + b"1,x\n2,y\n" * 9 + b"many,x\n", "'many' in row"),
    "dates": (b"a,b\n" + b"2024-01-05,x\n2024-02-05,y\n" * 5, "--without 'a'"),
    "a quantity": (b"a,b\n" + b"".join(b"%d,%f\n" % (i % 7, i / 9) for i in range(40)), "a quantity"),
    "as many classes as rows": (b"a,b\n" + b"".join(b"%d,n%d\n" % (i % 7, i) for i in range(40)), "classes"),
    "nothing to learn from": (b"a,b\n" + b"1,x\n1,y\n" * 5, "no column to learn 'b' from"),
    "labels alone": (b"b\n" + b"x\ny\n" * 5, "no column to learn 'b' from"),
    "no label": (b"a,b\n1,\n2,\n", "no label at all"),
    "decimal commas": (b"a;b\n" + b"1,5;x\n-2,25;y\n" * 5, "write 1.5 for 1,5"),
    "thousands": (b"a;b\n" + b"1,000;x\n2,000;y\n" * 5, "1000 for 1,000"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CSV)
def test_bad_tables_are_told_in_one_line(tmp_path, name):
    raw, says = BAD_CSV[name]
    path = tmp_path / "bad.csv"
    path.write_bytes(raw)
    assert says in told(path)
    (tmp_path / "bad.csv.gz").write_bytes(gzip.compress(raw))
    assert says in told(tmp_path / "bad.csv.gz")


def test_damaged_files_and_missing_ones_are_told(tmp_path):
    path = written(tmp_path, people(), "people.csv.gz")
    path.write_bytes(path.read_bytes()[:-9])
    assert "gzip is corrupt" in told(path)
    assert "no such file" in told(tmp_path / "none.csv")
    (tmp_path / "notes.txt").write_text("hello")
    assert "no kind of file that is known here" in told(tmp_path / "notes.txt")
    pytest.importorskip("pyarrow")
    path = written(tmp_path, people(), "people.parquet")
    path.write_bytes(path.read_bytes()[:200] + b"\0" * 99)
    assert "no Parquet that can be read" in told(path)
    (tmp_path / "empty.parquet").write_bytes(b"")
    assert "no Parquet that can be read" in told(tmp_path / "empty.parquet")
    path = written(tmp_path, people().head(0), "none.parquet")
    assert "no rows" in told(path)


def test_a_million_columns_are_refused_at_once(tmp_path):
    path = tmp_path / "wide.csv"
    line = ",".join(map(str, range(10**6)))
    path.write_text(f"{line}\n{line}\n")
    assert "the most is 10,000" in told(path)


def test_a_column_that_is_not_there_is_told_with_near_ones(tmp_path):
    path = written(tmp_path, people())
    says = told(path, UsageError, target="rsk")
    assert says == "--target rsk: no such column; did you mean 'risk'?"
    assert "--without town: no such column" in told(path, UsageError, without=["town"])
    assert "--size" in told(path, UsageError, size=8)


def test_parquet_dates_are_refused_and_other_types_are_read(tmp_path):
    pytest.importorskip("pyarrow")
    frame = people().assign(visits=pd.array([1, None] * (ROWS // 2), dtype="Int64"))
    frame["city"] = frame.city.astype("category")
    table = load_own(written(tmp_path, frame, "a.parquet"), target="risk")
    assert table.columns.flagged == (False, True)
    frame["when"] = pd.date_range("2024-01-01", periods=ROWS)
    assert "'when' holds dates" in told(written(tmp_path, frame, "b.parquet"), target="risk")


def test_parquet_texts_that_are_none_are_told(tmp_path):
    pa, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    texts = pa.array([b"Rome", b"\x9a"] * (ROWS // 2)).view(pa.string())
    parquet.write_table(
        pa.table({"city": texts, "risk": ["a", "b"] * (ROWS // 2)}), tmp_path / "a.parquet"
    )
    assert "no Parquet that can be read" in told(tmp_path / "a.parquet")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert told(tmp_path / "a.parquet").endswith("pip install 'forward-forward[parquet]'")


def test_known_tables_are_judged_whole_or_by_the_part_that_was_for_the_test(tmp_path):
    path = written(tmp_path, people())
    table = load_table(path)
    known = known_table(path, table.columns, table.class_names, learned=True)
    assert known.test.images.equal(table.test.images)
    assert known.test.labels.equal(table.test.labels)
    assert len(known_table(path, table.columns, table.class_names, learned=False).test) == ROWS
    other = written(tmp_path, people(seed=1).replace({"risk": {"low": "none"}}), "b.csv")
    with pytest.raises(DataError, match="class that the model does not know, such as 'none'"):
        known_table(other, table.columns, table.class_names, learned=False)
    other = written(tmp_path, people().drop(columns=["age", "city"]), "c.csv")
    with pytest.raises(DataError, match="no columns 'age', 'city'"):
        known_table(other, table.columns, table.class_names, learned=False)


def test_rows_of_numbers_in_arrays_are_a_table(tmp_path):
    path = tmp_path / "a.npz"
    draw = np.random.default_rng(0)
    x, y = draw.normal(0, 50, (ROWS, 3)), draw.choice(["a", "b"], ROWS)
    np.savez(path, X=x, y=y)
    table = load_own(path)
    assert table.columns.numbers == ("x0", "x1", "x2")
    assert len(table.train) + len(table.test) == ROWS
    np.savez(path, x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    table = load_own(path)
    assert (len(table.train), len(table.test)) == (ROWS, 9)
    again = known_table(path, table.columns, table.class_names, learned=True)
    assert again.test.images.equal(table.test.images)
    np.savez(path, X=x, y=np.array([{}] * ROWS, object))
    assert "Python objects" in told(path)
    np.savez(path, X=x)
    assert "no labels; name them `labels` or `y`" in told(path)
    np.savez(path, X=x, y=y[:-1])
    assert "give one number or text for each" in told(path)


def test_arrays_whose_parts_do_not_fit_are_told(tmp_path):
    path, rows, labels = tmp_path / "a.npz", np.arange(60.0).reshape(20, 3) % 7, np.arange(20) % 2
    for arrays, says in [
        ({}, "no labels; name them"),
        ({"y": labels, "x_test": rows[:, :2], "y_test": labels}, "of 3 numbers to learn from, and of 2"),
        ({"y": labels, "x_test": rows}, "name them `y_test`"),
        ({"y": labels, "x_test": rows, "y_test": labels + 1}, "'2' is in the test part alone"),
    ]:  # fmt: skip
        np.savez(path, x=rows, **arrays)
        assert says in told(path)


def test_the_target_cannot_be_left_out_nor_be_missing_where_it_is_judged(tmp_path):
    path = written(tmp_path, people())
    table = load_table(path)
    assert "choose another with --target" in told(path, UsageError, without=[table.columns.target])
    other = written(tmp_path, people().drop(columns=table.columns.target), "other.csv")
    with pytest.raises(DataError, match="which the model predicts"):
        known_table(other, table.columns, table.class_names, False)


def test_data_sets_win_over_files_and_paths_are_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert not is_path("digits")
    assert is_path("./digits")
    assert is_path("missing.csv")
    assert not is_path("missing")


def test_reading_a_table_imports_no_torch():
    code = "import sys, forward_forward.data.table; print({'torch', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_only_errors_of_ours_leave_a_table_with_random_bytes(tmp_path):
    draw = np.random.default_rng(0)
    raw = people().to_csv(index=False).encode()
    path = tmp_path / "a.csv"
    for _ in range(150):
        bad = bytearray(raw)
        for place in draw.integers(0, len(raw), 3):
            bad[place] = draw.integers(0, 256)
        path.write_bytes(bytes(bad))
        try:
            load_own(path)
        except FFError as error:
            assert "\n" not in str(error)


def test_cells_that_are_neither_numbers_nor_texts_are_not_read(tmp_path):
    frame = people().assign(tags=[[1, 2]] * ROWS, raw=[b"a", b"b"] * (ROWS // 2))
    table = load_own(written(tmp_path, frame, "a.parquet"), target="risk")
    assert not {"tags", "raw"} & set(table.columns.names)
    assert any("'raw' holds cells of type bytes" in note for note in table.notes)
    assert "which are no classes" in told(written(tmp_path, frame, "b.parquet"), target="tags")


def test_parquet_with_odd_notes_of_pandas_is_told(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"x": [1.0, 2.0]})
    notes = {
        b"pandas": b'{"columns": [{"name": "x"}], "index_columns": [], "column_indexes": [{}]}'
    }
    pq.write_table(table.replace_schema_metadata(notes), tmp_path / "odd.parquet")
    assert "no Parquet that can be read" in told(tmp_path / "odd.parquet")
