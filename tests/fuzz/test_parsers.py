"""Every parser that is fuzzed reads its seeds, and changes of them, or tells in one line; no fuzzer is needed here."""

import random

import pytest

from fuzz.run import guarded, names, parser, together

CHANGES = 150


def changed(seed, draw):
    """Return a seed cut off, with bytes changed, or with a piece doubled."""
    data = bytearray(seed)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data) + 1)
        kind = draw.randrange(4)
        if kind == 0:
            del data[place:]
        elif kind == 1 and place < len(data):
            data[place] = draw.randrange(256)
        elif kind == 2:
            data[place:place] = data[place // 2 : place]
        else:
            data[place:place] = draw.randbytes(draw.randint(1, 3))
    return bytes(data)


@pytest.mark.parametrize("name", names())
def test_seeds_and_their_changes(name):
    module, draw = parser(name), random.Random(name)
    read = guarded(module.read)
    for seed in module.SEEDS:
        read(seed)
    for _ in range(CHANGES):
        read(changed(draw.choice(module.SEEDS), draw))


def test_whatever_is_not_typed_is_a_crash():
    def broken(data):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(broken)(b"")


def test_figures_of_several_days_are_added_up():
    first = {"executions": 4, "crashes": 0, "seconds": 0.5, "inputs_kept": 9}
    second = {"executions": 6, "crashes": 1, "seconds": 0.2, "inputs_kept": 8}
    assert together(first, second) == {
        "executions": 10,
        "crashes": 1,
        "seconds": 0.7,
        "inputs_kept": 8,
    }
