"""`dapr init`: what is there afterwards, on Docker and on Podman."""

import json
import socket

import httpx
import pytest

import home
from home import ALL, NEWEST, PORTS, SERVICE, VERSION, Home, failed, healthy, ok, redis
from support import until

CONFIG = """\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: daprConfig
spec:
  tracing:
    samplingRate: "1"
    zipkin:
      endpointAddress: http://localhost:9411/api/v2/spans
"""
PUBSUB = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: pubsub
spec:
  type: pubsub.redis
  version: v1
  metadata:
  - name: redisHost
    value: localhost:6379
  - name: redisPassword
    value: ""
"""
STATESTORE = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
spec:
  type: state.redis
  version: v1
  metadata:
  - name: redisHost
    value: localhost:6379
  - name: redisPassword
    value: ""
  - name: actorStateStore
    value: "true"
"""
SPAN = [{
    "traceId": "4d1e00c0db9010db86154a4ba6e91385", "id": "86154a4ba6e91385", "name": "told",
    "timestamp": 1767225600000000, "duration": 1000, "localEndpoint": {"serviceName": "teller"},
}]


@pytest.mark.on_both
def test_everything_is_there(machine: Home):
    result = machine.init("--image-registry", machine.registry.address, DAPR_IMAGE_REGISTRY="")
    assert f"Installing runtime version {NEWEST}" in result.stdout
    assert "Success! Dapr is up and running." in result.stdout
    assert home.FAILURE not in result.stdout + result.stderr

    version = json.loads(machine.dapr("version", "-o", "json").stdout)["Cli version"]
    containers = machine.engine.containers()
    assert set(containers) == ALL
    for name, container in containers.items():
        assert container["State"]["Running"], name
        assert container["HostConfig"]["RestartPolicy"]["Name"] == "always", name
        assert home.bindings(container) == PORTS[name], name
        assert home.bound_to(container) == {"127.0.0.1"}, name
        labels = container["Config"]["Labels"]
        assert labels[SERVICE] == name.removeprefix("dapr_")
        assert labels[VERSION] == version
    registry = machine.registry.address
    assert {name: container["Config"]["Image"].removesuffix(":latest") for name, container in containers.items()} == {
        "dapr_placement": f"{registry}/dapr/dapr:{NEWEST}",
        "dapr_scheduler": f"{registry}/dapr/dapr:{NEWEST}",
        "dapr_redis": f"{registry}/dapr/3rdparty/redis:6",
        "dapr_zipkin": f"{registry}/dapr/3rdparty/zipkin",
    }
    assert home.command(containers["dapr_placement"]) == ["./placement"]
    assert home.command(containers["dapr_scheduler"]) == [
        "./scheduler", "--etcd-data-dir=/var/lock/dapr/scheduler",
        "--override-broadcast-host-port=localhost:50006", "--etcd-client-listen-address=0.0.0.0",
    ]
    [mount] = containers["dapr_scheduler"]["Mounts"]
    assert (mount["Type"], mount["Name"], mount["Destination"]) == ("volume", "dapr_scheduler", "/var/lock")
    assert machine.engine.volumes() == {"dapr_scheduler"}

    assert machine.read("config.yaml") == CONFIG
    assert machine.read("components", "pubsub.yaml") == PUBSUB
    assert machine.read("components", "statestore.yaml") == STATESTORE
    assert sorted(path.name for path in (machine.installed / "components").iterdir()) == [
        "pubsub.yaml", "statestore.yaml",
    ]
    [binary] = (machine.installed / "bin").iterdir()
    assert binary.name == "daprd" and binary.stat().st_mode & 0o111 == 0o111
    assert binary.read_bytes() == machine.releases.program("daprd", NEWEST)


