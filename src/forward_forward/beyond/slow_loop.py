"""Black boxes that learn, slowly, without anyone looking inside: noise in, change of an objective out (§6).

The layers learn fast, as if the small nets between them stood still. In the small nets every neuron is jolted a little;
where the objective of the layer above fell, the jolt was a good one, and the weights go a little that way.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forward_forward.adversarial import Adversary
from forward_forward.augment import Augmentation
from forward_forward.beyond.black_box import Boxed
from forward_forward.beyond.small_net import Cost, SmallNet, perturbation_estimate
from forward_forward.errors import UsageError
from forward_forward.negatives import Negatives
from forward_forward.spec import describe
from forward_forward.training.optimizers import Rule, set_rate
from forward_forward.training.simultaneous import Simultaneous, table

Noise = Sequence[Tensor]
Above = Callable[[Noise | None], Tensor]
"""Noise in a small net, `[2B, n]` for each layer of it → activities of the layer above, `[2B, U]`, positives first."""
Objective = Callable[[Tensor], Tensor]
"""Activities `[2B, U]`, positives first → what to minimise for each pair, `[B]`."""


class SlowLoop(Simultaneous):
    """Layers learn fast from every batch; the small nets between them learn slowly, by being jolted now and then.

        h ─► small net + noise ─► normalised ─► layer above ─► its objective ─► change × noise ─► small net

    After every so many batches noise is put on the inputs of all neurons of a small net, for each image its own, and
    multiplied by the change that it makes to the objective of the layer above, which estimates its slope s. A weight
    goes by its input x times s, averaged over images. Nothing goes back through the layer above, or the small net.

    The paper jolts in the positive phase alone. Then a small net learns to make everything look real, negatives too,
    until the layer above cannot tell them apart. So by default both passes are jolted, in pairs: once both rows
    alike, which estimates s⁺ + s⁻, and once opposite ways, which estimates s⁺ − s⁻. As

        x⁺ s⁺ + x⁻ s⁻ = (x⁺ + x⁻)/2 · (s⁺ + s⁻) + (x⁺ − x⁻)/2 · (s⁺ − s⁻),

    the estimate stays unbiased. The rows of a pair differ in their label alone, so x⁺ is nearly x⁻ and s⁺ nearly −s⁻:
    the steep slope, noise and all, meets a small difference, and most of the noise is gone.

    References:
        Hinton 2022, §6, last paragraph.

    Arguments:
        network: a `Boxed` with at least one `small_net` in it; other boxes stay as they are.
        negatives, rule, head_rule, augment, adversary: of `Simultaneous`.
        slow_rule: updates the small nets, each by an optimiser of its own.
        every: batches from one slow update to the next; the first batch has one.
        noise: σ, standard deviation of the noise, > 0.
        draws: how often noise is drawn for a slow update.
        antithetic: whether each noise is tried with both signs.
        both_passes: whether negatives are jolted as well, or positives alone, as in the paper.

    Raises:
        UsageError: when no small net is there to learn, or a number cannot be.
    """

    def __init__(
        self,
        network: Boxed,
        negatives: Negatives,
        rule: Rule,
        head_rule: Rule,
        *,
        slow_rule: Rule,
        every: int = 1,
        noise: float = 0.1,
        draws: int = 2,
        antithetic: bool = True,
        both_passes: bool = True,
        augment: Augmentation | None = None,
        adversary: Adversary | None = None,
    ) -> None:
        super().__init__(network, negatives, rule, head_rule, augment, adversary)
        if min(every, draws) < 1 or not 0 < noise < math.inf:
            raise UsageError(
                f"a slow update every {every} batches, {draws} draws of noise {noise}: all must be above 0"
            )
        boxes = {index: box.fn for index, box in enumerate(getattr(network, "boxes", [])) if box}
        self.nets = {index: net for index, net in boxes.items() if isinstance(net, SmallNet)}
        if not self.nets:
            raise UsageError(
                "no small net is there to learn slowly; put a small_net() into boxed()"
            )
        self.slow_rule, self.every, self.noise = slow_rule, every, noise
        self.draws, self.antithetic, self.both_passes = draws, antithetic, both_passes
        self.slow_optimizers = {
            i: slow_rule.build(net.parameters()) for i, net in self.nets.items()
        }
        self.optimizers.extend(self.slow_optimizers.values())
        self.memory = {"batches": torch.zeros((), dtype=torch.int64)}

    def step(self, rows: Tensor, generator: torch.Generator, gain: float) -> Tensor:
        labels, weights = self.split.labels[rows], self._weights_of(rows)
        inputs = self._block(rows, labels, generator, gain)
        statistics, read = self._teach_layers(inputs, gain, weights=weights)
        if read:
            self._teach_head(torch.cat(read, dim=1), labels, gain, weights=weights)
        now = int(self.memory["batches"])
        self.memory["batches"] = torch.tensor(now + 1)
        if now % self.every == 0:
            self._teach_boxes(inputs, generator, gain)
        return table(statistics)

    @torch.no_grad()
    def _teach_boxes(
        self, inputs: tuple[Any, ...], generator: torch.Generator, gain: float
    ) -> None:
        """Let each small net learn from a block of positives and negatives; the layers stay as they are."""
        for index, y in enumerate(self.network.activities(*inputs)):
            if index in self.nets:
                self._jolt(index, self.network.normalization(y), generator)
                set_rate(self.slow_optimizers[index], gain)
                self.slow_optimizers[index].step()
            if index == max(self.nets):
                break

    def _jolt(self, index: int, h: Tensor, generator: torch.Generator) -> None:
        """Leave in every `.grad` of a small net the estimate for normalised activities `h`, positives first."""
        net, layer, rule = self.nets[index], self.network.layers[index + 1], self.slow_rule
        z = net.first(h)

        def above(noise: Noise | None) -> Tensor:
            return layer(self.network.normalization(net.onward(z, noise)[0]))

        cost = (_of_pairs if self.both_passes else _of_positives)(above, layer.objective)
        read = [F.pad(x, (0, 1), value=1.0) for x in (h, *net.onward(z)[1])]
        read = [_shared_and_apart(x) if self.both_passes else x.chunk(2)[0] for x in read]
        estimates = perturbation_estimate(
            cost,
            net.widths,
            len(read[0]),
            noise=self.noise,
            generator=generator,
            like=h,
            draws=self.draws,
            antithetic=self.antithetic,
        )
        net.take_in(read, estimates, rule.decay, rule.share / (len(h) // 2))

    def describe(self) -> dict[str, Any]:
        own = {
            "slow_rule": describe(self.slow_rule),
            "every": self.every,
            "noise": self.noise,
            "draws": self.draws,
            "antithetic": self.antithetic,
            "both_passes": self.both_passes,
        }
        return {**super().describe(), "method": "slow loop", **own}


def _of_positives(above: Above, objective: Objective) -> Cost:
    """Return the cost of B noises on the positives of B pairs, the negatives left as they are."""
    still = above(None)

    def cost(noise: Noise) -> Tensor:
        jolted = above([torch.cat([xi, torch.zeros_like(xi)]) for xi in noise])
        return objective(torch.cat([jolted.chunk(2)[0], still.chunk(2)[1]]))

    return cost


def _of_pairs(above: Above, objective: Objective) -> Cost:
    """Return the cost of 2B noises on B pairs: the first B on both rows alike, the others opposite ways."""

    def cost(noise: Noise) -> Tensor:
        alike = [torch.cat([xi, xi]) for xi in (both.chunk(2)[0] for both in noise)]
        opposed = [torch.cat([xi, -xi]) for xi in (both.chunk(2)[1] for both in noise)]
        return torch.cat([objective(above(alike)), objective(above(opposed))])

    return cost


def _shared_and_apart(x: Tensor) -> Tensor:
    """Return the means of positives and negatives, and then half of what parts them, `[2B, U]`."""
    pos, neg = x.chunk(2)
    return torch.cat([pos + neg, pos - neg]) / 2
