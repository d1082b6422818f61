"""The far side of a pipe: a process of its own that answers frames with frames. It needs numpy and nothing of ours.

A frame is 12 bytes of header, `FFB1`, rows and units as unsigned 32-bit integers, and then rows · units floats of 32
bits, row by row; all of it little-endian. Run as a program, this file plays a foreign analog device. For a process of
one's own: `serve(function)` in a script of one's own, or the same few lines in any other language.
"""

import os
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HEADER = struct.Struct("<4sII")
MAGIC = b"FFB1"
MOST_BYTES = 2**31


def write_frame(stream: BinaryIO, values: Floats) -> None:
    """Write floats `[R, U]` as one frame."""
    stream.write(HEADER.pack(MAGIC, *values.shape))
    stream.write(values.astype("<f4").tobytes())
    stream.flush()


def read_frame(stream: BinaryIO) -> Floats:
    """Return the floats `[R, U]` of the next frame.

    Raises:
        EOFError: when the stream has ended, in the middle of a frame or between two.
        ValueError: when what comes is no frame.
    """
    header = _read_exactly(stream, HEADER.size)
    magic, rows, units = HEADER.unpack(header)
    if magic != MAGIC or 4 * rows * units > MOST_BYTES:
        raise ValueError(f"{header!r} begins no frame; does something else write to the pipe?")
    values = np.frombuffer(_read_exactly(stream, 4 * rows * units), dtype="<f4")
    return values.astype(np.float32).reshape(rows, units)


def serve(function: Callable[[Floats], Floats]) -> None:
    """Answer frames on stdin with frames on stdout until stdin ends, as it does when the parent dies.

    What the function prints goes to stderr, so that it does not get among the frames.

    Arguments:
        function: floats `[R, U]` → floats `[R, U']`.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        while True:
            try:
                question = read_frame(sys.stdin.buffer)
            except EOFError:
                return
            write_frame(out, function(question))


def device(seed: int) -> Callable[[Floats], Floats]:
    """Return an analog device with shuffled wires, a gain of its own for each wire, and a converter of three bits.

    y_j = ⌊clip(gain_j · h_π(j), 0, 7)⌉

    Example:
        >>> device(0)(np.ones((1, 4), np.float32)).shape
        (1, 4)
    """

    def answer(h: Floats) -> Floats:
        draw = np.random.default_rng(seed)
        wires, gains = draw.permutation(h.shape[1]), draw.uniform(1, 3, h.shape[1])
        return np.rint(np.clip(h[:, wires] * gains, 0, 7)).astype(np.float32)

    return answer


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError("the pipe has ended")
    return data


if __name__ == "__main__":
    serve(device(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
