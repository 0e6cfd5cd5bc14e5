"""A real Chromium for the pages that kiqa writes, driven over its debugging pipe.

Mouse and keys are dispatched by the browser itself, so a page cannot tell them from a person's,
and no page holds a hook for tests.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
    "--window-size=1400,900 --hide-scrollbars --remote-debugging-pipe"
)
# Chromium reads commands from file descriptor 3 and answers on 4.
_START = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_START_WAIT, _WAIT = 60, 40  # seconds, until the browser answers, and for anything later
_STUDY_READY = "document.getElementById('go') && !document.getElementById('go').disabled"
_KEYS = {
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PageUp": 33,
    "PageDown": 34, "End": 35, "Home": 36, "Enter": 13, "Backspace": 8, "Delete": 46, "Tab": 9,
}  # fmt: skip


class Browser:
    """A headless Chromium with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.downloads = profile / "downloads"
        self._context = {}
        commands, answers = os.pipe(), os.pipe()
        self._write, self._read = commands[1], answers[0]
        inherited = (commands[0], answers[1])
        profile.mkdir(parents=True, exist_ok=True)
        with open(profile / "stderr.txt", "wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *map(str, inherited), CHROMIUM, *_FLAGS.split(),
                 f"--user-data-dir={profile}", "about:blank"],
                pass_fds=inherited, stdout=subprocess.DEVNULL, stderr=errors,
            )  # fmt: skip
        for descriptor in inherited:
            os.close(descriptor)
        self._rest, self._number, self.events = b"", 0, []
        self._wait = _START_WAIT
        try:
            self._allow_downloads()
        except (OSError, RuntimeError) as error:
            self._end()
            lines = (profile / "stderr.txt").read_text(errors="replace").split("\n")
            said = "; ".join(line for line in lines[-4:] if line)
            raise ConnectionError(f"{CHROMIUM} does not start: {error}. {said}") from error
        self._wait = _WAIT

    def _allow_downloads(self) -> None:
        self.call(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads),
            eventsEnabled=True, **self._context,
        )  # fmt: skip

    @contextmanager
    def alone(self):
        """Keep tabs and answers of what follows apart; close and forget them afterwards."""
        self._context = self.call("Target.createBrowserContext")
        self._allow_downloads()
        yield self
        self.call("Target.disposeBrowserContext", **self._context)
        self._context = {}

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        # It may end before it answers, and must not be killed while it writes its profile; a test
        # that waits in vain has failed already.
        with suppress(TimeoutError, subprocess.TimeoutExpired):
            with suppress(ConnectionError):
                self.call("Browser.close")
            self._process.wait(_WAIT)
        self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def open(self, path: Path, *, ready: str = _STUDY_READY):
        """A new tab with the page, loaded: once an expression is true in it."""
        return Tab(self, path, ready)

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """Send a command and return its result; events are collected."""
        end = time.monotonic() + self._wait
        number = self.send(method, session, **parameters)
        while True:
            message = self.receive(end)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def send(self, method: str, session: str | None = None, **parameters) -> int:
        """Send a command without waiting."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        return self._number

    def receive(self, end: float) -> dict:
        """The next message, until a time of the monotonic clock."""
        while b"\0" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise TimeoutError("Chromium does not answer")
            received = os.read(self._read, 1 << 20)
            if not received:
                raise ConnectionError("Chromium has ended")
            self._rest += received
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message


class Tab:
    """One page of a browser."""

    def __init__(self, browser: Browser, path: Path, ready: str) -> None:
        self._browser, self._ready = browser, ready
        place = browser._context
        self._target = browser.call("Target.createTarget", url="about:blank", **place)["targetId"]
        found = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        self.load(path)

    def load(self, path: Path) -> bool:
        """Go to a file and wait until it can be used; whether it asked before it was left."""
        return self._leave("Page.navigate", url=path.as_uri())

    def reload(self) -> bool:
        """Load the page anew; whether it asked before it was left."""
        return self._leave("Page.reload")

    def _leave(self, method: str, **parameters) -> bool:
        browser, end = self._browser, time.monotonic() + _WAIT
        # The load event of the former page may still come: only the next page tells of a frame.
        browser.events.clear()
        browser.send(method, self._session, **parameters)
        asked = False
        while not any("file:" in e["frame"]["url"] for e in self.events("Page.frameNavigated")):
            browser.receive(end)
            if self.events("Page.javascriptDialogOpening") and not asked:
                asked = True
                browser.send("Page.handleJavaScriptDialog", self._session, accept=True)
        self.until(self._ready)
        return asked

    def close(self) -> None:
        """Close the tab once the page's answers are stored."""
        self.stored()
        self._browser.call("Target.closeTarget", targetId=self._target)

    def stored(self) -> list[str]:
        """Keys of the answers that studies keep in this browser; later than what they write."""
        return self.js("""new Promise((resolve, reject) => {
            const opening = indexedDB.open("kiqa-study");
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
                const change = opening.result.transaction("answers", "readwrite");
                const keys = change.objectStore("answers").getAllKeys();
                change.oncomplete = () => resolve(keys.result);
                change.onabort = () => reject(change.error);
            };
        })""")

    def call(self, method: str, **parameters) -> dict:
        """Send a command for this page."""
        return self._browser.call(method, self._session, **parameters)

    def events(self, method: str) -> list[dict]:
        """Parameters of the events of a kind so far."""
        return [e["params"] for e in self._browser.events if e["method"] == method]

    def js(self, expression: str):
        """Value of an expression in the page."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + _WAIT
        while not self.js(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise TimeoutError(f"not in time: {expression}; page: {self.text('body')}")
            time.sleep(0.01)

    def text(self, selector: str) -> str:
        """Visible text of an element."""
        return self.js(f"document.querySelector({json.dumps(selector)}).innerText")

    def place(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window."""
        return tuple(
            self.js(
                f"(box => [box.x, box.y, box.width, box.height])(document.querySelector("
                f"{json.dumps(selector)}).getBoundingClientRect())"
            )
        )

    def click(self, selector: str) -> None:
        """Press the mouse on the middle of an element."""
        name = json.dumps(selector)
        self.js(f"document.querySelector({name}).scrollIntoView({{block: 'nearest'}})")
        left, top, width, height = self.place(selector)
        self.drag((left + width / 2, top + height / 2))

    def drag(self, *points: tuple[float, float], modifiers: int = 0) -> None:
        """Press the mouse at the first point, release it at the last."""
        for kind, (x, y) in (
            ("mousePressed", points[0]),
            *(("mouseMoved", point) for point in points[1:]),
            ("mouseReleased", points[-1]),
        ):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1,
                buttons=0 if kind == "mouseReleased" else 1, modifiers=modifiers,
            )  # fmt: skip

    def key(self, *names: str, modifiers: int = 0, repeat: bool = False) -> None:
        """Press keys, by the names of ``KeyboardEvent.key``; 2 is Ctrl, 8 Shift."""
        for name in names:
            text = "\r" if name == "Enter" else name if len(name) == 1 and not modifiers else ""
            shared = {
                "key": name, "modifiers": modifiers, "code": name,
                "windowsVirtualKeyCode": _KEYS.get(name, ord(name[0].upper())),
            }  # fmt: skip
            down = {"text": text} if text else {}
            self.call(
                "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown",
                autoRepeat=repeat, **shared, **down,
            )  # fmt: skip
            self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def ready(self, count: str | None = None) -> None:
        """Wait until an item, by its count if it matters which, is shown and can be answered."""
        shown = (
            "document.getElementById('start').hidden && (!document.getElementById('end').hidden || "
            "document.getElementById('work').ariaBusy === 'false')"
        )
        if count is not None:  # a page under load may still be at the one before
            shown += f" && document.getElementById('count').innerText === {json.dumps(count)}"
        self.until(shown)

    def found(self) -> str:
        """What the start screen says of answers that are there already."""
        self.stored()  # after the page has looked
        return self.text("#found")

    def enter(self, participant: str, *, ready: bool = True) -> None:
        """Fill in the start screen and begin; the first open item is then ready."""
        self.js("document.getElementById('who').focus()")
        if participant:
            self.js("document.getElementById('who').select()")
            self.call("Input.insertText", text=participant)
        self.key("Enter")
        if ready:
            self.ready()

    def csv(self) -> str:
        """The answers as text, from the screen that pauses the study."""
        if self.js("!document.getElementById('work').hidden"):
            self.click("#pause")
        return self.js("document.getElementById('csv').value")

    def saved(self) -> Path:
        """Save the answers as a file, and return it."""
        before = len(self._downloads("completed"))
        self.click("#save")
        end = time.monotonic() + _WAIT
        while len(self._downloads("completed")) == before:
            self._browser.receive(end)
        file = Path(self._downloads("completed")[-1]["filePath"])
        # The next may have the same name.
        return file.rename(Path(tempfile.mkdtemp(dir=self._browser.profile)) / file.name)

    def _downloads(self, state: str) -> list[dict]:
        return [e for e in self.events("Browser.downloadProgress") if e["state"] == state]

    def screenshot(self, path: str | Path) -> None:
        """Write what the window shows as PNG."""
        data = self.call("Page.captureScreenshot")["data"]
        Path(path).write_bytes(base64.b64decode(data))


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """A running browser. Skipped where there is none or it cannot run."""
    if CHROMIUM is None:
        pytest.skip(f"no browser found: none of {', '.join(NAMES)} is installed")
    try:
        browser = Browser(tmp_path_factory.mktemp("profile"))
    except (TimeoutError, ConnectionError) as error:
        pytest.skip(str(error))
    with browser:
        yield browser


@pytest.fixture
def chromium(running):
    """A browser that knows nothing of other tests; `open` gives a page."""
    with running.alone():
        yield running


@pytest.fixture
def new_browser(running):
    """The class `Browser`, for tests that close one."""
    return Browser
