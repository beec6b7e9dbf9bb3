//! Server reflection: clients such as `grpcurl` ask the server for its services and messages. The descriptors are read
//! at the first request.

use std::convert::Infallible;
use std::sync::OnceLock;

use hyper::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic_reflection::server::Builder;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use super::call::Received;
use super::descriptors;

type Service = BoxCloneSyncService<Request<Received>, Response<Body>, Infallible>;

/// Both versions of the service, in the order of [`super::methods::REFLECTION`].
#[derive(Default)]
pub struct Reflection(OnceLock<Result<[Service; 2], String>>);

impl Reflection {
    /// Answers a request to one of the versions.
    pub async fn answer(&self, version: usize, request: Request<Received>) -> Response<Body> {
        match self.0.get_or_init(|| build().map_err(|error| error.to_string())) {
            Ok(services) => match services[version].clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Err(error) => Status::internal(format!("reflection: {error}")).into_http(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Descriptors(#[from] descriptors::Error),
    #[error(transparent)]
    Server(#[from] tonic_reflection::server::Error),
}

fn build() -> Result<[Service; 2], Error> {
    let descriptors = descriptors::file_descriptor_set()?;
    let builder = || {
        Builder::configure()
            .register_file_descriptor_set(descriptors.clone())
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // The callbacks are services of the app.
    let services = ["dapr.proto.runtime.v1.Dapr", "grpc.health.v1.Health"];
    let named = || services.iter().fold(builder(), |builder, name| builder.with_service_name(*name));
    Ok([
        BoxCloneSyncService::new(
            named().with_service_name("grpc.reflection.v1.ServerReflection").build_v1()?,
        ),
        BoxCloneSyncService::new(
            named().with_service_name("grpc.reflection.v1alpha.ServerReflection").build_v1alpha()?,
        ),
    ])
}
