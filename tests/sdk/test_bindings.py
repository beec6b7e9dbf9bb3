"""Bindings and services outside, with the real binary and a FastAPI app."""

import json

from support import Machine, free_ports, until


def resource(kind: str, name: str, **rest: object) -> dict:
    return {"apiVersion": "dapr.io/v1alpha1", "kind": kind, "metadata": {"name": name}} | rest


def component(name: str, kind: str, **metadata: str) -> dict:
    items = [{"name": key, "value": value} for key, value in metadata.items()]
    return resource("Component", name, spec={"type": kind, "version": "v1", "metadata": items})


def test_the_clock_has_an_app_write_through_its_sidecar(machine: Machine) -> None:
    [port] = free_ports(1)
    url, root = f"http://127.0.0.1:{port}", machine.home / "written"
    secrets = machine.home / "secrets.json"
    secrets.write_text(json.dumps({"key": "open sesame"}))
    resources = machine.home / "resources"
    resources.mkdir()
    books = {"baseUrl": url, "headers": [{"name": "X-Key", "secretKeyRef": {"name": "key"}}]}
    for content in [
        component("tick", "bindings.cron", schedule="@every 200ms", route="/clock"),
        component("files", "bindings.localstorage", rootPath=str(root)),
        component("ledger", "bindings.http", url=url),
        component("secrets", "secretstores.local.file", secretsFile=str(secrets)),
        resource("HTTPEndpoint", "books", spec=books, auth={"secretStore": "secrets"}),
    ]:
        # JSON is YAML too.
        (resources / f"{content['metadata']['name']}.yaml").write_text(json.dumps(content))
    run = machine.run(
        "reporter", "uvicorn", "reporter:app", "--port", str(port), "--log-level", "warning",
        flags=["--app-port", str(port), "--resources-path", str(resources), "--runtime", "embedded"],
    ).up()

    until(lambda: (root / "ticks" / "3.json").exists(), "three ticks are written")
    written = json.loads((root / "ticks" / "3.json").read_text())
    assert written["tick"] == 3 and written["zone"] == "Local" and written["at"].endswith(" +0000 UTC")
    entries = run.invoke("GET", "entries", "books").raise_for_status().json()
    assert [entry["tick"] for entry in entries[:3]] == [1, 2, 3] and written in entries
    stranger = run.request("GET", f"/v1.0/invoke/{url}/method/entries")
    assert (stranger.status_code, stranger.json()["detail"]) == (403, "who are you?")

    body = {"operation": "list", "metadata": {"fileName": "ticks"}}
    files = run.request("POST", "/v1.0/bindings/files", json=body).raise_for_status().json()
    assert str(root / "ticks" / "1.json") in files
    shown = run.request("GET", "/v1.0/metadata").json()
    assert shown["httpEndpoints"] == [{"name": "books"}]
    assert {c["name"]: c.get("capabilities") for c in shown["components"]}["tick"] == ["INPUT_BINDING"]
    assert "open sesame" not in run.output

    assert run.stop() == 0
    machine.nothing_left()
