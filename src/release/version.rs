//! Versions of the runtime: which is the newest, and what depends on which.

use std::collections::BTreeSet;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use semver::{BuildMetadata, Prerelease, Version};

use super::Error;
use crate::net::{AGENT, CONNECT, cause, provide_cryptography};

/// Tags that are asked for at once.
const PAGE: usize = 1000;

/// What a version of the runtime needs (init reference, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// It has a scheduler service: from 1.14 on, release candidates included.
    pub scheduler: bool,
    /// The scheduler is told under which address it is reached.
    pub broadcast: bool,
    /// The scheduler's store listens for clients.
    pub etcd_clients: bool,
}

impl Rules {
    /// The rules for a version such as `1.18.0` or `1.15.0-rc.5`.
    pub fn of(version: &str) -> Result<Self, Error> {
        let version = parse(version).ok_or(Error::Version)?;
        let at_least = |major, minor, patch| Version::new(major, minor, patch);
        let mut release = version.clone();
        release.pre = Prerelease::EMPTY;
        let mut candidate = at_least(1, 15, 0);
        candidate.pre = Prerelease::new("rc.5").map_err(|_| Error::Version)?;
        Ok(Self {
            scheduler: release >= at_least(1, 14, 0),
            broadcast: version > candidate,
            etcd_clients: version > at_least(1, 16, 0),
        })
    }
}

/// A version as it is written in URLs and image tags: without the `v` that people put in front.
pub fn normalized(version: &str) -> &str {
    let version = version.trim();
    version.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(version)
}

/// One to three numbers, a prerelease, build metadata.
fn parse(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 3_usize.checked_sub(numbers.split('.').count())?;
    Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(missing))).ok()
}

/// The newest stable version among the tags of an image repository such as `docker.io/daprio/dapr`. `credential`
/// is a name and a password or, without a name, a token.
pub async fn latest(repository: &str, credential: Option<(Option<String>, String)>) -> Result<String, Error> {
    let tags = tags(repository, credential).await?;
    if tags.is_empty() {
        return Err(failed(format!("no tags found for \"{repository}\"")));
    }
    let newest = newest(tags.iter().map(String::as_str));
    newest.ok_or_else(|| failed(format!("no stable releases found for \"{repository}\"")))
}

fn failed(reason: String) -> Error {
    Error::Latest { reason, offline: false }
}

fn newest<'a>(tags: impl Iterator<Item = &'a str>) -> Option<String> {
    let stable = |version: &Version| version.pre.is_empty() && version.build == BuildMetadata::EMPTY;
    tags.filter_map(parse).filter(stable).max().map(|version| version.to_string())
}

async fn tags(
    repository: &str,
    credential: Option<(Option<String>, String)>,
) -> Result<BTreeSet<String>, Error> {
    let image: Reference = repository
        .parse()
        .map_err(|error| failed(format!("invalid image reference \"{repository}\": {error}")))?;
    provide_cryptography();
    let registry = image.resolve_registry().to_owned();
    let protocol = if is_loopback(&registry) {
        ClientProtocol::HttpsExcept(vec![registry])
    } else {
        ClientProtocol::Https
    };
    let client = Client::new(ClientConfig {
        protocol,
        connect_timeout: Some(CONNECT),
        read_timeout: Some(CONNECT * 2),
        user_agent: AGENT,
        ..ClientConfig::default()
    });
    let login = match credential {
        Some((Some(name), password)) => RegistryAuth::Basic(name, password),
        Some((None, token)) => RegistryAuth::Bearer(token),
        None => RegistryAuth::Anonymous,
    };
    let mut found = BTreeSet::new();
    let mut last: Option<String> = None;
    loop {
        let page = client.list_tags(&image, &login, Some(PAGE), last.as_deref()).await.map_err(|error| {
            let offline = matches!(&error, oci_client::errors::OciDistributionError::RequestError(error)
                if error.is_connect() || error.is_timeout());
            let words = match &error {
                oci_client::errors::OciDistributionError::RequestError(error) => cause(error),
                other => other.to_string(),
            };
            Error::Latest { reason: format!("failed to list tags for \"{repository}\": {words}"), offline }
        })?;
        last = page.tags.last().cloned();
        let known = found.len();
        found.extend(page.tags);
        // A registry that knows no pages sends the same ones again.
        if found.len() == known {
            return Ok(found);
        }
    }
}

/// Registries on this machine speak plain HTTP, as the engines have it, too.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stable_version_wins() {
        let tags =
            ["1.9.5", "v1.18.0", "1.18.1-rc.1", "1.18.0-mariner", "edge", "1.17", "1.18.9+x", "latest"];
        assert_eq!(newest(tags.into_iter()).as_deref(), Some("1.18.0"));
        assert_eq!(newest(["edge", "1.0.0-rc.1"].into_iter()), None);
    }

    #[test]
    fn rules_follow_the_version() {
        let of = |version| {
            let rules = Rules::of(version).unwrap();
            (rules.scheduler, rules.broadcast, rules.etcd_clients)
        };
        assert_eq!(of("1.13.6"), (false, false, false));
        assert_eq!(of("1.14.0-rc.2"), (true, false, false));
        assert_eq!(of("1.15.0-rc.5"), (true, false, false));
        assert_eq!(of("1.15.0"), (true, true, false));
        assert_eq!(of("1.16.0"), (true, true, false));
        assert_eq!(of("1.16.1"), (true, true, true));
        assert_eq!(of("1.18"), (true, true, true));
        assert!(matches!(Rules::of("edge"), Err(Error::Version)));
    }

    #[test]
    fn a_leading_v_is_no_part_of_a_version() {
        assert_eq!(normalized(" v1.18.0 "), "1.18.0");
        assert_eq!(normalized("version"), "version");
    }
}
