"""Learners, the loop that drives them, and what keeps their work safe."""
