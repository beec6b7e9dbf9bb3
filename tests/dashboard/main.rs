//! The dashboard in this process, on a free port of the loopback interface, with real requests.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
#![allow(missing_docs, reason = "a test binary has no readers but those of its source")]

mod control_plane;
mod guard;
mod jobs;
mod openapi;
mod pages;
mod resources;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod telemetry;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};

use dapr_cli::dashboard::{Error, Options, Receiving, Service};
use dapr_cli::env::Env;
use support::TestContext;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running dashboard over a home of its own; ends with the test.
pub struct Dashboard {
    context: Option<TestContext>,
    pub port: u16,
    pub receiving: Vec<Receiving>,
    running: Option<JoinHandle<Result<(), Error>>>,
    stop: CancellationToken,
    runtime: Option<Runtime>,
}

/// Options for the home of a context, on any free port.
pub fn options(context: &TestContext) -> Options {
    Options {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 0,
        zipkin_port: 0,
        otlp_port: 0,
        // Nobody listens there.
        etcd: "127.0.0.1:1".into(),
        read_only: false,
        token: None,
        install: context.install(),
        env: Env::of([]),
    }
}

impl Dashboard {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(edit: impl FnOnce(&mut Options)) -> Self {
        Self::of(TestContext::new(), edit)
    }

    /// A dashboard over a home that may have a history.
    pub fn of(context: TestContext, edit: impl FnOnce(&mut Options)) -> Self {
        let mut options = options(&context);
        edit(&mut options);
        let runtime = Runtime::new().unwrap();
        let service = runtime.block_on(Service::bind(options)).unwrap();
        let port = service.url().rsplit(':').next().unwrap().parse().unwrap();
        let receiving = service.receiving().to_vec();
        let stop = CancellationToken::new();
        let running = runtime.spawn(service.run(stop.clone()));
        Self { context: Some(context), port, receiving, stop, running: Some(running), runtime: Some(runtime) }
    }

    pub fn context(&self) -> &TestContext {
        self.context.as_ref().unwrap()
    }

    /// Ends it in order and hands its home over.
    pub fn end(&mut self) -> TestContext {
        self.stop.cancel();
        let running = self.running.take().unwrap();
        self.runtime.as_ref().unwrap().block_on(running).unwrap().unwrap();
        self.context.take().unwrap()
    }

    /// Sends a request with these header lines and returns the whole answer.
    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = format!("content-length: {}", body.len());
        let host = format!("host: localhost:{}", self.port);
        let mut lines = vec!["connection: close", &length];
        if !headers.iter().any(|line| line.starts_with("host:")) {
            lines.push(&host);
        }
        lines.extend(headers);
        let head = lines.join("\r\n");
        let request = format!("{method} {path} HTTP/1.1\r\n{head}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// What pages of this dashboard tell, as a header.
    pub fn session(&self) -> String {
        let page = self.get("/").body;
        let text = page.split_once("name=\"session\" content=\"").unwrap().1;
        format!("x-dashboard-session: {}", text.split('"').next().unwrap())
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.stop.cancel();
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}
