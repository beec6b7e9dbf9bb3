"""A line in the log for each call of the API, as the stock sidecar writes it."""

import json

import grpc
import pytest

from support import Machine, Sidecar, until

CONFIGURATION = """\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec: {logging: {apiLogging: {enabled: true, obfuscateURLs: true, omitHealthChecks: true}}}
"""


def lines(sidecar: Sidecar, api: str) -> list[dict]:
    entries = [json.loads(line) for line in sidecar.out.splitlines() if line.startswith("{")]
    return [entry for entry in entries if entry["msg"] == f"{api} API Called"]


def call(sidecar: Sidecar, method: str, path: str) -> None:
    headers = {"user-agent": "tester/1"}
    sidecar.machine.http.request(method, sidecar.url(path), headers=headers, json=[])


@pytest.mark.parametrize("how", ["flag", "configuration"])
def test_each_call_has_a_line(machine: Machine, how: str) -> None:
    file = machine.home / "c.yaml"
    file.write_text(CONFIGURATION)
    flags = ["--enable-api-logging"] if how == "flag" else ["--config", str(file)]
    sidecar = Sidecar(machine, "--log-as-json", *flags)
    call(sidecar, "GET", "/v1.0/state/store/secret-key")
    call(sidecar, "POST", "/v1.0/invoke/other/method/do")
    call(sidecar, "GET", "/v1.0/healthz")
    call(sidecar, "GET", "/v1.0/metadata")
    ours = until(
        lambda: [line for line in lines(sidecar, "HTTP") if line["useragent"] == "tester/1"][-1:], "a line"
    )
    until(lambda: "etadata" in lines(sidecar, "HTTP")[-1]["method"], "the last line")
    ours = [line for line in lines(sidecar, "HTTP") if line["useragent"] == "tester/1"]
    names = [(line["method"], line["code"]) for line in ours]
    if how == "flag":
        assert names == [
            ("GET /v1.0/state/store/secret-key", 500), ("POST /v1.0/invoke/other/method/do", 500),
            ("GET /v1.0/healthz", 204), ("GET /v1.0/metadata", 200),
        ]
    else:
        assert names == [("GetState", 500), ("InvokeService/other", 500), ("GetMetadata", 200)]
        assert "secret-key" not in sidecar.out
    metadata = ours[-1]
    assert metadata["scope"] == "dapr.runtime.http-info" and metadata["level"] == "info"
    assert metadata["size"] > 100 and isinstance(metadata["duration"], int)


def test_each_grpc_call_has_a_line(machine: Machine) -> None:
    sidecar = Sidecar(machine, "--log-as-json", "--enable-api-logging")
    method = "/dapr.proto.runtime.v1.Dapr/GetMetadata"
    with grpc.insecure_channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        channel.unary_unary(method)(b"", timeout=30)
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/dapr.proto.runtime.v1.Dapr/GetState")(b"", timeout=30)
    both = until(lambda: lines(sidecar, "gRPC")[1:] and lines(sidecar, "gRPC"), "two lines")
    first, second = both
    assert (first["method"], first["code"], first["scope"]) == (method, 0, "dapr.runtime.grpc.api-info")
    assert second["method"].endswith("/GetState") and second["code"] != 0
    assert first["useragent"].startswith("grpc-python/")
