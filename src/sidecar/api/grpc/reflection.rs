//! Reflection: clients such as `grpcurl` learn from the server what they can call. The descriptors are read when
//! the first one asks.

use std::convert::Infallible;
use std::sync::OnceLock;

use hyper::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic_reflection::server::{Builder, Error};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use super::call::Received;

/// Descriptors of the Dapr service and of everything that it uses.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/dapr-descriptors.bin"));

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

fn build() -> Result<[Service; 2], Error> {
    let builder = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
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