@pytest.mark.on_both
def test_what_was_installed_is_at_work(machine: Home):
    """Redis and Zipkin are reached by the generated files, placement and scheduler by their ports."""
    machine.init()
    store = machine.state_address()
    assert redis(store, "SET", "key", "value") == "OK"
    assert redis(store, "GET", "key") == "value"

    spans = machine.trace_address()
    traces = spans.replace("/spans", f"/trace/{SPAN[0]['traceId']}")
    until(lambda: httpx.post(spans, json=SPAN, trust_env=False).is_success, "Zipkin takes a span")
    until(lambda: httpx.get(traces, trust_env=False).json()[0]["name"] == "told", "Zipkin has the span")

    for port in (58080, 58081):
        until(lambda: healthy(f"http://127.0.0.1:{port}/healthz"), f"port {port} says that all is well")
    for port in (59090, 59091):
        assert "standin_up 1" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    for port in (50005, 50006, 2379):
        assert greeted(port), f"port {port} speaks no HTTP/2"
    assert b"kept\n" in machine.engine.file("dapr_scheduler", "/var/lock/dapr/scheduler/member")


def greeted(port: int) -> bool:
    """Whether a gRPC client would be understood."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        return connection.recv(9)[3:4] == b"\4"


def test_ports_are_opened_to_others_on_request_only(machine: Home):
    machine.init("--bind", "0.0.0.0")
    for name, container in machine.engine.containers().items():
        assert home.bindings(container) == PORTS[name], name
        assert home.bound_to(container) == {"0.0.0.0"}, name


@pytest.mark.parametrize(
    ("version", "flags", "arguments"),
    [
        ("1.16.0", [], ["--override-broadcast-host-port=localhost:50006"]),
        (
            "1.17.2",
            ["--scheduler-override-broadcast-host-port", "192.0.2.1:50006"],
            ["--override-broadcast-host-port=192.0.2.1:50006", "--etcd-client-listen-address=0.0.0.0"],
        ),
    ],
)
def test_the_scheduler_gets_what_its_version_knows(machine: Home, version: str, flags: list, arguments: list):
    machine.init(*flags, version=version)
    scheduler = machine.engine.containers()["dapr_scheduler"]
    assert home.command(scheduler) == ["./scheduler", "--etcd-data-dir=/var/lock/dapr/scheduler", *arguments]
    assert scheduler["Config"]["Image"].endswith(f":{version}")


def test_the_newest_stable_version_is_taken(machine: Home):
    result = machine.init(version=None)
    assert f"Installing runtime version {NEWEST}\n" in result.stdout
    assert machine.engine.containers()["dapr_placement"]["Config"]["Image"].endswith(f":{NEWEST}")


def test_the_version_can_come_from_the_environment(machine: Home):
    machine.init("--slim", version=None, DAPR_RUNTIME_VERSION="1.17.2")
    assert {request.path.split("/")[2] for request in machine.releases.requests} == {"v1.17.2"}


def test_every_line_is_json_when_asked(machine: Home):
    result = machine.init("--log-as-json")
    assert result.stdout
    lines = [*home.json_lines(result.stdout), *home.json_lines(result.stderr)]
    assert all(line["msg"] and line["status"] for line in lines)
    result = ok(machine.dapr("uninstall", "--all", "--log-as-json"))
    assert [*home.json_lines(result.stdout), *home.json_lines(result.stderr)]
    machine.clean()

    machine.releases.fault(status=404)
    result = machine.try_init("--log-as-json")
    assert result.returncode == 1
    lines = [*home.json_lines(result.stdout), *home.json_lines(result.stderr)]
    assert any(machine.releases.address("daprd", NEWEST) in line["msg"] for line in lines)


def test_bad_values_change_nothing(machine: Home):
    for flags, naming in (
        (["--container-runtime", "rkt"], "docker and podman"),
        (["--image-variant", "gentoo"], "gentoo"),
        (["--image-registry", "docker.io"], "docker.io"),
    ):
        failed(machine.try_init(*flags), naming)
        machine.clean()
