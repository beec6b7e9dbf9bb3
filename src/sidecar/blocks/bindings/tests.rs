use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::components::bindings::{Error, Handler, Input, Output, Reading};
use crate::components::state::{Item, Store};
use crate::sidecar::app::Channel;
use crate::sidecar::blocks::testing::{TestApp, eventually, manifest, robust, shared};

const PATIENCE: Duration = Duration::from_secs(5);

/// An output binding that keeps what it gets.
#[derive(Default)]
struct Sink {
    got: Mutex<Vec<Request>>,
    broken: bool,
}

#[async_trait]
impl Output for Sink {
    fn operations(&self) -> &'static [&'static str] {
        &["create", "get"]
    }

    async fn invoke(&self, request: Request) -> Result<Response, Error> {
        let metadata = Metadata::from([("statusCode".to_owned(), "418".to_owned())]);
        if self.broken {
            return Err(Error { message: "received status code 418".into(), metadata });
        }
        self.got.lock().unwrap().push(request);
        Ok(Response { data: None, metadata })
    }
}

/// An input binding whose events the test makes.
#[derive(Default)]
struct Source {
    handlers: Arc<Mutex<Vec<Handler>>>,
    /// How many reads fail before one works.
    refusals: AtomicUsize,
}

struct Running(Arc<Mutex<Vec<Handler>>>);

#[async_trait]
impl Reading for Running {
    async fn stop(self: Box<Self>) {
        self.0.lock().unwrap().clear();
    }
}

#[async_trait]
impl Input for Source {
    async fn read(&self, handler: Handler) -> Result<Box<dyn Reading>, Error> {
        let refused =
            self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() {
            return Err(Error::new("not now"));
        }
        self.handlers.lock().unwrap().push(handler);
        Ok(Box::new(Running(Arc::clone(&self.handlers))))
    }
}

impl Source {
    fn readers(&self) -> usize {
        self.handlers.lock().unwrap().len()
    }

    async fn tell(&self, event: Event) -> Result<Bytes, Error> {
        let handler = Arc::clone(&self.handlers.lock().unwrap()[0]);
        handler(event).await
    }
}

fn with_output(name: &str, sink: &Arc<Sink>) -> Shared {
    let shared = shared("app");
    let provider: Arc<dyn Output> = Arc::<Sink>::clone(sink);
    shared.components.insert_output(manifest(name, "bindings.fake", &[]), provider);
    shared
}

async fn ask(shared: &Shared, name: &str, operation: &str) -> Result<Response, Failed> {
    let request = Request { operation: operation.into(), ..Request::default() };
    let trace = trace::Context { parent: "p".into(), state: "s".into() };
    invoke(shared, name, request, &trace, Some("b=1")).await
}

#[tokio::test]
async fn an_output_binding_gets_the_trace_context() {
    let sink = Arc::new(Sink::default());
    let answer = ask(&with_output("out", &sink), "out", "get").await.unwrap();
    assert_eq!(answer.data, None);
    let got = sink.got.lock().unwrap();
    let metadata: Vec<_> =
        got[0].metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(metadata, [("baggage", "b=1"), ("traceparent", "p"), ("tracestate", "s")]);
}

#[tokio::test]
async fn what_an_output_binding_does_not_do() {
    let broken = Arc::new(Sink { broken: true, ..Sink::default() });
    let shared = with_output("out", &broken);
    for (name, operation, cause) in [
        ("none", "get", "couldn't find output binding none"),
        ("none", "", "operation field is missing from request"),
        ("out", "peek", "binding out does not support operation peek. supported operations:create get"),
        ("out", "get", "received status code 418"),
    ] {
        let failed = ask(&shared, name, operation).await.unwrap_err();
        assert_eq!((failed.error.status.as_u16(), failed.error.code), (500, "ERR_INVOKE_OUTPUT_BINDING"));
        assert_eq!(failed.error.message, format!("error invoking output binding {name}: {cause}"));
        assert_eq!(failed.metadata.len(), usize::from(cause.contains("418")));
    }
}

