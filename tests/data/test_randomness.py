import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.randomness import generator, seed_for

PARTS = st.lists(st.integers() | st.text(), max_size=4).map(tuple)


@settings(deadline=None)
@given(PARTS, PARTS)
def test_seeds_differ_when_parts_do(a, b):
    assert (seed_for(*a) == seed_for(*b)) == (a == b)


@settings(deadline=None)
@given(PARTS)
def test_seeds_fit_63_bits(parts):
    assert 0 <= seed_for(*parts) < 2**63


def test_kinds_and_borders_count():
    variants = [(1, 1), (11,), ("1", "1"), ("11",), ("1", 1), (1, "1"), (), ("",), (0,), (-1,)]
    assert len({seed_for(*parts) for parts in variants}) == len(variants)


def test_numpy_and_torch_integers_are_integers():
    assert seed_for(np.int64(3)) == seed_for(torch.tensor(3)) == seed_for(3)


@pytest.mark.parametrize("part", [1.0, None, b"a", (1,)])
def test_other_parts_are_refused(part):
    with pytest.raises(TypeError):
        seed_for(part)


def test_the_same_in_another_process():
    program = "from forward_forward.randomness import seed_for; print(seed_for(7, 'epoch', 3))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert int(done.stdout) == seed_for(7, "epoch", 3)


def test_low_bits_are_mixed():
    """torch's CPU generator reads the low 32 bits alone."""
    low = {seed_for(seed, epoch) % 2**32 for seed in range(20) for epoch in range(20)}
    assert len(low) == 400


def test_a_generator_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    first = torch.rand(4, generator=generator(0, "x"))
    assert torch.get_rng_state().equal(before)
    assert first.equal(torch.rand(4, generator=generator(0, "x")))
    assert not first.equal(torch.rand(4, generator=generator(0, "y")))
