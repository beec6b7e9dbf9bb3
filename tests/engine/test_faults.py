"""What goes wrong around `dapr init`: one clear error, and everything as it was before."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from home import ALL, NEWEST, Home, failed, write
from proxy import Proxy
from support import free_ports

# Ways that work without an engine or without a network.
WAYS = ("--embedded", "--slim", "--from-dir")
# For tests that take long, or where it doesn't matter where they begin.
ONCE = ["files of the user"]


@pytest.fixture(params=["nothing yet", "files of the user"], autouse=True)
def before(request: pytest.FixtureRequest, machine: Home) -> None:
    """Where `dapr init` begins."""
    if request.param == "files of the user":
        write(machine.installed / "components", {"statestore.yaml": "# mine\n", "other.yaml": "# mine too\n"})
        write(machine.installed, {"config.yaml": "# mine as well\n"})


@contextlib.contextmanager
def nothing_changes(machine: Home, within: float | None = None) -> Iterator[None]:
    files, started = machine.details(), time.monotonic()
    yield
    took = time.monotonic() - started
    assert machine.details() == files
    machine.nothing_made()
    machine.nothing_left()
    assert within is None or took < within, f"it took {took:.1f} s"


def closed_port() -> int:
    [port] = free_ports(1)
    return port


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": 404}, id="missing"),
        pytest.param({"status": 500}, id="error"),
        pytest.param({"cut_after": 1000}, id="cut"),
        pytest.param({"body": b"this is no archive"}, id="garbage"),
    ],
)
def test_an_archive_that_does_not_come(machine: Home, fault: dict):
    machine.releases.fault(**fault)
    with nothing_changes(machine):
        failed(machine.try_init(), machine.releases.address("daprd", NEWEST))


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_an_archive_that_stalls(machine: Home):
    machine.releases.fault(slow=True)
    with nothing_changes(machine, within=60):
        failed(machine.try_init(), machine.releases.address("daprd", NEWEST))


def test_an_archive_with_another_checksum(machine: Home):
    machine.releases.checksum_fault(body=f"{'0' * 64}  {machine.releases.file('daprd')}\n".encode())
    with nothing_changes(machine):
        failed(machine.try_init(), machine.releases.address("daprd", NEWEST))


@pytest.mark.parametrize("before", ONCE, indirect=True)
@pytest.mark.parametrize("name", ["placement", "scheduler"])
def test_one_archive_of_many(machine: Home, name: str):
    machine.releases.fault(name, status=404)
    with nothing_changes(machine):
        failed(machine.try_init("--slim"), machine.releases.address(name, NEWEST))


@pytest.mark.on_both
def test_an_image_that_is_missing(machine: Home):
    with nothing_changes(machine):
        failed(machine.try_init(version="1.19.0"), machine.registry.reference("dapr/dapr", "1.19.0"))
    incomplete = f"{machine.registry.address}/incomplete"
    with nothing_changes(machine):
        failed(machine.try_init("--image-registry", incomplete), f"{incomplete}/dapr/3rdparty/zipkin")


@pytest.mark.parametrize("port", [9411, 6379, 50005, 58081])
def test_a_port_that_somebody_else_has(machine: Home, port: int):
    with socket.create_server(("127.0.0.1", port)), nothing_changes(machine, within=10):
        failed(machine.try_init(), str(port))
    assert machine.releases.asked_for() == []


def test_a_container_of_another_has_the_port(machine: Home):
    image = machine.registry.reference("dapr/3rdparty/redis", "6")
    machine.engine.pull(image)
    machine.engine.create_container("other", image, HostConfig={
        "PortBindings": {"6379/tcp": [{"HostIp": "127.0.0.1", "HostPort": "6379"}]},
    })
    files = machine.details()
    failed(machine.try_init(), "6379", "other")
    assert machine.details() == files
    assert machine.engine.left() == {"containers": {"other"}}


@pytest.mark.parametrize("engine_flags", [[], ["--container-runtime", "podman"]])
def test_without_an_engine(machine: Home, engine_flags: list[str]):
    nobody = f"unix://{machine.home}/nobody.sock"
    with nothing_changes(machine, within=5):
        result = machine.try_init(*engine_flags, DOCKER_HOST=nobody, CONTAINER_HOST=nobody)
        failed(result)
    for way in WAYS:
        assert way in result.stdout + result.stderr
    assert machine.releases.asked_for() == []


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_an_engine_that_does_not_answer(machine: Home):
    path = machine.home / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        with nothing_changes(machine, within=30):
            result = machine.try_init(DOCKER_HOST=f"unix://{path}")
            failed(result)
    assert str(path) in result.stderr


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_without_a_network(machine: Home):
    nowhere = f"https://127.0.0.1:{closed_port()}/releases"
    proxied = {
        "DAPR_DOWNLOAD_URL": "https://releases.test/releases",
        "HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}",
    }
    for flags, variables, naming in (
        ([], {"DAPR_DOWNLOAD_URL": nowhere}, nowhere),
        (["--slim"], {"DAPR_DOWNLOAD_URL": nowhere}, nowhere),
        ([], proxied, "https://releases.test/releases"),
    ):
        with nothing_changes(machine, within=10):
            result = machine.try_init(*flags, **variables)
            failed(result, naming)
        for way in ("--embedded", "--from-dir"):
            assert way in result.stdout + result.stderr


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_without_the_registry(machine: Home):
    nowhere = f"127.0.0.1:{closed_port()}"
    for version in (NEWEST, None):
        with nothing_changes(machine, within=20):
            failed(machine.try_init("--image-registry", nowhere, version=version), nowhere)


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_an_authority_that_nobody_knows(machine: Home):
    del machine.env["SSL_CERT_FILE"]
    with nothing_changes(machine, within=20):
        failed(machine.try_init(), machine.releases.url)


# Faults that are none, since it is tried again, or another way.

@pytest.mark.parametrize("before", ONCE, indirect=True)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": 503, "times": 1}, id="busy"),
        pytest.param({"cut_after": 200_000, "times": 1}, id="cut once"),
        pytest.param({"cut_after": 700_000}, id="cut at each try"),
        pytest.param({"redirect": True}, id="moved"),
    ],
)
def test_an_archive_that_comes_in_the_end(machine: Home, fault: dict):
    machine.releases.fault(**fault)
    machine.init()
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)
    assert machine.engine.running() == ALL
    requests = machine.releases.asked_for()
    assert len(requests) > 1
    if cut := fault.get("cut_after"):
        assert [request.range for request in requests[:2]] == [None, f"bytes={cut}-"]
        assert {request.status for request in requests[1:]} == {206}


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_a_release_without_checksums(machine: Home):
    machine.releases.checksum_fault(status=404)
    machine.init()
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)


@pytest.mark.parametrize("before", ONCE, indirect=True)
def test_behind_a_proxy(machine: Home):
    with contextlib.closing(Proxy(machine.releases.port)) as proxy:
        machine.init("--slim", DAPR_DOWNLOAD_URL="https://releases.test/releases", HTTPS_PROXY=proxy.url)
        assert set(proxy.targets) == {"releases.test:443"}
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)
