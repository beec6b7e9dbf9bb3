//! Names of images (init reference, section 6).

use super::Error;

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registry {
    /// Docker Hub, unless somebody says otherwise.
    DockerHub,
    /// GitHub's registry.
    Ghcr,
    /// `--image-registry`.
    Custom(String),
}

impl Registry {
    /// From the value of `--image-registry` and that of `DAPR_DEFAULT_IMAGE_REGISTRY`.
    pub fn of(flag: &str, default: Option<&str>) -> Result<Self, Error> {
        match (flag.trim().trim_end_matches('/'), default) {
            ("docker.io" | "ghcr.io", _) => Err(Error::Registry),
            ("", None) => Ok(Self::DockerHub),
            ("", Some(name)) if name.eq_ignore_ascii_case("GHCR") => Ok(Self::Ghcr),
            ("", Some(_)) => Err(Error::DefaultRegistry),
            (registry, _) => Ok(Self::Custom(registry.to_owned())),
        }
    }

    /// The repository whose tags are the runtime's versions.
    pub fn repository(&self) -> String {
        match self {
            Self::DockerHub => "docker.io/daprio/dapr".into(),
            Self::Ghcr => "ghcr.io/dapr/dapr".into(),
            Self::Custom(registry) => format!("{registry}/dapr/dapr"),
        }
    }

    /// The registry's host, under which credentials for it are kept.
    pub fn host(&self) -> &str {
        match self {
            Self::DockerHub => "docker.io",
            Self::Ghcr => "ghcr.io",
            Self::Custom(registry) => registry.split('/').next().unwrap_or(registry),
        }
    }
}

/// A flavour of the runtime's image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// The usual one.
    #[default]
    Standard,
    /// Built on Mariner Linux.
    Mariner,
}

impl Variant {
    /// From the value of `--image-variant`.
    pub fn of(flag: &str) -> Result<Self, Error> {
        match flag.trim() {
            "" => Ok(Self::Standard),
            name if name.eq_ignore_ascii_case("mariner") => Ok(Self::Mariner),
            name => Err(Error::Variant(name.to_owned())),
        }
    }
}

/// The images of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Placement and scheduler.
    pub dapr: String,
    /// The same at Docker Hub, to be used when the first can't be pulled.
    pub dapr_fallback: Option<String>,
    /// Redis.
    pub redis: String,
    /// Zipkin.
    pub zipkin: String,
}

impl Images {
    /// The images of a version from a registry.
    pub fn of(registry: &Registry, version: &str, variant: Variant, redis_stack: bool) -> Self {
        let tag = match variant {
            Variant::Standard => version.to_owned(),
            Variant::Mariner => format!("{version}-mariner"),
        };
        let redis = if redis_stack { "redis-stack-server:7.2.0-v19" } else { "redis:6" };
        let third_party = match registry {
            Registry::DockerHub => None,
            Registry::Ghcr => Some("ghcr.io/dapr/3rdparty".to_owned()),
            Registry::Custom(registry) => Some(format!("{registry}/dapr/3rdparty")),
        };
        let (redis, zipkin) = match third_party {
            Some(prefix) => (format!("{prefix}/{redis}"), format!("{prefix}/zipkin")),
            None if redis_stack => (format!("docker.io/redis/{redis}"), "docker.io/openzipkin/zipkin".into()),
            None => (format!("docker.io/{redis}"), "docker.io/openzipkin/zipkin".into()),
        };
        Self {
            dapr: format!("{}:{tag}", registry.repository()),
            dapr_fallback: (*registry == Registry::Ghcr)
                .then(|| format!("{}:{tag}", Registry::DockerHub.repository())),
            redis,
            zipkin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_stock_command_line() {
        let of = |registry, variant, stack| {
            let images = Images::of(&registry, "1.18.0", variant, stack);
            [images.dapr, images.redis, images.zipkin]
        };
        assert_eq!(
            of(Registry::DockerHub, Variant::Standard, false),
            ["docker.io/daprio/dapr:1.18.0", "docker.io/redis:6", "docker.io/openzipkin/zipkin"]
        );
        assert_eq!(
            of(Registry::DockerHub, Variant::Mariner, true)[..2],
            ["docker.io/daprio/dapr:1.18.0-mariner", "docker.io/redis/redis-stack-server:7.2.0-v19"]
        );
        assert_eq!(
            of(Registry::Ghcr, Variant::Standard, false),
            ["ghcr.io/dapr/dapr:1.18.0", "ghcr.io/dapr/3rdparty/redis:6", "ghcr.io/dapr/3rdparty/zipkin"]
        );
        assert_eq!(
            of(Registry::Custom("box:5000/x".into()), Variant::Standard, true)[1],
            "box:5000/x/dapr/3rdparty/redis-stack-server:7.2.0-v19"
        );
    }

    #[test]
    fn registries_are_checked_as_the_stock_command_line_does() {
        assert_eq!(Registry::of(" box/ ", Some("x")).unwrap(), Registry::Custom("box".into()));
        assert_eq!(Registry::of("", Some("ghcr")).unwrap(), Registry::Ghcr);
        assert!(matches!(Registry::of("", Some("x")), Err(Error::DefaultRegistry)));
        assert!(matches!(Registry::of("docker.io", None), Err(Error::Registry)));
        assert!(matches!(Variant::of("alpine"), Err(Error::Variant(_))));
    }
}
