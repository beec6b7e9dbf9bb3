"""The main job: a FastAPI app under uvicorn, run, called, publishing, keeping state, listed and stopped."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from dapr.clients import DaprClient
from dapr.clients.exceptions import DaprHttpError
from dapr.conf import settings

from support import UP, Machine, Run, require, seen, until


def test_from_start_to_stop(machine: Machine, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    app = machine.serve("main", "mainapp").up()
    subscriber = machine.serve("subscriber", "subscriber", SEEN=str(notes)).up()

    echo = app.invoke("POST", "echo/a/b?x=1", json={"hello": "world"}).json()
    assert (echo["verb"], echo["path"], echo["query"]) == ("POST", "a/b", "x=1")
    assert json.loads(echo["body"]) == {"hello": "world"}

    app.publish("numbers", {"n": 1})
    until(lambda: seen(notes) == [1], "the event arrives")

    app.save("k", {"a": [1, 2]})
    assert app.state("k") == {"a": [1, 2]}
    assert subscriber.state("k") is None, "keys belong to the app that wrote them"
    assert app.request("DELETE", "/v1.0/state/statestore/k").status_code == 204
    assert app.state("k") is None

    rows = {row["appId"]: row for row in machine.listed()}
    assert set(rows) == {"main", "subscriber"}
    assert rows["main"]["command"].startswith("uvicorn mainapp")
    assert (rows["main"]["httpPort"], rows["main"]["appPort"]) == (app.http_port, app.app_port)

    for run in (app, subscriber):
        assert run.stop() in (0, 143)
    machine.nothing_left()


def test_lines_that_users_know(machine: Machine) -> None:
    run = machine.run("a", "sh", "-c", "echo to stdout; echo to stderr >&2; sleep 600").up()
    until(lambda: "== APP == to stderr" in run.output, "the app's lines come")
    lines = run.output.splitlines()
    assert "== APP == to stdout" in lines
    ports = run.row()
    starting = f"ℹ️  Starting Dapr with id a. HTTP Port: {ports['httpPort']}. gRPC Port: {ports['grpcPort']}"
    assert starting in lines
    assert f"✅  {UP} Both Dapr and your app logs will appear here." in lines
    assert run.stop() in (0, 143)


def test_the_app_gets_its_environment(machine: Machine) -> None:
    app = machine.serve("env", "mainapp").up()
    variables = app.invoke("GET", "environment").json()
    row = app.row()
    assert variables["APP_ID"] == "env"
    assert variables["APP_PORT"] == str(row["appPort"])
    assert variables["DAPR_HTTP_PORT"] == str(row["httpPort"])
    assert variables["DAPR_GRPC_PORT"] == str(row["grpcPort"])


def test_command_line_invoke_and_publish(machine: Machine, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    machine.serve("sub", "subscriber", SEEN=str(notes)).up()
    result = machine.dapr("invoke", "--app-id", "sub", "--method", "health", "--verb", "GET")
    body, status = result.stdout.splitlines()
    assert "pid" in json.loads(body)
    assert status == "✅  App invoked successfully"

    publish = ("publish", "--publish-app-id", "sub", "--pubsub", "pubsub", "--topic", "numbers")
    assert machine.dapr(*publish, "--data", '{"n": 5}').stdout == "✅  Event published successfully\n"
    data = tmp_path / "event.json"
    data.write_text('{"n": 6}')
    assert machine.dapr(*publish, "--data-file", str(data)).returncode == 0
    until(lambda: seen(notes) == [5, 6], "both events arrive")

    failed = machine.dapr("invoke", "--app-id", "nosuch", "--method", "x")
    assert failed.returncode == 1
    assert "❌  error invoking app nosuch: app ID nosuch not found" in failed.stderr


def test_a_dropped_event_goes_to_the_dead_letter_topic(machine: Machine, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    sub = machine.serve("sub", "subscriber", SEEN=str(notes)).up()
    sub.publish("poison", {"n": 13})
    until(lambda: seen(notes) == [13], "the event arrives at the dead letter topic")


def test_etags_guard_state(machine: Machine) -> None:
    run = machine.run("a", "sleep", "600").up()
    run.save("k", 1)
    etag = run.request("GET", "/v1.0/state/statestore/k").headers["etag"]
    save = [{"key": "k", "value": 2, "etag": etag, "options": {"concurrency": "first-write"}}]
    assert run.request("POST", "/v1.0/state/statestore", json=save).status_code == 204
    refused = run.request("POST", "/v1.0/state/statestore", json=save)
    assert (refused.status_code, refused.json()["errorCode"]) == (409, "ERR_STATE_SAVE")
    assert run.state("k") == 2


def sdk_client(monkeypatch: pytest.MonkeyPatch, run: Run) -> DaprClient:
    """`DaprClient` reads the health and invokes over HTTP; state and publishing are gRPC only in this SDK."""
    monkeypatch.setattr(settings, "DAPR_HTTP_PORT", run.http_port)
    monkeypatch.setattr(settings, "DAPR_HEALTH_TIMEOUT", 10)
    return DaprClient()


def test_python_sdk_invokes_over_http(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    target = machine.serve("target", "mainapp").up()
    caller = machine.run("caller", "sleep", "600").up()
    for run in (target, caller):
        with sdk_client(monkeypatch, run) as client:
            answer = client.invoke_method(
                "target", "echo/sdk", data=b'{"id": 1}', content_type="application/json",
                http_verb="PUT", http_querystring=(("q", "1"),), metadata=(("x-tenant", "blue"),),
            ).json()
            assert (answer["verb"], answer["path"], answer["query"]) == ("PUT", "sdk", "q=1")
            assert answer["headers"]["x-tenant"] == "blue"
            assert json.loads(answer["body"]) == {"id": 1}
            with pytest.raises(DaprHttpError) as error:
                client.invoke_method("target", "status/418", http_verb="GET")
            assert error.value.status_code == 418
            assert error.value.raw_response_bytes == b"answer 418"


def test_curl_uses_every_way_to_name_the_target(machine: Machine) -> None:
    curl = require("curl")
    target = machine.serve("target", "mainapp").up()
    caller = machine.run("caller", "sleep", "600").up()

    def call(*args: str) -> str:
        command = [curl, "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", *args]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    for run in (target, caller):
        ways = [
            [run.url("/v1.0/invoke/target/method/echo/way")],
            [run.url("/echo/way"), "--header", "dapr-app-id: target"],
            [run.url("/echo/way").replace("http://", "http://dapr-app-id:target@")],
        ]
        for way in ways:
            for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                answer = json.loads(call("--request", verb, *way))
                assert (answer["verb"], answer["path"]) == (verb, "way")
        status = call("--output", "/dev/null", "--write-out", "%{http_code}", run.url("/v1.0/healthz"))
        assert status == "204"
        streamed = call(run.url("/v1.0/invoke/target/method/lines"))
        assert streamed.splitlines() == [f"line {n}" for n in range(1000)]
        passed_on = call("--write-out", " %{http_code}", run.url("/v1.0/invoke/target/method/status/404"))
        assert passed_on == "answer 404 404"
    unknown = json.loads(call(caller.url("/v1.0/invoke/nosuch/method/x")))
    assert unknown["errorCode"] == "ERR_DIRECT_INVOKE"
    assert "nosuch" in unknown["message"]


def test_api_tokens(machine: Machine) -> None:
    secret = {"DAPR_API_TOKEN": "to-the-sidecar", "APP_API_TOKEN": "to-the-app"}
    target = machine.serve("target", "mainapp", **secret)
    until(lambda: target.ended() or UP in target.out, "the app is up")
    target.http_port = target.row()["httpPort"]
    token = {"dapr-api-token": "to-the-sidecar"}
    until(lambda: target.invoke("GET", "health", headers=token).is_success, "the app answers")

    until(lambda: target.request("GET", "/v1.0/healthz").status_code == 204, "health needs no token")
    for headers in ({}, {"dapr-api-token": "wrong"}):
        refused = target.request("GET", "/v1.0/metadata", headers=headers)
        assert (refused.status_code, refused.text) == (401, "invalid api token\n")
    echo = target.invoke("GET", "echo/x", headers=token).json()
    assert echo["headers"]["dapr-api-token"] == "to-the-app"

    row = target.row()
    assert row["appPid"] and row["command"], "the list needs no token: the record tells"
    invoked = machine.dapr("invoke", "-a", "target", "-m", "health", "-v", "GET", DAPR_API_TOKEN="to-the-sidecar")
    assert invoked.returncode == 0, invoked.stderr
    assert "to-the-sidecar" not in target.output


def test_app_health_holds_events_back(machine: Machine, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    flags = [
        "--enable-app-health-check", "--app-health-check-path", "/health",
        "--app-health-probe-interval", "1", "--app-health-probe-timeout", "500", "--app-health-threshold", "1",
    ]
    sub = machine.serve("sub", "subscriber", flags=flags, SEEN=str(notes)).up()
    sub.publish("numbers", {"n": 0})
    until(lambda: seen(notes) == [0], "a healthy app gets its event")

    def set_ill(state: bool) -> None:
        url = f"http://127.0.0.1:{sub.app_port}/ill/{str(state).lower()}"
        assert httpx.post(url, trust_env=False).is_success

    set_ill(True)
    until(lambda: sub.invoke("GET", "health").status_code == 500, "calls are refused while the app is ill")
    for n in range(1, 11):
        sub.publish("numbers", {"n": n})
    assert seen(notes) == [0]
    set_ill(False)
    until(lambda: seen(notes) == list(range(11)), "all events come once the app is well again, in order")
