"""From settings and a text to a learner and its plan: our best method for text, but for what the settings say."""

from dataclasses import fields, replace

from forward_forward.composition import Settings
from forward_forward.data.windows import Windows
from forward_forward.errors import UsageError
from forward_forward.recipes.reading import best_reader, text_rival
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear

WIDTHS, EPOCHS, BATCH = (1000, 1000, 1000), 10, 250

FOR_LAYERS = ("rate", "weight_decay", "rule", "goodness", "loss", "peer", "matmul_dtype")
FOR_ALL = ("widths", "epochs", "batch_size", "seed", "baseline")


def forward_forward(settings: Settings, data: Windows) -> tuple[Learner, Plan]:
    """Return the Forward-Forward learner and plan.

    Raises:
        UsageError: a setting is about images or labels.
    """
    for field in fields(Settings):
        changed = getattr(settings, field.name) != field.default
        if changed and field.name not in FOR_LAYERS + FOR_ALL:
            raise UsageError(
                f"{field.name} is for nets that learn images; a net that reads text has none"
            )
    chosen = {name: value for name in FOR_LAYERS if (value := getattr(settings, name)) is not None}
    learner = best_reader(
        data,
        settings.widths or WIDTHS,
        settings.seed,
        str(data.train.images.device),
        **chosen,
    )
    return learner, plan_for(settings, data)


def backpropagation(settings: Settings, data: Windows) -> tuple[Learner, Plan]:
    """Return the rival: the same widths, epochs, batches and dtype, AdamW, dropout 0.2, the rate falling linearly."""
    learner = text_rival(
        data,
        settings.widths or WIDTHS,
        settings.seed,
        str(data.train.images.device),
        matmul_dtype=settings.matmul_dtype,
    )
    return learner, replace(plan_for(settings, data), schedule=linear)


def plan_for(settings: Settings, data: Windows) -> Plan:
    """Return how long to learn; held-out text is looked at every epoch, test text never."""
    return Plan(
        epochs=EPOCHS if settings.epochs is None else settings.epochs,
        batch_size=BATCH if settings.batch_size is None else settings.batch_size,
        seed=settings.seed,
        look_every=int(data.held_out),
    )
