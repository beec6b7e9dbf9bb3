"""`dapr bundle create` and `dapr init --from-dir`: Dapr goes to a machine without a network."""

import gzip
import json
from pathlib import Path

import pytest

import home
from home import ALL, NEWEST, Home, failed, ok, redis, write
from support import free_ports, until

STOCK = "daprio/dapr"


def without_network(machine: Home) -> dict[str, str]:
    """Variables under which nothing can be had from anywhere."""
    [port] = free_ports(1)
    return {"DAPR_DOWNLOAD_URL": f"https://127.0.0.1:{port}", "HTTPS_PROXY": f"http://127.0.0.1:{port}"}


@pytest.mark.on_both
def test_a_bundle_has_everything(machine: Home):
    bundle = machine.home / "bundle"
    machine.init()
    files = machine.whole()
    ok(machine.dapr("bundle", "create", str(bundle), *machine.on_engine))
    details = json.loads((bundle / "details.json").read_text())
    assert details["daprd"] == NEWEST
    for key in ("daprBinarySubDir", "dockerImageSubDir", "daprImageName", "daprImageFileName"):
        assert details[key], key
    assert (bundle / details["daprBinarySubDir"] / machine.releases.file("daprd")).is_file()
    assert (bundle / details["dockerImageSubDir"] / details["daprImageFileName"]).is_file()
    machine.uninstall("--all")
    machine.engine.remove_images()
    assert machine.engine.images() == set()
    machine.releases.requests.clear()

    result = machine.init("--from-dir", str(bundle), **without_network(machine))
    assert "Extracted binaries and completed components set up." in result.stdout
    assert machine.engine.running() == ALL
    assert machine.releases.requests == []
    assert machine.whole() == files
    assert redis(machine.state_address(), "SET", "key", "value") == "OK"
    until(lambda: home.healthy("http://127.0.0.1:9411/health"), "Zipkin is well")

    ids = machine.ids()
    machine.init("--from-dir", str(bundle), **without_network(machine))
    assert machine.ids() == ids
    machine.uninstall("--all")
    machine.clean()


def stock_bundle(machine: Home, directory: Path) -> Path:
    """A bundle as the stock installer has it: without Redis and Zipkin."""
    image = machine.registry.reference("dapr/dapr", NEWEST)
    machine.engine.pull(image)
    machine.engine.ask("POST", f"/images/{image}/tag", params={"repo": STOCK, "tag": NEWEST})
    saved = machine.engine.http.get(f"/images/{STOCK}:{NEWEST}/get")
    saved.raise_for_status()
    machine.engine.remove_images()
    name = f"daprio-dapr-{NEWEST}.tar.gz"
    write(directory, {"details.json": json.dumps({
        "daprd": NEWEST, "dashboard": "0.15.0", "cli": NEWEST, "daprBinarySubDir": "dist",
        "dockerImageSubDir": "docker", "daprImageName": f"{STOCK}:{NEWEST}", "daprImageFileName": name,
    })})
    for part in ("dist", "docker"):
        (directory / part).mkdir()
    (directory / "docker" / name).write_bytes(gzip.compress(saved.content, 1))
    for program in ("daprd", "placement", "scheduler"):
        archive = machine.releases.archive(program, NEWEST)
        (directory / "dist" / machine.releases.file(program)).write_bytes(archive)
    return directory


def test_a_stock_bundle(machine: Home):
    bundle = stock_bundle(machine, machine.home / "bundle")
    result = machine.init("--from-dir", str(bundle), **without_network(machine))
    assert f"Installing runtime version {NEWEST}" in result.stdout
    assert machine.engine.running() == machine.engine.names() == {"dapr_placement", "dapr_scheduler"}
    assert machine.engine.containers()["dapr_placement"]["Config"]["Image"] == f"{STOCK}:{NEWEST}"
    assert machine.read("config.yaml").endswith("\nspec: {}\n")
    assert list((machine.installed / "components").iterdir()) == []
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)
    assert (bundle / "dist" / machine.releases.file("daprd")).is_file()
    machine.uninstall("--all")
    machine.clean()


def test_a_bundle_for_a_machine_without_an_engine(machine: Home):
    bundle = stock_bundle(machine, machine.home / "bundle")
    (bundle / "docker" / f"daprio-dapr-{NEWEST}.tar.gz").unlink()
    nobody = {"DOCKER_HOST": f"unix://{machine.home}/nobody.sock"}
    machine.init("--slim", "--from-dir", str(bundle), **without_network(machine), **nobody)
    names = sorted(path.name for path in (machine.installed / "bin").iterdir())
    assert names == ["daprd", "placement", "scheduler"]


def test_broken_bundles_change_nothing(machine: Home):
    bundle = stock_bundle(machine, machine.home / "bundle")
    details, image = bundle / "details.json", bundle / "docker" / f"daprio-dapr-{NEWEST}.tar.gz"
    archive = bundle / "dist" / machine.releases.file("daprd")

    def fails(naming: str) -> None:
        failed(machine.try_init("--from-dir", str(bundle), **without_network(machine)), naming)
        machine.clean()

    for file, broken in (
        (image, b"no image"), (image, None), (archive, b"no archive"), (archive, None),
        (details, b"{}"), (details, b"no JSON"), (details, None),
    ):
        content = file.read_bytes()
        file.unlink() if broken is None else file.write_bytes(broken)
        fails(str(file))
        file.write_bytes(content)
    result = machine.try_init("--from-dir", str(bundle), DAPR_IMAGE_REGISTRY=machine.registry.address)
    failed(result, "--image-registry", "--from-dir")
    machine.clean()


def test_a_bundle_needs_something_to_pack(machine: Home):
    bundle = machine.home / "bundle"
    failed(machine.dapr("bundle", "create", str(bundle)))
    assert not bundle.exists()
