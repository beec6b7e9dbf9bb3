//! Stands in for the stock `placement`, `scheduler` and, where nothing but its presence counts, `daprd`, in images
//! and release archives of the engine tests. Its name decides which one it is. It answers on the health, metrics
//! and gRPC ports, refuses flags that the stock program doesn't know, and the scheduler keeps a file in its data
//! directory. It needs nothing but the standard library, and no file beside it.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::exit;
use std::thread;

/// What a client of HTTP/2 sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame: length, type 4, no flags, stream 0.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

const COMMON: [&str; 7] = [
    "healthz-listen-address", "healthz-port", "listen-address", "log-level", "metrics-port", "port", "trust-domain",
];
const SCHEDULER: [&str; 5] = [
    "etcd-client-listen-address", "etcd-client-port", "etcd-data-dir", "id", "override-broadcast-host-port",
];

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(code: i32) -> !;
}

/// As the first process of a container it would not be ended by SIGTERM otherwise.
extern "C" fn end(_: i32) {
    unsafe { _exit(0) }
}

fn main() {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    let name = Path::new(&program).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let version = std::env::var("DAPR_VERSION").unwrap_or_else(|_| appended());
    let flags = flags(&name, &version, arguments);
    for number in [2, 15] {
        unsafe { signal(number, end) };
    }
    let port = |flag: &str, default: u16| flags.get(flag).map_or(default, |value| number(flag, value));
    serve(&flags, port("healthz-port", 8080), health);
    serve(&flags, port("metrics-port", 9090), metrics);
    if name == "scheduler" {
        keep_data(flags.get("etcd-data-dir").map_or("./data", |directory| directory));
        serve(&flags, port("etcd-client-port", 2379), grpc);
    }
    let default = if name == "scheduler" { 50006 } else { 50005 };
    let listening = serve(&flags, port("port", default), grpc);
    println!("{name} {version} is listening");
    let _ = listening.join();
}

/// The version at the end of the program's own file, where archives have it.
fn appended() -> String {
    let program = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
    let end = String::from_utf8_lossy(&program[program.len().saturating_sub(64)..]).into_owned();
    end.rsplit_once("DAPR_VERSION=").map_or_else(|| "0.0.0".into(), |(_, version)| version.trim().to_owned())
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    exit(1)
}

fn number(flag: &str, value: &str) -> u16 {
    value.parse().unwrap_or_else(|_| fail(&format!("invalid argument \"{value}\" for \"--{flag}\" flag")))
}

/// `--name value` and `--name=value`; anything unknown ends the program.
fn flags(name: &str, version: &str, mut arguments: impl Iterator<Item = String>) -> HashMap<String, String> {
    let mut flags = HashMap::new();
    while let Some(argument) = arguments.next() {
        if argument == "--version" {
            println!("{version}");
            exit(0);
        }
        let Some(flag) = argument.strip_prefix("--") else {
            fail(&format!("unknown argument: {argument}"))
        };
        let (flag, value) = match flag.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (flag, None),
        };
        if !COMMON.contains(&flag) && !(name == "scheduler" && SCHEDULER.contains(&flag)) {
            fail(&format!("unknown flag: --{flag}"));
        }
        let Some(value) = value.or_else(|| arguments.next()) else {
            fail(&format!("flag needs an argument: --{flag}"))
        };
        flags.insert(flag.to_owned(), value);
    }
    flags
}

fn keep_data(directory: &str) {
    let file = Path::new(directory).join("member");
    if let Err(error) = std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&file, "kept\n")) {
        fail(&format!("{}: {error}", file.display()));
    }
}

/// Answers every connection to a port in a thread of its own.
fn serve(flags: &HashMap<String, String>, port: u16, answer: fn(TcpStream)) -> thread::JoinHandle<()> {
    let address = flags.get("listen-address").map_or("0.0.0.0", |address| address);
    let listener = TcpListener::bind((address, port))
        .unwrap_or_else(|error| fail(&format!("could not listen on port {port}: {error}")));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    })
}

/// The path of one HTTP request.
fn path(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(length) if length > 0 => request.extend_from_slice(&chunk[..length]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned()
}

fn respond(stream: &mut TcpStream, status: &str, body: &str) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nConnection: close\r\n");
    let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
}

fn health(mut stream: TcpStream) {
    let status = if path(&mut stream) == "/healthz" { "200 OK" } else { "404 Not Found" };
    respond(&mut stream, status, "");
}

fn metrics(mut stream: TcpStream) {
    path(&mut stream);
    let text = "# HELP standin_up Whether it runs.\n# TYPE standin_up gauge\nstandin_up 1\n";
    respond(&mut stream, "200 OK", text);
}

/// Greets a client of HTTP/2 and keeps the connection until it goes.
fn grpc(mut stream: TcpStream) {
    let mut preface = [0; PREFACE.len()];
    if stream.read_exact(&mut preface).is_err() || preface != PREFACE || stream.write_all(&SETTINGS).is_err() {
        return;
    }
    let mut rest = [0; 1024];
    while stream.read(&mut rest).is_ok_and(|length| length > 0) {}
}
