//! Bindings.

mod cron;
mod http;
mod localstorage;
mod redis;

use std::sync::Arc;

use dapr_cli::components::Metadata;
use dapr_cli::components::bindings::{Error, Output, Request, Response};

use crate::support::{Settings, init, registry};

async fn make(kind: &str, settings: Settings<'_>) -> Result<Arc<dyn Output>, String> {
    let make = registry().output(kind, "v1").unwrap();
    make(init("app", settings)).await.map_err(|error| error.to_string())
}

async fn invoke(
    binding: &dyn Output,
    operation: &str,
    data: &str,
    metadata: Settings<'_>,
) -> Result<Response, Error> {
    let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = Request { operation: operation.into(), data: data.to_owned().into(), metadata };
    assert!(binding.operations().contains(&operation));
    binding.invoke(request).await
}

/// What every output binding does: `create` takes JSON, however large, from many callers at once; and it can be closed.
async fn conformance(binding: Arc<dyn Output>, metadata: impl Fn(usize) -> Metadata) {
    assert!(binding.operations().contains(&"create"));
    let text = serde_json::to_string(&"x".repeat(300_000)).unwrap();
    let calls = (0..20).map(|number| {
        let (binding, metadata) = (Arc::clone(&binding), metadata(number));
        let data = if number == 0 { text.clone() } else { format!("{{\"number\":{number}}}") };
        let request = Request { operation: "create".into(), data: data.into(), metadata };
        tokio::spawn(async move { binding.invoke(request).await })
    });
    let calls: Vec<_> = calls.collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    binding.close().await;
}

#[tokio::test]
async fn every_output_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let files = make("bindings.localstorage", &[("rootPath", root)]).await.unwrap();
    let name = |number: usize| Metadata::from([("fileName".to_owned(), format!("{}/{number}", number % 3))]);
    conformance(files, name).await;
    let server = http::Server::start(|_| (200, "fine".into())).await;
    conformance(make("bindings.http", &[("url", &server.url)]).await.unwrap(), |_| Metadata::new()).await;
    assert_eq!(server.take().len(), 20);
    if let Some((keys, _)) = redis::binding().await {
        conformance(keys, |number| Metadata::from([("key".to_owned(), number.to_string())])).await;
    }
}
