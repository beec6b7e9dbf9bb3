"""From `dapr init` to `dapr uninstall`, as on a developer's machine, on Docker and on Podman."""

import httpx
import pytest

from home import ALL, NEWEST, Home, healthy, ok, redis, write
from support import free_ports, seen, until

MEMORY = {
    "statestore.yaml": """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec: {type: state.in-memory, version: v1}
""",
    "pubsub.yaml": """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: pubsub}
spec: {type: pubsub.in-memory, version: v1}
""",
}


@pytest.mark.on_both
def test_a_whole_life_leaves_nothing(machine: Home):
    machine.releases.daprd = machine.releases.sidecar
    machine.init()

    resources, record = write(machine.home / "resources", MEMORY), machine.home / "numbers"
    app = machine.serve(
        "greeter", "subscriber", flags=["--resources-path", str(resources)], SEEN=str(record)
    ).up()
    answer = ok(machine.dapr("invoke", "--app-id", "greeter", "--method", "health", "--verb", "GET"))
    assert "App invoked successfully" in answer.stdout
    ok(machine.dapr(
        "publish", "--publish-app-id", "greeter", "--pubsub", "pubsub", "--topic", "numbers", "--data", '{"n": 7}'
    ))
    until(lambda: seen(record) == [7], "the event has come")
    app.save("key", "value")
    assert app.state("key") == "value"

    row = app.row()
    assert row["appId"] == "greeter"
    [sidecar] = [process for process in machine.processes() if process.pid == row["daprdPid"]]
    assert sidecar.cmdline()[0] == str(machine.installed / "bin" / "daprd")
    rows = {row["name"]: row for row in machine.status()}
    assert {"daprd", "placement", "scheduler", "redis", "zipkin"} <= {plain(name) for name in rows}
    assert any("greeter" in name for name in rows)

    assert app.stop() == 0
    machine.uninstall("--all")
    machine.clean()


def test_the_generated_configuration_traces_an_event_to_its_handler(machine: Home):
    """The embedded sidecar sends spans where the configuration says, and Zipkin knows what belongs together."""
    machine.init()
    until(lambda: healthy("http://127.0.0.1:9411/health"), "Zipkin is well")
    resources, record = write(machine.home / "resources", MEMORY), machine.home / "numbers"
    app = machine.serve(
        "greeter", "subscriber", flags=["--resources-path", str(resources), "--runtime", "embedded"], SEEN=str(record)
    ).up()

    def arrives() -> bool:
        # This broker forgets what comes before the subscription.
        app.publish("numbers", {"n": 7})
        return bool(seen(record))

    until(arrives, "an event has come")
    traces = machine.trace_address().replace("/spans", "/traces")

    def traced() -> list[dict]:
        found = httpx.get(traces, params={"serviceName": "greeter", "limit": 100}).json()
        names = {"/v1.0/publish/pubsub/numbers", "pubsub/numbers"}
        whole = [trace for trace in found if names <= {span["name"] for span in trace}]
        return whole[0] if whole else []

    spans = {span["name"]: span for span in until(traced, "Zipkin has both spans in one trace")}
    published, delivered = spans["/v1.0/publish/pubsub/numbers"], spans["pubsub/numbers"]
    assert delivered["parentId"] == published["id"]
    assert delivered["tags"]["messaging.destination.name"] == "numbers"
    assert app.stop() == 0
    machine.uninstall("--all")
    machine.clean()


@pytest.mark.on_both
def test_uninstall_leaves_the_data(machine: Home):
    machine.init()
    redis(machine.state_address(), "SET", "kept", "yes")
    files = {name: what for name, what in machine.details().items() if "/bin" not in name and "." in name[5:]}
    ids = machine.ids()
    components = {name for name in files if name.endswith(".yaml")}
    assert len(components) == 3

    machine.uninstall()
    assert not (machine.installed / "bin").exists()
    assert machine.engine.running() == {"dapr_redis", "dapr_zipkin"}
    assert {name: ids[name] for name in ("dapr_redis", "dapr_zipkin")} == machine.ids()
    assert machine.engine.volumes() == {"dapr_scheduler"}
    left = machine.details()
    assert {name: left.get(name) for name in components} == {name: files[name] for name in components}
    assert redis(machine.state_address(), "GET", "kept") == "yes"

    machine.init()
    assert machine.engine.running() == ALL
    assert redis(machine.state_address(), "GET", "kept") == "yes"
    machine.uninstall("--all")
    machine.clean()


def test_only_what_is_ours_is_removed(machine: Home):
    machine.init()
    image = machine.registry.reference("dapr/dapr", NEWEST)
    [port] = free_ports(1)
    others = {"mine", "my_dapr_redis", "dapr_redis_copy"}
    for name in others:
        machine.engine.create_container(name, image, Entrypoint=["./placement"], Cmd=["--port", str(port)])
    machine.engine.create_network("mine")
    machine.engine.ask("POST", "/volumes/create", json={"Name": "mine"})

    result = machine.uninstall("--all")
    assert "Dapr has been removed successfully" in result.stdout
    assert machine.engine.left() == {"containers": others, "volumes": {"mine"}, "networks": {"mine"}}


def test_an_uninstall_of_nothing_warns_and_is_done(machine: Home):
    result = machine.uninstall("--all")
    assert f"WARNING: {machine.home}/.dapr does not exist" in result.stdout
    # Nobody ever set up containers here.
    assert "container" not in result.stdout + result.stderr
    machine.clean()


def test_a_second_uninstall_warns_of_what_is_gone(machine: Home):
    machine.init()
    machine.uninstall()
    result = machine.uninstall()
    assert "WARNING: dapr_placement container does not exist" in result.stdout
    machine.uninstall("--all")
    machine.clean()


def test_uninstall_does_without_an_engine(machine: Home):
    machine.init("--slim")
    result = machine.dapr("uninstall", "--all", DOCKER_HOST=f"unix://{machine.home}/none.sock", limit=20)
    assert result.returncode == 0, result.stderr
    machine.clean()


def plain(name: str) -> str:
    """A row's name without what the engine or a prefix adds."""
    return name.removeprefix("dapr_")
