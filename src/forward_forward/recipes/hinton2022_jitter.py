"""The paper's supervised net on jittered images (§3.3): 4 × 2000, 500 epochs, shifts of up to two pixels each way.

Claim: 0.64 % test error by accumulated goodness, "similar to a convolutional neural net trained with
backpropagation".

Differences from the paper:
1. Those of `hinton2022_supervised`.
2. Each image gets one of its 25 shifts each time it is seen, drawn evenly; how the paper draws them is not stated.
   The label is written into the first ten pixels after the shift, as figure 2 says.
"""

from forward_forward.recipes.author_program import builder
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim

RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("goodness_error", paper=0.64, target=0.68, source="Hinton 2022, §3.3"),),
    build=builder([2000] * 4, rate=0.005, epochs=500, jitter=2),
)
