"""The paper's unsupervised net, its softmax reading the first layer too (§3.2).

Claim: "Using the first hidden layer as part of the input to the linear classifier makes the test performance worse";
no number is given. To be set beside `hinton2022_unsupervised`, from which it differs in nothing else.
"""

from forward_forward.recipes.hinton2022_unsupervised import builder
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim

RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("softmax_error", paper=None, target=None, source="Hinton 2022, §3.2"),),
    build=builder(read_from=0),
)
