"""Texts: UTF-8 or not, cleaned and encoded in an alphabet."""

from pathlib import Path

from forward_forward.data.text import ALPHABET, cleaned, decode_text, encoded, text_of

SEEDS = [
    b"The Fox,\nsly as he was: 'No!'",
    "Öl – „so“ \U0001f98a".encode(),
    b"\xff\xfe",
    b"a b;c." * 9,
]


def read(data: bytes) -> None:
    text = decode_text(data, Path("text"))
    kept = cleaned(text)
    assert set(kept) <= set(ALPHABET) and len(encoded(kept)) == len(kept)
    found = text_of("text", text.split("\n"))
    assert set(found.decode(found.train)) <= set(ALPHABET)
