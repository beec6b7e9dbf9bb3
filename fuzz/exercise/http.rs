//! Requests to the HTTP API of a sidecar in this process, with components that keep everything in memory and files
//! that end with it. An input is one request or several, one after the other, with `---` on a line between them;
//! each is `METHOD /path`, lines `name: value`, an empty line, and the body.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use dapr_cli::env::Env;
use dapr_cli::sidecar::api::http::server::Api;
use dapr_cli::sidecar::{Handle, Options, Service};
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Every answer has to be there after this time.
const LIMIT: Duration = Duration::from_secs(10);
/// An app that nobody runs is waited for; whoever calls it is gone after this time.
const PATIENCE: Duration = Duration::from_millis(20);
/// A sidecar lives for so many inputs: what they store adds up.
const LIFE: usize = 20_000;
/// Requests of one input.
const REQUESTS: usize = 8;

const COMPONENTS: &[(&str, &str)] = &[
    ("mem", "{type: state.in-memory, version: v1}"),
    ("bus", "{type: pubsub.in-memory, version: v1}"),
    (
        "files",
        "{type: bindings.localstorage, version: v1, metadata: [{name: rootPath, value: 'HOME/files'}]}",
    ),
    (
        "vault",
        "{type: secretstores.local.file, version: v1, metadata: [{name: secretsFile, value: 'HOME/secrets'}]}",
    ),
];

thread_local! {
    static SIDECAR: RefCell<Option<Sidecar>> = const { RefCell::new(None) };
}

/// Sends the requests.
pub fn run(input: &[u8]) {
    let requests: Vec<_> = split(input).take(REQUESTS).filter_map(request).collect();
    if requests.is_empty() {
        return;
    }
    SIDECAR.with_borrow_mut(|sidecar| {
        if sidecar.as_ref().is_some_and(|sidecar| sidecar.left == 0) {
            *sidecar = None;
        }
        let sidecar = sidecar.get_or_insert_with(Sidecar::start);
        sidecar.left -= 1;
        for request in requests {
            sidecar.ask(request);
        }
    });
}

fn split(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let input = rest.take()?;
        let end = input.windows(5).position(|bytes| bytes == b"\n---\n");
        rest = end.map(|end| &input[end + 5..]);
        Some(&input[..end.unwrap_or(input.len())])
    })
}

fn request(input: &[u8]) -> Option<Request<Body>> {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((input, &[][..]), |end| (&input[..end], &input[end + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, path) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    // The end of the sidecar is the end of the test, and what lies outside of this process is not to be called.
    if path.contains("shutdown") || head.to_ascii_lowercase().windows(4).any(|word| word == b"http") {
        return None;
    }
    let request = Request::builder().method(method).uri(path);
    let request = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
        .fold(request, |request, (name, value)| request.header(name, value));
    request.body(Body::from(body.to_vec())).ok()
}

struct Sidecar {
    runtime: Runtime,
    api: Arc<Api>,
    handle: Handle,
    /// Inputs that it still answers.
    left: usize,
    _home: tempfile::TempDir,
}

impl Sidecar {
    fn start() -> Self {
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
        let resources = home.path().join("resources");
        fs_err::create_dir_all(&resources).expect("a directory");
        fs_err::create_dir_all(home.path().join("files")).expect("a directory");
        fs_err::write(home.path().join("secrets"), r#"{"key":"value","more":{"a":"1"}}"#).expect("a file");
        let at = home.path().to_string_lossy();
        for (name, spec) in COMPONENTS {
            let spec = spec.replace("HOME", &at);
            let text = format!(
                "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec: {spec}\n"
            );
            fs_err::write(resources.join(format!("{name}.yaml")), text).expect("a file");
        }
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let options =
            Options { app_id: "shop".into(), resources_paths: vec![resources], ..Options::default() };
        let env = Env::of([("HOME", &*at)]);
        let handle = runtime.block_on(async {
            let service = Service::build(options, env).await.expect("a sidecar");
            let handle = service.handle();
            tokio::spawn(service.run(CancellationToken::new()));
            assert!(timeout(LIMIT, handle.ready()).await.expect("it becomes ready"), "it has ended");
            handle
        });
        Self { runtime, api: handle.http(), handle, left: LIFE, _home: home }
    }

    fn ask(&self, request: Request<Body>) {
        let asked = format!("{} {}", request.method(), request.uri());
        let calls = request.uri().path().contains("/invoke/")
            || ["dapr-app-id", "authorization"].iter().any(|name| request.headers().contains_key(*name));
        let api = Arc::clone(&self.api);
        let answered = self.runtime.block_on(async {
            let answer = async {
                let (head, body) = api.answer(request).await.into_parts();
                (head, to_bytes(body, usize::MAX).await.expect("a whole answer"))
            };
            timeout(if calls { PATIENCE } else { LIMIT }, answer).await
        });
        let Ok((head, body)) = answered else {
            assert!(calls, "{asked}: no answer within {LIMIT:?}");
            return;
        };
        // What a binding or a store has told is passed on as it is.
        let own = !asked.contains("/bindings/") && !asked.contains("/state/");
        if own
            && head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
            && !body.is_empty()
        {
            let json = serde_json::from_slice::<&RawValue>(&body);
            assert!(
                json.is_ok(),
                "{asked}: what is said to be JSON is none: {}",
                String::from_utf8_lossy(&body)
            );
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
