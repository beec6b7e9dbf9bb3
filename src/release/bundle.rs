//! Bundles: a directory with archives and images, for machines without a network (init reference, section 8).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Archive, Error};
use crate::error::system_text;

/// Name of the description in the bundle's directory.
const DETAILS: &str = "details.json";

/// What `details.json` says. Unknown keys are ignored, by the stock command line as well, so that ours stand
/// beside its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// Version of the runtime.
    pub daprd: String,
    /// Directory of the archives with binaries.
    pub dapr_binary_sub_dir: String,
    /// Directory of the image files.
    pub docker_image_sub_dir: String,
    /// Reference of the image of placement and scheduler.
    pub dapr_image_name: String,
    /// Its file.
    pub dapr_image_file_name: String,
    /// Reference of a Redis image. Ours.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub redis_image_name: String,
    /// Its file. Ours.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub redis_image_file_name: String,
    /// Reference of a Zipkin image. Ours.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zipkin_image_name: String,
    /// Its file. Ours.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zipkin_image_file_name: String,
}

/// A bundle whose description has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its directory.
    pub directory: PathBuf,
    /// What is in it.
    pub details: Details,
}

impl Bundle {
    /// Reads a bundle's description.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(DETAILS);
        let text = fs_err::read_to_string(&path)
            .map_err(|error| Error::Details(format!("{}: {}", path.display(), system_text(&error))))?;
        let details: Details = serde_json::from_str(&text)
            .map_err(|error| Error::Details(format!("{}: {error}", path.display())))?;
        let required = [
            &details.daprd,
            &details.dapr_binary_sub_dir,
            &details.docker_image_sub_dir,
            &details.dapr_image_name,
            &details.dapr_image_file_name,
        ];
        if required.iter().any(|value| value.trim().is_empty()) {
            return Err(Error::Details(format!("required fields are missing in {}", path.display())));
        }
        Ok(Self { directory: directory.to_owned(), details })
    }

    /// Writes the description; the bundle is whole from then on.
    pub fn write(&self) -> Result<(), Error> {
        let path = self.directory.join(DETAILS);
        let text =
            serde_json::to_string_pretty(&self.details).map_err(|error| Error::Details(error.to_string()))?;
        fs_err::write(&path, text + "\n").map_err(|error| Error::file(&path, &error))
    }

    /// The archive of a program.
    pub fn archive(&self, name: &str) -> PathBuf {
        let details = &self.details;
        self.directory.join(&details.dapr_binary_sub_dir).join(Archive::file_name(name))
    }

    /// Reference and file of the image of placement and scheduler.
    pub fn dapr_image(&self) -> (String, PathBuf) {
        (self.details.dapr_image_name.clone(), self.image(&self.details.dapr_image_file_name))
    }

    /// Reference and file of the Redis image, when the bundle has one.
    pub fn redis_image(&self) -> Option<(String, PathBuf)> {
        self.optional(&self.details.redis_image_name, &self.details.redis_image_file_name)
    }

    /// Reference and file of the Zipkin image, when the bundle has one.
    pub fn zipkin_image(&self) -> Option<(String, PathBuf)> {
        self.optional(&self.details.zipkin_image_name, &self.details.zipkin_image_file_name)
    }

    fn optional(&self, name: &str, file: &str) -> Option<(String, PathBuf)> {
        (!name.is_empty() && !file.is_empty()).then(|| (name.to_owned(), self.image(file)))
    }

    fn image(&self, file: &str) -> PathBuf {
        self.directory.join(&self.details.docker_image_sub_dir).join(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_bundle_is_read() {
        let directory = tempfile::tempdir().unwrap();
        fs_err::write(
            directory.path().join(DETAILS),
            r#"{"daprd": "1.18.0", "dashboard": "0.15.0", "cli": "1.18.0", "daprBinarySubDir": "dist",
                "dockerImageSubDir": "docker", "daprImageName": "daprio/dapr:1.18.0", "daprImageFileName": "dapr.tar.gz"}"#,
        )
        .unwrap();
        let bundle = Bundle::open(directory.path()).unwrap();
        assert_eq!(
            bundle.dapr_image(),
            ("daprio/dapr:1.18.0".into(), directory.path().join("docker/dapr.tar.gz"))
        );
        assert_eq!(bundle.redis_image(), None);
        assert!(bundle.archive("daprd").starts_with(directory.path().join("dist")));
    }

    #[test]
    fn a_blank_field_counts_as_missing() {
        let directory = tempfile::tempdir().unwrap();
        let write = |text| fs_err::write(directory.path().join(DETAILS), text).unwrap();
        let error = || Bundle::open(directory.path()).unwrap_err().to_string();
        assert!(error().ends_with("details.json: no such file or directory"), "{}", error());
        write("{");
        assert!(error().starts_with("error parsing details file from bundle location: "), "{}", error());
        write(r#"{"daprd": "  "}"#);
        assert!(error().contains("required fields are missing in "), "{}", error());
    }

    #[test]
    fn what_is_written_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let details = Details {
            daprd: "1.18.0".into(),
            dapr_binary_sub_dir: "dist".into(),
            docker_image_sub_dir: "docker".into(),
            dapr_image_name: "x".into(),
            dapr_image_file_name: "x.tar.gz".into(),
            redis_image_name: "redis:6".into(),
            redis_image_file_name: "redis.tar.gz".into(),
            ..Details::default()
        };
        let bundle = Bundle { directory: directory.path().to_owned(), details };
        bundle.write().unwrap();
        assert_eq!(Bundle::open(directory.path()).unwrap(), bundle);
    }
}
