"""URLs: lists and bytes of memory, archives and a web server; retries; errors name the URL."""

import http.server
import socket
import sys
import threading
import zipfile
from functools import partial

import pytest

from kiqa.io import remote
from kiqa.io.images import load_image
from kiqa.io.images.kinds import is_called_image
from kiqa.io.remote import is_url, listed, read_url

fsspec = pytest.importorskip("fsspec", reason="needs kiqa[remote]")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    """Tries follow each other at once."""
    monkeypatch.setattr(remote, "_WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def memory():
    """Files in memory; the folder's URL."""
    system = fsspec.filesystem("memory")
    for name in ("b.png", "a.png", "sub/c.jpg", "sub/notes.txt"):
        system.pipe_file(f"/photos/{name}", name.encode())
    yield "memory://photos"
    system.rm("/photos", recursive=True)


@pytest.fixture
def archive(tmp_path):
    """An archive of three files."""
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        for name in ("sub/c.jpg", "a.png", "notes.txt"):
            file.writestr(name, name)
    return tmp_path / "photos.zip"


class _Handler(http.server.SimpleHTTPRequestHandler):
    failures = {}  # by path, answers before the file is given; 0 is none

    def do_HEAD(self):
        left = self.failures.get(self.path)
        self._fail(left[-1]) if left else super().do_HEAD()

    def do_GET(self):
        left = self.failures.get(self.path)
        self._fail(left.pop()) if left else super().do_GET()

    def _fail(self, answer):
        if answer:
            self.send_error(answer)
        self.close_connection = True

    def log_message(self, *_):
        """Nothing on standard error."""


@pytest.fixture
def web(tmp_path):
    """A web server of a folder: its URL, and the answers that it gives before files."""
    pytest.importorskip("aiohttp", reason="needs kiqa[remote]")
    folder = tmp_path / "web"
    (folder / "photos/sub").mkdir(parents=True)
    for name in ("photos/a.png", "photos/sub/b.jpg", "photos/notes.txt"):
        (folder / name).write_text(name)
    _Handler.failures = {}
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", _Handler.failures
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bucket():
    """A bucket of a server that speaks S3: its URL."""
    server_of = pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs", reason="needs s3fs")
    server = server_of.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        system = s3fs.S3FileSystem()
        system.mkdir("bucket")
        for name in ("a.png", "sub/c.jpg", "sub/notes.txt"):
            system.pipe(f"bucket/photos/{name}", name.encode())
        yield "s3://bucket"
    server.stop()


def _listed(url):
    return list(listed(url, is_called_image))


def test_a_folder_is_listed_with_all_below(memory):
    """Sorted; names are relative; URLs can be read."""
    found = _listed(memory)
    assert [name for _, name in found] == ["a.png", "b.png", "sub/c.jpg", "sub/notes.txt"]
    assert [read_url(url, 99).decode() for url, _ in found] == [name for _, name in found]
    assert _listed(f"{memory}/") == found


def test_a_file_and_a_pattern(memory):
    """A file is itself, whether there or not; with * what matches."""
    assert _listed(f"{memory}/sub/c.jpg") == [(f"{memory}/sub/c.jpg", "c.jpg")]
    assert _listed("memory://gone.png") == [("memory://gone.png", "gone.png")]
    assert [name for _, name in _listed(f"{memory}/*.png")] == ["a.png", "b.png"]
    assert [name for _, name in _listed(f"{memory}/s*/*.jpg")] == ["sub/c.jpg"]


def test_an_archive_is_a_folder(archive):
    """In the short form, and in fsspec's."""
    found = _listed(f"zip://{archive}")
    assert [name for _, name in found] == ["a.png", "notes.txt", "sub/c.jpg"]
    assert found[2][0] == f"zip://sub/c.jpg::{archive}"
    assert read_url(found[2][0], 99) == b"sub/c.jpg"
    assert _listed(f"zip://::{archive}") == found
    assert _listed(f"zip://sub::{archive}") == [(f"zip://sub/c.jpg::{archive}", "c.jpg")]


def test_a_web_server_without_ranges(web):
    """Its index is the listing; a file is read from the start to the bound."""
    url, _ = web
    found = _listed(f"{url}/photos/")
    assert [name for _, name in found] == ["a.png", "notes.txt", "sub/b.jpg"]
    assert read_url(found[2][0], 99) == b"photos/sub/b.jpg"
    assert read_url(found[2][0], 3) == b"phot"  # one more than asked for
    assert _listed(f"{url}/photos/a.png?key=1*") == [(f"{url}/photos/a.png?key=1*", "a.png")]


def test_what_fails_is_tried_again(web):
    """Until it is given, or the tries are over; the URL is named."""
    url, failures = web
    failures["/photos/a.png"] = [503, 0, 429]
    assert read_url(f"{url}/photos/a.png", 99) == b"photos/a.png"
    failures["/photos/a.png"] = [500] * 4
    with pytest.raises(OSError, match=f"{url}/photos/a.png: .*500"):
        read_url(f"{url}/photos/a.png", 99)
    assert failures["/photos/a.png"] == []


@pytest.mark.parametrize(
    ("answer", "kind"), [(403, PermissionError), (404, FileNotFoundError), (410, OSError)]
)
def test_what_is_final_is_not_tried_again(web, answer, kind):
    """No right, and no file."""
    url, failures = web
    failures["/photos/a.png"] = [answer, answer]
    with pytest.raises(kind, match=f"{url}/photos/a.png: "):
        read_url(f"{url}/photos/a.png", 99)
    assert failures["/photos/a.png"] == [answer]


def test_a_port_that_is_closed_is_no_missing_file():
    """The reason is the connection."""
    pytest.importorskip("aiohttp", reason="needs kiqa[remote]")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/a.png"
    with pytest.raises(OSError, match=f"{url}: Cannot connect") as error:
        read_url(url, 99)
    assert not isinstance(error.value, FileNotFoundError)


def test_an_archive_on_a_web_server_that_may_not_be_read(web):
    """The server's answer is the reason behind the archive, too."""
    url, failures = web
    failures["/photos.zip"] = [403]
    with pytest.raises(PermissionError, match=r"zip://a.png::.*403"):
        read_url(f"zip://a.png::{url}/photos.zip", 99)


@pytest.fixture
def silent(monkeypatch):
    """A web server that takes connections and says nothing, and little patience with it."""
    pytest.importorskip("aiohttp", reason="needs kiqa[remote]")
    monkeypatch.setattr(remote, "_SILENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_server_is_an_error(silent):
    """Of a file and of a folder."""
    with pytest.raises(OSError, match=f"{silent}/a.png: (no answer in time|Timeout)"):
        read_url(f"{silent}/a.png", 99)
    with pytest.raises(OSError, match=f"{silent}/photos/: (no answer in time|Timeout)"):
        _listed(f"{silent}/photos/")


def test_after_an_interrupt_nothing_is_waited_for(silent, monkeypatch):
    """Not for a server that is silent, and not before another try."""
    monkeypatch.setattr(remote, "_SILENCE", 60.0)
    monkeypatch.setattr(remote, "_LOOK", 0.01)
    asked = []
    monkeypatch.setattr(remote, "interrupted", lambda: asked.append(1) or True)
    with pytest.raises(OSError, match="a.png: interrupted"):
        read_url(f"{silent}/a.png", 99)
    assert len(asked) <= 2  # while it waits, and before another try


def test_fsspecs_own_settings_stay(monkeypatch):
    """A proxy, and a timeout of the user's."""
    pytest.importorskip("aiohttp", reason="needs kiqa[remote]")
    monkeypatch.setitem(fsspec.config.conf, "http", {"client_kwargs": {"trust_env": True}})
    system, _ = remote._opened("https://host/a.png")
    assert system.client_kwargs["trust_env"] and system.client_kwargs["timeout"].sock_read == 20


def test_a_folder_below_that_cannot_be_listed_stands_for_its_files(web):
    """It comes last and says why when it is read; one that fails once is listed again."""
    url, failures = web
    failures["/photos/sub/"] = [500] * 8
    files = [f"{url}/photos/{name}" for name in ("a.png", "notes.txt", "sub/")]
    assert [path for path, _ in _listed(f"{url}/photos/")] == files
    with pytest.raises(OSError, match=f"{url}/photos/sub/: .*500"):
        read_url(files[-1], 99)
    with pytest.raises(IsADirectoryError, match=f"{url}/photos/sub/: expected a file"):
        read_url(files[-1], 99)
    failures["/photos/sub/"] = [500]
    assert [name for _, name in _listed(f"{url}/photos/")][-1] == "sub/b.jpg"


def test_errors_name_the_url(memory, archive, tmp_path):
    """No such file, no archive, no such kind of storage, a package that is missing."""
    with pytest.raises(FileNotFoundError, match=f"{memory}/gone.png: expected a file"):
        read_url(f"{memory}/gone.png", 99)
    with pytest.raises(FileNotFoundError, match=r"zip://gone.zip: "):
        _listed("zip://gone.zip")
    (tmp_path / "no.zip").write_text("text")
    with pytest.raises(OSError, match="no.zip: File is not a zip file"):
        _listed(f"zip://{tmp_path}/no.zip")
    with pytest.raises(OSError, match="nothing://x: Protocol not known"):
        _listed("nothing://x")


def test_a_missing_package_says_what_to_install(monkeypatch):
    """Of a bucket's storage, and fsspec itself."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ImportError, match="s3://b/x.*pip install s3fs"):
        read_url("s3://b/x", 9)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"pip install 'kiqa\[remote\]'"):
        read_url("s3://b/x", 9)


class NoCredentialsError(Exception):
    """As botocore calls it."""


class _HttpError(Exception):
    code = 401  # as gcsfs's


@pytest.mark.parametrize(
    "error",
    [PermissionError("Forbidden"), NoCredentialsError("Forbidden"), OSError("Forbidden: b"),
     _HttpError("Forbidden")],
)  # fmt: skip
@pytest.mark.parametrize("below", ["", "/", "/*.png"])
def test_a_bucket_without_rights_is_named(memory, monkeypatch, error, below):
    """The remedy is about credentials; it is not tried again."""
    tries = []

    def refuse(*given, **options):
        tries.append(given)
        raise error

    with monkeypatch.context() as without:
        for name in ("info", "ls", "find"):
            without.setattr(fsspec.get_filesystem_class("memory"), name, refuse)
        with pytest.raises(PermissionError, match=r"Forbidden.*; look at the credentials"):
            _listed(f"{memory}{below}")
    assert len(tries) <= 2


def test_what_is_not_there_is_said(memory):
    """A folder without files is none; a pattern below it neither."""
    for url in ("memory://nothing/", "memory://nothing", "memory://nothing/*.png"):
        with pytest.raises(FileNotFoundError, match="expected a file or folder, found nothing"):
            _listed(url)
    assert _listed(f"{memory}/*.tif") == []


def test_images_are_loaded_from_urls(memory, photo, encode):
    """By the one loader, within its bound."""
    system = fsspec.filesystem("memory")
    system.pipe_file("/photos/a.png", encode(photo, "PNG"))
    image = load_image(f"{memory}/a.png")
    assert (image.pixels == photo).all() and image.path == f"{memory}/a.png"
    with pytest.raises(ValueError, match=f"{memory}/a.png: expected a file of at most 100 bytes"):
        load_image(f"{memory}/a.png", max_bytes=100)


@pytest.mark.parametrize("path", ["a.png", "C:/a.png", "C:\\a.png", "/a:/b", "://x", b"s3://x"])
def test_paths_are_no_urls(path):
    """Also those with colons."""
    assert not is_url(path)


def test_a_bucket_is_listed_and_read(bucket):
    """What there is not, a file, a folder or a whole bucket, is named by its URL."""
    found = _listed(f"{bucket}/photos")
    assert [name for _, name in found] == ["a.png", "sub/c.jpg", "sub/notes.txt"]
    assert read_url(found[1][0], 100) == b"sub/c.jpg"
    assert _listed(f"{bucket}/photos/*/*.jpg") == [(f"{bucket}/photos/sub/c.jpg", "sub/c.jpg")]
    for missing in (f"{bucket}/nothing", "s3://nobody/photos"):
        with pytest.raises(FileNotFoundError, match=f"^{missing}: expected a file or folder"):
            _listed(missing)
    with pytest.raises(FileNotFoundError, match="d.png: expected a file"):
        read_url(f"{bucket}/photos/d.png", 100)
