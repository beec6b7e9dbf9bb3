"""A proxy of this machine: whatever it is asked to connect to, it leads to one port."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Proxy:
    """It notes where its clients wanted to go."""

    def __init__(self, port: int):
        self.port = port
        self.targets: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"proxy": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    proxy: Proxy

    def log_message(self, *_) -> None:
        """Targets are noted by the proxy."""

    def do_CONNECT(self) -> None:
        self.proxy.targets.append(self.path)
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as target:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=copy, args=(target, self.connection), daemon=True)
            back.start()
            copy(self.connection, target)
            back.join()


def copy(source: socket.socket, to: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        return
