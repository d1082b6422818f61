"""Bewtra's five architectures on Fashion-MNIST, which the source does not try.

Goal: the gap between Forward-Forward and backpropagation on harder images than digits; no number is published.

Differences from `bewtra2023_mnist`: the data set.
"""

from forward_forward.recipes.matched import matched_recipe

RECIPE = matched_recipe(
    "fashion_mnist",
    {
        (500, 500): None,
        (1000, 500): None,
        (1500, 500): None,
        (1000, 500, 100): None,
        (1500, 500, 100): None,
    },
    source="our own",
    target=12.0,
)
