"""What the server holds: the models that may be asked, their samples, and the one run."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from forward_forward.data import Dataset
from forward_forward.errors import UsageError
from forward_forward.models import Model, save_model
from forward_forward.training.checkpoints import check_writable
from forward_forward.web.answers import answered, card, warm
from forward_forward.web.choices import Wish, offered
from forward_forward.web.live import LiveRun
from forward_forward.web.picture import as_read, unpacked
from forward_forward.web.samples import samples

GIVEN, TRAINED = "given", "trained"


class Studio:
    """Everything behind the page.

    Arguments:
        model: the one that the server was started with.
        name: of it, as it is shown.
        data: its data set, for samples; None where it is not at hand.
        load: name → data set, for runs.
        known: names of the data sets that a run may learn.
        runs: folder that trained nets are saved in.
    """

    def __init__(
        self,
        model: Model,
        name: str,
        data: Dataset | None,
        *,
        load: Callable[[str], Dataset],
        known: Sequence[str],
        runs: Path,
    ) -> None:
        self.models = {GIVEN: model}
        self.names = {GIVEN: name, TRAINED: "the net trained here"}
        self.samples = {GIVEN: samples(data)}
        self.load, self.known, self.runs = load, tuple(known), runs
        self.run: LiveRun | None = None
        self.closing = threading.Event()
        self._starting = threading.Lock()
        warm(model)

    def cards(self) -> dict[str, Any]:
        """Return what the page has to know of each model that may be asked."""
        return {key: {"name": self.names[key], **card(m)} for key, m in self.models.items()}

    def look(
        self, which: str, pixels: str, shape: tuple[int, int, int], centre: bool
    ) -> dict[str, Any]:
        """Return what a model sees in a drawing.

        Raises:
            UsageError, DataError: there is no such model, or these are no pixels of this shape.
        """
        model = self._model(which)
        image = as_read(unpacked(pixels, shape), model.shape, centre)
        return answered(model, image)

    def samples_of(self, which: str) -> list[dict[str, Any]]:
        """Return the test images that go with a model."""
        self._model(which)
        return self.samples.get(which, [])

    def offers(self) -> dict[str, Any]:
        """Return what a run can be made of."""
        return offered(self.known)

    def begin(self, wish: Wish, pace: float) -> None:
        """Start a run.

        Raises:
            UsageError: one is under way, or the wish cannot be met.
        """
        if wish.data not in self.known:
            raise UsageError(f"no data set {wish.data!r} here; choose {' or '.join(self.known)}")
        with self._starting:
            if self.run is not None and not self.run.ended:
                raise UsageError("a run is under way; stop it before another is started")
            self.run = LiveRun(wish, self.load, pace)
            self.run.start()

    def current(self) -> LiveRun:
        """Return the run there is.

        Raises:
            UsageError: there is none.
        """
        if self.run is None:
            raise UsageError("there is no run yet; start one")
        return self.run

    def use(self) -> dict[str, Any]:
        """Let the net of the run, as it is now, be asked beside the given one; return its card."""
        model, data = self.current().copied()
        warm(model)
        full = self.load(data.name.partition("/")[0])
        self.models[TRAINED], self.samples[TRAINED] = model, samples(full)
        return self.cards()[TRAINED]

    def save(self, name: str) -> str:
        """Write the net of the run into a folder of its own below `runs`; return the folder's path.

        Arguments:
            name: of the folder, letters, digits, - and _; where it is taken, a number is added.

        Raises:
            UsageError: nothing has been learned yet.
            CheckpointError: nothing can be written there.
        """
        model, data = self.current().copied()
        check_writable(self.runs / name)
        folder = _new_folder(self.runs, name)
        save_model(folder / "model", model.network, data, model.metrics, model.matmul_dtype)
        return f"{self.runs.name}/{folder.name}"

    def close(self) -> None:
        """End streams and the run."""
        self.closing.set()
        if self.run is not None:
            self.run.stop()

    def _model(self, which: str) -> Model:
        if which not in self.models:
            raise UsageError("no net was trained here yet; ask the given one")
        return self.models[which]


def _new_folder(root: Path, name: str) -> Path:
    """Make `root/name`, or `root/name-2` and so on: the first that is free; a link is no free place."""
    root.mkdir(parents=True, exist_ok=True)
    folder, number = root / name, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = root / f"{name}-{number}"
        else:
            return folder
