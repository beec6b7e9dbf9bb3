"""A socket before an engine's own that holds back the answer to one kind of request.

So a test can act at a moment that it has chosen, such as just after a container was started, while `dapr` waits to
hear of it.
"""

import re
import socket
import threading
from pathlib import Path


class Gate:
    """Passes everything on, but keeps the first answer to a request that matches until `open` is called."""

    def __init__(self, directory: Path, target: Path, request: str):
        self.target = target
        self.pattern = re.compile(request.encode())
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.path = directory / "gate.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(str(self.target))
            held = threading.Event()
            threading.Thread(target=self.forth, args=(client, engine, held), daemon=True).start()
            threading.Thread(target=self.back, args=(engine, client, held), daemon=True).start()

    def forth(self, client: socket.socket, engine: socket.socket, held: threading.Event) -> None:
        try:
            while data := client.recv(65536):
                if self.pattern.match(data) and not self.reached.is_set():
                    held.set()
                    self.reached.set()
                engine.sendall(data)
            engine.shutdown(socket.SHUT_WR)
        except OSError:
            engine.close()

    def back(self, engine: socket.socket, client: socket.socket, held: threading.Event) -> None:
        try:
            while data := engine.recv(65536):
                if held.is_set():
                    self.opened.wait()
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            client.close()

    def open(self) -> None:
        self.opened.set()

    def close(self) -> None:
        self.open()
        self.listener.close()
