"""The linear softmax that reads the hidden activities without touching them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forward_forward.precision import accumulate, accumulate_product


class SoftmaxHead(nn.Module):
    """Logits = features · W + b, starting at zero; learns by the closed-form gradient of cross entropy.

    The features come in detached: the hidden layers never learn from the head.

    References:
        Hinton 2022, §3.3 ("a softmax that has been learned during training").

    Arguments:
        in_features: I, length of the concatenated normalised activities.
        classes: C.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_features, classes, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(classes, device=device, dtype=dtype))

    @torch.no_grad()
    def forward(self, features: Tensor) -> Tensor:
        """Return logits `[B, C]` of features `[B, I]`, cut off from every graph."""
        return torch.addmm(self.bias, features, self.weight)

    @torch.no_grad()
    def learn(
        self,
        features: Tensor,
        labels: Tensor,
        *,
        logits: Tensor | None = None,
        decay: float = 0.0,
        share: float = 1.0,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Leave the gradient of the mean cross entropy in `.grad`, as `LocalLayer.learn` does.

        Arguments:
            features: `[B, I]`.
            labels: `[B]` integers.
            logits: `[B, C]` of the same features, where they are at hand.
            decay, share: grad ← decay · grad + share · mean gradient.
            weights: of the samples `[B]`, mean 1; None is 1 for each.

        Returns:
            The mean cross entropy, a tensor of no dimension.
        """
        logits = self(features) if logits is None else logits
        log_p = logits.log_softmax(1)
        error = log_p.exp() - F.one_hot(labels, logits.shape[1])
        error *= share / len(labels)
        if weights is not None:
            error *= weights.unsqueeze(1)
        for parameter in self.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        accumulate_product(self.weight.grad, features, error, decay, None)  # type: ignore[arg-type]
        accumulate(self.bias.grad, error.sum(0), decay)  # type: ignore[arg-type]
        if weights is not None:
            return F.nll_loss(log_p, labels, reduction="none").mul_(weights).mean()
        return F.nll_loss(log_p, labels)
