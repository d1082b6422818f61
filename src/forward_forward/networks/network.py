"""What every kind of network can be asked."""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from forward_forward.layers.local_layer import LocalLayer
from forward_forward.layers.softmax_head import SoftmaxHead


class Network(Protocol):
    """The contract that readouts, negatives, learners and model files go by; each network is an `nn.Module`."""

    classes: int
    head: SoftmaxHead | None
    read_from: int

    @property
    def layers(self) -> Sequence[LocalLayer]:
        """Bottom to top."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether it hears a label; if not, it learns without labels."""
        ...

    def project(self, images: Any) -> Any:
        """Return what can be had of images `[B, D]` before a label is known, or the one already made."""
        ...

    def one_pass(self, images: Any) -> tuple[Tensor, Tensor]:
        """Return the head's features `[B, I]` and logits `[B, C]` of images, or of what `project` made of them."""
        ...

    def label_goodness(self, images: Any, codes: Tensor) -> Tensor:
        """Return the goodness of every layer with label codes `[K, 1 or B, C]`, `[L, B, K]`."""
        ...

    def read(self, goodness: Tensor) -> Tensor:
        """Return the sum over the layers that readouts use of goodness `[L, B, K]`, `[B, K]`."""
        ...

    def config(self) -> dict[str, Any]:
        """Return what the same network is built from, as plain JSON."""
        ...

    def parameters(self) -> Any:
        """Yield the parameters, as torch does."""
        ...
