"""Memory that tensors give back is used again."""

import sys

import pytest
import torch

from forward_forward.allocator import keep_freed_memory


def fewest_page_faults(rounds=8):
    """Of a step that makes ten gradients of 16 MB and gives them all back, once it has settled."""
    import resource

    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    counts = []
    for _ in range(rounds):
        before = faults()
        gradients = [torch.ones(2000, 2000) for _ in range(10)]
        del gradients
        counts.append(faults() - before)
    return min(counts)


def test_freed_memory_is_used_again():
    if not keep_freed_memory():
        pytest.skip("needs glibc")
    assert fewest_page_faults() < 100


def test_elsewhere_nothing_changes(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
