"""Container engines of the tests' own, spoken to by their API: both speak Docker's.

Docker's daemon is started by whoever runs the tests and named by DAPR_TEST_DOCKER_HOST. Podman's service is started
here, with storage and configuration that nobody else uses. Whatever appears in an engine is removed after each test,
so an engine that has containers or volumes at the beginning is refused.
"""

import json
import os
import re
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

import images
from support import until


class Engine:
    """An engine and what `dapr` has to be told to find it."""

    def __init__(self, kind: str, socket: Path, variables: dict[str, str]):
        self.kind = kind
        self.socket = socket
        self.variables = variables
        self.http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://engine/v1.40", timeout=120,
        )
        until(lambda: self.http.get("/_ping").is_success, f"{kind} answers", 30)
        self.first_networks = self.networks()
        if self.containers() or self.volumes():
            raise RuntimeError(f"{socket} is not an engine for tests alone: it has containers or volumes")

    def through(self, socket: Path) -> dict[str, str]:
        """What leads `dapr` to another socket."""
        return {"DOCKER_HOST" if self.kind == "docker" else "CONTAINER_HOST": f"unix://{socket}"}

    def ask(self, method: str, path: str, **request) -> object:
        response = self.http.request(method, path, **request)
        if not response.is_success:
            raise RuntimeError(f"{self.kind}: {method} {path}: {response.status_code} {response.text}")
        return response.json() if response.headers.get("Content-Type", "").startswith("application/json") else None

    def containers(self) -> dict[str, dict]:
        """All containers by name, as `inspect` shows them."""
        found = {}
        for row in self.ask("GET", "/containers/json", params={"all": "true"}):
            response = self.http.get(f"/containers/{row['Id']}/json")
            if response.is_success:
                found[response.json()["Name"].lstrip("/")] = response.json()
        return found

    def running(self) -> set[str]:
        return {name for name, container in self.containers().items() if container["State"]["Running"]}

    def names(self) -> set[str]:
        """Names of all containers, by one request."""
        rows = self.ask("GET", "/containers/json", params={"all": "true"})
        return {name.lstrip("/") for row in rows for name in row["Names"]}

    def volumes(self) -> set[str]:
        return {volume["Name"] for volume in self.ask("GET", "/volumes")["Volumes"] or []}

    def networks(self) -> set[str]:
        return {network["Name"] for network in self.ask("GET", "/networks")}

    def images(self) -> set[str]:
        """The names of all images."""
        return {tag for image in self.ask("GET", "/images/json") for tag in image["RepoTags"] or []}

    def left(self) -> dict[str, set[str]]:
        """What is there that was not there at the beginning; images don't count."""
        left = {
            "containers": self.names(), "volumes": self.volumes(),
            "networks": self.networks() - self.first_networks,
        }
        return {kind: names for kind, names in left.items() if names}

    def stop(self, name: str) -> None:
        self.ask("POST", f"/containers/{name}/stop", params={"t": "5"})

    def remove(self, name: str) -> None:
        self.ask("DELETE", f"/containers/{name}", params={"force": "true", "v": "true"})

    def create_network(self, name: str) -> None:
        self.ask("POST", "/networks/create", json={"Name": name})

    def create_container(self, name: str, image: str, **more) -> None:
        self.ask("POST", "/containers/create", params={"name": name}, json={"Image": image} | more)
        self.ask("POST", f"/containers/{name}/start")

    def pull(self, reference: str) -> None:
        response = self.http.post("/images/create", params={"fromImage": reference})
        # Failures come in the course of an answer that began well.
        if not response.is_success or '"error"' in response.text:
            raise RuntimeError(f"{self.kind}: {reference}: {response.text}")

    def remove_images(self) -> None:
        for image in self.ask("GET", "/images/json"):
            self.http.delete(f"/images/{image['Id']}", params={"force": "true"})

    def file(self, container: str, path: str) -> bytes:
        """A file of a container, in a tar archive."""
        response = self.http.get(f"/containers/{container}/archive", params={"path": path})
        response.raise_for_status()
        return response.content

    def logs(self) -> str:
        """What the containers have said last, for the report of a failed test."""
        said = []
        for name in sorted(self.names()):
            options = {"stdout": "true", "stderr": "true", "tail": "5"}
            text = self.http.get(f"/containers/{name}/logs", params=options).content
            # Each piece has a head of eight bytes: the stream, and how long it is.
            text = re.sub(rb"[\x00-\x02]\x00\x00\x00.{4}", b"", text, flags=re.DOTALL)
            said.append(f"{name}:\n{text.decode(errors='replace')}")
        return "\n".join(said)

    def clear(self) -> None:
        """Removes what the tests have made, but not the images."""
        def remove(name: str) -> None:
            # One that is being removed already is as good as gone.
            self.http.delete(f"/containers/{name}", params={"force": "true", "v": "true"})

        with ThreadPoolExecutor() as pool:
            list(pool.map(remove, self.names()))
        for name in self.volumes():
            self.ask("DELETE", f"/volumes/{name}", params={"force": "true"})
        for name in self.networks() - self.first_networks:
            self.ask("DELETE", f"/networks/{name}")

    def close(self) -> None:
        self.clear()
        self.remove_images()
        self.http.close()


