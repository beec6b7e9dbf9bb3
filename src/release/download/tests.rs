//! Downloads from a server that does as it is told.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What the server does with the archive; it always has a checksum of the right content.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Whole,
    /// It breaks off in the middle, this many times.
    Cut(usize),
    /// It fails with this status, this many times.
    Status(u16, usize),
    /// What arrives is something else.
    Other,
    /// There is no checksum.
    Unchecked,
}

/// A server with one archive; knows the requests that it got, as `path` or `path range`.
struct Server {
    base: String,
    seen: Arc<Mutex<Vec<String>>>,
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

async fn serve(mut stream: TcpStream, manner: Manner, seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let from = request.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-'));
    let name = path.rsplit_once('/').unwrap().1;
    let earlier = {
        let mut seen = seen.lock().unwrap();
        let earlier = seen.iter().filter(|other| other.split(' ').next() == Some(name)).count();
        seen.push(from.map_or_else(|| name.to_owned(), |from| format!("{name} {from}")));
        earlier
    };
    let body = if manner == Manner::Other { vec![b'x'; 300_000] } else { content() };
    let start = from.map_or(0, |from| from.parse().unwrap());
    let rest = &body[start..];
    let (status, body) = if name.ends_with(".sha256") {
        let digest = hex::encode_upper(Sha256::digest(content()));
        match manner {
            Manner::Unchecked => ("404 Not Found".to_owned(), Vec::new()),
            _ => ("200 OK".to_owned(), format!("{digest} *archive\n").into_bytes()),
        }
    } else {
        match manner {
            Manner::Status(status, times) if earlier < times => (format!("{status} Failed"), Vec::new()),
            _ if from.is_some() => ("206 Partial Content".to_owned(), rest.to_vec()),
            _ => ("200 OK".to_owned(), rest.to_vec()),
        }
    };
    let length = body.len();
    let sent = match manner {
        Manner::Cut(times) if !name.ends_with(".sha256") && earlier < times => length / 2,
        _ => length,
    };
    let head = format!(
        "HTTP/1.1 {status}\r\netag: \"one\"\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let _ = stream.write_all(&body[..sent]).await;
    let _ = stream.shutdown().await;
}

async fn server(manner: Manner) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/downloads", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            tokio::spawn(async move { serve(stream, manner, &log).await });
        }
    });
    Server { base, seen }
}

impl Server {
    fn archive(&self) -> Archive {
        Archive::new(&self.base, "v1.18.0", "daprd")
    }

    async fn download(&self, cache: &Cache) -> Result<(PathBuf, bool), Error> {
        let client = reqwest_client();
        cache.open(&client, &self.archive()).await?.finish(&|_| {}).await
    }

    /// The requests for the archive, as the offsets that they begin at.
    fn offsets(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let archive = Archive::file_name("daprd");
        let of_archive = seen.iter().filter_map(|request| request.strip_prefix(&archive));
        of_archive.filter(|rest| !rest.starts_with('.')).map(|rest| rest.trim().to_owned()).collect()
    }
}

fn reqwest_client() -> Client {
    crate::net::http_client().unwrap()
}

/// Names of all files in a cache.
fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(root.join("1.18.0"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_archive_is_checked_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, server) = (Cache::new(directory.path().to_owned()), server(Manner::Whole).await);
    assert_eq!(cache.find(&server.archive()), None);
    let (file, verified) = server.download(&cache).await.unwrap();
    assert!(verified);
    assert_eq!(fs_err::read(&file).unwrap(), content());
    assert_eq!(cache.find(&server.archive()), Some(file.clone()));
    let archive = Archive::file_name("daprd");
    assert_eq!(names(directory.path()), [archive.clone(), format!("{archive}.sha256")]);
    fs_err::write(&file, "damaged").unwrap();
    assert_eq!(cache.find(&server.archive()), None);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, server) = (Cache::new(directory.path().to_owned()), server(Manner::Cut(2)).await);
    let (file, _) = server.download(&cache).await.unwrap();
    assert_eq!(fs_err::read(file).unwrap(), content());
    assert_eq!(server.offsets(), ["", "150000", "225000"]);
}

#[tokio::test]
async fn what_a_killed_program_left_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, server) = (Cache::new(directory.path().to_owned()), server(Manner::Whole).await);
    let part = beside(&cache.file(&server.archive()), "part");
    fs_err::create_dir_all(part.parent().unwrap()).unwrap();
    fs_err::write(part.with_extension("etag"), "\"one\"").unwrap();
    fs_err::write(&part, &content()[..1000]).unwrap();
    let (file, _) = server.download(&cache).await.unwrap();
    assert_eq!(fs_err::read(file).unwrap(), content());
    assert_eq!(server.offsets(), ["1000"]);
    // What turns out to be of another file is fetched anew.
    fs_err::remove_dir_all(directory.path().join("1.18.0")).unwrap();
    fs_err::create_dir_all(part.parent().unwrap()).unwrap();
    fs_err::write(part.with_extension("etag"), "\"one\"").unwrap();
    fs_err::write(&part, vec![b'x'; 1000]).unwrap();
    let (file, _) = server.download(&cache).await.unwrap();
    assert_eq!(fs_err::read(file).unwrap(), content());
    assert_eq!(server.offsets(), ["1000", "1000", ""]);
}

#[tokio::test]
async fn failures_name_the_url_and_leave_no_archive() {
    let failure = async |manner| {
        let directory = tempfile::tempdir().unwrap();
        let (cache, server) = (Cache::new(directory.path().to_owned()), server(manner).await);
        let error = server.download(&cache).await.unwrap_err();
        assert_eq!(cache.find(&server.archive()), None);
        assert!(!names(directory.path()).contains(&Archive::file_name("daprd")));
        (error.to_string().replace(&server.base, "BASE"), server.offsets().len())
    };
    let file = Archive::file_name("daprd");
    let url = format!("BASE/v1.18.0/{file}");
    assert_eq!(failure(Manner::Status(404, 9)).await, (format!("version not found from url: {url}"), 1));
    assert_eq!(
        failure(Manner::Status(403, 9)).await,
        (format!("download failed with 403 from url: {url}"), 1)
    );
    let (text, requests) = failure(Manner::Status(503, 9)).await;
    assert_eq!((text, requests), (format!("download failed with 503 from url: {url}"), 3));
    let (text, _) = failure(Manner::Other).await;
    assert!(text.starts_with(&format!("wrong checksum of {url}: SHA-256 should be ")), "{text}");
    let (text, _) = failure(Manner::Cut(99)).await;
    assert!(text.starts_with(&format!("cannot download {url}: ")), "{text}");
}

#[tokio::test]
async fn a_server_that_recovers_and_one_without_checksums_will_do() {
    for (manner, checked) in [(Manner::Status(503, 1), true), (Manner::Unchecked, false)] {
        let directory = tempfile::tempdir().unwrap();
        let (cache, server) = (Cache::new(directory.path().to_owned()), server(manner).await);
        let (file, verified) = server.download(&cache).await.unwrap();
        assert_eq!(fs_err::read(file).unwrap(), content());
        assert_eq!(verified, checked);
    }
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let cache = Cache::new("/nowhere".into());
    let error = cache.open(&reqwest_client(), &Archive::new(&base, "1.18.0", "daprd")).await.unwrap_err();
    assert!(error.is_offline(), "{error}");
    assert!(error.to_string().ends_with("Connection refused"), "{error}");
}
