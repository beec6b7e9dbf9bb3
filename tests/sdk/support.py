"""Runs the real `dapr` in a home of its own, and knows every process that came of it.

All processes started here inherit a variable with a value of its own per test; what carries that value is what
the test has to answer for, however it was started and whoever its parent is now.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn, TypeVar

import httpx
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).resolve().parent / "apps"
DAPR = Path(os.environ.get("DAPR_BIN") or ROOT / "target" / "debug" / "dapr").resolve()
UP = "You're up and running!"
MARK = "DAPR_SDK_TEST"
# Seconds before a condition that doesn't come counts as failed: generous, since CI machines are slow.
LIMIT = 60.0

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, limit: float = LIMIT) -> T:
    """Waits for a true value and returns it. Errors of a connection that isn't there yet count as false."""
    deadline = time.monotonic() + limit
    while True:
        last: object
        try:
            last = condition()
            if last:
                return last
        except (httpx.TransportError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            pytest.fail(f"waited {limit:.0f} s in vain: {what} (last: {last!r})")
        time.sleep(0.02)


def require(program: str) -> str:
    """The path of an outside program; without it the test is skipped, or fails in CI."""
    path = shutil.which(program)
    if path is None:
        leave_out(f"{program} is not installed")
    return path


def leave_out(reason: str) -> NoReturn:
    """Skips the test, or fails it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, but CI has to have it")
    pytest.skip(reason)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Process:
    """A `dapr` that goes on until it is stopped. Its stdout and stderr are kept apart, in files."""

    def __init__(self, machine: "Machine", name: str, args: Iterable[str], **env: str):
        self.machine = machine
        self.app_id = name
        number = len(machine.runs)
        self.out_file = machine.home / f"{number}-{name}.out"
        self.err_file = machine.home / f"{number}-{name}.err"
        with self.out_file.open("wb") as out, self.err_file.open("wb") as err:
            self.process = subprocess.Popen(
                [str(DAPR), *args], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=machine.env | env, cwd=machine.home, start_new_session=True,
            )
        machine.runs.append(self)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def out(self) -> str:
        return self.out_file.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self.err_file.read_text(errors="replace")

    @property
    def output(self) -> str:
        return self.out + self.err

    def failures(self) -> list[str]:
        """The lines that report a failure."""
        return [line for line in self.output.splitlines() if line.startswith("❌")]

    def ended(self) -> bool:
        return self.process.poll() is not None

    def wait(self, limit: float = 30) -> int:
        """The exit code; negative for a signal."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            pytest.fail(f"'dapr run' of {self.app_id} did not end within {limit:.0f} s:\n{self.output}")


class Run(Process):
    """One `dapr run` of one app."""

    def __init__(self, machine: "Machine", app_id: str, flags: Iterable[str], command: Iterable[str], **env: str):
        command = list(command)
        super().__init__(
            machine, app_id, ["run", "--app-id", app_id, *flags, *(["--", *command] if command else [])], **env
        )
        self.http_port = 0
        self.app_port = 0

    def up(self) -> "Run":
        """Waits until `dapr run` says so and, for an app with a port, until the app answers by its sidecar."""
        until(lambda: self.ended() or UP in self.out, f"{self.app_id} says that it is up")
        assert UP in self.out, f"'dapr run' ended with {self.process.poll()}:\n{self.output}"
        row = self.row()
        self.http_port, self.app_port = row["httpPort"], row["appPort"]
        if self.app_port:
            until(lambda: self.ended() or self.invoke("GET", "health").is_success, f"{self.app_id} answers")
            assert not self.ended(), self.output
        return self

    def subscribed(self) -> "Run":
        """Waits until the sidecar has the app's subscriptions; a broker in memory drops what comes before."""
        until(lambda: self.request("GET", "/v1.0/metadata").json().get("subscriptions"), f"{self.app_id} subscribes")
        return self

    def row(self) -> dict:
        """What `dapr list` says of this very run."""
        def mine() -> list[dict]:
            return [row for row in self.machine.listed() if row["cliPid"] == self.pid]
        return until(mine, f"{self.app_id} (CLI {self.pid}) is listed", 20)[0]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http_port}{path}"

    def request(self, method: str, path: str, **request) -> httpx.Response:
        return self.machine.http.request(method, self.url(path), **request)

    def invoke(self, method: str, name: str, app_id: str | None = None, **request) -> httpx.Response:
        return self.request(method, f"/v1.0/invoke/{app_id or self.app_id}/method/{name}", **request)

    def publish(self, topic: str, data: object, pubsub: str = "pubsub", **request) -> None:
        response = self.request("POST", f"/v1.0/publish/{pubsub}/{topic}", json=data, **request)
        assert response.status_code == 204, response.text

    def save(self, key: str, value: object) -> None:
        response = self.request("POST", "/v1.0/state/statestore", json=[{"key": key, "value": value}])
        assert response.status_code == 204, response.text

    def state(self, key: str) -> object:
        response = self.request("GET", f"/v1.0/state/statestore/{key}")
        assert response.status_code in (200, 204), response.text
        return response.json() if response.status_code == 200 else None

    def stop(self) -> int:
        result = self.machine.dapr("stop", "--app-id", self.app_id)
        assert result.returncode == 0, result.stdout + result.stderr
        assert f"app stopped successfully: {self.app_id}" in result.stdout
        return self.wait()


