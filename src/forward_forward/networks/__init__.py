"""How layers are wired and run: one kind of network per file; `network` says what they have in common."""
