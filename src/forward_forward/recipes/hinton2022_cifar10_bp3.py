"""Table 1's backpropagation net with three hidden layers (§4).

Claim: 39 % test error on CIFAR-10.

Differences from the paper: those of `table1.py`.
"""

from forward_forward.recipes.table1 import backpropagation_row

RECIPE = backpropagation_row(3, softmax=39)