class RunFile(Process):
    """One `dapr run -f`: the apps of a run file that is written for it."""

    def __init__(self, machine: "Machine", content: dict, args: Iterable[str], **env: str):
        self.directory = machine.home / "system"
        self.directory.mkdir(exist_ok=True)
        for app in content["apps"]:
            (self.directory / app["appDirPath"]).mkdir(parents=True, exist_ok=True)
        # JSON is YAML too.
        (self.directory / "dapr.yaml").write_text(json.dumps({"version": 1} | content))
        self.apps = [app["appID"] for app in content["apps"]]
        super().__init__(machine, "run-file", ["run", "-f", str(self.directory), *args], **env)

    def up(self, *apps: str) -> "RunFile":
        """Waits until these apps, or all, are said to be started."""
        for app in apps or self.apps:
            line = f'Started Dapr with app id "{app}".'
            until(lambda: self.ended() or line in self.out, f"{app} is started")
            assert line in self.out, f"'dapr run' ended with {self.process.poll()}:\n{self.output}"
        return self

    def row(self, app: str) -> dict:
        """What `dapr list` says of an app."""
        def found() -> list[dict]:
            return [row for row in self.machine.listed() if row["appId"] == app]
        return until(found, f"{app} is listed", 20)[0]

    def log(self, app: str, kind: str = "app") -> bytes:
        """The log file of an app or of its sidecar."""
        directory = next((self.directory).rglob(f".dapr/logs/{app}_{kind}_*.log")).parent
        [file] = directory.glob(f"{app}_{kind}_*.log")
        return file.read_bytes()


