//! Configuration over gRPC (grpc-api reference, 3.6).

use std::collections::HashMap;
use std::sync::Arc;

use dapr::dapr::proto::common::v1::ConfigurationItem;
use dapr::dapr::proto::runtime::v1::{
    GetConfigurationRequest, GetConfigurationResponse, SubscribeConfigurationRequest,
    SubscribeConfigurationResponse, UnsubscribeConfigurationRequest, UnsubscribeConfigurationResponse,
};
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use crate::components::configuration::{Items, Watcher};
use crate::sidecar::app::message::sorted;
use crate::sidecar::blocks::configuration::{self, NotEnded};
use crate::sidecar::core::Core;

/// Changes that may wait for their stream.
const WAITING: usize = 64;

pub async fn get(
    core: &Arc<Core>,
    request: Request<GetConfigurationRequest>,
) -> Result<Response<GetConfigurationResponse>, Status> {
    let GetConfigurationRequest { store_name, keys, metadata } = request.into_inner();
    let items = configuration::get(&core.shared, &store_name, &keys, &sorted(metadata)).await?;
    Ok(Response::new(GetConfigurationResponse { items: of_items(items) }))
}

fn of_items(items: Items) -> HashMap<String, ConfigurationItem> {
    let items = items.into_iter().map(|(key, item)| {
        let metadata = item.metadata.into_iter().collect();
        (key, ConfigurationItem { value: item.value, version: item.version, metadata })
    });
    items.collect()
}

/// The first message names the subscription; each further one is a change.
pub async fn subscribe(
    core: &Arc<Core>,
    request: Request<SubscribeConfigurationRequest>,
) -> Result<Response<BoxStream<SubscribeConfigurationResponse>>, Status> {
    let SubscribeConfigurationRequest { store_name, keys, metadata } = request.into_inner();
    let (sender, changes) = mpsc::channel(WAITING);
    let watcher = |_: &str| -> Watcher {
        Arc::new(move |items| {
            let sender = sender.clone();
            Box::pin(async move {
                // A client that is gone unsubscribes soon.
                let _ = sender.send(items).await;
            })
        })
    };
    let id = core.watching.subscribe(&core.shared, &store_name, &keys, &sorted(metadata), watcher).await?;
    let first = SubscribeConfigurationResponse { id: id.clone(), items: HashMap::new() };
    let open = Open { core: Arc::clone(core), store: store_name, id, changes };
    // It ends when the watcher is dropped, which is when somebody has unsubscribed.
    let changes = stream::unfold(open, async |mut open| {
        let items = open.changes.recv().await?;
        let change = SubscribeConfigurationResponse { id: open.id.clone(), items: of_items(items) };
        Some((Ok(change), open))
    });
    Ok(Response::new(Box::pin(stream::iter([Ok(first)]).chain(changes))))
}

/// A stream that is open. Dropped, it unsubscribes.
struct Open {
    core: Arc<Core>,
    store: String,
    id: String,
    changes: mpsc::Receiver<Items>,
}

impl Drop for Open {
    fn drop(&mut self) {
        let (core, store, id) =
            (Arc::clone(&self.core), std::mem::take(&mut self.store), std::mem::take(&mut self.id));
        tokio::spawn(async move {
            // Somebody else may have done it.
            let _ = core.watching.unsubscribe(&core.shared, &store, &id).await;
        });
    }
}

pub async fn unsubscribe(
    core: &Arc<Core>,
    request: Request<UnsubscribeConfigurationRequest>,
) -> Result<Response<UnsubscribeConfigurationResponse>, Status> {
    let UnsubscribeConfigurationRequest { store_name, id } = request.into_inner();
    let answer = match core.watching.unsubscribe(&core.shared, &store_name, &id).await {
        Ok(()) => UnsubscribeConfigurationResponse { ok: true, message: String::new() },
        Err(NotEnded::Store(error)) => return Err(error.into()),
        Err(NotEnded::Unknown) => {
            let message =
                format!("failed to unsubscribe to configuration request {id}: subscription does not exist");
            UnsubscribeConfigurationResponse { ok: false, message }
        }
    };
    Ok(Response::new(answer))
}
