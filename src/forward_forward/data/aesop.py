"""Aesop: 284 of Aesop's fables in English, about 190,000 characters; split by fable, every fifth for the test.

V. S. Vernon Jones's translation of 1912, in the public domain: the text from the first fable's title to the last one's
end, without licence, introduction and contents, in UTF-8 with LF. Which copy Hinton 2022 used is not known.

References:
    *Aesop's Fables: A New Translation*, 1912; Project Gutenberg's ebook 11339.
"""

from pathlib import Path

from forward_forward.data.location import locate
from forward_forward.data.text import Text, read_text, text_of

SOURCE = "https://www.gutenberg.org/ebooks/11339"
FILES: dict[str, str | None] = {
    "aesop.txt": "5e7494ab26e35d03b283008b5349f2ef82ab94ad26dc870166b16a67be577a55"
}
ARCHIVE = SOURCE


def load(directory: Path | None = None) -> Text:
    """Read the fables from disk; titles are left out.

    Arguments:
        directory: the only folder to search for `aesop/aesop.txt`; without it `$FF_DATA`, then the user's cache.

    Raises:
        DataError: the file is missing, is no UTF-8 text, or holds no fables.
    """
    (path,) = locate("aesop", FILES, directory)
    return text_of("aesop", fables(read_text(path)))


def fables(text: str) -> list[str]:
    r"""Return the fables of a book in which each begins with a title in capitals; titles are left out.

    Example:
        >>> fables("THE FOX\n\n\nA fox.\n\nHe ran.\n\n\n\nTHE HEN\n\n\nA hen.\n")
        ['A fox.\n\nHe ran.', 'A hen.']
    """
    found: list[list[str]] = []
    for line in text.splitlines():
        if line[:1].isalpha() and line == line.upper():
            found.append([])
        elif found:
            found[-1].append(line)
    return ["\n".join(lines).strip() for lines in found]
