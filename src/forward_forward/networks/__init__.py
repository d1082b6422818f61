"""Networks: how layers are wired and run."""