class Sidecar(Process):
    """A sidecar without the command line that usually starts it."""

    def __init__(self, machine: "Machine", *flags: str):
        self.port, self.grpc_port = free_ports(2)
        super().__init__(
            machine, "ending",
            ["daprd", "--app-id", "ending", "--dapr-http-port", str(self.port), "--dapr-grpc-port", str(self.grpc_port),
             "--enable-metrics=false", *flags],
        )
        until(lambda: self.ended() or self.health() == 204, "it is ready")
        assert not self.ended(), self.output

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def health(self) -> int:
        return self.machine.http.get(self.url("/v1.0/healthz")).status_code

    def tell(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def said(self, text: str) -> None:
        until(lambda: text in self.out, text)


class Machine:
    """A home directory without `.dapr`, and all that runs in it."""

    def __init__(self, home: Path):
        self.home = home
        self.mark = uuid.uuid4().hex
        inherited = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("DAPR_", "APP_")) and name not in ("NAMESPACE", "VIRTUAL_ENV")
        }
        tools = str(Path(sys.executable).parent)
        self.env = inherited | {
            "HOME": str(home),
            "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(APPS),
            MARK: self.mark,
        }
        self.runs: list[Process] = []
        self.http = httpx.Client(timeout=30, trust_env=False)

    def dapr(self, *args: str, limit: float = 30, **env: str) -> subprocess.CompletedProcess:
        """A command that ends by itself."""
        return subprocess.run(
            [str(DAPR), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit,
            env=self.env | env, cwd=self.home, check=False,
        )

    def listed(self) -> list[dict]:
        """What `dapr list` says of this test's instances; it sees those of everybody on the machine."""
        result = self.dapr("list", "-o", "json")
        assert result.returncode == 0, result.stderr
        return [row for row in json.loads(result.stdout) if self.is_ours(row["daprdPid"])]

    def is_ours(self, pid: int) -> bool:
        """Whether a process descends from this test's commands. One that is gone is taken for ours."""
        try:
            return psutil.Process(pid).environ().get(MARK) == self.mark
        except psutil.NoSuchProcess:
            return True
        except (psutil.AccessDenied, OSError):
            return False

    def run(self, app_id: str, *command: str, flags: Iterable[str] = (), **env: str) -> Run:
        return Run(self, app_id, flags, command, **env)

    def run_file(self, *apps: dict, args: Iterable[str] = (), common: dict | None = None, **env: str) -> RunFile:
        """Apps need `appID` and `command`; each gets a directory of its own."""
        apps = tuple({"appDirPath": app["appID"]} | app for app in apps)
        return RunFile(self, {"common": common or {}, "apps": list(apps)}, args, **env)

    def serve(self, app_id: str, module: str, *, flags: Iterable[str] = (), **env: str) -> Run:
        """A FastAPI app of `apps/` under uvicorn, on a free port."""
        [port] = free_ports(1)
        return Run(
            self, app_id, ["--app-port", str(port), *flags],
            ["uvicorn", f"{module}:app", "--port", str(port), "--log-level", "warning"], **env,
        )

    def records(self) -> list[str]:
        """Names of the instance records that exist."""
        return sorted(path.name for path in (self.home / ".dapr" / "run").glob("*.json"))

    def processes(self) -> list[psutil.Process]:
        """Everything alive that descends from this test's commands."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self.mark:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
                continue
        return found

    def nothing_left(self, limit: float = 10) -> None:
        """Fails unless no process and no record is left, at once or very soon."""
        deadline = time.monotonic() + limit
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not left, f"still running: {[describe(process) for process in left]}"
        assert self.listed() == []
        assert self.records() == []

    def close(self) -> None:
        """Stops what still runs, as a user would; then anything that outlives that is a failure."""
        for run in self.runs:
            if not run.ended():
                run.process.send_signal(signal.SIGTERM)
        for run in self.runs:
            try:
                run.process.wait(20)
            except subprocess.TimeoutExpired:
                run.process.kill()
                run.process.wait()
        self.http.close()
        deadline = time.monotonic() + 5
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        names = [describe(process) for process in left]
        for process in left:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        assert not names, f"left behind after the test: {names}"


def describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return str(process.pid)


def seen(file: Path) -> list[int]:
    """What a subscriber of `apps/subscriber.py` has noted, complete lines only."""
    if not file.exists():
        return []
    return [int(line) for line in file.read_text().split("\n")[:-1]]


def first_deliveries(numbers: Iterable[int]) -> list[int]:
    """Each number where it came for the first time."""
    return list(dict.fromkeys(numbers))


def add_output(report: pytest.TestReport, item: pytest.Item) -> None:
    """Adds to the report of a failed test what the `dapr run`s of its machine have printed."""
    machine: Machine | None = getattr(item, "funcargs", {}).get("machine")
    if report.failed and machine is not None:
        for run in machine.runs:
            title = f"dapr run of {run.app_id} (PID {run.pid}, exit code {run.process.poll()})"
            report.sections.append((title, run.output[-8000:]))
