"""Python, `dapr`: the client, here in the process of the tests. What is called is the FastAPI app of `mainapp.py`."""

import json
from collections.abc import Iterator

import pytest
from dapr.clients import DaprClient
from dapr.clients.exceptions import DaprHttpError
from dapr.clients.health import DaprHealth
from dapr.conf import settings

from support import Machine, Run


@pytest.fixture(scope="module", params=["python-http"])
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def app(machine: Machine, flags: list[str]) -> Run:
    return machine.serve("called", "mainapp", flags=flags).up()


@pytest.fixture(scope="module")
def client(app: Run, transport: str) -> Iterator[DaprClient]:
    """A client as an app that is run with `app` would get it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "DAPR_HTTP_PORT", app.http_port)
        patch.setattr(settings, "DAPR_GRPC_PORT", app.row()["grpcPort"])
        patch.setattr(settings, "DAPR_HEALTH_TIMEOUT", 10)
        patch.setattr(settings, "DAPR_API_METHOD_INVOCATION_PROTOCOL", transport)
        with DaprClient() as client:
            yield client


def test_invocation(client: DaprClient) -> None:
    answer = client.invoke_method(
        "called", "echo/sdk", data=b'{"id": 1}', content_type="application/json",
        http_verb="PUT", http_querystring=(("q", "1"),), metadata=(("x-tenant", "blue"),),
    ).json()
    assert (answer["verb"], answer["path"], answer["query"]) == ("PUT", "sdk", "q=1")
    assert answer["headers"]["x-tenant"] == "blue"
    assert json.loads(answer["body"]) == {"id": 1}


def test_invocation_failures(client: DaprClient) -> None:
    with pytest.raises(DaprHttpError) as error:
        client.invoke_method("called", "status/418", http_verb="GET")
    assert error.value.status_code == 418
    assert error.value.raw_response_bytes == b"answer 418"
    with pytest.raises(DaprHttpError) as error:
        client.invoke_method("nobody", "echo", http_verb="GET")
    assert error.value.error_code == "ERR_DIRECT_INVOKE"


def test_health(client: DaprClient) -> None:
    DaprHealth.wait_for_sidecar()
    client.wait(5)
