//! The gRPC API, each call over a real connection.

mod app;
mod callbacks;
mod configuration;
mod health;
mod invoke;
mod jobs;
mod metrics;
mod passing;
mod proxy;
mod publish;
mod secrets;
mod sidecar;
mod state;
mod stores;
mod streaming;
mod trace;

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Sidecar, within};

/// A connection to the gRPC port.
pub async fn connect(sidecar: &Sidecar) -> Channel {
    let port = sidecar.handle.addresses().grpc[0].port();
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    within(endpoint.connect()).await.unwrap()
}

/// A client of the Dapr service.
pub async fn client(sidecar: &Sidecar) -> DaprClient<Channel> {
    DaprClient::new(connect(sidecar).await)
}

/// Code, message and reason of an error.
pub fn parts(status: &Status) -> (Code, &str, Option<String>) {
    (status.code(), status.message(), status.get_details_error_info().map(|info| info.reason))
}
