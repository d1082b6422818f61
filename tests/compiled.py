"""Compiles exported C, and lets tests call it."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from forward_forward.export.c import c_sources

STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
ANY = 255  # a wrong label that is to be drawn


def write(folder, net, **options):
    """Write the sources of a net to a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in c_sources(net, **options).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run(*words, cwd=None):
    """Run a program, and return what it printed."""
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(folder, *flags):
    """Compile `main.c` and the net, and return the program's path."""
    out = folder / "ff_net"
    run("gcc", *STRICT, *(flags or ["-O2"]), "-o", out, folder / "ff_net.c", folder / "main.c")
    return out


class Library:
    """A net's own functions, and its weights as arrays that change as it learns."""

    def __init__(self, folder, net, **options):
        write(folder, net, **options)
        out = folder / "ff_net.so"
        run("gcc", *STRICT, "-O2", "-shared", "-fPIC", "-o", out, folder / "ff_net.c")
        self.code = ctypes.CDLL(str(out))
        self.code.ff_hash.restype = ctypes.c_uint32
        int8 = options.get("int8", False)
        self.pixel, self.number = (np.uint8, np.int64) if int8 else (np.float32, np.float32)
        self.classes = net.classes
        self.weights, place = [], 0
        kept = ctypes.c_char.in_dll(self.code, "ff_weights")
        inputs = net.layers[0].fan_in
        for layer in net.layers:
            shape = (layer.units, inputs + 1)
            dtype = np.dtype(np.int8 if int8 else np.float32)
            size = shape[0] * shape[1] * dtype.itemsize
            raw = (ctypes.c_char * size).from_address(ctypes.addressof(kept) + place)
            self.weights.append(np.frombuffer(raw, dtype).reshape(shape))
            place, inputs = place + size, layer.units

    def learn(self, image, label, wrong):
        return self.code.ff_learn(self._image(image), int(label), int(wrong))

    def learn_pass(self, image, label, real):
        return self.code.ff_learn_pass(self._image(image), int(label), int(real))

    def predict(self, image):
        """Return the answer and the goodness of every label."""
        goodness = np.zeros(self.classes, self.number)
        return self.code.ff_predict(self._image(image), _pointer(goodness)), goodness

    def _image(self, image):
        array = np.asarray(image)
        if self.pixel is np.uint8:
            array = np.rint(array * 255)
        self._held = np.ascontiguousarray(array, self.pixel)
        return _pointer(self._held)


def samples(path, images, labels, int8=False, wrong=None):
    """Write samples as `main.c` reads them, and return the path."""
    pixels = np.rint(images.numpy() * 255).astype(np.uint8) if int8 else images.numpy()
    wrong = [ANY] * len(labels) if wrong is None else wrong.tolist()
    rows = zip(labels.tolist(), wrong, pixels, strict=True)
    Path(path).write_bytes(b"".join(bytes([y, w]) + x.tobytes() for y, w, x in rows))
    return path


def have(*names):
    """Return whether all these programs are there."""
    return all(map(shutil.which, names))


def _pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)
