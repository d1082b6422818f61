"""The commands of `ff`, one file each. Nothing here imports torch before a command runs."""
