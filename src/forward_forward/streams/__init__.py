"""A wing: learning while predicting, from samples that come one after the other and without end."""
