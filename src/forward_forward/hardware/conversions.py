"""What a step costs a net on tiles, in products and conversions: Forward-Forward beside backpropagation.

What is assumed:

1. Every layer's weights lie in a tile, with a row for each input and a column for each unit; the label has rows of
   its own below the first layer. Biases, ReLUs, normalisation and slopes are no part of a tile, and are not counted.
   Nor is the softmax beside a Forward-Forward net; the output layer of the rival is a tile like the others.
2. A read takes a DAC for each row it drives and an ADC for each column it reads, where what comes and goes is digital.
   An image is read once and its share of the first layer kept, for whatever labels join it.
3. The update of a tile is an outer product made in place: pulses on its rows meet pulses on its columns. That takes no
   conversion. Backpropagation needs one a tile and image, Forward-Forward one for either pass, but for the image's
   share of the first layer, which both passes have in common. A softmax pass to draw negatives teaches no tile.
4. *Digital between layers*: activities leave a tile through ADCs, are normalised in numbers, and enter the next through
   DACs. *Analog between layers*: ReLU and normalisation are circuits, and activities stay voltages. Images and labels
   then pass DACs, and each layer's goodness, one number for each row of activities, an ADC: the slope of a layer's own
   objective takes no more. Such circuits are not simulated here.
5. Backpropagation reads every tile above the first once more, from its columns to its rows, with errors that pass DACs
   on their way in and ADCs on their way out: between the two they are multiplied by slopes of activities that were seen
   a pass ago and had to be kept, so errors are numbers in any case.
"""

from dataclasses import dataclass
from itertools import pairwise

from forward_forward.hardware.devices import ResistiveDevice


@dataclass(frozen=True)
class Costs:
    """What an image costs.

    Arguments:
        products: multiply-accumulates of reads, on tiles.
        updates: multiply-accumulates of outer products, on tiles.
        dac: conversions of digital inputs.
        adc: conversions of outputs.
    """

    products: int = 0
    updates: int = 0
    dac: int = 0
    adc: int = 0

    def __add__(self, other: "Costs") -> "Costs":
        return Costs(
            *(mine + its for mine, its in zip(self.numbers(), other.numbers(), strict=True))
        )

    def numbers(self) -> tuple[int, int, int, int]:
        """Return all four."""
        return self.products, self.updates, self.dac, self.adc

    def joules(self, device: ResistiveDevice) -> float:
        """Return the energy that products take in the devices themselves; converters and pulses come on top."""
        return self.products * device.joules_per_product


@dataclass(frozen=True)
class Sizes:
    """How large a net is.

    Arguments:
        pixels: D.
        classes: C.
        widths: units of each hidden layer, bottom to top.
    """

    pixels: int
    classes: int
    widths: tuple[int, ...]


def read(rows: int, columns: int, dac: bool = True, adc: bool = True) -> Costs:
    """Return the costs of reading a tile once."""
    return Costs(products=rows * columns, dac=rows * dac, adc=columns * adc)


def forward_forward(sizes: Sizes, labels: int, *, analog: bool = False) -> Costs:
    """Return the costs of passes of an image with so many labels, up to the goodness of every layer.

    Arguments:
        sizes: of the net.
        labels: passes: 2 to learn from a positive and a negative, C to ask about every label.
        analog: whether activities stay voltages between layers.
    """
    first, *_ = sizes.widths
    digital = not analog
    image = read(sizes.pixels, first, adc=digital)
    label = read(sizes.classes, first, adc=digital)
    above = [read(*pair, dac=digital, adc=digital) for pair in pairwise(sizes.widths)]
    goodness = Costs(adc=len(sizes.widths) * analog)
    return image + _times(labels, sum([*above, goodness], start=label))


def forward_forward_step(sizes: Sizes, *, analog: bool = False, asks_first: bool = False) -> Costs:
    """Return the costs of learning from an image.

    Arguments:
        sizes: of the net.
        analog: whether activities stay voltages between layers.
        asks_first: whether a third pass, with the neutral label, draws the negative; the softmax reads its activities,
            so they pass ADCs even where others do not.
    """
    first, *above = sizes.widths
    updates = sizes.pixels * first + 2 * (
        sizes.classes * first + sum(a * b for a, b in pairwise(sizes.widths))
    )
    passes = forward_forward(sizes, 3 if asks_first else 2, analog=analog)
    asked = Costs(adc=sum(above or [first]) if asks_first and analog else 0)
    return passes + asked + Costs(updates=updates)


def backpropagation(sizes: Sizes) -> Costs:
    """Return the costs of a pass of an image through the rival, to its logits."""
    layers = pairwise([sizes.pixels, *sizes.widths, sizes.classes])
    return sum((read(*pair) for pair in layers), start=Costs())


def backpropagation_step(sizes: Sizes) -> Costs:
    """Return the costs of learning from an image: a pass up, a pass of errors down to the first layer, the update."""
    layers = list(pairwise([sizes.pixels, *sizes.widths, sizes.classes]))
    down = sum((read(columns, rows) for rows, columns in layers[1:]), start=Costs())
    updates = Costs(updates=sum(rows * columns for rows, columns in layers))
    return backpropagation(sizes) + down + updates


def table(sizes: Sizes) -> dict[str, Costs]:
    """Return the costs of every way to learn from an image, and to answer for one."""
    return {
        "ff_step": forward_forward_step(sizes),
        "ff_step_hard_negatives": forward_forward_step(sizes, asks_first=True),
        "ff_step_analog_between": forward_forward_step(sizes, analog=True),
        "bp_step": backpropagation_step(sizes),
        "ff_answer": forward_forward(sizes, sizes.classes),
        "ff_answer_analog_between": forward_forward(sizes, sizes.classes, analog=True),
        "bp_answer": backpropagation(sizes),
    }


def _times(count: int, costs: Costs) -> Costs:
    return Costs(*(count * number for number in costs.numbers()))
