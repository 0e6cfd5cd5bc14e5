"""Addresses that are none, that nobody answers, or where something else does; and shares."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

import kiqa
from kiqa.scoring.cluster import session
from kiqa.scoring.cluster.session import Shares, joined, reached, shares

_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@pytest.fixture
def no_ray(monkeypatch):
    """A stand-in for Ray, to which this process is not connected."""

    def init(address, **options):
        assert type(address) is str  # Ray takes no other kind of text
        raise RuntimeError("Version mismatch: 2.9 and 2.60")

    made = SimpleNamespace(is_initialized=lambda: False, init=init, __version__="2.60.0")
    made.answers = threading.Event()
    made.answers.set()
    client = SimpleNamespace(GcsClient=lambda address: made.answers.wait(20))
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.setitem(sys.modules, "ray._raylet", client)
    return made


@pytest.fixture
def server():
    """The function ``server(answer) -> "HOST:PORT"``: what says this to whoever connects."""
    sockets = []

    def start(answer):
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def serve():
            while True:
                try:
                    stream, _ = listening.accept()
                except OSError:
                    return
                sockets.append(stream)
                stream.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for each in sockets:
        each.close()


def test_an_address_that_nobody_answers_is_refused(no_ray):
    """A port that is closed."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ConnectionError, match=f"Received: no answer from {address}"):
        reached(address)


@pytest.mark.parametrize("answer", [b"HTTP/1.0 200 OK\r\n\r\n", b"", b"\0\0\0\1\0\0\0\0\0"])
def test_a_server_that_is_no_ray_is_refused(no_ray, server, answer, monkeypatch):
    """Another protocol, silence, and frames of another kind."""
    monkeypatch.setattr(session, "_ANSWER", 0.2)
    with pytest.raises(ConnectionError, match="Expected a Ray cluster at"):
        reached(server(answer))


def test_what_answers_as_ray_does_is_asked(no_ray, server):
    """What Ray says then, such as other versions, is the reason."""
    address = server(_SETTINGS)
    for each in (address, reached(address)):
        with pytest.raises(ValueError, match="Version mismatch.*Install ray==2.60.0"), joined(each):
            pass


def test_an_address_that_answered_is_not_asked_again(no_ray, server, monkeypatch):
    """By the command, by the function that it calls, and where they connect."""
    found = reached(server(_SETTINGS))
    monkeypatch.delattr(session, "_check_answers")
    assert reached(found) is found and reached(None) is None


def test_a_head_that_wants_a_token_is_refused(no_ray, server, monkeypatch):
    """Without waiting for what Ray says in half a minute; other words of Ray's come later."""
    kind = type("AuthenticationError", (Exception,), {})

    def refuse(address):
        raise kind("RPC error: InvalidAuthToken")

    monkeypatch.setattr(sys.modules["ray._raylet"], "GcsClient", refuse)
    with pytest.raises(ConnectionError, match="asks for a token.*RAY_AUTH_MODE=token"):
        reached(server(_SETTINGS))
    kind.__name__ = "RpcError"
    assert reached(server(_SETTINGS))
    kind.rpc_code = 12  # another server of gRPC's
    with pytest.raises(ConnectionError, match="something else than Ray answers"):
        reached(server(_SETTINGS))


def test_a_head_that_goes_meanwhile_is_said(no_ray, server, monkeypatch):
    """After it has answered, before Ray has connected."""

    def init(address, **options):
        raise ConnectionError("Failed to connect to Ray cluster")

    monkeypatch.setattr(no_ray, "init", init)
    address = server(_SETTINGS)
    with (
        pytest.raises(ConnectionError, match=f"no answer from {address} .Failed.*ray status"),
        joined(address),
    ):
        pass


def test_a_head_that_hangs_is_refused(no_ray, server, monkeypatch):
    """It takes calls and leaves them; the limits together are below half a minute."""
    assert session._ANSWER + session._WORD < 30
    monkeypatch.setattr(session, "_WORD", 0.2)
    no_ray.answers.clear()
    with pytest.raises(ConnectionError, match="no word of Ray from .* within 0.2 seconds"):
        reached(server(_SETTINGS))
    no_ray.answers.set()


