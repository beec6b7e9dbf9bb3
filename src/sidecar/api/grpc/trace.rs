//! Trace context of gRPC calls (observability reference, section 3): `grpc-trace-bin`, else the W3C headers, on
//! the way in; both on the way out. And what the spans of calls say (section 2).

use std::any::Any;
use std::sync::{Arc, OnceLock};

use dapr::dapr::proto::runtime::v1::{
    BulkPublishRequest, DeleteBulkStateRequest, DeleteStateRequest, ExecuteStateTransactionRequest,
    GetBulkSecretRequest, GetBulkStateRequest, GetSecretRequest, GetStateRequest, InvokeBindingRequest,
    InvokeServiceRequest, PublishEventRequest, QueryStateRequest, SaveStateRequest,
};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tonic::Request;
use tonic::metadata::MetadataMap;

use crate::sidecar::trace::{BINARY, Context, Kind, Span, Tracer, from_binary, is_valid, to_binary};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// What a response carries when the caller sent nothing.
const NONE: &str = "00-00000000000000000000000000000000-0000000000000000-00";
const LONGEST_STATE: usize = 512;
/// What the response tells of the call's trace.
pub struct Given {
    parent: Option<HeaderValue>,
    state: Option<HeaderValue>,
}

impl Given {
    /// Reads the caller's context, which the headers name in the W3C form from then on.
    pub fn take(headers: &mut HeaderMap) -> Self {
        let binary = headers.remove(BINARY).and_then(|value| from_binary(&value));
        if let Some(parent) = binary.and_then(|parent| HeaderValue::from_str(&parent).ok()) {
            headers.insert(TRACEPARENT, parent);
        }
        if headers.get(TRACESTATE).is_some_and(|state| state.len() > LONGEST_STATE) {
            headers.remove(TRACESTATE);
        }
        Self {
            parent: headers.get(TRACEPARENT).filter(|parent| parent.to_str().is_ok_and(is_valid)).cloned(),
            state: headers.get(TRACESTATE).cloned(),
        }
    }

    /// Begins the call's span below it; the request and the response name that from then on.
    pub fn begin(
        &mut self,
        tracer: &Tracer,
        headers: &mut HeaderMap,
        name: impl FnOnce() -> String,
    ) -> Option<Span> {
        let parent = self.parent.as_ref().and_then(|parent| parent.to_str().ok());
        let span = tracer.begin(Kind::Client, parent, name)?;
        let own = HeaderValue::from_str(span.traceparent()).ok()?;
        headers.insert(TRACEPARENT, own.clone());
        self.parent = Some(own);
        Some(span)
    }

    /// Adds it to the headers of the response, unless an app has given its own.
    pub fn give(self, headers: &mut HeaderMap) {
        let parent = self.parent.unwrap_or(HeaderValue::from_static(NONE));
        if let Some(binary) = parent.to_str().ok().and_then(to_binary) {
            headers.entry(BINARY).or_insert(binary);
        }
        headers.entry(TRACEPARENT).or_insert(parent);
        if let Some(state) = self.state {
            headers.entry(TRACESTATE).or_insert(state);
        }
    }
}

/// The trace context of the call's span; with a tracer that is on the metadata names it already.
pub fn of_call(metadata: &MetadataMap, tracer: &Tracer) -> Context {
    let text = |name: &str| metadata.get(name).and_then(|value| value.to_str().ok());
    let state = text("tracestate");
    match text("traceparent") {
        Some(own) if tracer.is_on() => Context::of_span(own, state),
        parent => Context::of_call(parent, state),
    }
}

/// What a call is about: only its method knows, its span has to tell. It is there when somebody hears of the span.
#[derive(Debug, Clone)]
pub struct About(Arc<(String, OnceLock<Subject>)>);

#[derive(Debug)]
enum Subject {
    /// A kind of component, and its name.
    Component(&'static str, String),
    /// A topic.
    Topic(String),
    /// An app, and its method.
    App(String, String),
}

impl About {
    /// Nothing is known yet of a call of this method.
    pub fn of(path: &str) -> Self {
        Self(Arc::new((path.to_owned(), OnceLock::new())))
    }

    /// Says it to the span of the call.
    pub fn tell(&self, span: &mut Span) {
        let (path, subject) = &*self.0;
        match subject.get() {
            None => {}
            Some(Subject::Component(system, name)) => {
                span.set("rpc.service", "Dapr");
                span.set("db.system", system);
                span.set("db.name", name);
                span.set("db.statement", path);
                span.set("db.connection_string", system);
            }
            Some(Subject::Topic(topic)) => {
                span.set("rpc.service", "Dapr");
                span.set("messaging.system", "pubsub");
                span.set("messaging.destination.name", topic);
            }
            Some(Subject::App(app, method)) => {
                span.rename(format_args!("CallLocal/{app}/{method}"));
                span.set("rpc.service", "ServiceInvocation");
                span.set("net.peer.name", app);
            }
        }
    }
}

/// Notes what a call is about, if its span is told.
pub fn note<M: Any>(request: &Request<M>) {
    if let Some(About(about)) = request.extensions().get()
        && let Some(subject) = subject(request.get_ref())
    {
        // A call has one message.
        let _ = about.1.set(subject);
    }
}

fn subject(message: &dyn Any) -> Option<Subject> {
    macro_rules! component {
        ($($system:literal $message:ty: $name:ident;)*) => {
            $(if let Some(message) = message.downcast_ref::<$message>() {
                return Some(Subject::Component($system, message.$name.clone()));
            })*
        };
    }
    component! {
        "state" GetStateRequest: store_name;
        "state" SaveStateRequest: store_name;
        "state" DeleteStateRequest: store_name;
        "state" GetBulkStateRequest: store_name;
        "state" DeleteBulkStateRequest: store_name;
        "state" ExecuteStateTransactionRequest: store_name;
        "state" QueryStateRequest: store_name;
        "secrets" GetSecretRequest: store_name;
        "secrets" GetBulkSecretRequest: store_name;
        "bindings" InvokeBindingRequest: name;
    }
    if let Some(message) = message.downcast_ref::<PublishEventRequest>() {
        return Some(Subject::Topic(message.topic.clone()));
    }
    if let Some(message) = message.downcast_ref::<BulkPublishRequest>() {
        return Some(Subject::Topic(message.topic.clone()));
    }
    let InvokeServiceRequest { id, message } = message.downcast_ref()?;
    let method = message.as_ref().map_or("", |message| message.method.as_str());
    let method = method.split('?').next().unwrap_or_default().trim_start_matches('/');
    Some(Subject::App(id.clone(), method.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_binary_form_comes_first_and_both_go_out() {
        let other = "00-11111111111111111111111111111111-2222222222222222-00";
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(other));
        headers.insert(BINARY, to_binary(PARENT).unwrap());
        headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
        let given = Given::take(&mut headers);
        assert_eq!((headers[TRACEPARENT].to_str().unwrap(), headers.get(BINARY)), (PARENT, None));
        let mut response = HeaderMap::new();
        given.give(&mut response);
        assert_eq!(response[TRACEPARENT], PARENT);
        assert_eq!(from_binary(&response[BINARY]).as_deref(), Some(PARENT));
        assert_eq!(response[TRACESTATE], "a=b");
        let mut response = HeaderMap::new();
        Given::take(&mut HeaderMap::new()).give(&mut response);
        assert_eq!(response[TRACEPARENT], NONE);
    }
}
