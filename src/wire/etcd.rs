//! The part of etcd's `etcdserverpb.KV` that lists, reads, writes and deletes keys.

use prost::{Message, Oneof};

/// The service's methods.
pub mod method {
    /// Takes a [`RangeRequest`](super::RangeRequest).
    pub const RANGE: &str = "/etcdserverpb.KV/Range";
    /// Takes a [`TxnRequest`](super::TxnRequest).
    pub const TXN: &str = "/etcdserverpb.KV/Txn";
}

/// A key with its value.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub value: Vec<u8>,
}

/// Asks for the keys from `key` up to, but not including, `range_end`; an empty one means `key` alone.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
    /// Most keys of the answer; 0 is no limit.
    #[prost(int64, tag = "3")]
    pub limit: i64,
    /// State of the store to read; 0 is the newest.
    #[prost(int64, tag = "4")]
    pub revision: i64,
    #[prost(bool, tag = "8")]
    pub keys_only: bool,
}

/// What every answer says of the store.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Header {
    #[prost(int64, tag = "3")]
    pub revision: i64,
}

/// The keys of a range.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RangeResponse {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    pub kvs: Vec<KeyValue>,
    /// There are more keys than the limit.
    #[prost(bool, tag = "3")]
    pub more: bool,
}

/// Writes a key.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// Its answer.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct PutResponse {}

/// Deletes a range, as in [`RangeRequest`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DeleteRangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
    /// Whether to answer what was deleted.
    #[prost(bool, tag = "3")]
    pub prev_kv: bool,
}

/// Its answer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DeleteRangeResponse {
    #[prost(int64, tag = "2")]
    pub deleted: i64,
    #[prost(message, repeated, tag = "3")]
    pub prev_kvs: Vec<KeyValue>,
}

/// One of several requests.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RequestOp {
    #[prost(oneof = "Request", tags = "1, 2, 3")]
    pub request: Option<Request>,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum Request {
    #[prost(message, tag = "1")]
    Range(RangeRequest),
    #[prost(message, tag = "2")]
    Put(PutRequest),
    #[prost(message, tag = "3")]
    DeleteRange(DeleteRangeRequest),
}

/// One of several answers, in the order of the requests.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ResponseOp {
    #[prost(oneof = "Response", tags = "1, 2, 3")]
    pub response: Option<Response>,
}

/// What is answered.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum Response {
    #[prost(message, tag = "1")]
    Range(RangeResponse),
    #[prost(message, tag = "2")]
    Put(PutResponse),
    #[prost(message, tag = "3")]
    DeleteRange(DeleteRangeResponse),
}

/// Several requests, done together or not at all. Conditions are left out: there are none, so all of `success` is done.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TxnRequest {
    #[prost(message, repeated, tag = "2")]
    pub success: Vec<RequestOp>,
}

/// Its answer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TxnResponse {
    #[prost(message, repeated, tag = "3")]
    pub responses: Vec<ResponseOp>,
}