@pytest.mark.parametrize("named", [False, True])
def test_auto_takes_the_token_of_this_machine(no_ray, server, monkeypatch, named):
    """As Ray itself; of a head that $RAY_ADDRESS names it does not."""
    address, asked = server(_SETTINGS), []
    tokens = SimpleNamespace(
        __name__="tokens",
        maybe_enable_token_auth_if_token_available=lambda **options: asked.append(options),
    )
    services = SimpleNamespace(canonicalize_bootstrap_address=lambda found: address)
    for name, module in (
        ("_private", SimpleNamespace()),
        ("_private.services", services),
        ("_private.authentication", SimpleNamespace(authentication_token_setup=tokens)),
    ):
        monkeypatch.setitem(sys.modules, f"ray.{name}", module)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if named:
        monkeypatch.setenv("RAY_ADDRESS", address)
    assert reached("auto") == "auto"
    assert bool(asked) is not named


@pytest.mark.parametrize(
    "address", ["", "head", "head:", ":6379", "head:port", "head:0", "ray://head:10001"]
)
def test_what_is_no_address_is_refused(no_ray, address):
    """A host without a port, and addresses of Ray's client."""
    with pytest.raises(ValueError, match="Expected an address HOST:PORT"):
        reached(address)


def test_ray_that_is_not_installed_says_what_to_install(monkeypatch):
    """The remedy is the extra."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install 'kiqa\[ray\]'"):
        reached(None)


@pytest.mark.parametrize(
    ("nodes", "asked", "expected"),
    [
        ([{"CPU": 2.0}], (None, 0.0), Shares(2, 1, 0.0)),
        ([{"CPU": 8.0}], (2, 0.0), Shares(2, 4, 0.0)),
        ([{"CPU": 2.0}], (5, 0.0), Shares(5, 1, 0.0)),
        ([{"CPU": 0.0}, {"CPU": 16.0}, {"CPU": 4.0}], (2, 0.0), Shares(2, 4, 0.0)),
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 4.0}], (None, 0.5), Shares(4, 4, 0.5)),
        ([{"CPU": 16.0, "GPU": 0.5}, {"CPU": 16.0, "GPU": 0.5}], (None, 1.0), Shares(1, 16, 1.0)),
        ([], (None, 0.0), Shares(1, 1, 0.0)),
    ],
)
def test_a_cluster_is_divided(no_ray, nodes, asked, expected):
    """A worker for each core or share of a GPU; a node without cores counts for nothing."""
    no_ray.nodes = lambda: [
        *({"Alive": True, "Resources": each} for each in nodes),
        {"Alive": False, "Resources": {"CPU": 99.0}},
    ]
    assert shares(*asked, local=False) == expected


def test_a_machine_without_a_gpu_gives_none(no_ray):
    """Such workers would be waited for for ever."""
    no_ray.nodes = lambda: [{"Alive": True, "Resources": {"CPU": 2.0}}]
    with pytest.raises(ValueError, match="Expected 0.5 GPUs for each worker"):
        shares(None, 0.5, local=True)


@pytest.fixture
def head(real_ray):
    """A Ray's head in processes of its own, which end with the test: address and environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(Path(kiqa.__file__).parents[1]),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0" * 64,
    }
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as place:
        started = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
             "--node-ip-address", "127.0.0.1", "--port", str(port), "--num-cpus", "1",
             "--include-dashboard", "false", "--disable-usage-stats", "--temp-dir", place],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        try:
            _wait_for(port)
            yield f"127.0.0.1:{port}", environment
        finally:
            for process in [*psutil.Process(started.pid).children(recursive=True), started]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            started.wait()


def _wait_for(port):
    began = time.monotonic()
    while time.monotonic() - began < 60:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.2)


@pytest.mark.slow
def test_a_cluster_is_joined_by_host_and_port(head, images):
    """By the command, with the head's token."""
    address, environment = head
    ended = subprocess.run(
        [sys.executable, "-m", "kiqa", "score", images[0], "--model", "blur_effect",
         "--engine", "ray", "--address", address],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert images[0] in ended.stdout
