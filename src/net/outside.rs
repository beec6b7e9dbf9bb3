//! The HTTP client for everything outside this machine: system proxies, system certificates.

use std::time::Duration;

/// How long a connection may take, the lookup of the name included.
pub const CONNECT: Duration = Duration::from_secs(8);
/// How this program names itself.
pub const AGENT: &str = concat!("dapr-cli/", env!("CARGO_PKG_VERSION"));

/// A client that follows `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    http_client_builder().build()
}

/// The same, for a caller with wishes of its own.
pub fn http_client_builder() -> reqwest::ClientBuilder {
    provide_cryptography();
    reqwest::Client::builder().user_agent(AGENT).connect_timeout(CONNECT)
}

/// Whether a URL leads to this machine, where no proxy has to be asked.
pub fn is_local(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Has TLS use the one implementation that this program carries.
pub fn provide_cryptography() {
    // A second call finds it installed, which is what it wants.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What a request, of whatever client, failed of: the innermost cause, which is what the system or the other side said.
pub fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// The text of Go's HTTP client for a request that got no answer.
pub fn failure(method: &reqwest::Method, url: &str, error: &reqwest::Error) -> String {
    let (first, rest) = method.as_str().split_at(1);
    format!("{first}{} {url:?}: {}", rest.to_lowercase(), cause(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_this_machine() {
        for url in ["http://localhost:1/x", "http://127.0.0.1", "https://[::1]:443/", "http://LOCALHOST"] {
            assert!(is_local(url), "{url}");
        }
        for url in ["http://localhost.example", "http://10.0.0.1", "nonsense", ""] {
            assert!(!is_local(url), "{url}");
        }
    }
}
