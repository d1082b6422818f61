"""A wing: a page to play with, served to this machine alone: draw and see goodness, train and watch."""
