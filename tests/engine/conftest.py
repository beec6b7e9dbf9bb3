"""Fixtures of the tests with container engines: images, registry, release host and engines are made once."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import engines
import gate
import home
import registry as registries
import releases as hosts
import support

KINDS = {"docker": "DAPR_TEST_DOCKER_HOST", "podman": "DAPR_TEST_PODMAN"}


def pytest_report_header() -> str:
    return f"dapr: {support.DAPR}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "on_both: runs on Docker and on Podman")


def pytest_sessionstart() -> None:
    # Whoever ends the tests wants engine, registry and everything else ended, too.
    signal.signal(signal.SIGTERM, lambda number, _: pytest.exit("terminated", returncode=128 + number))
    if not support.DAPR.is_file():
        pytest.exit(f"{support.DAPR} is not there: run 'cargo build', or set DAPR_BIN", returncode=2)
    for port in sorted(port for ports in home.PORTS.values() for port in ports):
        wait_until_free(port)


def wait_until_free(port: int) -> None:
    """The end of a connection that had the port by chance, as those of the tests before this have, holds it for a minute."""
    deadline = time.monotonic() + 90
    while True:
        try:
            return support.socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            if time.monotonic() > deadline:
                pytest.exit(f"port {port}, which 'dapr init' gives to a container: {error.strerror}", returncode=2)
            time.sleep(0.5)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("on_both"):
        metafunc.parametrize("engine", list(KINDS), indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failed test shows its commands and what the containers have said."""
    report = yield
    machine = getattr(item, "funcargs", {}).get("machine")
    if report.failed and report.when == "call" and machine is not None:
        for words, result in machine.transcript[-6:]:
            said = f"{result.stdout[-3000:]}{result.stderr[-3000:]}"
            report.sections.append((f"{words} (exit code {result.returncode})", said))
        for run in machine.runs:
            title = f"{run.app_id} (PID {run.pid}, exit code {run.process.poll()})"
            report.sections.append((title, run.output[-4000:]))
        report.sections.append(("containers", machine.engine.logs()))
    return report


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """For what the whole session shares. Names of sockets have to be short, so it is not pytest's."""
    with tempfile.TemporaryDirectory(prefix="dapr-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def registry(directory: Path) -> Iterator[registries.Registry]:
    registry = registries.Registry(directory / "registry")
    try:
        registry.fill()
        yield registry
    finally:
        registry.close()


@pytest.fixture(scope="session")
def release_host(directory: Path) -> Iterator[hosts.Releases]:
    host = hosts.Releases(directory / "releases")
    yield host
    host.close()


@pytest.fixture
def releases(release_host: hosts.Releases) -> hosts.Releases:
    """The release host without faults."""
    release_host.reset()
    return release_host


@pytest.fixture(scope="session")
def started(directory: Path, registry: registries.Registry) -> Iterator[Callable[[str], engines.Engine]]:
    """Gives an engine, which is started when it is asked for first."""
    running: dict[str, engines.Engine] = {}

    def get(kind: str) -> engines.Engine:
        if kind not in running and kind == "docker":
            running[kind] = engines.Docker(os.environ[KINDS[kind]])
        elif kind not in running:
            running[kind] = engines.Podman(directory / "podman", registry.address)
        return running[kind]

    yield get
    for engine in running.values():
        engine.close()


@pytest.fixture
def engine(request: pytest.FixtureRequest, started: Callable[[str], engines.Engine]) -> engines.Engine:
    """Docker, or for a test that is marked with `on_both` one engine after the other."""
    kind = getattr(request, "param", "docker")
    if not os.environ.get(KINDS[kind]):
        reason = f"{KINDS[kind]} is not set"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, but CI has to have it")
        pytest.skip(reason)
    return started(kind)


@pytest.fixture
def machine(
    tmp_path: Path, engine: engines.Engine, registry: registries.Registry, releases: hosts.Releases
) -> Iterator[home.Home]:
    machine = home.Home(tmp_path, engine, registry, releases)
    yield machine
    machine.close()


@pytest.fixture
def at_start(engine: engines.Engine) -> Iterator[gate.Gate]:
    """A gate that closes when the first container has been started."""
    with tempfile.TemporaryDirectory(prefix="dapr-") as path:
        held = gate.Gate(Path(path), engine.socket, r"POST \S*/containers/\S+/start")
        yield held
        held.close()
