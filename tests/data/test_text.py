"""Text: what is kept of it, how it is cut, and what bad files are told."""

import os
from pathlib import Path

import pytest
import torch

from forward_forward.data import aesop, load, text, windows
from forward_forward.errors import DataError, UsageError
from toys import generator


def test_only_the_alphabet_is_left_and_words_stay_apart():
    found = text.cleaned("“Well—well!”\r\n\tsaid the\n\nFOX; 3 grapes, æther.")
    assert found == "wellwell said the fox; grapes, ther."
    assert set(found) <= set(text.ALPHABET)
    assert len(text.ALPHABET) == len(set(text.ALPHABET)) == 30


def test_encoding_and_back():
    whole = text.text_of("t", ["one fox.", "two; hens,", "c", "d", "e test"])
    assert whole.decode(whole.train) == "one fox. two; hens, c d"
    assert whole.decode(whole.test) == "e test"
    with pytest.raises(DataError, match="'A'"):
        text.encoded("A")


def test_windows_are_all_there_is_and_no_copy():
    symbols = torch.randint(30, (40,), generator=generator())
    found = windows.windows(symbols, 10)
    assert found.shape == (30, 11)
    assert all(torch.equal(found[i], symbols[i : i + 11]) for i in range(30))
    assert found.untyped_storage().data_ptr() == symbols.untyped_storage().data_ptr()


@pytest.mark.parametrize(("count", "length"), [(1, 40), (4, 10), (3, 11)])
def test_strings_do_not_overlap_and_are_pieces_of_the_text(count, length):
    found = windows.strings(torch.arange(40), count, length)
    assert found.shape == (count, length)
    assert len(found.unique()) == count * length
    assert bool((found.diff(dim=1) == 1).all())


def test_no_document_is_in_both_parts():
    documents = [f"d{i}" for i in range(12)]
    train, test = (set(part.split()) for part in text.split_documents(documents))
    assert not train & test
    assert train | test == set(documents)
    assert len(test) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: windows.windows(torch.arange(10), 10), "no window of 10"),
        (lambda: windows.strings(torch.arange(10), 2, 6), "takes 12"),
        (lambda: text.split_documents(["a"]), "1 documents"),
        (lambda: text.text_of("t", ["1234", "!"]), "none of the 30"),
    ],
)
def test_too_little_text(make, words):
    with pytest.raises(DataError, match=words):
        make()


def test_numbers_below_one():
    with pytest.raises(UsageError):
        windows.windows(torch.arange(5), 0)
    with pytest.raises(UsageError):
        windows.strings(torch.arange(5), 0, 1)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"one\ntwo \xff three", "byte 8, in line 2, is 0xff"),
    ],
)
def test_bad_files(raw, words, tmp_path):
    path = tmp_path / "book.txt"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=words):
        text.read_text(path)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        text.read_text(tmp_path / "none.txt")
    with pytest.raises(DataError, match="aesop is not on this machine"):
        text.load_text("aesop", tmp_path)


@pytest.mark.skipif(
    not (Path(os.environ.get("FF_DATA", "/nowhere")) / "aesop/aesop.txt").is_file(),
    reason="the fables are not in $FF_DATA",
)
def test_the_fables():
    (path,) = aesop.locate("aesop", aesop.FILES)
    assert len(aesop.fables(text.read_text(path))) == 284
    book = text.load_text("aesop")
    assert len(book.train) > 100_000
    assert 0.15 < len(book.test) / (len(book.train) + len(book.test)) < 0.25
    assert book.decode(book.train[:50]) == "a hungry fox saw some fine bunches of grapes hangi"
    assert "the fox and the grapes" not in book.decode(book.train[:2000])
    assert windows.strings(book.train, 248, 100).shape == (248, 100)


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("Ah, BAA. " * 20, encoding="utf-8")
    book = text.load_text(path)
    assert (book.name, len(book.alphabet)) == ("book.txt", 30)
    assert book.decode(torch.cat([book.train, book.test])) == ("ah, baa. " * 20).strip()
    assert len(book.test) == 179 // 6
    short = text.load_text(path, alphabet="abh")
    assert short.decode(torch.cat([short.train, short.test])) == "ahbaa" * 20


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("123", encoding="utf-8")
    with pytest.raises(DataError, match="0 of the 30 symbols"):
        text.load_text(path)
    with pytest.raises(UsageError, match="images, not text"):
        text.load_text("digits")
    (tmp_path / "aesop").mkdir()
    book = "".join(f"THE FOX {i}\n\n\nA fox ran.\n\n\n" for i in range(6))
    (tmp_path / "aesop/aesop.txt").write_text(book, encoding="utf-8")
    assert len(text.load_text("aesop", tmp_path).test) == len("a fox ran.")
    with pytest.raises(UsageError, match="--text aesop"):
        load("aesop", tmp_path)
    with pytest.raises(UsageError, match="each of them once"):
        text.load_text(path, alphabet="aa")


def test_documents_in_an_alphabet_without_a_space_are_joined_without():
    found = text.text_of("toy", ["ab c", "ba", "cc", "a", "bcb", "a"], "abc")
    assert found.decode(found.train) == "abcbaccaa"
    assert found.decode(found.test) == "bcb"
