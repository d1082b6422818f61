"""CIFAR's binary records. Of 3,073 or 3,074 bytes each; what a fuzzer sends is repeated to that length."""

from pathlib import Path

from forward_forward.data.cifar import PIXELS, decode_cifar

SEEDS = [bytes([1, 0, 3, 9]), bytes([2, 0, 99, 3, 7]), bytes([1, 1, 3]), bytes([1, 0, 10])]


def read(data: bytes) -> None:
    """Byte 0: how many label bytes; byte 1: how many bytes are missing or spare; the rest: the records."""
    label_bytes, off, content = (data[0] % 2 + 1 if data else 1), data[1:2], data[2:]
    records = b"".join(
        content[i : i + 2].ljust(label_bytes + PIXELS, b"\1") for i in range(0, len(content), 2)
    )
    raw = records + bytes(off[0] % 5) if off else records
    pixels, labels = decode_cifar(raw, Path("batch.bin"), label_bytes, classes=10)
    assert pixels.shape == (len(labels), PIXELS) and int(labels.max()) < 10
