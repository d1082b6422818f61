"""Every random draw takes a generator whose seed is a hash of what the draw is for."""

import hashlib
import operator

import torch


def seed_for(*parts: int | str) -> int:
    """Hash `parts` to one seed: near inputs give unrelated seeds, in every process alike.

    seed = BLAKE2b(parts), cut to 63 bits. The encoding is unambiguous: `("a", "b")`, `("ab",)`,
    `(1,)` and `("1",)` all differ.

    Arguments:
        parts: integers of any size or strings, for example a run's seed and an epoch.

    Returns:
        An integer in [0, 2⁶³). (torch's CPU generator uses the low 32 bits of it.)

    Raises:
        TypeError: a part is neither an integer nor a string.

    Example:
        >>> seed_for(0, "epoch", 3) == seed_for(0, "epoch", 3)
        True
        >>> seed_for(0, 1) == seed_for(1, 0)
        False
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        kind, text = ("s", part) if isinstance(part, str) else ("i", str(operator.index(part)))
        data = text.encode()
        digest.update(f"{kind}{len(data)}:".encode() + data)
    return int.from_bytes(digest.digest()) >> 1


def generator(seed: int, *parts: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a fresh generator seeded by a hash of `seed` and `parts`.

    Arguments:
        seed: the run's seed.
        parts: what the draws are for, for example an epoch, a layer's number or a word.
        device: where the draws happen. The same seed draws other numbers on another kind of device.

    Returns:
        A generator of its own; torch's global state is neither read nor changed.

    Raises:
        TypeError: a part is neither an integer nor a string.

    Example:
        >>> a, b = generator(0, "negatives", 7), generator(0, "negatives", 7)
        >>> bool((torch.rand(5, generator=a) == torch.rand(5, generator=b)).all())
        True
    """
    return torch.Generator(device).manual_seed(seed_for(seed, *parts))
