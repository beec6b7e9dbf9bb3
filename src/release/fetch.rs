//! Getting a file over HTTP into a part file: resumed where it broke off, tried again while there is hope.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, ETAG, IF_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Error, Progress};
use crate::net::cause;

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(15);
/// At least this many bytes have to arrive within this time (init reference, section 5).
const STALL: (u64, Duration) = (200, Duration::from_secs(5));
/// Waits before trying again. Counted anew after progress.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1500)];
/// Bytes that count as progress.
const PROGRESS: u64 = 64 << 10;

/// A file that is arriving, and the server's name for its content.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    etag: Option<String>,
}

impl Part {
    /// What is there from an earlier try.
    pub fn at(path: &Path) -> Self {
        let mut part = Self { path: path.to_owned(), etag: None };
        part.etag = fs_err::read_to_string(part.etag_file()).ok().filter(|etag| !etag.is_empty());
        part
    }

    /// Its place.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn etag_file(&self) -> PathBuf {
        self.path.with_extension("etag")
    }

    /// Bytes that are there and may be gone on with.
    pub fn length(&self) -> u64 {
        match &self.etag {
            Some(_) => fs_err::metadata(&self.path).map_or(0, |file| file.len()),
            None => 0,
        }
    }

    /// Forgets everything.
    pub fn remove(&mut self) {
        self.etag = None;
        let _ = fs_err::remove_file(&self.path);
        let _ = fs_err::remove_file(self.etag_file());
    }
}

/// A failure, and whether the next try may go better.
struct Fault {
    error: Error,
    again: bool,
}

/// Asks for the rest of a file; the answer is one with its content.
pub async fn begin(client: &Client, url: &str, part: &Part) -> Result<Response, Error> {
    let mut pauses = PAUSES.iter();
    loop {
        match ask(client, url, Some(part)).await {
            Ok(response) => return Ok(response),
            Err(fault) => match pauses.next() {
                Some(pause) if fault.again => sleep(*pause).await,
                _ => return Err(fault.error),
            },
        }
    }
}

/// A small text file; `None` when the server has none.
pub async fn text(client: &Client, url: &str) -> Result<Option<String>, Error> {
    let mut pauses = PAUSES.iter();
    loop {
        let fault = match ask(client, url, None).await {
            Ok(response) => match timeout(ANSWER, response.text()).await {
                Ok(Ok(text)) => return Ok(Some(text)),
                Ok(Err(error)) => broken(url, &error),
                Err(_) => silent(url),
            },
            Err(Fault { error: Error::NotFound { .. }, .. }) => return Ok(None),
            Err(fault) => fault,
        };
        match pauses.next() {
            Some(pause) if fault.again => sleep(*pause).await,
            _ => return Err(fault.error),
        }
    }
}

/// Receives the content of an answer into the part file, and asks again when it breaks off.
pub async fn receive(
    client: &Client,
    url: &str,
    part: &mut Part,
    response: &mut Response,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<(), Error> {
    let mut pauses = PAUSES.iter();
    let mut reached = part.length();
    loop {
        let Err(fault) = write(url, part, response, report).await else {
            return Ok(());
        };
        let length = part.length();
        if length >= reached + PROGRESS {
            pauses = PAUSES.iter();
            reached = length;
        }
        match pauses.next() {
            Some(pause) if fault.again => sleep(*pause).await,
            _ => return Err(fault.error),
        }
        *response = begin(client, url, part).await?;
    }
}

async fn ask(client: &Client, url: &str, part: Option<&Part>) -> Result<Response, Fault> {
    let mut request = client.get(url);
    let have = part.map_or(0, Part::length);
    if let Some(etag) = part.and_then(|part| part.etag.as_deref()).filter(|_| have > 0) {
        request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, etag);
    }
    let response = match timeout(ANSWER, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(broken(url, &error)),
        Err(_) => return Err(silent(url)),
    };
    match response.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(response),
        StatusCode::NOT_FOUND => Err(Fault { error: Error::NotFound { url: url.into() }, again: false }),
        status => {
            let error = Error::Status { url: url.into(), status: status.as_u16() };
            Err(Fault { error, again: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS })
        }
    }
}

async fn write(
    url: &str,
    part: &mut Part,
    response: &mut Response,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<(), Fault> {
    let disk = |error: &std::io::Error, path: &Path| Fault { error: Error::file(path, error), again: false };
    let resumed = response.status() == StatusCode::PARTIAL_CONTENT;
    let mut done = if resumed { part.length() } else { 0 };
    let length =
        response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let total = length.map(|length| length + done);
    if !resumed {
        part.remove();
        // A weak name does not promise the same bytes.
        let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
        part.etag = etag.filter(|etag| !etag.starts_with("W/")).map(str::to_owned);
        if let Some(etag) = &part.etag {
            fs_err::write(part.etag_file(), etag).map_err(|error| disk(&error, &part.path))?;
        }
    }
    let mut file = fs_err::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&part.path)
        .map_err(|error| disk(&error, &part.path))?;
    let (least, time) = STALL;
    let mut window = (Instant::now() + time, 0);
    loop {
        let Ok(piece) = timeout_at(window.0, response.chunk()).await else {
            if window.1 < least {
                let error = Error::Stalled { url: url.into(), bytes: window.1 };
                return Err(Fault { error, again: true });
            }
            window = (Instant::now() + time, 0);
            continue;
        };
        match piece.map_err(|error| broken(url, &error))? {
            None => break,
            Some(piece) => {
                std::io::Write::write_all(&mut file, &piece).map_err(|error| disk(&error, &part.path))?;
                done += piece.len() as u64;
                window.1 += piece.len() as u64;
                report(Progress { done, total });
            }
        }
    }
    match total {
        Some(total) if done < total => {
            let reason = format!("it broke off after {done} of {total} bytes");
            Err(Fault { error: Error::Connection { url: url.into(), reason }, again: true })
        }
        _ => Ok(()),
    }
}

fn broken(url: &str, error: &reqwest::Error) -> Fault {
    let reason = cause(error);
    // A name that nobody knows, a time that is over and a certificate that is wrong stay so.
    let hopeless = error.is_builder()
        || error.is_redirect()
        || (error.is_connect()
            && (error.is_timeout() || reason.contains("dns error") || reason.contains("certificate")));
    Fault { error: Error::Connection { url: url.into(), reason }, again: !hopeless }
}

fn silent(url: &str) -> Fault {
    let reason = format!("no answer within {} s", ANSWER.as_secs());
    Fault { error: Error::Connection { url: url.into(), reason }, again: false }
}
