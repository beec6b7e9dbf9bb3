//! As little HTTP/1.1 as a measurement needs: a client that keeps its connection, a server for one handler.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::Result;

/// A request or an answer: its first line and its body.
pub struct Message {
    /// `POST /x HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub line: String,
    /// The bytes after the headers.
    pub body: Vec<u8>,
}

/// One kept connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn new(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(|error| error.to_string())?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request and reads its answer, which has to be a success.
    pub fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let answer = read(&mut self.stream)?.ok_or("the connection was closed")?;
        if answer.line.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            return Ok(answer.body);
        }
        Err(format!("{method} {path}: {} {}", answer.line, String::from_utf8_lossy(&answer.body)))
    }
}

/// Serves a port of this machine until the process ends; the handler gets each request and returns a JSON body.
pub fn serve(listener: TcpListener, handler: impl Fn(&Message) -> String + Clone + Send + 'static) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = handler.clone();
            thread::spawn(move || converse(stream, &handler));
        }
    });
}

fn converse(stream: TcpStream, handler: &impl Fn(&Message) -> String) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read(&mut stream) {
        let body = handler(&request);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads one message; `None` at the end of the connection.
fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Message>> {
    let first = line(stream)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut length = 0;
    let mut chunked = false;
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|_| format!("bad header {header}"))?;
        }
        chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).map_err(|error| error.to_string())?;
    while chunked {
        let size = usize::from_str_radix(&line(stream)?, 16).map_err(|error| error.to_string())?;
        let mut chunk = vec![0; size];
        stream.read_exact(&mut chunk).map_err(|error| error.to_string())?;
        line(stream)?;
        body.extend(chunk);
        chunked = size > 0;
    }
    Ok(Some(Message { line: first, body }))
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim_end().to_owned())
}
