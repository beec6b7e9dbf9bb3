//! HTTPEndpoint resources from files to services that can be called (daprd reference, section 10.2).

use std::collections::BTreeMap;
use std::path::PathBuf;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::{PROCESSOR, values};
use crate::env::Env;
use crate::net::{self, ClientTls};
use crate::resources::{HttpEndpoint, Source, Templates};
use crate::sidecar::Shared;
use crate::sidecar::outside::{Endpoint, Outside};

/// An endpoint that can't be used, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("process HTTPEndpoint {name} error: {text} (defined in {})", file.display())]
pub struct Error {
    name: String,
    text: String,
    file: PathBuf,
}

/// Makes all of them; secrets come from stores that have been loaded.
pub async fn all(
    endpoints: Vec<HttpEndpoint>,
    shared: &Shared,
    env: &Env,
    outside: &Outside,
) -> Result<(), Error> {
    let mut made = BTreeMap::new();
    for endpoint in endpoints {
        tracing::info!(target: PROCESSOR, "Found http endpoint: {}", endpoint.name);
        let one = make(&endpoint, shared, env).await;
        let HttpEndpoint { name, file, .. } = endpoint;
        match one {
            Ok(one) => drop(made.insert(name, one)),
            Err(text) => return Err(Error { name, text, file }),
        }
    }
    outside.set(made);
    Ok(())
}

async fn make(endpoint: &HttpEndpoint, shared: &Shared, env: &Env) -> Result<Endpoint, String> {
    let templates = Templates::new(&shared.app_id, env);
    let values = values::Values::of(
        format!("HTTPEndpoint {}", endpoint.name),
        endpoint.secret_store.as_deref(),
        shared,
        &templates,
        env,
    );
    let mut headers = HeaderMap::with_capacity(endpoint.headers.len());
    for header in &endpoint.headers {
        let name: HeaderName =
            header.name.parse().map_err(|_| format!("{:?} is no header's name", header.name))?;
        let mut value = HeaderValue::from_str(&values.get(&header.source).await?).map_err(|_| {
            format!("the value of header {} has characters that no header may have", header.name)
        })?;
        value.set_sensitive(matches!(header.source, Source::Secret(_)));
        headers.append(name, value);
    }
    if !endpoint.renegotiation.is_empty() {
        let wanted = endpoint.renegotiation.as_str();
        if !net::RENEGOTIATION.contains(&wanted) {
            return Err(format!("invalid renegotiation value: {wanted}"));
        }
        if wanted != net::RENEGOTIATION[0] {
            let name = &endpoint.name;
            tracing::warn!(
                target: PROCESSOR,
                "HTTPEndpoint {name}: the embedded runtime never renegotiates TLS, {wanted} has no effect"
            );
        }
    }
    let pem = async |name: &str, source: &Option<Source>| match source {
        None => Ok(None),
        Some(source) => {
            let text = values.get(source).await?;
            if text.is_empty() {
                return Ok(None);
            }
            net::pem(&text)
                .map(Some)
                .map_err(|error| format!("clientTLS.{name} is neither PEM nor a file: {error}"))
        }
    };
    let tls = ClientTls {
        root_ca: pem("rootCA", &endpoint.root_ca).await?,
        certificate: pem("certificate", &endpoint.certificate).await?,
        private_key: pem("privateKey", &endpoint.private_key).await?,
    };
    Endpoint::new(&endpoint.base_url, headers, &tls)
}
