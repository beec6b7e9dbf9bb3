"""Chromium without a window, driven through its DevTools protocol: one process, a profile for each tab.

Nothing here knows the dashboard. Whatever a page complains about (errors, what its policy has forbidden, answers that
failed) is kept, so that a test can demand that there is nothing.
"""

import base64
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import websocket

import support

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--no-proxy-server", "--remote-debugging-port=0", "--remote-allow-origins=*", "--window-size=1280,900",
]
LIMIT = 20.0
KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), "ArrowDown": ("ArrowDown", 40, ""),
    "Space": ("Space", 32, " "),
}


def program() -> str:
    """Chromium, whatever the distribution calls it."""
    return support.require(next((name for name in ("chromium", "chromium-browser") if support.shutil.which(name)), "chromium"))


class Browser:
    """The process and the one connection to it."""

    def __init__(self) -> None:
        self.profile = tempfile.TemporaryDirectory(prefix="dapr-chromium-", ignore_cleanup_errors=True)
        folder = Path(self.profile.name)
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [program(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, env=os.environ | {"HOME": str(folder)},
            )
        self.number = 0
        self.tabs: dict[str, "Tab"] = {}
        try:
            self.socket = websocket.create_connection(self.address(folder), timeout=LIMIT, suppress_origin=True, http_no_proxy=["127.0.0.1"])
        except BaseException:
            self.close()
            raise

    def address(self, folder: Path) -> str:
        """Where it listens; it writes that down when it does."""
        file = folder / "profile" / "DevToolsActivePort"

        def listening() -> list[str]:
            assert self.process.poll() is None, f"chromium ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}"
            return lines if file.exists() and len(lines := file.read_text().split()) == 2 else []

        port, path = support.until(listening, "chromium listens", LIMIT)
        return f"ws://127.0.0.1:{port}{path}"

    def call(self, method: str, tab: "Tab | None" = None, **arguments) -> dict:
        """Sends a command and returns its result; events that come before it go to their tabs."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": arguments}
        if tab is not None:
            message["sessionId"] = tab.session
        self.socket.send(json.dumps(message))
        while True:
            answer = self.receive()
            if answer.get("id") == message["id"]:
                assert "error" not in answer, f"{method} {arguments}: {answer['error']['message']}"
                return answer["result"]

    def receive(self) -> dict:
        message = json.loads(self.socket.recv())
        tab = self.tabs.get(message.get("sessionId", ""))
        if tab is not None and "method" in message:
            tab.take(message["method"], message["params"])
        return message

    def tab(self, **settings) -> "Tab":
        """A new tab with a profile of its own: no cookie, nothing kept."""
        return Tab(self, self.call("Target.createBrowserContext")["browserContextId"], **settings)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.profile.cleanup()


class Tab:
    """A page, and what it has complained about."""

    def __init__(self, browser: Browser, context: str, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True):
        self.browser = browser
        self.context = context
        self.complaints: list[str] = []
        self.excused: list[str] = []
        self.dialogs: list[str] = []
        self.loads = 0
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.tabs[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.look(width, height, dark)
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method: str, **arguments) -> dict:
        return self.browser.call(method, self, **arguments)

    def take(self, event: str, about: dict) -> None:
        if event == "Page.loadEventFired":
            self.loads += 1
        elif event == "Page.javascriptDialogOpening":
            self.dialogs.append(about["message"])
            # The answer comes like any other message; nobody waits for it here.
            self.browser.number += 1
            accept = {"id": self.browser.number, "sessionId": self.session, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            self.browser.socket.send(json.dumps(accept))
        elif event == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif event == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console.{about['type']}: {about['args']}")
        elif event == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            # What a policy forbids is told here, too.
            self.complaints.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")
        elif event == "Network.loadingFailed" and not about.get("canceled"):
            self.complaints.append(f"{about['type']}: {about['errorText']} {about.get('blockedReason', '')}")

    def look(self, width: int, height: int = 900, dark: bool = False) -> None:
        """Size of the window, and whether the system is set to dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> "Tab":
        """Goes to a page and waits until it is loaded."""
        loads = self.loads
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer}"
        self.loaded(loads, url)
        return self

    def loaded(self, before: int, what: str) -> None:
        deadline = time.monotonic() + LIMIT
        while self.loads == before:
            assert time.monotonic() < deadline, f"{what} is not loaded"
            self.browser.receive()

    def leads(self, act: Callable[[], object]) -> "Tab":
        """Does what leads to another page and waits for that."""
        loads = self.loads
        act()
        self.loaded(loads, "the next page")
        return self

    def ask(self, expression: str):
        """The value of a JavaScript expression, as JSON; of a promise, what becomes of it."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            pytest.fail(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def until(self, expression: str, what: str, limit: float = LIMIT):
        """Waits until an expression is true, and returns its value."""
        deadline = time.monotonic() + limit
        while not (value := self.ask(expression)):
            assert time.monotonic() < deadline, f"waited {limit:.0f} s in vain: {what}\n{self.ask('document.title')}\n{self.text('body')[:3000]}"
            time.sleep(0.01)
        return value

    def text(self, selector: str = "main") -> str:
        """What somebody reads in there."""
        return self.ask(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def shows(self, text: str, selector: str = "main", limit: float = LIMIT) -> "Tab":
        """Waits until a text can be read."""
        expression = f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').includes({json.dumps(text)})"
        self.until(expression, f"{selector} shows {text!r}", limit)
        return self

    def place(self, selector: str) -> tuple[float, float]:
        """The middle of an element, which is scrolled to."""
        found = self.until(
            f"""(() => {{ const one = document.querySelector({json.dumps(selector)}); if (!one) return null;
                one.scrollIntoView({{ block: "center" }}); const box = one.getBoundingClientRect();
                return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null; }})()""",
            f"{selector} can be seen",
        )
        return found[0], found[1]

    def click(self, selector: str) -> None:
        """Clicks where the element is, so that one that is covered isn't reached."""
        # A page that was never drawn gets no clicks.
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        x, y = self.place(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        name, code, text = KEYS.get(key, ("", ord(key[0].upper()), key))
        about = {"key": key if key != "Space" else " ", "code": name, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def fill(self, selector: str, text: str) -> None:
        """Types over what a field has."""
        self.until(f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one?.focus(); one?.select?.(); return !!one; }})()", selector)
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Chooses of a list."""
        self.ask(
            f"""(() => {{ const one = document.querySelector({json.dumps(selector)}); one.value = {json.dumps(value)};
                one.dispatchEvent(new Event("change", {{ bubbles: true }})); }})()"""
        )

    def excuses(self, text: str) -> None:
        """From now on, and before, complaints with this text are none; there has to be one."""
        assert any(text in complaint for complaint in self.complaints), self.complaints
        self.excused.append(text)

    def picture(self, whole: bool = False) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def close(self) -> None:
        self.browser.tabs.pop(self.session, None)
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
