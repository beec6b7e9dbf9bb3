"""Other ways to set Dapr up: without containers, on a network, with other images, with a Redis that is there."""

import subprocess

import pytest

import home
from home import ALL, NEWEST, Home, failed, redis
from support import free_ports, until

SLIM_CONFIG = """\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: daprConfig
spec: {}
"""


def test_slim_needs_no_engine(machine: Home):
    nobody = f"unix://{machine.home}/nobody.sock"
    result = machine.init("--slim", DOCKER_HOST=nobody)
    for name in ("daprd", "placement", "scheduler"):
        program = machine.installed / "bin" / name
        assert program.read_bytes() == machine.releases.program(name, NEWEST)
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=10)
        assert said.stdout == f"{NEWEST}\n"
        assert f"{name} binary has been installed to {machine.installed / 'bin'}." in result.stdout
    assert machine.read("config.yaml") == SLIM_CONFIG
    assert list((machine.installed / "components").iterdir()) == []
    assert machine.engine.names() == set()

    files = machine.details()
    machine.init("--slim", DOCKER_HOST=nobody)
    assert machine.details() == files
    machine.uninstall("--all")
    machine.clean()


def test_old_versions_have_no_scheduler(machine: Home):
    machine.init("--slim", version="1.13.0")
    assert sorted(path.name for path in (machine.installed / "bin").iterdir()) == ["daprd", "placement"]


@pytest.mark.on_both
def test_a_network_takes_the_place_of_ports(machine: Home):
    machine.engine.create_network("net1")
    machine.init("--network", "net1")
    containers = machine.engine.containers()
    assert set(containers) == {f"{name}_net1" for name in ALL}
    for name in ALL:
        container = containers[f"{name}_net1"]
        assert container["State"]["Running"], name
        assert home.bindings(container) == {}, name
        assert set(container["NetworkSettings"]["Networks"]) == {"net1"}, name
        assert name in container["NetworkSettings"]["Networks"]["net1"]["Aliases"]
    assert machine.state_address() == ("dapr_redis", 6379)
    assert machine.trace_address() == "http://dapr_zipkin:9411/api/v2/spans"
    inside = containers["dapr_redis_net1"]["NetworkSettings"]["Networks"]["net1"]["IPAddress"]
    assert redis((inside, 6379), "SET", "key", "value") == "OK"

    ids = machine.ids()
    machine.init("--network", "net1")
    assert machine.ids() == ids
    machine.uninstall("--all", "--network", "net1")
    assert machine.engine.left() == {"networks": {"net1"}}
    assert not machine.installed.exists()


def test_a_network_that_does_not_exist(machine: Home):
    failed(machine.try_init("--network", "net2"), "net2")
    machine.clean()


def test_redis_stack(machine: Home):
    machine.init("--redis-stack")
    image = machine.engine.containers()["dapr_redis"]["Config"]["Image"]
    assert image == machine.registry.reference("dapr/3rdparty/redis-stack-server", "7.2.0-v19")
    assert redis(machine.state_address(), "SET", "key", "value") == "OK"


def test_another_volume(machine: Home):
    machine.init("--scheduler-volume", "mine")
    [mount] = machine.engine.containers()["dapr_scheduler"]["Mounts"]
    assert (mount["Type"], mount["Name"], mount["Destination"]) == ("volume", "mine", "/var/lock")
    assert machine.engine.volumes() == {"mine"}


def test_a_directory_as_volume(machine: Home):
    directory = machine.home / "etcd"
    machine.init("--scheduler-volume", str(directory))
    [mount] = machine.engine.containers()["dapr_scheduler"]["Mounts"]
    assert (mount["Type"], mount["Source"]) == ("bind", str(directory))
    until(lambda: (directory / "dapr" / "scheduler" / "member").read_text() == "kept\n", "data is kept")
    machine.uninstall("--all")
    assert (directory / "dapr" / "scheduler" / "member").exists()
    machine.clean()


def test_the_mariner_images(machine: Home):
    machine.init("--image-variant", "mariner")
    containers = machine.engine.containers()
    for name in ("dapr_placement", "dapr_scheduler"):
        assert containers[name]["Config"]["Image"] == machine.registry.reference("dapr/dapr", f"{NEWEST}-mariner")
    [mount] = containers["dapr_scheduler"]["Mounts"]
    assert (mount["Name"], mount["Destination"]) == ("dapr_scheduler", "/var/tmp")
    assert "--etcd-data-dir=/var/tmp/dapr/scheduler" in home.command(containers["dapr_scheduler"])


def test_a_redis_that_is_there_is_adopted(machine: Home):
    image, [port] = machine.registry.reference("dapr/3rdparty/redis", "6"), free_ports(1)
    machine.engine.pull(image)
    machine.engine.create_container("theirs", image, HostConfig={
        "PortBindings": {"6379/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
    })
    assert redis(("127.0.0.1", port), "SET", "key", "theirs") == "OK"

    machine.init("--redis-host", f"localhost:{port}")
    assert machine.engine.names() == (ALL - {"dapr_redis"}) | {"theirs"}
    assert machine.state_address() == ("localhost", port)
    assert f"value: localhost:{port}\n" in machine.read("components", "pubsub.yaml")
    assert redis(machine.state_address(), "GET", "key") == "theirs"

    ids = machine.ids()
    machine.init("--redis-host", f"localhost:{port}")
    assert machine.ids() == ids
    machine.uninstall("--all")
    assert machine.engine.left() == {"containers": {"theirs"}}
    assert redis(("127.0.0.1", port), "GET", "key") == "theirs"


def test_a_redis_that_is_not_there(machine: Home):
    [port] = free_ports(1)
    failed(machine.try_init("--redis-host", f"localhost:{port}"), f"localhost:{port}")
    machine.clean()
