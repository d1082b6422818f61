"""Rivals, trained as well as we can."""
