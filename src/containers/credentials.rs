//! What the user has given Docker to log in to registries with.

use docker_credential::DockerCredential;

/// How to log in to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password.
    Password(String, String),
    /// A token.
    Token(String),
}

/// The key under which Docker keeps what belongs to its own registry.
const HUB: &str = "https://index.docker.io/v1/";

/// The stored credential for a registry (`ghcr.io`, `localhost:5000`), or for that of an image. None is no
/// error: most images are public.
pub fn credential(registry: &str) -> Option<Credential> {
    let key = match registry {
        "docker.io" | "index.docker.io" => HUB,
        other => other,
    };
    match docker_credential::get_credential(key).ok()? {
        DockerCredential::UsernamePassword(name, password) if !name.is_empty() => {
            Some(Credential::Password(name, password))
        }
        DockerCredential::UsernamePassword(..) => None,
        DockerCredential::IdentityToken(token) => Some(Credential::Token(token)),
    }
}

/// The registry of an image reference: `docker.io` when it names none.
pub fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_registry() {
        assert_eq!(registry("ghcr.io/dapr/dapr:1.18.0"), "ghcr.io");
        assert_eq!(registry("localhost:5000/dapr"), "localhost:5000");
        assert_eq!(registry("daprio/dapr:1.18.0"), "docker.io");
        assert_eq!(registry("redis"), "docker.io");
    }
}
