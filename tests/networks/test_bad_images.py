"""Images and label codes that a net cannot read: every kind of net says so itself, in one line."""

import pytest
import torch

from forward_forward.errors import DataError, UsageError
from forward_forward.labels import concatenate
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.training.simultaneous import network_scores
from toys import CLASSES, PIXELS, generator, network

GOOD = torch.full((2, PIXELS), 0.5)
NETS = {
    "labelled": network,
    "label beside": lambda **k: network(place=concatenate, **k),
    "unlabelled": lambda **k: network(labelled=False, **k),
    "recurrent": lambda **k: dense_recurrent(PIXELS, CLASSES, [7], generator=generator(), **k),
}
BAD = {
    "another size": GOOD[:, 1:],
    "one image": GOOD[0],
    "no image": GOOD[:0],
    "a map": GOOD.view(2, 3, 4),
    "double": GOOD.double(),
    "half": GOOD.half(),
    "whole": GOOD.long(),
    "bytes": GOOD.byte(),
    "boolean": GOOD.bool(),
    "complex": GOOD.cfloat(),
    "a list": GOOD.tolist(),
    "nothing": None,
}
every_net = pytest.mark.parametrize("make", NETS.values(), ids=NETS)


@every_net
@pytest.mark.parametrize("dtype", [None, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("images", BAD.values(), ids=BAD)
def test_images_that_cannot_be_read(make, dtype, images):
    with pytest.raises(DataError, match=rf"rows of {PIXELS}\b") as told:
        network_scores(make(matmul_dtype=dtype), images)
    assert "\n" not in str(told.value)


@every_net
def test_a_net_in_double_precision_reads_doubles(make):
    net = make(dtype=torch.float64)
    assert network_scores(net, GOOD.double()).readouts["softmax"].dtype == torch.float64
    with pytest.raises(DataError, match="float32; this net reads rows of 12 float64"):
        network_scores(net, GOOD)


@pytest.mark.parametrize(
    "codes", [torch.eye(CLASSES), torch.ones(2, 5, CLASSES), torch.eye(CLASSES).long()[:, None]]
)
def test_codes_of_another_form(codes):
    net = NETS["recurrent"]()
    with pytest.raises(UsageError, match=r"give floats, \(labels, 1 or 2, 3\)"):
        net.run(net.project(GOOD), codes)


@pytest.mark.parametrize("iterations", [0, -1])
def test_no_iteration_at_all(iterations):
    net = NETS["recurrent"]()
    with pytest.raises(UsageError, match="runs for 1 to 10,000"):
        net.run(net.project(GOOD), torch.eye(CLASSES)[:, None], iterations=iterations)
