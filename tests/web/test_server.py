"""The socket, the command, and how both say what is wrong."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import typer.testing

from forward_forward.cli import app
from forward_forward.errors import UsageError
from forward_forward.models import save_model
from forward_forward.web.server import listening


@pytest.fixture
def saved(model, digits, tmp_path):
    save_model(tmp_path / "net", model.network, digits, model.metrics)
    return tmp_path / "net"


def fails(*words):
    result = typer.testing.CliRunner().invoke(app, ["serve", *map(str, words), "--no-open"])
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), result.output
    return result.exit_code, lines[0]


def test_it_listens_on_this_machine_alone():
    with listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.proto == socket.IPPROTO_TCP  # what makes asyncio send at once
        others = {
            info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        }
        for address in others - {"127.0.0.1"}:
            with pytest.raises(OSError):
                socket.create_connection((address, listener.getsockname()[1]), timeout=2)


def test_a_port_in_use_is_told_with_the_mend(saved):
    with listening(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(
            UsageError, match=f"port {port} is in use; choose another: --port {port + 1}"
        ):
            listening(port)
        code, line = fails(saved, "--port", port)
        assert code == 2 and "is in use; choose another" in line


@pytest.mark.parametrize("port", [-1, 65536])
def test_ports_that_are_none(saved, port):
    assert "choose from 0 to 65535" in fails(saved, "--port", port)[1]


def test_models_that_are_none(saved, tmp_path):
    assert fails(tmp_path / "nothing")[0] == 1
    assert "did you mean 'digits'" in fails(saved, "--data", "digts")[1]


def test_a_net_that_reads_text_is_sent_to_another_command(tmp_path):
    runner = typer.testing.CliRunner()
    text = tmp_path / "text.txt"
    text.write_text("a fox met a crow. " * 60)
    words = [
        "train",
        "--text",
        str(text),
        "--widths",
        "8",
        "--epochs",
        "1",
        "--no-baseline",
        "--no-report",
    ]
    made = runner.invoke(app, [*words, "--out", str(tmp_path / "run"), "--device", "cpu"])
    assert made.exit_code == 0, made.output
    code, line = fails(tmp_path / "run")
    assert code == 2
    assert line.endswith(
        f"this net reads text, and the page shows pictures; let it write: ff generate {tmp_path / 'run'}"
    )


def test_without_the_extra_it_says_what_to_install():
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from forward_forward.errors import UsageError\n"
        "try: import forward_forward.web.server\n"
        "except UsageError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = told.stdout.strip()
    assert line.startswith("the page needs fastapi and uvicorn: ")
    assert line.endswith("pip install 'forward-forward[web]'")


def test_the_command_serves_until_it_is_interrupted(saved, tmp_path):
    words = [
        sys.executable,
        "-m",
        "forward_forward",
        "serve",
        str(saved),
        "--port",
        "0",
        "--no-open",
    ]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as program:
        try:
            line = program.stdout.readline()
            address = line.split()[4]
            assert line.startswith("The page is at http://127.0.0.1:")
            assert b"Forward-Forward" in urllib.request.urlopen(address, timeout=10).read()
            stream = urllib.request.urlopen(address + "api/run/events", timeout=10)
            assert stream.readline().startswith(b"data: ")
            started = time.monotonic()
            program.send_signal(signal.SIGINT)
            assert program.wait(15) == 130
            assert time.monotonic() - started < 10
            stream.close()
        finally:
            program.kill()
        assert program.stderr.read().strip() == "interrupted"
