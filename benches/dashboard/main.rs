//! Measures `dapr dashboard` with 50 apps and 100,000 spans against its budget: any page within 100 ms at the 95th
//! percentile, the process below 80 MiB. `cargo bench --bench dashboard`; ends with 1 when something is over. Linux
//! only: memory is read from `/proc`. The apps are records of this process with one server that answers as their
//! sidecars would; the spans come by Zipkin, as real ones do.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is the point")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

use dapr_cli::env::Env;
use dapr_cli::paths::InstallDir;
use dapr_cli::records::{Directory, ProcessId, Record};

/// Anything that went wrong, as a sentence.
type Result<T> = std::result::Result<T, String>;

const APPS: usize = 50;
const SPANS: usize = 100_000;
/// Spans of a trace: a call, what it does, and a message that follows.
const TOGETHER: usize = 5;
const ROUNDS: usize = 40;
const LATENCY: Duration = Duration::from_millis(100);
const MEMORY: u64 = 80 << 10;
/// How long anything may take before it counts as failed.
const LIMIT: Duration = Duration::from_mins(2);

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") || !Path::new("/proc/self/status").exists() {
        println!("0 measured; use 'cargo bench --bench dashboard', on Linux");
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("failed: {message}");
            ExitCode::FAILURE
        }
    }
}

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure() -> Result<bool> {
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let install =
        InstallDir::resolve(home.path().to_str(), &Env::of([])).map_err(|error| error.to_string())?;
    for (number, port) in sidecars()?.into_iter().enumerate() {
        record(&install, number, port)?;
    }
    let mut dashboard = Running(
        Command::new(env!("CARGO_BIN_EXE_dapr"))
            .args(["dashboard", "-p", "0", "--zipkin-port", "0", "--otlp-port", "0", "--no-open"])
            .env("HOME", home.path())
            .env_remove("DAPR_RUNTIME_PATH")
            // Containers of this machine are none of the figures.
            .env("DOCKER_HOST", format!("unix://{}/none", home.path().display()))
            .env("CONTAINER_HOST", format!("unix://{}/none", home.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("dapr dashboard: {error}"))?,
    );
    let output = dashboard.0.stdout.take().ok_or("no output")?;
    let line = BufReader::new(output)
        .lines()
        .find_map(|line| line.ok()?.split(" on http://localhost:").nth(1).map(str::to_owned));
    let port: u16 =
        line.and_then(|port| port.trim().parse().ok()).ok_or("the dashboard didn't say its port")?;
    let zipkin = get(port, "/api/v1/control-plane")?;
    let zipkin = zipkin
        .split("\"protocol\":\"Zipkin\",\"port\":")
        .nth(1)
        .and_then(|rest| rest.split(',').next()?.parse().ok());
    let zipkin: u16 = zipkin.ok_or("the dashboard receives no spans")?;
    let started = Instant::now();
    for first in (0..SPANS).step_by(1000) {
        send(zipkin, "POST", "/api/v2/spans", &spans(first, 1000))?;
    }
    let kept = format!("\"spans\":{SPANS},");
    while !get(port, "/api/v1/traces?count=1")?.contains(&kept) {
        if started.elapsed() > LIMIT {
            return Err(format!("not all spans are kept: {}", get(port, "/api/v1/traces?count=1")?));
        }
    }
    println!("{SPANS} spans sent and kept in {:.1} s", started.elapsed().as_secs_f64());
    let answering = get(port, "/api/v1/apps")?.matches("\"answers\":true").count();
    if answering < APPS {
        return Err(format!("{answering} of {APPS} apps answer"));
    }
    println!("memory then: {} MiB", peak(&dashboard)? >> 10);
    let trace = format!("/traces/{:032x}", SPANS / TOGETHER / 2);
    let pages = [
        "/",
        "/apps",
        "/apps/app-7",
        "/components",
        "/configurations",
        "/control-plane",
        "/traces",
        "/traces?failed=true",
        "/traces?app=app-7",
        "/traces?search=order",
        "/traces?search=nothing-has-this",
        "/traces?longer=5000",
        &trace,
        "/metrics-view",
        "/metrics-view?app=app-7",
        "/jobs",
        "/state",
        "/try",
    ];
    println!("| page | median | p95 |\n|---|---|---|");
    let mut good = true;
    for page in pages {
        let mut took: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let before = Instant::now();
                get(port, page).map(|_| before.elapsed())
            })
            .collect::<Result<_>>()?;
        took.sort_unstable();
        let late = took[ROUNDS * 95 / 100];
        good &= late <= LATENCY;
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        println!("| {page} | {:.1} ms | {:.1} ms |", milliseconds(took[ROUNDS / 2]), milliseconds(late));
    }
    let most = peak(&dashboard)?;
    println!("most memory: {} MiB", most >> 10);
    Ok(good && most < MEMORY)
}

