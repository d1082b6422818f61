"""Layer types, one per file; `local_layer` holds the contract they share."""
