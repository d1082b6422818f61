"""The C code on machines: sanitized, optimised, on an emulated Cortex-M4, and laid out by a compiler."""

import re
from pathlib import Path

import pytest

from compiled import have, program, run, samples, write
from forward_forward.data.digits import load
from forward_forward.export.budget import FLOAT, INT8, forward_forward_bytes
from forward_forward.export.c import passes_at_once, sizes_of
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import concatenate
from forward_forward.losses import SiLU
from forward_forward.networks.feed_forward import FeedForward
from toys import generator

needs_gcc = pytest.mark.skipif(not have("gcc"), reason="there is no gcc")
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
PAIRS = {"goodness": mean_of_squares, "loss": SiLU(), "place": concatenate}


@pytest.fixture(scope="module")
def digits():
    return load()


def digits_net(widths, **options):
    return FeedForward.dense(64, 10, list(widths), generator=generator(), head=False, **options)


VERSIONS = {
    f"{'int8' if int8 else 'float'}, {name}": (options, int8)
    for int8 in (False, True)
    for name, options in (("apart", {}), ("pairs", PAIRS))
}
every_version = pytest.mark.parametrize(("options", "int8"), VERSIONS.values(), ids=VERSIONS)


def streams(folder, digits, int8):
    """Return two files of samples: to learn, and to judge."""
    train, test = digits.train, digits.test
    wrong = (train.labels[:200] + 3) % 10
    wrong[::2] = 255  # half of them drawn by the code itself
    return (
        samples(folder / "learn", train.images[:200], train.labels[:200], int8, wrong),
        samples(folder / "judge", test.images[:30], test.labels[:30], int8),
    )


@needs_gcc
@every_version
def test_sanitized_and_optimised_alike(tmp_path, digits, options, int8):
    folder = write(tmp_path, digits_net((30, 20, 25), **options), int8=int8)
    said = [
        run(program(folder, *flags), *streams(folder, digits, int8), folder / "weights")
        for flags in (SANITIZED, ["-O3", "-march=native"])
    ]
    assert re.fullmatch(r"learned 200, right \d+ of 30, weights [0-9a-f]{8}\n", said[0])
    assert set(said) == {said[0]}
    kept = (folder / "weights").read_bytes()
    hashed = 2166136261
    for byte in kept:
        hashed = (hashed ^ byte) * 16777619 & 0xFFFFFFFF
    assert f"{hashed:08x}" in said[0]


@needs_gcc
@every_version
def test_the_budget_is_what_the_compiler_lays_out(tmp_path, options, int8):
    net = digits_net((30, 20, 25), **options)
    folder = write(tmp_path, net, int8=int8)
    run("gcc", "-std=c99", "-Os", "-fno-pic", "-c", folder / "ff_net.c", "-o", folder / "ff_net.o")
    _, data, bss, *_ = map(int, run("size", folder / "ff_net.o").splitlines()[1].split()[:3])
    promised = forward_forward_bytes(sizes_of(net), INT8 if int8 else FLOAT, passes_at_once(net))
    assert (
        promised <= data + bss <= promised + 64
    )  # what lies between, so that vectors begin on a line
    assert f"#define FF_BYTES {promised} " in (folder / "ff_net.h").read_text()


CORTEX = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]


@pytest.mark.skipif(
    not have("gcc", "arm-none-eabi-gcc", "qemu-system-arm"), reason="there is no emulated board"
)
@every_version
def test_a_cortex_m4_learns_the_same_bits(tmp_path, digits, options, int8):
    folder = write(tmp_path, digits_net((30, 20), **options), int8=int8)
    files = streams(folder, digits, int8)
    here = run(program(folder), *files)
    board = Path(__file__).parent
    run(
        "arm-none-eabi-gcc", *CORTEX, "-std=c99", "-O2", "-ffp-contract=off", "--specs=rdimon.specs",
        "-T", board / "cortex_m4.ld", "-o", folder / "board.elf",
        board / "cortex_m4.c", folder / "ff_net.c", folder / "main.c",
    )  # fmt: skip
    words = ",".join(f"arg={word}" for word in ("ff_net", *files))
    there = run(
        "qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none",
        "-semihosting-config", f"enable=on,target=native,{words}", "-kernel", folder / "board.elf",
    )  # fmt: skip
    assert there == here
