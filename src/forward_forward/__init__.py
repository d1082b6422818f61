"""Hinton's Forward-Forward algorithm: networks that learn with two forward passes and no backward one."""

__version__ = "0.1.0"