/// A sidecar beside an app, with input bindings of this metadata: their names are `b0`, `b1` …
fn receiving(app: &TestApp, metadata: &[&[(&str, &str)]]) -> (Arc<Shared>, Vec<Arc<Source>>) {
    let mut shared = shared("app");
    shared.app = Some(app.channel());
    let sources: Vec<Arc<Source>> = metadata.iter().map(|_| Arc::default()).collect();
    for (number, (metadata, source)) in metadata.iter().zip(&sources).enumerate() {
        let manifest = manifest(&format!("b{number}"), "bindings.fake", metadata);
        let provider: Arc<dyn Input> = Arc::<Source>::clone(source);
        shared.components.insert_input(manifest, provider);
    }
    (Arc::new(shared), sources)
}

#[tokio::test]
async fn the_app_says_which_bindings_it_wants() {
    let app = TestApp::start(|request| {
        let status = match request.path.as_str() {
            "/b0" => 200,
            "/my%20route" => 405,
            "/b2" => 404,
            _ => 500,
        };
        (status, String::new())
    })
    .await;
    let (shared, sources) =
        receiving(&app, &[&[], &[("route", "/my route")], &[], &[], &[("direction", "output, Input")]]);
    let inputs = Inputs::default();
    inputs.start(&shared, PATIENCE).await;
    let readers = || sources.iter().map(|source| source.readers()).collect::<Vec<_>>();
    eventually("read", || readers() == [1, 1, 0, 0, 1]).await;
    let asked = app.take();
    assert!(asked.iter().all(|question| question.method == "OPTIONS" && question.path != "/b4"));
    assert_eq!(asked.len(), 4);

    assert!(inputs.stop(PATIENCE).await);
    assert_eq!(readers(), [0; 5]);
    inputs.start(&shared, PATIENCE).await;
    eventually("read again", || readers() == [1, 1, 0, 0, 1]).await;
    assert!(inputs.close(PATIENCE).await);
    inputs.start(&shared, PATIENCE).await;
    assert_eq!(readers(), [0; 5], "closed for good");
}

#[tokio::test]
async fn only_what_has_changed_is_read_anew() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (shared, sources) = receiving(&app, &[&[], &[], &[]]);
    let inputs = Inputs::default();
    inputs.start(&shared, PATIENCE).await;
    eventually("read", || sources.iter().all(|source| source.readers() == 1)).await;
    app.take();
    let new: Arc<Source> = Arc::default();
    let provider: Arc<dyn Input> = Arc::<Source>::clone(&new);
    let replaced = shared.components.insert_input(manifest("b1", "bindings.fake", &[]), provider).unwrap();
    drop(shared.components.remove("b2"));
    inputs.start(&shared, PATIENCE).await;
    eventually("read anew", || new.readers() == 1).await;
    assert_eq!(sources.iter().map(|source| source.readers()).collect::<Vec<_>>(), [1, 0, 0]);
    let asked: Vec<String> = app.take().into_iter().map(|question| question.path).collect();
    assert_eq!(asked, ["/b1"]);
    // Nobody holds it any more, so that it can be closed.
    eventually("free", || Arc::strong_count(&replaced) == 1).await;
}

#[tokio::test]
async fn a_source_that_cannot_be_read_yet_is_tried_again() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (shared, sources) = receiving(&app, &[&[]]);
    sources[0].refusals.store(1, Ordering::SeqCst);
    let inputs = Inputs::default();
    inputs.start(&shared, PATIENCE).await;
    eventually("read", || sources[0].readers() == 1).await;
}

#[tokio::test]
async fn an_event_reaches_the_app_and_its_answer_the_binding() {
    let app = TestApp::start(|request| match request.body.as_str() {
        "bad" => (503, "busy".into()),
        _ => (200, "thanks".into()),
    })
    .await;
    let (shared, sources) = receiving(&app, &[&[("route", "hook")]]);
    let inputs = Inputs::default();
    inputs.start(&shared, PATIENCE).await;
    eventually("read", || sources[0].readers() == 1).await;
    app.take();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let metadata = [("readTimeUTC", "now"), ("traceparent", parent), ("Content-Length", "99")];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let event = Event { data: "good".into(), metadata };
    assert_eq!(sources[0].tell(event.clone()).await.unwrap(), "thanks");
    let [got] = app.take().try_into().unwrap();
    assert_eq!((got.method.as_str(), got.path.as_str(), got.body.as_str()), ("POST", "/hook", "good"));
    assert_eq!(got.headers["content-type"], "application/json");
    assert_eq!(got.headers["readtimeutc"], "now");
    let own = got.headers["traceparent"].to_str().unwrap();
    assert!(own[..36] == parent[..36] && own != parent, "{own}");

    let refused = sources[0].tell(Event { data: "bad".into(), ..event }).await.unwrap_err();
    let text = "fails to send binding event to http app channel, status code: 503 body: busy";
    assert_eq!(refused.message, text);
}

