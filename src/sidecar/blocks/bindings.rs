//! Bindings (http-api reference, section 6): calls of output bindings by the app, and what the app answers to the
//! events of input bindings. How those are received is in `inputs`.

mod inputs;

use std::time::Instant;

use bytes::Bytes;
use futures_util::future::join_all;
use hyper::StatusCode;

pub use inputs::{Inputs, route};

use super::state::{StateStore, Write};
use crate::components::Metadata;
use crate::components::bindings::{self, Event, Request, Response};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::guard_with;
use crate::sidecar::trace;

const SCOPE: &str = "dapr.runtime.processor.binding";

/// Why an output binding did not do what it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// What is wrong.
    pub error: ApiError,
    /// What the component tells nevertheless, for example a status code.
    pub metadata: Metadata,
}

/// Calls an output binding. Its metadata get the trace context of the call, where they have none of their own, and
/// `baggage`, when there is one.
pub async fn invoke(
    shared: &Shared,
    name: &str,
    mut request: Request,
    trace: &trace::Context,
    baggage: Option<&str>,
) -> Result<Response, Failed> {
    let state = Some(trace.state.as_str()).filter(|state| !state.is_empty());
    for (name, value) in
        [("traceparent", Some(trace.parent.as_str())), ("tracestate", state), ("baggage", baggage)]
    {
        if let Some(value) = value {
            request.metadata.insert(name.to_owned(), value.to_owned());
        }
    }
    call(shared, name, request).await.map_err(|cause| {
        let message = format!("error invoking output binding {name}: {}", cause.message);
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Failed {
            error: ApiError::new(status, "ERR_INVOKE_OUTPUT_BINDING", message),
            metadata: cause.metadata,
        }
    })
}

async fn call(shared: &Shared, name: &str, request: Request) -> Result<Response, bindings::Error> {
    if request.operation.is_empty() {
        return Err(bindings::Error::new("operation field is missing from request"));
    }
    let Some(entry) = shared.components.output(name) else {
        return Err(bindings::Error::new(format_args!("couldn't find output binding {name}")));
    };
    let known = entry.provider.operations();
    if !known.contains(&request.operation.as_str()) {
        return Err(bindings::Error::new(format_args!(
            "binding {name} does not support operation {}. supported operations:{}",
            request.operation,
            known.join(" ")
        )));
    }
    let began = Instant::now();
    let operation = known.iter().find(|name| **name == request.operation).copied().unwrap_or_default();
    let done = guard_with(entry.outbound.as_ref(), request, |request| entry.provider.invoke(request)).await;
    entry.meter.done(operation, began, done.is_ok());
    done
}

/// An event of an input binding, for the app.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The component.
    pub name: &'a str,
    /// Where an HTTP app gets it: the component's metadata `route`, or its name.
    pub route: &'a str,
    /// What it is.
    pub event: &'a Event,
    /// `traceparent` of the delivery.
    pub parent: &'a str,
}

/// What the app answers to an event that it has handled.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// For the component.
    pub data: Bytes,
    /// Where `states` are saved.
    pub store: String,
    /// Values to save.
    pub states: Vec<Write>,
    /// Output bindings that get `output`, by operation `create`.
    pub to: Vec<String>,
    /// What they get.
    pub output: Bytes,
    /// One after the other, and no further after a failure; otherwise all at once.
    pub in_order: bool,
}

/// Does what the app's answer asks for. The event has been handled, so that failures are only told of: the app would
/// get it again otherwise.
async fn follow(shared: &Shared, name: &str, mut answer: Answer) {
    let states = std::mem::take(&mut answer.states);
    if !states.is_empty() {
        let saved = match StateStore::open(shared, &answer.store) {
            Ok(store) => store.save(states).await,
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            tracing::error!(
                target: SCOPE,
                "error saving state from the app's response to an event of binding {name}: {}", error.message
            );
        }
    }
    let send = async |to: &str| {
        let request =
            Request { operation: "create".into(), data: answer.output.clone(), metadata: Metadata::new() };
        let sent = call(shared, to, request).await;
        sent.inspect_err(|error| {
            tracing::error!(
                target: SCOPE,
                "error invoking output binding {to} for the app's response to an event of binding {name}: {error}"
            );
        })
    };
    if answer.in_order {
        for to in &answer.to {
            if send(to).await.is_err() {
                break;
            }
        }
    } else {
        join_all(answer.to.iter().map(|to| send(to))).await;
    }
}

#[cfg(test)]
mod tests;
