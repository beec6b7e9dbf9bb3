//! A container engine that has what a test says: as much of Docker's API, over a Unix socket, as looking takes.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::respond;

type Containers = Arc<Mutex<BTreeMap<String, Value>>>;

/// It serves until the test ends.
pub struct FakeEngine {
    directory: tempfile::TempDir,
    containers: Containers,
}

impl FakeEngine {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let containers = Containers::default();
        let engine = Self { directory, containers: Arc::clone(&containers) };
        let listener = UnixListener::bind(engine.socket()).expect("the socket is free");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let containers = Arc::clone(&containers);
                thread::spawn(move || respond(stream, |request| reply(request, &containers)));
            }
        });
        engine
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("engine.sock")
    }

    /// The value for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Adds a running container with ports: of the host, and inside.
    pub fn container(&self, name: &str, image: &str, ports: &[(u16, u16)]) {
        let bindings: BTreeMap<String, Value> = ports
            .iter()
            .map(|(host, inside)| {
                let binding = json!([{"HostIp": "127.0.0.1", "HostPort": host.to_string()}]);
                (format!("{inside}/tcp"), binding)
            })
            .collect();
        let container = json!({
            "Id": name,
            "Name": format!("/{name}"),
            "Created": "2026-11-24T00:00:00.5Z",
            "State": {"Status": "running"},
            "Config": {"Image": image},
            "HostConfig": {"PortBindings": bindings},
            "NetworkSettings": {"Networks": {}},
        });
        self.containers.lock().expect("nobody panics").insert(name.to_owned(), container);
    }

    /// Changes a container that was added.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        edit(self.containers.lock().expect("nobody panics").get_mut(name).expect("it was added"));
    }
}

fn reply(request: &str, containers: &Containers) -> String {
    let path = request.split(' ').nth(1).unwrap_or_default();
    // `/v1.47/containers/…`, except for the first questions.
    let path = match path.strip_prefix("/v1.") {
        Some(rest) => rest.split_once('/').map_or("", |(_, rest)| rest),
        None => path.trim_start_matches('/'),
    };
    let path = path.split('?').next().unwrap_or_default();
    let containers = containers.lock().expect("nobody panics");
    if let Some(name) = path.strip_prefix("containers/").and_then(|rest| rest.strip_suffix("/logs"))
        && let Some(container) = containers.get(name)
    {
        // As the engine frames it: the stream, three zeros, the length in four bytes.
        let text = container["Log"].as_str().unwrap_or_default();
        let length = u8::try_from(text.len()).expect("a short log");
        return format!(
            "HTTP/1.1 200 OK\ncontent-type: application/vnd.docker.raw-stream\n\n\x01\0\0\0\0\0\0{}{text}",
            char::from(length)
        );
    }
    let found = match path {
        "_ping" => Some(json!("OK")),
        "version" => Some(json!({"Version": "99.1", "ApiVersion": "1.45", "MinAPIVersion": "1.24"})),
        "containers/json" => Some(containers.values().map(summary).collect()),
        _ => {
            let name = path.strip_prefix("containers/").and_then(|rest| rest.strip_suffix("/json"));
            name.and_then(|name| containers.get(name).cloned())
        }
    };
    match found {
        Some(found) => format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{found}"),
        None => {
            "HTTP/1.1 404 Not Found\ncontent-type: application/json\n\n{\"message\":\"no such thing\"}".into()
        }
    }
}

/// A container as it stands in the list of all.
fn summary(container: &Value) -> Value {
    let bindings = container["HostConfig"]["PortBindings"].as_object().cloned().unwrap_or_default();
    let ports: Vec<Value> = bindings
        .into_iter()
        .map(|(inside, binding)| {
            let number = |text: &str| text.parse::<u16>().expect("a port");
            let inside = number(inside.trim_end_matches("/tcp"));
            let host = number(binding[0]["HostPort"].as_str().expect("a port"));
            json!({"PrivatePort": inside, "PublicPort": host, "Type": "tcp"})
        })
        .collect();
    json!({"Id": container["Id"], "Names": [container["Name"]], "Ports": ports})
}

/// A Redis that answers every connection's first words in this way.
pub fn fake_redis(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 64];
            if stream.read(&mut request).is_ok_and(|length| request[..length].starts_with(b"PING")) {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    port
}
