"""Python, `dapr-ext-fastapi` and `flask-dapr`: what the sidecar asks of an app whose handlers are declared by decorators."""

import base64
import json

import pytest

from support import Machine, Run, free_ports, until

COMMANDS = {
    "fastapi-http": ["uvicorn", "fastapi_app:app", "--log-level", "warning", "--port"],
    "flask-http": ["python3", "-m", "flask_app"],
}


class Decorated(Run):
    """A `dapr run` of an app that tells what it has got."""

    def seen(self, name: str) -> list:
        return self.invoke("GET", f"seen/{name}").json()

    def sees(self, name: str, *values: object) -> None:
        """Waits until exactly these have arrived under a name."""
        until(lambda: len(self.seen(name)) >= len(values), f"{name} gets {values}")
        assert self.seen(name) == list(values)


@pytest.fixture(scope="module", params=COMMANDS)
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def app(machine: Machine, flags: list[str], peer: str) -> Decorated:
    [port] = free_ports(1)
    command = COMMANDS[peer]
    if command[-1] == "--port":
        command = [*command, str(port)]
    run = Decorated(machine, peer, ["--app-port", str(port), *flags], command)
    run.up().subscribed()
    return run


def test_invocation(app: Decorated) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        body = "" if method == "GET" else '{"hello": "world"}'
        answer = app.invoke(method, "echo?q=1", content=body, headers={"content-type": "application/json"})
        assert answer.json() == {"method": method, "query": "q=1", "body": body}
    assert app.invoke("GET", "nothing").status_code == 404


def test_subscribe(app: Decorated) -> None:
    app.publish("plain", {"n": 1})
    app.sees("plain", {"n": 1})
    app.publish("routed", {"n": 2})
    app.sees("routed", {"n": 2})
    app.publish("raw", {"n": 3}, params={"metadata.rawPayload": "true"})
    until(lambda: app.seen("raw"), "the raw payload arrives")
    [raw] = app.seen("raw")
    assert json.loads(base64.b64decode(raw)) == {"n": 3}


def test_dead_letters(app: Decorated) -> None:
    app.publish("refused", {"n": 4})
    app.sees("graveyard", {"n": 4})
    app.sees("refused", {"n": 4})
