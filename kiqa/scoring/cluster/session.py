"""The Ray that workers run in: one of its own for a command, or a cluster that is there.

Public names: `Reached`, `Shares`, `joined`, `reached`, `shares`.
"""

import contextlib
import logging
import math
import os
import secrets
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from kiqa.scoring.paths import usable_cores

_STARTS = 3  # tries to start one of our own
_ANSWER = 5.0  # seconds that an address has
_WORD = 15.0  # seconds that a Ray has then; one that hangs is waited for by Ray for minutes
# A client's first words in HTTP/2, which Ray's servers speak, and an empty frame of settings.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_SETTINGS = 4  # the kind of the frame that answers
_UNKNOWN = 12  # gRPC's status of a server that does not know the call
_LONGEST = 42  # bytes of a temporary folder below which Ray can name its sockets
# Ray's own words on what `team` says and mends.
_SPARED = "A worker died or was killed|running low on memory|marked dead|cannot be scheduled"
_STORE = 256 << 20  # bytes for objects of a local Ray; rows are smaller than it takes note of
_OWN = {"RAY_USAGE_STATS_ENABLED": "0"}
# Without one in a variable Ray writes one into the home folder; it is read once in a process.
_TOKEN = {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
_TOKENS = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


class Reached(str):
    """An address at which a Ray has answered; it is not asked again."""

    __slots__ = ()


@dataclass(frozen=True)
class Shares:
    """What workers get of a cluster.

    Attributes:
        workers: How many there are.
        cpus: Cores of each.
        gpus: GPUs of each, also parts of one.
    """

    workers: int
    cpus: int
    gpus: float


@contextmanager
def joined(address: str | None, *, workers: int | None = None) -> Iterator[None]:
    """Be connected to a Ray for as long as the block runs.

    Args:
        address: ``"HOST:PORT"`` of a cluster's head; ``"auto"`` finds the one
            of this machine, or ``$RAY_ADDRESS``. ``None`` starts a Ray on this machine,
            which ends with the block: no process and no file stays, nothing
            is reported to Ray's makers, and no dashboard runs. A program that
            is connected already stays so, and `address` is not looked at.
        workers: That a Ray of its own must have room for.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If nobody answers there, or it is no Ray.
        ValueError: If the address is none, or of another version of Ray.
        RuntimeError: If a Ray of its own does not start.
    """
    ray = _ray()
    if ray.is_initialized():
        yield
        return
    if address is not None:
        with _connected(ray, address):
            yield
        return
    with (
        tempfile.TemporaryDirectory(
            prefix="kiqa-", dir=_short_folder(), ignore_cleanup_errors=True
        ) as folder,
        _environment(_OWN if any(name in os.environ for name in _TOKENS) else _OWN | _TOKEN),
    ):
        options = {
            "num_cpus": max(usable_cores(), workers or 1),
            "include_dashboard": False,
            "object_store_memory": _STORE,
            "_temp_dir": folder,
        }
        try:
            _start_here(ray, options)
            yield
        finally:
            ray.shutdown()
            _end_below(folder)


def reached(address: str | None) -> str | None:
    """Ask at an address whether a Ray answers, before anything is loaded or written.

    Args:
        address: As for `joined`.

    Returns:
        The address as `Reached`; as it is where nobody has to be asked.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If nobody answers there, within some seconds.
        ValueError: If the address is none.
    """
    if _ray().is_initialized() or address is None or isinstance(address, Reached):
        return address
    place = _place(address)
    _check_answers(place, address)
    _check_speaks(place, address)
    return Reached(address)


def _ray() -> Any:
    """The library, which reads when it is loaded what it does not write on standard output."""
    try:
        with _environment({"RAY_DEDUP_LOGS_SKIP_REGEX": _SPARED}):
            import ray
    except ImportError as error:
        raise ImportError(
            "Expected Ray for the engine ray. Received: an installation without it. Install it: "
            "pip install 'kiqa[ray]'."
        ) from error
    return ray


@contextmanager
def _connected(ray, address):
    reached(address)  # without an answer Ray waits for two minutes
    try:
        _start(ray, _place(address), {})
    except ConnectionError as error:  # it has gone since it was asked
        raise _unanswered(_place(address), address, error) from error
    except (RuntimeError, SystemExit) as error:  # other versions, or what is no Ray at all
        raise ValueError(
            f"Expected a Ray cluster of version {ray.__version__} at {address}. Received: {error}. "
            f"Install ray=={ray.__version__} on its nodes, or the cluster's version here."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _start_here(ray, options):
    """Start a Ray on this machine; on a busy one its own patience of half a minute may end."""
    for left in reversed(range(_STARTS)):
        try:
            return _start(ray, "local", options)
        except Exception as error:  # of no kind of its own
            _end_below(options["_temp_dir"])
            if not left or "timed out" not in str(error):
                raise RuntimeError(
                    f"Expected that Ray starts on this machine. Received: {error} Try again when "
                    "the machine is less busy, with fewer --workers, or without --engine ray."
                ) from error


def _end_below(folder):
    """End processes of a Ray that has not come up, or not gone; their arguments name its folder."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(folder in argument for argument in process.cmdline()):
                process.kill()


def _start(ray, address, options):
    """`ray.init`, which would put handlers of its own in place of ours."""
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        ray.init(address, logging_level=logging.ERROR, log_to_driver=False, **options)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _short_folder():
    """Where temporary folders are, if names of sockets fit in there."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) + len("/kiqa-12345678") <= _LONGEST else "/tmp"  # noqa: S108


@contextmanager
def _environment(wanted):
    """Variables that Ray and its processes read, for the block; some it sets itself."""
    former = {name: os.environ.get(name) for name in (*wanted, *_TOKENS)}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in former.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _place(address):
    """The host and the port that an address means."""
    if address == "auto":
        # No public names do it.
        from ray._private.authentication import authentication_token_setup as tokens
        from ray._private.services import canonicalize_bootstrap_address

        try:
            address = os.environ.get("RAY_ADDRESS")
            if not address:
                address = canonicalize_bootstrap_address("auto")
                # As `ray.init("auto")`: where there is a token, this machine's Ray asks for it.
                logging.getLogger(tokens.__name__).setLevel(logging.ERROR)
                tokens.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
        except ConnectionError as error:
            raise ConnectionError(
                "Expected a Ray cluster on this machine for the address auto. Received: none. "
                "Start one by ray start --head, name its HOST:PORT, or leave the address out."
            ) from error
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536 or "/" in host:
        raise ValueError(
            f"Expected an address HOST:PORT of Ray's head node, or auto. Received: {address!r}. "
            "ray status on the head node shows it; run kiqa on a node of the cluster."
        )
    return f"{host}:{port}"  # a plain text: Ray takes no `Reached`


def _check_answers(place, address):
    """Refuse an address at which no server of Ray's kind answers."""
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER) as stream:
            if os.environ.get("RAY_USE_TLS") == "1":
                return
            stream.sendall(_HELLO)
            answer = stream.recv(9)
            while 0 < len(answer) < 9 and (more := stream.recv(9 - len(answer))):
                answer += more
    except OSError as error:
        answer, reason = b"", error.strerror or str(error)
    else:
        reason = "something else than Ray answers"
    if len(answer) < 9 or answer[3] != _SETTINGS:
        raise _unanswered(place, address, reason)


def _unanswered(place, address, reason):
    return ConnectionError(
        f"Expected a Ray cluster at {address}. Received: no answer from {place} ({reason}). "
        "Look whether its head node runs (ray status), and whether a firewall is between."
    )


def _check_speaks(place, address):
    """Refuse a server that takes Ray's calls and leaves them, knows none, or wants a token."""
    from ray._raylet import GcsClient  # no public name does it without waiting

    answers = []

    def ask():
        try:
            GcsClient(address=place)
        except Exception as error:  # others than below may pass, or are said when Ray connects
            answers.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_WORD)
    if asking.is_alive():
        raise ConnectionError(
            f"Expected a Ray cluster at {address}. Received: no word of Ray from {place} within "
            f"{_WORD:g} seconds. Look whether its head node runs (ray status), and is not too busy."
        )
    if any(getattr(each, "rpc_code", None) == _UNKNOWN for each in answers):
        raise _unanswered(place, address, "something else than Ray answers")
    if any(type(each).__name__ == "AuthenticationError" for each in answers):
        raise ConnectionError(
            f"Expected a Ray cluster at {address} that lets this program in. Received: it asks for "
            "a token, and this one is missing or another. Set RAY_AUTH_MODE=token, and "
            "RAY_AUTH_TOKEN_PATH to a file with the token of its head node (~/.ray/auth_token)."
        )


def shares(workers: int | None, gpus_per_worker: float, *, local: bool) -> Shares:
    """Divide the cluster that this process is connected to.

    Args:
        workers: How many; ``None`` takes one for each share of a GPU, or each
            core without GPUs.
        gpus_per_worker: GPUs of each.
        local: Whether the cluster is this machine, and cannot grow.

    Returns:
        The `Shares`. Cores are divided evenly; a worker has at least one and
        at most those of the smallest node.

    Raises:
        ValueError: If this machine has fewer GPUs.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cores = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1] or [1]
    gpus = [node.get("GPU", 0) for node in nodes]
    room = sum(cores)
    if gpus_per_worker:
        room = sum(math.floor(each / gpus_per_worker + 1e-6) for each in gpus)
        if local and room < 1:
            raise ValueError(
                f"Expected {gpus_per_worker:g} GPUs for each worker. Received: a machine with "
                f"{sum(gpus):g}. Leave --gpus-per-worker out, or name a cluster by --address."
            )
    count = workers or max(1, room)
    return Shares(count, max(1, min(sum(cores) // count, min(cores))), gpus_per_worker)
