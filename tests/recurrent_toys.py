"""Small recurrent nets of every kind, and what they do written the obvious way."""

import torch

from forward_forward.goodness import mean_of_squares, negative_sum_of_squares
from forward_forward.labels import one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.losses import SiLU
from forward_forward.networks.recurrent_nets import dense_recurrent, local_recurrent
from forward_forward.networks.wiring import (
    IMAGE,
    LABEL,
    with_skips,
)
from forward_forward.normalization import length
from toys import CLASSES, PIXELS, generator, labels_of, uniform

BATCH = 6


def recurrent(widths=(9, 8), seed=0, **options):
    options = {"iterations": 4, "window": (2, 3), "peer": 0.06, **options}
    return dense_recurrent(
        PIXELS, CLASSES, widths, generator=generator(seed), dtype=torch.float64, **options
    )


def local(**options):
    return local_recurrent(
        (1, 3, 4),
        CLASSES,
        2,
        generator=generator(),
        field=3,
        tile=2,
        dtype=torch.float64,
        **{"iterations": 3, "window": (2, 3), "peer": 0.06, **options},
    )


def codes():
    return torch.stack([one_of_n(labels_of(BATCH, seed), CLASSES, uniform(1)) for seed in (1, 2)])


def obvious_states(network, images, code, iterations, history=None, above=None):
    """Run one label's pass with whole inputs and nothing shared, and yield (layer, z, old y, y) of each reaction.

    What all layers say before each iteration is added to `history`; `above` is another pass's, heard from higher ones.
    """
    sources = {IMAGE: network.normalization(images)}
    if code is not None:
        sources[LABEL] = network.normalization(code)
    y, h = [], []
    for layer, wires in zip(network.layers, network.wiring, strict=True):
        z = layer.bias.expand(len(images), -1)
        for connection, source in zip(layer.connections, wires, strict=True):
            if source == IMAGE or (source != LABEL and source < len(h)):
                heard = sources[IMAGE] if source == IMAGE else h[source]
                z = z + heard @ dense_weight(connection)
        y.append(z.relu().detach())
        h.append(length(y[-1]))
    for iteration in range(iterations):
        if history is not None:
            history.append(list(h))
        groups = [range(len(y))]
        if network.alternate:
            groups = [range(0, len(y), 2), range(1, len(y), 2)]
        for group in groups:
            done = []
            for index in group:
                layer, inputs = network.layers[index], []
                for source in network.wiring[index]:
                    higher = isinstance(source, int) and source > index and above is not None
                    said = above[iteration] if higher else h
                    inputs.append(sources[source] if isinstance(source, str) else said[source])
                z = layer.preactivation(*inputs)
                new = network.keep * y[index] + (1 - network.keep) * z.relu()
                done.append((index, z, y[index], new))
            for index, _, _, new in done:
                y[index] = new.detach()
                h[index] = length(y[index])
            yield from done


def dense_weight(connection):
    return connection.weight if isinstance(connection, Dense) else connection.dense_weight()


KINDS = {
    "one layer": lambda **o: recurrent((9,), **o),
    "nothing from above": lambda **o: recurrent(wiring=((IMAGE, LABEL), (0, LABEL)), **o),
    "two layers": recurrent,
    "three layers": lambda **o: recurrent((9, 8, 7), **o),
    "itself": lambda **o: recurrent(wiring=((IMAGE, 0, 1), (0, LABEL, 1)), **o),
    "skips": lambda **o: recurrent((9, 8, 7), wiring=with_skips(3), **o),
    "alternate": lambda **o: recurrent((9, 8, 7), alternate=True, **o),
    "min": lambda **o: recurrent(goodness=negative_sum_of_squares, **o),
    "silu": lambda **o: recurrent(goodness=mean_of_squares, loss=SiLU(6.0), **o),
    "local fields": local,
}
