"""Forward-Forward on simulated crossbars that learn in the hardware (§7): published devices, and one fault at a time.

Claim: two, for which the paper has no number; what counts as reached was set before the runs.
1. On tiles of ideal devices the net is the digital one, to the bit.
2. On tiles of published devices, learning there, it is at most one point behind the digital net.

Nets of 2 × 500 on MNIST, learned for 5 epochs from the same initial weights. `digital` is the rival of all others, and
its weights, once learned, are written once to tiles of every kind, the same ones in every run (`<net>_written_once`):
what learning in the hardware gains or loses is the difference to that. The presets are those of `hardware/presets.py`.
The others have one fault each, on devices with 1000 even steps that have no other (`even_steps`). Where devices drift,
`<net>_a_day_later` is the error after a day in which nothing is written, `<net>_written_once_a_day_later` that of the
digital weights. `<net>_pulses` is how many pulses a weight of the image got. The record also holds `conversions_…`:
products and conversions for an image, as `hardware/conversions.py` counts them.

Differences from the paper:
1. It proposes the hardware and reports no experiment.
2. Forward passes are reads of tiles. The gradient of a batch is formed in numbers, from each layer's own activities,
   smoothed, and reaches the tile as pulses whose number is drawn: a digital memory beside each tile. Pulses that meet
   in the tile, sample by sample, would need none, and many more pulses.
3. The softmax beside the net, which names hard negatives, is digital, and so are biases and normalisation.
4. The loss of a pair is silu(−6 (g⁺ − g⁻)) on mean squares, as in `best_supervised`; no image is moved against the
   net, which would take reading a tile backwards. The rate of 0.015 was chosen on held-out images, for the digital net.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace

from forward_forward.data import Dataset
from forward_forward.hardware.analog_dense import age, tile_weights
from forward_forward.hardware.conversions import Sizes, table
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.onto_tiles import most_weights, on_tiles
from forward_forward.hardware.pairs import SteppedCrossbar
from forward_forward.hardware.presets import PRESETS
from forward_forward.hardware.pulses import DrawnPulses
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.recipes.recipe import Build, Recipe, Results
from forward_forward.records import Claim
from forward_forward.training.evaluation import evaluate
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous, network_scores

WIDTHS, EPOCHS = (500, 500), 5
RULE = DrawnPulses(rate=1.5e-2, weight_decay=0.002)
DAY = 24 * 60 * 60.0
EVEN = ResistiveDevice("even_steps", levels=1000)
FAULTS = (
    EVEN,
    replace(EVEN, name="ten_levels", levels=10),
    replace(EVEN, name="write_noise", write_noise=10.0),
    replace(EVEN, name="spread", range_spread=0.5, step_spread=0.5),
    replace(EVEN, name="asymmetry", asymmetry=0.5, asymmetry_spread=0.3),
    replace(EVEN, name="bent", curve_up=5.0, curve_down=5.0),
    replace(EVEN, name="stuck", stuck_at_min=0.1, stuck_at_max=0.1),
    replace(EVEN, name="read_noise", read_noise=0.05),
    replace(EVEN, name="few_bits", dac_bits=4, adc_bits=6),
    replace(EVEN, name="drift", drift_exponent=0.1, drift_spread=0.03),
)
"""One fault each."""
HARDWARE = {device.name: device for device in (*(p.device for p in PRESETS.values()), *FAULTS)}
REALISTIC = tuple(name for name in PRESETS if name != "ideal")


def _build(hardware: ResistiveDevice | None) -> Build:
    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        digital = best_learner(data, WIDTHS, seed, device, adversary=None)
        network = digital.network
        if hardware is not None:
            network = on_tiles(network, hardware, seed)
        learner = Simultaneous(network, digital.negatives, RULE, digital.head_rule)
        return learner, Plan(EPOCHS, batch_size=100, seed=seed)

    return build


def measured(learner: Learner, data: Dataset) -> Mapping[str, float]:
    """Return the errors of a digital net's weights written once; of a net on tiles its pulses, and its error later."""
    weights = list(tile_weights(learner.network))
    if not weights:
        return written_once(learner.network, data)
    found, tile = {}, weights[0].tile
    if isinstance(tile, SteppedCrossbar):
        found["pulses"] = round(float(tile.pulses) / (tile.rows * tile.columns), 2)
    if tile.hardware.drift_exponent:
        found["a_day_later"] = a_day_later(learner.network, data)
    return found


def written_once(network: FeedForward, data: Dataset) -> dict[str, float]:
    """Return the error of a digital net's weights on tiles of every kind, and a day later where they drift."""
    found = {}
    for name, hardware in HARDWARE.items():
        written = on_tiles(network, hardware, 0, most_weights)
        found[f"{name}_written_once"] = error(written, data)
        if hardware.drift_exponent:
            found[f"{name}_written_once_a_day_later"] = a_day_later(written, data)
    return found


def a_day_later(network: FeedForward, data: Dataset) -> float:
    """Return the error of a net on tiles after a day in which nothing was written."""
    aged = copy.deepcopy(network)
    age(aged, DAY)
    return error(aged, data)


def error(network: FeedForward, data: Dataset) -> float:
    """Return the error by goodness, in percent."""
    judged = evaluate(lambda images: network_scores(network, images), data.test, data.classes)
    return judged.metrics["goodness_error"]


def measure(results: Results) -> dict[str, float | None]:
    """Return errors by goodness and what else was measured of each net, gaps to the digital one, and conversions."""
    errors = {net: result["metrics"]["goodness_error"] for net, result in results.items()}
    found: dict[str, float | None] = {f"{net}_error": value for net, value in errors.items()}
    for net, result in results.items():
        more = {k: v for k, v in result["metrics"].items() if not k.endswith(("_error", "_f1"))}
        found |= {key if net == "digital" else f"{net}_{key}": v for key, v in more.items()}
    for net in HARDWARE:
        found[f"{net}_gap"] = round(errors[net] - errors["digital"], 6)
    for name, costs in table(Sizes(784, 10, WIDTHS)).items():
        for what in ("products", "updates", "dac", "adc"):
            found[f"conversions_{name}_{what}"] = getattr(costs, what)
    return found


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim("ideal_gap", paper=None, target=1e-6, source="Hinton 2022, §7", unit="points"),
        *(
            Claim(f"{net}_gap", paper=None, target=1.0, source="Hinton 2022, §7", unit="points")
            for net in REALISTIC
        ),
    ),
    build={"digital": _build(None), **{name: _build(device) for name, device in HARDWARE.items()}},
    measure=measure,
    also=measured,
)
