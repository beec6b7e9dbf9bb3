"""The host that releases are downloaded from, on this machine, with the faults that hosts have.

It serves what the stock release host serves: an archive per program, version and platform, and its checksum beside
it. Every request is noted. A fault belongs to one test; `reset` ends it.
"""

import hashlib
import io
import random
import shutil
import ssl
import tarfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

import images
from support import DAPR

BASE = "/releases"
# Where redirects lead to; it serves the same.
MIRROR = "/mirror"
NAMES = ("daprd", "placement", "scheduler")


@dataclass
class Fault:
    """What goes wrong with a file, and how many times; `None`: every time."""

    times: int | None = None
    status: int | None = None
    cut_after: int | None = None
    slow: bool = False
    redirect: bool = False
    body: bytes | None = None


@dataclass(frozen=True)
class Request:
    """A request and what became of it."""

    path: str
    range: str | None
    status: int

    @property
    def file(self) -> str:
        return self.path.rsplit("/", 1)[1]


def padded(name: str, program: Path, version: str) -> bytes:
    """A program of a version: what is appended tells the stand-in which, and most of it can't be compressed."""
    filler = random.Random(f"{name} {version}").randbytes(1_500_000)
    return program.read_bytes() + filler + f"\nDAPR_VERSION={version}\n".encode()


def archive(name: str, content: bytes) -> bytes:
    """An archive as of a release."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        entry = tarfile.TarInfo(name)
        entry.mode, entry.size = 0o755, len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class Releases:
    """The host. `daprd` in its archives is a stand-in; `daprd = host.sidecar` puts the real sidecar there."""

    def __init__(self, directory: Path):
        directory.mkdir()
        authority = trustme.CA()
        self.ca = directory / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "releases.test").configure_cert(context)
        self.standin = images.standin()
        self.sidecar = directory / "daprd"
        shutil.copy(DAPR, self.sidecar)
        images.run("strip", self.sidecar)
        self.made: dict[tuple[str, str, Path], bytes] = {}
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.reset()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"host": self}))
        self.server.daemon_threads = True
        # The handshake is the business of the thread that answers.
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.server.handle_error = lambda request, address: None
        self.port = self.server.server_port
        self.url = f"https://127.0.0.1:{self.port}{BASE}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.daprd = self.standin
        self.faults: dict[str, Fault] = {}
        self.requests: list[Request] = []

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def file(name: str) -> str:
        return f"{name}_linux_{images.ARCH}.tar.gz"

    def address(self, name: str, version: str) -> str:
        """The URL of an archive, as messages have to name it."""
        return f"{self.url}/v{version}/{self.file(name)}"

    def source(self, name: str) -> Path:
        return self.daprd if name == "daprd" else self.standin

    def program(self, name: str, version: str) -> bytes:
        """What is in an archive."""
        return padded(name, self.source(name), version)

    def archive(self, name: str, version: str) -> bytes:
        with self.lock:
            key = name, version, self.source(name)
            if key not in self.made:
                self.made[key] = archive(name, self.program(name, version))
            return self.made[key]

    def content(self, path: str) -> bytes | None:
        """What a path stands for, without any fault."""
        parts = path.split("/")
        if len(parts) != 4 or f"/{parts[1]}" not in (BASE, MIRROR) or not parts[2].startswith("v"):
            return None
        for name in NAMES:
            if parts[3].removesuffix(".sha256") == self.file(name):
                content = self.archive(name, parts[2][1:])
                if parts[3].endswith(".sha256"):
                    return f"{hashlib.sha256(content).hexdigest()}  {self.file(name)}\n".encode()
                return content
        return None

    def fault(self, name: str = "daprd", **what) -> None:
        """Something goes wrong with an archive."""
        self.faults[self.file(name)] = Fault(**what)

    def checksum_fault(self, name: str = "daprd", **what) -> None:
        """Something goes wrong with the checksum of an archive."""
        self.faults[f"{self.file(name)}.sha256"] = Fault(**what)

    def take_fault(self, file: str) -> Fault:
        with self.lock:
            fault = self.faults.get(file)
            if fault is None or fault.times == 0:
                return Fault()
            if fault.times is not None:
                fault.times -= 1
            return fault

    def asked_for(self, name: str = "daprd") -> list[Request]:
        """The requests for an archive."""
        return [request for request in self.requests if request.file == self.file(name)]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    host: Releases

    def log_message(self, *_) -> None:
        """Requests are noted by the host."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        host, content = self.host, self.host.content(self.path)
        is_mirror = self.path.startswith(MIRROR)
        fault = Fault() if is_mirror else host.take_fault(self.path.rsplit("/", 1)[1])
        if fault.redirect:
            self.answer(302, b"", Location=self.path.replace(BASE, MIRROR, 1))
        elif fault.status is not None or content is None:
            self.answer(fault.status or 404, b"no\n")
        else:
            content = content if fault.body is None else fault.body
            self.send_file(content, fault)

    def note(self, status: int) -> None:
        self.host.requests.append(Request(self.path, self.headers.get("Range"), status))

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.note(status)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_file(self, content: bytes, fault: Fault) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        start = self.start(content, tag)
        self.note(206 if start else 200)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        body = content[start:]
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.slow:
            self.drip(body)
        elif fault.cut_after is not None:
            self.wfile.write(body[: fault.cut_after])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def start(self, content: bytes, tag: str) -> int:
        """Where a client wants to go on, if what it has is of this very file."""
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes=") or self.headers.get("If-Range", tag) != tag:
            return 0
        start = int(wanted.removeprefix("bytes=").split("-")[0] or 0)
        return start if start < len(content) else 0

    def drip(self, body: bytes) -> None:
        """A byte a second: alive, but never done. It ends with the client."""
        self.close_connection = True
        for position in range(len(body)):
            self.wfile.write(body[position:position + 1])
            if self.host.closing.wait(1):
                return
