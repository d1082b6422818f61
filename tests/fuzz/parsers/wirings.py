"""Who feeds whom: wirings as a model file or a caller gives them."""

from forward_forward.networks.wiring import with_skips
from forward_forward.networks.wiring_checks import checked, from_above
from fuzz.edits import edited

WIRING = [list(sources) for sources in with_skips(3)]
SEEDS = [b"", bytes(range(128, 146)), bytes(range(9))]


def read(data: bytes) -> None:
    found = edited(WIRING, data)
    try:
        wiring = checked(found)
    except TypeError:  # no sequence of sequences: a caller's mistake, which `load_model` catches
        assert not isinstance(found, list) or not all(isinstance(s, list | str) for s in found)
        return
    assert all(0 <= layer < len(wiring) for layer, _ in from_above(wiring))
