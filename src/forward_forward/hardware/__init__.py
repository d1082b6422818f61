"""Simulated analog hardware (Hinton 2022, §7, §8). The core never imports it."""