#[tokio::test]
async fn without_an_app_nothing_is_read() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (shared, sources) = receiving(&app, &[&[("direction", "input")]]);
    let mut alone = Arc::into_inner(shared).unwrap();
    alone.app = None::<Arc<Channel>>;
    let inputs = Inputs::default();
    inputs.start(&Arc::new(alone), PATIENCE).await;
    assert_eq!(sources[0].readers(), 0);
}

#[tokio::test]
async fn what_the_apps_answer_asks_for_is_done() {
    let (sink, broken) = (Arc::new(Sink::default()), Arc::new(Sink { broken: true, ..Sink::default() }));
    let shared = with_output("good", &sink);
    let provider: Arc<dyn Output> = Arc::<Sink>::clone(&broken);
    shared.components.insert_output(manifest("broken", "bindings.fake", &[]), provider);
    let init = crate::components::Init {
        name: "s".into(),
        properties: crate::components::Properties::default(),
        app_id: "app".into(),
        env: crate::env::Env::of([]),
    };
    let store: Arc<dyn Store> = crate::components::state::in_memory::make(&init).unwrap();
    shared.components.insert_state(manifest("s", "state.in-memory", &[]), Arc::clone(&store));
    let answer = |to: &[&str], in_order| Answer {
        store: "s".into(),
        states: vec![Write { key: "k".into(), value: "1".into(), ..Write::default() }],
        to: to.iter().map(|name| (*name).to_owned()).collect(),
        output: "out".into(),
        in_order,
        ..Answer::default()
    };
    follow(&shared, "b", answer(&["good", "broken", "good"], true)).await;
    let took = std::mem::take(&mut *sink.got.lock().unwrap());
    assert_eq!(took.len(), 1, "nothing after the failure");
    assert_eq!((took[0].operation.as_str(), &took[0].data[..]), ("create", &b"out"[..]));
    let item: Option<Item> = store.get("app||k", &Metadata::new()).await.unwrap();
    assert_eq!(item.unwrap().value, "1");

    follow(&shared, "b", answer(&["good", "broken", "good"], false)).await;
    assert_eq!(sink.got.lock().unwrap().len(), 2, "one failure does not keep the others back");
}

#[tokio::test]
async fn policies_hold_in_both_directions() {
    const SPEC: &str = "{policies: {retries: {r: {duration: 1ms, maxRetries: 2, matching: {httpStatusCodes: '503'}}}, circuitBreakers: {cb: {trip: totalFailures > 0}}}, targets: {components: {out: {outbound: {circuitBreaker: cb}}, in: {inbound: {retry: r}}}}}";
    let mut shared = robust("app", SPEC);
    let broken: Arc<dyn Output> = Arc::new(Sink { broken: true, ..Sink::default() });
    shared.components.insert_output(manifest("out", "bindings.fake", &[]), broken);
    for cause in ["received status code 418", "circuit breaker is open"] {
        let failed = ask(&shared, "out", "get").await.unwrap_err();
        assert_eq!(failed.error.message, format!("error invoking output binding out: {cause}"));
    }

    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let app = TestApp::start(move |request| match (request.method.as_str(), request.body.as_str()) {
        ("OPTIONS", _) => (200, String::new()),
        (_, "bad") => (400, String::new()),
        _ => (if count.fetch_add(1, Ordering::SeqCst) < 2 { 503 } else { 200 }, "at last".into()),
    })
    .await;
    shared.app = Some(app.channel());
    let source = Arc::new(Source::default());
    shared.components.insert_input(manifest("in", "bindings.fake", &[]), Arc::<Source>::clone(&source) as _);
    let inputs = Inputs::default();
    inputs.start(&Arc::new(shared), PATIENCE).await;
    eventually("read", || source.readers() == 1).await;
    let event = |data: &'static str| Event { data: data.into(), metadata: Metadata::new() };
    assert_eq!(source.tell(event("good")).await.unwrap(), "at last");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    app.take();
    source.tell(event("bad")).await.unwrap_err();
    assert_eq!(app.count(), 1, "a status that isn't listed is final");
}
