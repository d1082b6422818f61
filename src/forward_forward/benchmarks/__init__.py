"""Benchmarks, one per file: each has a `DESCRIPTION` and `run(...)`, which returns plain JSON."""
