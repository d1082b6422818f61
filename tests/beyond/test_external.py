"""A process at the end of two pipes: it answers, it ends when it should, and whatever it does wrong is told."""

import gc
import io
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from forward_forward.beyond.black_box import boxed
from forward_forward.beyond.boxes import external
from forward_forward.beyond.external import ExternalProcess, example_command
from forward_forward.beyond.external_child import MAGIC, device, read_frame, write_frame
from forward_forward.errors import UsageError
from toys import CLASSES, PIXELS, generator, uniform

QUESTION = uniform(3, 5).numpy().astype(np.float32)
SERVE = "from forward_forward.beyond.external_child import serve; "


def script(text):
    return ExternalProcess([sys.executable, "-c", text])


def ends(pid, within=10.0):
    """Return whether a process is gone, or a zombie that nobody has waited for, within so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def test_the_device_answers_as_it_would_here_question_after_question():
    with ExternalProcess(example_command(seed=4)) as process:
        pids = []
        for rows in (3, 1, 200):
            h = uniform(rows, 70, seed=rows).numpy().astype(np.float32) * 4
            np.testing.assert_array_equal(process(h), device(4)(h))
            pids.append(process.pid)
        assert len(set(pids)) == 1
        assert set(np.unique(device(4)(h))) <= set(range(8))
        assert not np.array_equal(device(4)(h), device(5)(h))
    assert ends(pids[0])


def test_it_starts_at_the_first_question_and_ends_when_forgotten():
    process = ExternalProcess(example_command())
    assert process.pid is None
    process(QUESTION)
    pid = process.pid
    del process
    gc.collect()
    assert ends(pid)


def test_it_ends_with_a_parent_that_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c",
         "import numpy as np, time\n"
         "from forward_forward.beyond.external import *\n"
         "p = ExternalProcess(example_command()); p(np.ones((1, 1), np.float32))\n"
         "print(p.pid, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    with parent:
        child = int(parent.stdout.readline())
        os.kill(child, 0)  # it lives
        parent.send_signal(signal.SIGKILL)
    assert ends(child)


def test_ctrl_c_is_for_the_parent():
    with ExternalProcess(example_command()) as process:
        process(QUESTION)
        assert os.getpgid(process.pid) != os.getpgid(0)


def test_what_it_prints_does_not_get_among_the_frames():
    chatty = SERVE + "serve(lambda h: (print('hello', flush=True), h * 2)[1])"
    with script(chatty) as process:
        for _ in range(2):
            np.testing.assert_array_equal(process(QUESTION), QUESTION * 2)


def test_a_death_is_told_with_its_last_words():
    with script("import sys; sys.stdin.buffer.read(12); raise RuntimeError('out of ink')") as it:
        with pytest.raises(UsageError, match=r"has ended \(RuntimeError: out of ink\)"):
            it(QUESTION)
        with pytest.raises(UsageError, match=r"has ended \(RuntimeError: out of ink\); make"):
            it(QUESTION)


def test_what_is_no_frame_is_told():
    with (
        script("print('Welcome to the device!', flush=True); input()") as it,
        pytest.raises(UsageError, match=r"sent no frame: .*Welcome"),
    ):
        it(QUESTION)


def test_half_an_answer_is_none():
    half = "import sys; sys.stdin.buffer.read(72); sys.stdout.buffer.write(b'FFB1' + b'\\1\\0\\0\\0' * 2)"
    with script(half) as it, pytest.raises(UsageError, match="has ended"):
        it(QUESTION)


def test_no_such_program():
    with pytest.raises(UsageError, match="cannot be started"):
        ExternalProcess(["no-such-program-anywhere"])(QUESTION)
    with pytest.raises(UsageError, match="no command"):
        ExternalProcess([])


def test_closed_is_closed():
    process = ExternalProcess(example_command())
    process.close()
    with pytest.raises(UsageError, match="has ended; make a new one"):
        process(QUESTION)
    process.close()


def test_one_that_hangs_is_killed_when_time_is_up():
    process = script("import time; time.sleep(60)")
    box = external(process, timeout=0.3)
    with pytest.raises(UsageError, match="'external process': no answer within 0.3 s"):
        box(torch.ones(2, 3))
    assert ends(process.pid)
    box._hanging.join(5)
    assert not box._hanging.is_alive()
    with pytest.raises(UsageError, match="has ended"):
        box(torch.ones(2, 3))


def test_what_a_shell_has_started_is_killed_too():
    """It holds the pipes; left alone, `close` would wait for it."""
    process = ExternalProcess(["/bin/sh", "-c", f"{sys.executable} -c 'input()'; true"])
    process._running().stdin.write(b"")
    box = external(process, timeout=0.3)
    with pytest.raises(UsageError, match="no answer within"):
        box(torch.ones(2, 3))
    box._hanging.join(5)
    assert not box._hanging.is_alive()
    process.close()


@pytest.mark.parametrize("greets", [True, False])
def test_an_answer_to_no_question_is_not_taken_for_one(greets):
    text = (
        "import sys, time; i, o = sys.stdin.buffer, sys.stdout.buffer\n"
        f"if {greets}: o.write(b'FFB1' + bytes([3, 0, 0, 0, 5, 0, 0, 0] + [0] * 60)); o.flush()\n"
        "while q := i.read(72): o.write(q + q); o.flush()"
    )
    with script(text) as process, pytest.raises(UsageError, match="unasked"):
        for _ in range(3):
            process(QUESTION)
            time.sleep(0.2)


def test_between_layers_it_may_change_the_width():
    halves = SERVE + "serve(lambda h: h[:, ::2])"
    with script(halves) as process:
        net = boxed(PIXELS, CLASSES, [8, 6], [external(process, units=4)], generator=generator())
        assert net.layers[1].in_features == 4
        h = uniform(5, 8, dtype=torch.float32)
        assert net.passed_on(h, 0).equal(net.normalization(h[:, ::2]))
        wrong = boxed(PIXELS, CLASSES, [8, 6], [external(process)], generator=generator())
        with pytest.raises(UsageError, match=r"other units .*\(5, 4\), not \(5, 8\)"):
            wrong.passed_on(h, 0)


@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (0, 4)])
def test_a_frame_comes_back(shape):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    stream = io.BytesIO()
    write_frame(stream, values)
    assert stream.tell() == 12 + 4 * values.size
    stream.seek(0)
    np.testing.assert_array_equal(read_frame(stream), values)
    with pytest.raises(EOFError):
        read_frame(stream)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (MAGIC, EOFError),
        (struct.pack("<4sII", MAGIC, 2, 2) + b"\0" * 15, EOFError),
        (struct.pack("<4sII", b"FFB2", 1, 1) + b"\0" * 4, ValueError),
        (struct.pack("<4sII", MAGIC, 2**31, 2**31), ValueError),
    ],
)
def test_what_is_no_frame_is_no_frame(data, error):
    with pytest.raises(error):
        read_frame(io.BytesIO(data))
