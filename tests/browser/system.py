"""A dashboard over a home of its own, and the two apps of examples/fastapi on the embedded runtime."""

import re
import shutil
from collections.abc import Iterable

import httpx

import support

EXAMPLE = support.ROOT / "examples" / "fastapi"
ORDERS, SHIPPING = "shop-orders", "shop-shipping"


class Dashboard(support.Process):
    """One `dapr dashboard`, on ports of the system's choice."""

    def __init__(self, machine: support.Machine, *flags: str):
        ports = ["-p", "0", "--zipkin-port", "0", "--otlp-port", "0", "--no-open"]
        super().__init__(machine, "dashboard", ["dashboard", *ports, *flags])
        line = re.compile(r"Dapr Dashboard on (http://\S+)")
        support.until(lambda: self.ended() or line.search(self.output), "the dashboard is up")
        assert not self.ended(), self.output
        self.url = line.search(self.output)[1]
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def api(self, path: str, **query: str) -> dict:
        """The data of a page."""
        answer = self.http.get(f"/api/v1{path}", params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def receives(self, protocol: str) -> int:
        """The port on which it receives."""
        [port] = [one["port"] for one in self.api("/control-plane")["receiving"] if one["protocol"] == protocol]
        return port


class System:
    """Apps that tell a dashboard of their work."""

    def __init__(self, machine: support.Machine, flags: Iterable[str] = ()):
        self.machine = machine
        assert machine.dapr("init", "--embedded").returncode == 0
        self.dashboard = Dashboard(machine, *flags)
        config = machine.home / ".dapr" / "config.yaml"
        zipkin = self.dashboard.receives("Zipkin")
        config.write_text(config.read_text().replace(":9411/", f":{zipkin}/"))
        self.orders, orders = self.serve(ORDERS, "orders")
        self.shipping, shipping = self.serve(SHIPPING, "shipping")
        # The first call by a sidecar is to succeed: failures are for those who look for them.
        for port in orders, shipping:
            support.until(lambda: machine.http.get(f"http://127.0.0.1:{port}/health").is_success, "the app listens")
        self.orders.up()
        self.shipping.up().subscribed()
        self.job("nightly-report", "@daily")

    def serve(self, app_id: str, module: str) -> tuple[support.Run, int]:
        shutil.copy(EXAMPLE / f"{module}.py", self.machine.home)
        [port] = support.free_ports(1)
        command = ["uvicorn", f"{module}:app", "--port", str(port), "--log-level", "warning"]
        return self.machine.run(app_id, *command, flags=["--app-port", str(port)], SHIPPING_APP_ID=SHIPPING), port

    def job(self, name: str, schedule: str) -> None:
        answer = self.orders.request("POST", f"/v1.0/jobs/{name}", json={"schedule": schedule, "data": {"report": "sales"}})
        assert answer.is_success, answer.text

    def order(self, item: str = "book") -> str:
        """Places an order and waits until it is shipped; returns its id."""
        answer = self.orders.invoke("POST", "orders", json={"item": item, "quantity": 2})
        assert answer.status_code == 201, answer.text
        number = answer.json()["id"]
        support.until(lambda: self.orders.invoke("GET", f"orders/{number}/status").json().get("status") == "shipped", f"{number} is shipped")
        return number
