//! Images: whether they are there, pulling them, and moving them through files.

use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{CreateImageOptionsBuilder, ImportImageOptionsBuilder};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::credentials::{self, Credential};
use super::engine::{Engine, Error, is_missing};
use crate::error::system_text;

/// Bytes of an image file that are sent in one piece.
const PIECE: usize = 256 << 10;
/// Pieces that may wait between the file and the engine.
const WAITING: usize = 16;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How far a layer of an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Short digest.
    pub id: String,
    /// Bytes that have arrived.
    pub done: u64,
    /// Bytes that it has.
    pub total: u64,
}

impl Engine {
    /// Whether the engine has an image of this name.
    pub async fn has_image(&self, image: &str) -> Result<bool, Error> {
        match self.api.inspect_image(image).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::refused(image, &error)),
        }
    }

    /// Pulls an image, with the user's credentials for its registry. `report` hears of each layer.
    pub async fn pull(&self, image: &str, report: &(dyn Fn(Layer) + Sync)) -> Result<(), Error> {
        let mut options = CreateImageOptionsBuilder::default().from_image(image);
        // Without a tag the engine would pull all of them.
        if !has_tag(image) {
            options = options.tag("latest");
        }
        let login = credentials::credential(credentials::registry(image)).map(login);
        let mut steps = self.api.create_image(Some(options.build()), None, login);
        while let Some(step) = steps.next().await {
            let step = step.map_err(|error| Error::refused(format!("cannot pull {image}"), &error))?;
            if let (Some(id), Some(detail)) = (step.id, step.progress_detail)
                && step.status.as_deref() == Some("Downloading")
                && let (Some(done), Some(total)) = (detail.current, detail.total)
            {
                let [done, total] = [done, total].map(|bytes| u64::try_from(bytes).unwrap_or_default());
                report(Layer { id, done, total });
            }
        }
        // Some engines say in words what others say with a status.
        if self.has_image(image).await? {
            return Ok(());
        }
        Err(Error::Refused {
            subject: format!("cannot pull {image}"),
            reason: "the engine does not have it".into(),
        })
    }

    /// Loads the images of a file that `docker save` or [`Engine::save`] wrote, compressed or not.
    pub async fn load(&self, file: &Path) -> Result<(), Error> {
        let trouble = |error: &std::io::Error| Error::File {
            path: format!("fail to load docker image from file {}", file.display()),
            reason: system_text(error),
        };
        let (sender, receiver) = mpsc::channel(WAITING);
        let path = file.to_owned();
        // Unpacked here: faster than most engines do it.
        let reader = tokio::task::spawn_blocking(move || read_pieces(&path, &sender));
        let pieces = futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|piece: Result<Bytes, std::io::Error>| (piece, receiver))
        });
        let options = ImportImageOptionsBuilder::default().quiet(true).build();
        let mut steps = self.api.import_image_stream(options, pieces, None::<HashMap<_, _>>);
        let mut outcome = Ok(());
        while let Some(step) = steps.next().await {
            if let Err(error) = step {
                let subject = format!("fail to load docker image from file {}", file.display());
                outcome = Err(Error::refused(subject, &error));
                break;
            }
        }
        drop(steps);
        match reader.await {
            // The reader's own trouble explains the engine's.
            Ok(Err(error)) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(trouble(&error)),
            _ => outcome,
        }
    }

    /// Writes an image to a file, gzipped, that [`Engine::load`] and `docker load` read.
    pub async fn save(&self, image: &str, file: &Path, report: &(dyn Fn(u64) + Sync)) -> Result<(), Error> {
        let trouble = |error: &std::io::Error| Error::File {
            path: file.display().to_string(),
            reason: system_text(error),
        };
        let (sender, mut receiver) = mpsc::channel::<Bytes>(WAITING);
        let path = file.to_owned();
        let writer = tokio::task::spawn_blocking(move || {
            let mut file = GzEncoder::new(fs_err::File::create(path)?, Compression::fast());
            while let Some(piece) = receiver.blocking_recv() {
                file.write_all(&piece)?;
            }
            file.finish()?.sync_all()
        });
        let mut pieces = std::pin::pin!(self.api.export_image(image));
        let mut done = 0;
        let mut outcome = Ok(());
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => {
                    done += piece.len() as u64;
                    report(done);
                    if sender.send(piece).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    outcome = Err(Error::refused(format!("cannot save {image}"), &error));
                    break;
                }
            }
        }
        drop(sender);
        match writer.await {
            Ok(Err(error)) => Err(trouble(&error)),
            Err(_) => Err(trouble(&std::io::ErrorKind::Other.into())),
            Ok(Ok(())) => outcome,
        }
    }
}

fn has_tag(image: &str) -> bool {
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    name.contains([':', '@'])
}

/// The tag of an image's name, `latest` when it has none.
pub fn tag(image: &str) -> &str {
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.split_once(':').map_or("latest", |(_, tag)| tag)
}

fn login(credential: Credential) -> DockerCredentials {
    match credential {
        Credential::Password(name, password) => DockerCredentials {
            username: Some(name),
            password: Some(password),
            ..DockerCredentials::default()
        },
        Credential::Token(token) => {
            DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() }
        }
    }
}

fn read_pieces(path: &Path, sender: &mpsc::Sender<Result<Bytes, std::io::Error>>) -> std::io::Result<()> {
    let result: std::io::Result<()> = (|| {
        let mut start = [0; 2];
        fs_err::File::open(path)?.read_exact(&mut start)?;
        let file = BufReader::with_capacity(PIECE, fs_err::File::open(path)?);
        let mut source: Box<dyn Read> =
            if start == GZIP { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        loop {
            let mut piece = vec![0; PIECE];
            let mut length = 0;
            while length < PIECE {
                let read = source.read(&mut piece[length..])?;
                if read == 0 {
                    break;
                }
                length += read;
            }
            if length == 0 {
                return Ok(());
            }
            piece.truncate(length);
            if sender.blocking_send(Ok(piece.into())).is_err() {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
        }
    })();
    if let Err(error) = &result {
        // The request has to break off, or the engine would take half an image for a whole one.
        let _ = sender.blocking_send(Err(std::io::Error::new(error.kind(), error.to_string())));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_between_name_and_digest() {
        let images = ["box:5000/dapr/dapr:1.18.0", "box:5000/zipkin", "redis:6@sha256:00", "redis@sha256:00"];
        assert_eq!(images.map(tag), ["1.18.0", "latest", "6", "latest"]);
    }

    #[test]
    fn a_port_is_not_a_tag() {
        assert!(has_tag("docker.io/redis:6"));
        assert!(!has_tag("localhost:5000/dapr/3rdparty/zipkin"));
        assert!(has_tag("localhost:5000/dapr@sha256:00"));
    }
}
