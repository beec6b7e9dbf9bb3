"""Spans on the sidecar's own output, for those who have no receiver of traces."""

import json

from support import Machine, Sidecar, until

CONFIGURATION = """\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec: {tracing: {samplingRate: "1", stdout: true}}
"""


def test_spans_are_lines_of_json(machine: Machine) -> None:
    file = machine.home / "c.yaml"
    file.write_text(CONFIGURATION)
    sidecar = Sidecar(machine, "--config", str(file))
    machine.http.get(sidecar.url("/v1.0/state/store/key"))
    spans = until(lambda: [line for line in sidecar.out.splitlines() if line.startswith("{")], "a span")
    span = json.loads(spans[0])
    assert (span["name"], span["kind"]) == ("/v1.0/state/store/key", "CLIENT")
    assert span["tags"]["dapr.status_code"] == "500"
    assert span["localEndpoint"]["serviceName"] == span["tags"]["service.name"]
