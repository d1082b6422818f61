"""What is typed at the command line: names of parts, lists of widths."""

from forward_forward.commands.parts import choose, find_widths, known_parts
from forward_forward.data.dataset import find

PARTS = known_parts()
KINDS = sorted(PARTS)
SEEDS = [
    b"\0sum_of",
    b"\1silu",
    b"\6smoothed",
    b"W2000,2000",
    b"W4 , 3",
    b"W\xd9\xa3",
    b"Ddigts",
    b"W-1",
    b"W1_0,0x3",
]


def read(data: bytes) -> None:
    typed = data[1:].decode("utf-8", "replace")
    if data[:1] == b"W":
        assert all(width > 0 for width in find_widths(typed) or ())
    elif data[:1] == b"D":
        find(typed)
    else:
        kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
        assert choose(PARTS[kind], typed, kind) in PARTS[kind].values()
