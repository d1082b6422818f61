"""Lines: what is a sample, and one line of words for everything that is none."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.errors import CheckpointError, DataError
from forward_forward.streams import lines
from forward_forward.streams.classifier import StreamClassifier
from forward_forward.streams.lines import LineReader
from forward_forward.streams.makers import Singles
from forward_forward.streams.prequential import RunningError
from forward_forward.streams.session import Session


def session(**options):
    model = StreamClassifier(Singles((8,)), warm_up=8, **options)
    return Session(model, LineReader(), RunningError(), block=4)


def many(number, first=0):
    rows = [{"x": [i % 2 + 0.01 * i, i % 3], "y": "ab"[i % 2]} for i in range(first, number)]
    return [json.dumps(row).encode() + b"\n" for row in rows]


def run(asked, raw, **options):
    source = io.BytesIO(b"".join(raw))
    return [a for some in asked.answers(asked.reader.read(source), **options) for a in some]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 5000, "JSON"),
        (b"\xff{}", "UTF-8"),
        (b"[1, 2]", "no object"),
        (b'{"a": 1, "k": "u"}', 'feature "b" is missing'),
        (b'{"a": 1, "b": 2, "c": 3, "k": "u"}', 'feature "c" is not among'),
        (b'{"a": NaN, "b": 2}', '"a" holds no finite number'),
        (b'{"a": 1, "b": Infinity}', '"b" holds no finite number'),
        (b'{"a": 1, "b": 1' + b"0" * 400 + b"}", '"b" holds no finite number'),
        (b'{"a": "1", "b": 2}', '"a" holds "1", which is no number'),
        (b'{"a": null, "b": 2}', '"a" holds null, which is no number'),
        (b'{"a": [1], "b": 2}', "no number"),
        (b'{"a": 1, "b": 2, "k": 0.5}', "the label is 0.5"),
        (b'{"a": 1, "b": 2, "k": [1]}', "the label is [1]"),
    ],
)
def test_a_bad_line_is_told_in_one_line(line, says):
    reader = LineReader("k")
    assert reader.sample(b'{"k": "u", "b": 1, "a": 2}') == ([1.0, 2.0], "u")
    with pytest.raises(DataError) as caught:
        reader.sample(line)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert reader.sample(b'{"a": 2, "b": true}') == ([1.0, 2.0], None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"y": 1}', 'no list "x"'),
        (b'{"x": 1}', 'no list "x"'),
        (b'{"x": [1, 2], "z": 1}', 'unknown key "z"'),
        (b'{"x": [1]}', "1 values in x; the lines before have 2"),
        (b'{"x": [1, "2"]}', '"x[1]" holds "2"'),
    ],
)
def test_without_a_target_too(line, says):
    reader = LineReader()
    assert reader.sample(b'{"x": [1, 2], "y": 3.0}') == ([1.0, 2.0], 3)
    with pytest.raises(DataError) as caught:
        reader.sample(line)
    assert says in str(caught.value)


def test_a_bad_first_line_says_nothing_about_the_features():
    reader = LineReader("k")
    for bad in (b'{"other": "x"}', b"{}", b'{"k": 1}'):
        with pytest.raises(DataError):
            reader.sample(bad)
    assert reader.names is None


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60) | st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("xyk"), inner), max_leaves=6)
    .map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_whatever_a_line_holds_it_is_a_sample_or_told(raw):
    for reader in (LineReader(), LineReader("k")):
        found = list(reader.read(io.BytesIO(raw)))
        assert all(line.error or line.features for line in found)


def test_empty_lines_count_but_are_no_samples_and_long_ones_are_skipped_unread(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 64)
    source = io.BytesIO(b'\n{"x": [1]}\n  \n' + b"9" * 1000 + b'\n{"x": [2]}')
    found = list(LineReader().read(source))
    assert [line.number for line in found] == [2, 4, 5]
    assert "longer" in found[1].error
    assert found[2].features == [2.0]


class TestSession:
    def test_answers_are_the_same_at_once_and_in_blocks(self):
        one, other = session(), session()
        raw = [*many(30), b'{"x": [0, 1]}\n', b"oh\n", *many(50, 30)]
        assert run(one, raw) == run(other, raw, at_once=True)
        assert one.model.samples == other.model.samples == 50
        assert one.skipped == 1
        assert one.first_skipped.number == 32
        assert one.error.figures == other.error.figures

    def test_at_once_means_before_the_next_line_is_read(self):
        read = []

        def source():
            for line in LineReader().read(io.BytesIO(b"".join(many(10)))):
                read.append(line.number)
                yield line

        for some in session().answers(source(), at_once=True):
            assert [each.number for each in some] == read[-1:]

    def test_a_label_too_many_is_skipped(self):
        asked = session(most_classes=2)
        answers = run(asked, [*many(20), b'{"x": [1, 1], "y": "c"}\n', *many(24, 20)])
        assert "one beyond 2 classes" in answers[20].error
        assert asked.model.classes == ["a", "b"]
        assert asked.model.samples == 24

    def test_goes_on_where_it_was(self, tmp_path):
        whole, first = session(), session()
        raw = many(40)
        answers = run(whole, raw)
        begun = run(first, raw[:20])
        first.save(tmp_path / "m")
        second = Session.load(tmp_path / "m")
        later = run(second, raw[20:])
        assert [a.said for a in answers] == [a.said for a in begun + later]
        assert second.error.figures == whole.error.figures

    def test_a_folder_of_something_else_is_told(self, tmp_path):
        with pytest.raises(CheckpointError):
            Session.load(tmp_path)
