"""What the API answers, with two apps running, against its own description."""

from urllib.parse import quote

import jsonschema
import pytest

import support
from system import ORDERS, SHIPPING, Dashboard, System

JOB = f"app||default||{ORDERS}||nightly-report"


@pytest.fixture(scope="module")
def description(dashboard: Dashboard) -> dict:
    answer = dashboard.api("/openapi.json")
    jsonschema.Draft202012Validator.check_schema({"$defs": answer["components"]["schemas"]})
    return answer


def test_every_page_answers_as_described(system: System, dashboard: Dashboard, description: dict) -> None:
    system.orders.save("described", {"n": 1})
    system.order("described")
    assert system.orders.invoke("GET", "nothing", app_id="nobody-here").is_error
    [trace, *_] = support.until(lambda: dashboard.api("/traces", search="publish", app=SHIPPING)["traces"], "a trace is kept")
    support.until(lambda: any(row["points"] for row in dashboard.api("/metrics-view")["rows"]), "metrics were read twice")
    names = {
        "id": ORDERS, "trace": trace["trace"], "runtime": "embedded", "key": quote(JOB, safe=""),
        "/components/{name}": "statestore", "/configurations/{name}": "daprConfig", "/control-plane/{name}": "daprd",
    }
    queries = {"/state": {"app": ORDERS, "store": "statestore", "key": "described"}, "/metrics-view": {"app": ORDERS}}
    asked = 0
    for path, methods in description["paths"].items():
        if "get" not in methods:
            continue
        answer = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        real = path.format(**names | {"name": names.get(path, "")})
        for query in {}, queries.get(path, {}):
            data = dashboard.api(real, **query)
            jsonschema.validate(data, answer | {"components": description["components"]}, jsonschema.Draft202012Validator)
            asked += 1
    assert asked > 30
    missing = dashboard.http.get("/api/v1/apps/nobody")
    assert missing.headers["content-type"] in description["components"]["responses"]["Problem"]["content"]
    jsonschema.validate(missing.json(), description["components"]["schemas"]["Problem"])


def test_what_is_done_answers_as_described(system: System, dashboard: Dashboard, description: dict) -> None:
    session = dashboard.http.get("/").text.split('name="session" content="')[1].split('"')[0]
    done = {"$ref": "#/components/schemas/Done", "components": description["components"]}
    for path, fields in {
        "/state/set": {"app": ORDERS, "store": "statestore", "key": "by-api", "value": "1"},
        "/state/delete": {"app": ORDERS, "store": "statestore", "key": "by-api"},
        "/try/publish": {"app": ORDERS, "pubsub": "pubsub", "topic": "orders", "data": "{}"},
        "/try/invoke": {"app": SHIPPING, "method": "shipped"},
    }.items():
        body = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(fields, body)
        answer = dashboard.http.post(f"/api/v1{path}", json=fields, headers={"x-dashboard-session": session})
        assert answer.is_success, answer.text
        jsonschema.validate(answer.json(), done)
        for name in body["required"]:
            partly = {key: value for key, value in fields.items() if key != name}
            refused = dashboard.http.post(f"/api/v1{path}", json=partly, headers={"x-dashboard-session": session})
            assert refused.status_code == 400 and name in refused.json()["detail"], refused.text
