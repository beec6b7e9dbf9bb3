"""Systems in the layout that tutorials have: a `dapr.yaml` with shared resources beside two apps."""

import json
import signal
from pathlib import Path

import pytest

from support import Machine, Process, free_ports, require, until

ORDERS = 10

PYTHON_PROCESSOR = """
import uvicorn
from fastapi import Body, FastAPI

app = FastAPI()

@app.get("/dapr/subscribe")
def subscribe():
    return [{"pubsubname": "orderpubsub", "topic": "orders", "route": "orders"}]

@app.post("/orders")
def orders(event: dict = Body()):
    print("Subscriber received :", event["data"]["orderId"], flush=True)
    return {"success": True}

@app.get("/total")
def total():
    return {"answer": 42}

uvicorn.run(app, port=PORT, log_level="warning")
"""

PYTHON_CHECKOUT = """
import os
import time
import httpx

dapr = "http://localhost:" + os.environ["DAPR_HTTP_PORT"]
with httpx.Client(trust_env=False, timeout=30) as client:
    for number in range(1, 11):
        body = {"orderId": number}
        client.post(dapr + "/v1.0/publish/orderpubsub/orders", json=body).raise_for_status()
        print("Published data:", number)
    while True:
        answer = client.get(dapr + "/total", headers={"dapr-app-id": "order-processor"})
        if answer.is_success:
            break
        time.sleep(0.05)
    print("Order passed:", answer.json()["answer"])
"""

NODE_PROCESSOR = """
const http = require("http");
http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    const json = (value) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    if (request.url === "/dapr/subscribe") {
      json([{ pubsubname: "orderpubsub", topic: "orders", route: "orders" }]);
    } else if (request.url === "/orders") {
      console.log("Subscriber received :", JSON.parse(body).data.orderId);
      json({ success: true });
    } else if (request.url === "/total") {
      json({ answer: 42 });
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
}).listen(PORT, "127.0.0.1");
"""

NODE_CHECKOUT = """
const dapr = `http://localhost:${process.env.DAPR_HTTP_PORT}`;
(async () => {
  for (let number = 1; number <= 10; number += 1) {
    const body = JSON.stringify({ orderId: number });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${dapr}/v1.0/publish/orderpubsub/orders`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    console.log("Published data:", number);
  }
  for (;;) {
    const answer = await fetch(`${dapr}/total`, { headers: { "dapr-app-id": "order-processor" } });
    if (answer.ok) {
      console.log("Order passed:", (await answer.json()).answer);
      break;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
})();
"""

RUN_FILE = """
version: 1
common:
  resourcesPath: ./components/
apps:
  - appID: order-processor
    appDirPath: ./order-processor/
    appPort: {port}
    command: {command}
  - appID: checkout
    appDirPath: ./checkout/
    command: {command}
"""

# The broker of the tutorials is a Redis server; this one needs none.
BROKER = """
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: orderpubsub
spec:
  type: pubsub.sqlite
  version: v1
  metadata:
    - name: connectionString
      value: "{place}"
"""


def lay_out(directory: Path, language: str) -> None:
    [port] = free_ports(1)
    python = language == "python"
    file, command = ("app.py", '["python3", "app.py"]') if python else ("index.js", '["npm", "run", "start"]')
    sources = {
        "order-processor": PYTHON_PROCESSOR if python else NODE_PROCESSOR,
        "checkout": PYTHON_CHECKOUT if python else NODE_CHECKOUT,
    }
    for app, source in sources.items():
        (directory / app).mkdir(parents=True)
        (directory / app / file).write_text(source.replace("PORT,", f"{port},", 1).replace("PORT)", f"{port})", 1))
        if not python:
            package = {"name": app, "version": "1.0.0", "scripts": {"start": "node index.js"}}
            (directory / app / "package.json").write_text(json.dumps(package))
    (directory / "components").mkdir()
    (directory / "components" / "pubsub.yaml").write_text(BROKER.format(place=directory / "broker.sqlite"))
    (directory / "dapr.yaml").write_text(RUN_FILE.format(port=port, command=command))


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_two_apps_publish_and_invoke(machine: Machine, tmp_path: Path, language: str) -> None:
    if language == "javascript":
        require("node")
        require("npm")
    directory = tmp_path / "pub_sub"
    lay_out(directory, language)
    run = Process(machine, language, ["run", "-f", str(directory)])
    for number in range(1, ORDERS + 1):
        line = f"== APP - order-processor == Subscriber received : {number}\n"
        until(lambda: run.ended() or line in run.out, f"order {number} arrives")
        assert line in run.out, run.output
    until(lambda: "== APP - checkout == Order passed: 42" in run.out, "the other app is invoked")
    until(lambda: "Exited App successfully" in run.out, "one app has ended, and the run goes on")
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0
    machine.nothing_left()