/// The most memory that a process had, in KiB.
fn peak(process: &Running) -> Result<u64> {
    let file = format!("/proc/{}/status", process.0.id());
    let status = fs_err::read_to_string(file).map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| "no VmHWM in /proc".into())
}

/// One server that answers for the sidecars of all apps, each by its own port.
fn sidecars() -> Result<Vec<u16>> {
    let mut ports = Vec::new();
    for number in 0..APPS {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        ports.push(listener.local_addr().map_err(|error| error.to_string())?.port());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                std::thread::spawn(move || answer(&mut stream, number));
            }
        });
    }
    Ok(ports)
}

/// Answers requests until the other side ends.
fn answer(stream: &mut TcpStream, number: usize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 2 {
            line.clear();
        }
        let body = if first.contains("/metrics") { metrics(number) } else { metadata(number) };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).ok()?;
    }
}

fn metadata(number: usize) -> String {
    let components: Vec<String> = (0..6)
        .map(|one| format!(r#"{{"name":"store-{one}","type":"state.redis","version":"v1","capabilities":["ETAG","TTL"]}}"#))
        .collect();
    format!(
        r#"{{"id":"app-{number}","runtimeVersion":"1.18.0","components":[{}],"subscriptions":[{{"pubsubname":"pubsub","topic":"orders","rules":[{{"path":"/orders"}}]}}]}}"#,
        components.join(",")
    )
}

/// As much as a sidecar that has served a few paths.
fn metrics(number: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for path in ["state/store-0", "publish/pubsub/orders", "invoke/app-1/method/orders", "secrets/vault/key"]
    {
        let labels = format!("app_id=\"app-{number}\",method=\"GET\",path=\"/v1.0/{path}\",status=\"200\"");
        // Writing to a text can't fail.
        let _ = writeln!(text, "dapr_http_server_request_count{{{labels}}} 1000");
        for bound in ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "+Inf"] {
            let _ = writeln!(text, "dapr_http_server_latency_bucket{{{labels},le=\"{bound}\"}} 1000");
        }
    }
    text
}

/// Writes the record of an app whose sidecar is this process.
fn record(install: &InstallDir, number: usize, port: u16) -> Result<()> {
    let record: Record = serde_json::from_value(serde_json::json!({
        "appId": format!("app-{number}"), "runtime": "embedded", "daprd": ProcessId::of(std::process::id()),
        "created": "2026-11-24T00:00:00Z", "httpPort": port, "grpcPort": 2, "internalPort": 3, "metricsPort": port,
        "metricsEnabled": true, "command": "uvicorn main:app",
    }))
    .map_err(|error| error.to_string())?;
    // Beside each other: the names have the process, which is the same for all, and the app.
    Directory::of(install).write(&record).map_err(|error| error.to_string())
}

/// Spans with the numbers from `first` on.
fn spans(first: usize, count: usize) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
    let span = |number: usize| {
        let (trace, place) = (number / TOGETHER, number % TOGETHER);
        let parent = if place == 0 { String::new() } else { format!("\"parentId\":\"{number:016x}\",") };
        let app = (trace + place / 2) % APPS;
        let (kind, name) = [
            ("CLIENT", format!("calllocal/app-{app}/orders/{trace}")),
            ("SERVER", format!("calllocal/app-{app}/orders/{trace}")),
            ("CLIENT", "/v1.0/state/store-0".into()),
            ("PRODUCER", "/v1.0/publish/pubsub/orders".into()),
            ("CONSUMER", "pubsub/orders".into()),
        ][place]
            .clone();
        let error = if trace.is_multiple_of(97) { r#","error":"Code(500): no""# } else { "" };
        format!(
            r#"{{"traceId":"{trace:032x}","id":"{:016x}",{parent}"kind":"{kind}","name":"{name}","timestamp":{},"duration":1500,"localEndpoint":{{"serviceName":"app-{app}"}},"tags":{{"http.request.method":"POST","dapr.protocol":"http"{error}}}}}"#,
            number + 1,
            now - (SPANS - number) as u128 * 1000
        )
    };
    let all: Vec<String> = (first..first + count).map(span).collect();
    format!("[{}]", all.join(","))
}

fn get(port: u16, path: &str) -> Result<String> {
    send(port, "GET", path, "")
}

fn send(port: u16, method: &str, path: &str, body: &str) -> Result<String> {
    let failed = |error: std::io::Error| format!("{method} {path}: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(failed)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    if answer.starts_with("HTTP/1.1 20") { Ok(answer) } else { Err(format!("{method} {path}: {answer}")) }
}
