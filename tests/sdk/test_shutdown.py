"""The end of a sidecar: signals, how long it may take, and what is still done meanwhile."""

import signal
import threading

import httpx
import pytest

from support import Machine, Sidecar

SHUTTING = "Dapr is shutting down"
GRACEFULLY = "Daprd shutdown gracefully"


def test_a_second_signal_ends_it_at_once(machine: Machine) -> None:
    sidecar = Sidecar(machine, "--dapr-block-shutdown-duration", "1h")
    sidecar.tell()
    sidecar.said("Received signal 'terminated'; beginning shutdown")
    sidecar.said("Blocking graceful shutdown for 1h0m0s or until app reports unhealthy...")
    assert sidecar.health() == 204
    assert SHUTTING not in sidecar.out
    sidecar.tell(signal.SIGINT)
    assert sidecar.wait() == 1
    assert "Received signal 'interrupt' during shutdown; exiting immediately" in sidecar.out


@pytest.mark.parametrize("way", ["signal", "API"])
def test_it_is_held_back_for_a_time(machine: Machine, way: str) -> None:
    sidecar = Sidecar(machine, "--dapr-block-shutdown-duration", "1s")
    if way == "signal":
        sidecar.tell()
    else:
        assert machine.http.post(sidecar.url("/v1.0/shutdown")).status_code == 204
    assert sidecar.wait() == 0
    lines = ["Blocking graceful shutdown for 1s", "Block shutdown period expired", SHUTTING, GRACEFULLY]
    places = [sidecar.out.find(line) for line in lines]
    assert -1 not in places and places == sorted(places), sidecar.out
    assert machine.records() == []


class Slow:
    """An app that answers when it is told to, and a call of it that is under way."""

    def __init__(self, machine: Machine, *flags: str):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        self.called, self.go_on = threading.Event(), threading.Event()
        slow = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/slow":
                    slow.called.set()
                    slow.go_on.wait(60)
                self.send_response(200 if self.path == "/slow" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.sidecar = Sidecar(machine, "--app-port", str(self.server.server_address[1]), *flags)
        self.result: object = None
        self.caller = threading.Thread(target=self.call)
        self.caller.start()
        assert self.called.wait(30)

    def call(self) -> None:
        try:
            answer = httpx.get(self.sidecar.url("/v1.0/invoke/ending/method/slow"), timeout=60, trust_env=False)
            self.result = answer.status_code
        except httpx.TransportError as error:
            self.result = error

    def end(self) -> object:
        self.go_on.set()
        self.caller.join(30)
        self.server.shutdown()
        self.server.server_close()
        return self.result


def test_a_request_that_is_under_way_is_answered(machine: Machine) -> None:
    slow = Slow(machine, "--dapr-graceful-shutdown-seconds", "60")
    slow.sidecar.tell()
    slow.sidecar.said(SHUTTING)
    assert slow.end() == 200
    assert slow.sidecar.wait() == 0
    assert GRACEFULLY in slow.sidecar.out


def test_nothing_takes_longer_than_it_may(machine: Machine) -> None:
    slow = Slow(machine, "--dapr-graceful-shutdown-seconds", "1")
    slow.sidecar.tell()
    assert slow.sidecar.wait(10) == 1
    assert "Fatal error from runtime: graceful shutdown took longer than 1s" in slow.sidecar.out
    assert isinstance(slow.end(), httpx.TransportError)


def test_a_run_that_is_stopped_lets_its_sidecar_finish(machine: Machine) -> None:
    run = machine.run("whole", "sleep", "600").up()
    assert run.stop() == 0
    assert GRACEFULLY in run.out
    machine.nothing_left()
