"""`dapr status` and `dapr doctor` where the stock runtime is set up."""

import pytest

from home import NEWEST, Home, healthy, ok
from support import until

SERVICES = {"placement", "scheduler", "redis", "zipkin"}


def by_name(machine: Home) -> dict[str, dict]:
    """Without sidecars: those that run on this machine may be somebody else's."""
    rows = [row for row in machine.status() if not row["name"].startswith("daprd/")]
    return {row["name"].removeprefix("dapr_"): row for row in rows}


def wait_until_well(machine: Home) -> None:
    """Zipkin takes longest; it is asked itself, which costs it less than `dapr status` again and again."""
    until(lambda: healthy("http://127.0.0.1:9411/health"), "Zipkin is well")

    def all_well() -> bool:
        rows = by_name(machine)
        return SERVICES <= set(rows) and all(row["healthy"] for row in rows.values())

    until(all_well, "everything is well")


@pytest.mark.on_both
def test_status_tells_how_each_service_is(machine: Home):
    machine.init()
    wait_until_well(machine)
    rows = by_name(machine)
    assert SERVICES | {"daprd"} == set(rows)
    for name, row in rows.items():
        assert set(row) >= {"name", "healthy", "version", "age", "created", "port", "image"}, name
        assert row["healthy"] is True
    assert rows["placement"]["version"] == rows["scheduler"]["version"] == rows["daprd"]["version"] == NEWEST
    assert {name: int(rows[name]["port"]) for name in SERVICES} == {
        "placement": 50005, "scheduler": 50006, "redis": 6379, "zipkin": 9411,
    }
    assert rows["redis"]["image"] == machine.registry.reference("dapr/3rdparty/redis", "6")

    # Its exit code also tells of sidecars that aren't this test's.
    table = machine.dapr("status")
    head, *lines = table.stdout.splitlines()
    assert head.split() == ["NAME", "HEALTHY", "VERSION", "AGE", "CREATED"]
    assert len([line for line in lines if not line.startswith("daprd/")]) == len(rows)
    wide = machine.dapr("status", "-o", "wide")
    assert wide.stdout.splitlines()[0].split() == ["NAME", "HEALTHY", "VERSION", "AGE", "CREATED", "PORT", "IMAGE"]


def test_status_fails_when_something_is_ill(machine: Home):
    machine.init()
    wait_until_well(machine)
    machine.engine.stop("dapr_zipkin")
    result = machine.dapr("status", "-o", "json")
    assert result.returncode == 1
    rows = by_name(machine)
    assert {name for name, row in rows.items() if not row["healthy"]} == {"zipkin"}
    machine.engine.remove("dapr_redis")
    assert machine.dapr("status").returncode == 1


def test_a_running_sidecar_has_a_row(machine: Home):
    machine.releases.daprd = machine.releases.sidecar
    machine.init()
    app = machine.serve("shown", "mainapp", flags=["--resources-path", str(machine.home)]).up()
    wait_until_well(machine)
    [row] = [row for row in machine.status() if "shown" in row["name"]]
    assert row["healthy"] is True and row["port"]
    app.stop()
    assert not [row for row in machine.status() if "shown" in row["name"]]


@pytest.mark.on_both
def test_doctor_finds_nothing_on_a_good_machine(machine: Home):
    machine.init()
    wait_until_well(machine)
    ok(machine.dapr("doctor"))


def test_doctor_names_what_is_wrong(machine: Home):
    machine.init()
    machine.engine.remove("dapr_zipkin")
    (machine.installed / "components" / "broken.yaml").write_text("kind: [\n")
    result = machine.dapr("doctor")
    assert result.returncode == 1
    said = result.stdout + result.stderr
    assert "dapr_zipkin" in said and "broken.yaml" in said
    result = machine.dapr("doctor", DOCKER_HOST=f"unix://{machine.home}/nobody.sock")
    assert result.returncode == 1
    assert "nobody.sock" in result.stdout + result.stderr
