//! An etcd that keeps its keys in memory and knows what the command line asks of it. Gone when dropped.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::{BufMut as _, Bytes, BytesMut};
use dapr_cli::wire::etcd::{
    DeleteRangeRequest, DeleteRangeResponse, Header, KeyValue, PutResponse, RangeRequest, RangeResponse,
    Request, Response, ResponseOp, TxnRequest, TxnResponse, method,
};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::sync::oneshot;

/// Keys and values.
pub type Keys = BTreeMap<Vec<u8>, Vec<u8>>;

/// What it holds, and how many transactions it has seen.
#[derive(Default)]
struct State {
    keys: Keys,
    transactions: usize,
}

pub struct Etcd {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Ends the server when it is dropped.
    _stop: oneshot::Sender<()>,
}

impl Etcd {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::default());
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, state, _stop: stop }
    }

    pub fn keys(&self) -> Vec<String> {
        let keys = self.state.lock().expect("no panic").keys.keys().cloned().collect::<Vec<_>>();
        keys.into_iter().map(|key| String::from_utf8(key).expect("text")).collect()
    }

    pub fn put(&self, key: &str, value: &[u8]) {
        self.state.lock().expect("no panic").keys.insert(key.into(), value.into());
    }

    pub fn transactions(&self) -> usize {
        self.state.lock().expect("no panic").transactions
    }
}

async fn serve(listener: std::net::TcpListener, state: Arc<Mutex<State>>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let state = Arc::clone(&state);
            async move {
                let path = request.uri().path().to_owned();
                let body = request.into_body().collect().await.expect("a whole request").to_bytes();
                // One frame: a byte for compression, four for the length.
                let message = answer(&path, &body[5..], &mut state.lock().expect("no panic"));
                Ok::<_, Infallible>(respond(&message))
            }
        });
        let connection =
            http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

type Reply = StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

fn respond(message: &[u8]) -> hyper::Response<Reply> {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("a short answer"));
    frame.put_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = vec![Ok(Frame::data(frame.freeze())), Ok(Frame::trailers(trailers))];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    hyper::Response::builder().header("content-type", "application/grpc").body(body).expect("a response")
}

fn answer(path: &str, message: &[u8], state: &mut State) -> Vec<u8> {
    if path == method::RANGE {
        return range(&RangeRequest::decode(message).expect("a request"), state).encode_to_vec();
    }
    assert_eq!(path, method::TXN);
    state.transactions += 1;
    let request = TxnRequest::decode(message).expect("a request");
    let responses = request.success.into_iter().map(|op| {
        let response = match op.request.expect("something is asked for") {
            Request::Range(request) => Response::Range(range(&request, state)),
            Request::Put(request) => {
                state.keys.insert(request.key, request.value);
                Response::Put(PutResponse {})
            }
            Request::DeleteRange(request) => Response::DeleteRange(delete(&request, state)),
        };
        ResponseOp { response: Some(response) }
    });
    TxnResponse { responses: responses.collect() }.encode_to_vec()
}

fn within(key: &[u8], from: &[u8], end: &[u8]) -> bool {
    if end.is_empty() { key == from } else { key >= from && key < end }
}

fn range(request: &RangeRequest, state: &State) -> RangeResponse {
    let all: Vec<KeyValue> = state
        .keys
        .iter()
        .filter(|(key, _)| within(key, &request.key, &request.range_end))
        .map(|(key, value)| KeyValue {
            key: key.clone(),
            value: if request.keys_only { Vec::new() } else { value.clone() },
        })
        .collect();
    let limit = if request.limit > 0 { usize::try_from(request.limit).expect("small") } else { usize::MAX };
    let more = all.len() > limit;
    let kvs = all.into_iter().take(limit).collect();
    RangeResponse { header: Some(Header { revision: 1 }), kvs, more }
}

fn delete(request: &DeleteRangeRequest, state: &mut State) -> DeleteRangeResponse {
    let all = state.keys.keys().filter(|key| within(key, &request.key, &request.range_end));
    let keys: Vec<Vec<u8>> = all.cloned().collect();
    let mut prev_kvs = Vec::new();
    for key in keys {
        let value = state.keys.remove(&key).expect("it is there");
        prev_kvs.push(KeyValue { key, value });
    }
    let deleted = i64::try_from(prev_kvs.len()).expect("few");
    DeleteRangeResponse { deleted, prev_kvs: if request.prev_kv { prev_kvs } else { Vec::new() } }
}
