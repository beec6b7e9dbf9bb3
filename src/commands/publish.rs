//! `dapr publish`: publishes one event through the sidecar of an app.

use super::Globals;
use super::args::Payload;
use crate::error::{EXIT_OK, Failure};
use crate::self_hosted::publish::{self, Event};

const EXAMPLES: &str = "# Publish to sample topic in target pubsub via a publishing app
dapr publish --publish-app-id myapp --pubsub target --topic sample --data '{\"key\":\"value\"}'

# Publish to sample topic in target pubsub via a publishing app using Unix domain socket
dapr publish --unix-domain-socket <DIR> --publish-app-id myapp --pubsub target --topic sample --data '{\"key\":\"value\"}'

# Publish to sample topic in target pubsub via a publishing app without cloud event
dapr publish --publish-app-id myapp --pubsub target --topic sample --data '{\"key\":\"value\"}' --metadata '{\"rawPayload\":\"true\"}'";

/// Flags of `publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The ID of the app to publish from
    #[arg(short = 'i', long)]
    publish_app_id: String,
    /// The name of the pub/sub component
    #[arg(short, long)]
    pubsub: String,
    /// The topic to be published to
    #[arg(short, long)]
    topic: String,
    #[command(flatten)]
    payload: Payload,
    /// The JSON serialized publish metadata (optional)
    #[arg(short, long, default_value = "")]
    metadata: String,
}

/// Publishes the event.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let body = args.payload.read("publish")?;
    let socket = args.payload.socket(globals);
    let metadata = publish::metadata(&args.metadata)
        .map_err(|error| Failure::new(format!("Error parsing metadata as JSON. Error: {error}")))?;
    let event = Event {
        app_id: &args.publish_app_id,
        pubsub: &args.pubsub,
        topic: &args.topic,
        body,
        metadata,
        socket,
    };
    publish::publish(&event, &globals.install()?, &globals.env).map_err(|error| {
        Failure::new(format!("Error publishing topic {}: {error}", args.topic)).with_hints(error.hints())
    })?;
    globals.printer.success("Event published successfully");
    Ok(EXIT_OK)
}