class Docker(Engine):
    """A daemon that somebody has started for these tests."""

    def __init__(self, address: str):
        if not address.startswith("unix://"):
            raise RuntimeError(f"DAPR_TEST_DOCKER_HOST has to be unix://..., not {address}")
        super().__init__("docker", Path(address.removeprefix("unix://")), {"DOCKER_HOST": address})


class Podman(Engine):
    """Podman with its API service. `configuration` alone lets `dapr` start a service of its own."""

    def __init__(self, directory: Path, registry: str):
        directory.mkdir()
        self.directory = directory
        self.configuration = configure(directory, registry)
        socket = directory / "api.sock"
        self.log = directory / "service.log"
        with self.log.open("wb") as log:
            self.service = subprocess.Popen(
                ["podman", "system", "service", "--time", "0", f"unix://{socket}"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=os.environ | self.configuration,
            )
        try:
            until(lambda: self.service.poll() is not None or socket.exists(), "the service of Podman listens", 30)
            if self.service.poll() is not None:
                raise RuntimeError(f"podman system service ended:\n{self.log.read_text()}")
            variables = self.configuration | {"CONTAINER_HOST": f"unix://{socket}"}
            super().__init__("podman", socket, variables)
        except BaseException:
            self.end_service()
            raise

    def end_service(self) -> None:
        self.service.terminate()
        self.service.wait()

    def close(self) -> None:
        super().close()
        self.end_service()
        # The storage driver leaves its directory mounted upon itself.
        for line in Path("/proc/mounts").read_text().splitlines():
            place = Path(line.split()[1])
            if self.directory in place.parents:
                images.run("umount", place)


def configure(directory: Path, registry: str) -> dict[str, str]:
    """Writes configuration files below a directory; returns the variables that name them."""
    def limit(name: str, kind: int, most: int) -> str:
        # More than the hard limit is refused where the capability for it is missing.
        _, hard = resource.getrlimit(kind)
        number = most if hard == resource.RLIM_INFINITY else min(most, hard)
        return f"{name}={number}:{number}"

    # Podman lowers its own limit of processes to the number of PIDs.
    pids = int(Path("/proc/sys/kernel/pid_max").read_text())
    limits = [
        limit("nofile", resource.RLIMIT_NOFILE, 1048576), limit("nproc", resource.RLIMIT_NPROC, pids),
    ]
    files = {
        "CONTAINERS_CONF": f"""
[containers]
default_ulimits = {json.dumps(limits)}
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
static_dir = "{directory}/static"
tmp_dir = "{directory}/tmp"
volume_path = "{directory}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{directory}/networks"
""",
        "CONTAINERS_STORAGE_CONF": f"""
[storage]
driver = "overlay"
graphroot = "{directory}/storage"
runroot = "{directory}/run"
""",
        "CONTAINERS_REGISTRIES_CONF": f"""
unqualified-search-registries = []
[[registry]]
location = "{registry}"
insecure = true
""",
    }
    variables = {}
    for name, content in files.items():
        file = directory / f"{name.lower()}.toml"
        file.write_text(content)
        variables[name] = str(file)
    return variables
