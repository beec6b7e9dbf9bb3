//! The etcd of the stock scheduler: plain gRPC, no authentication, as the scheduler sets it up.

use std::time::Duration;

use futures_util::future::join_all;
use hyper::http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use super::records::{COUNTERS, JOBS};
use super::{Error, Imported, Records, Selection, stored};
use crate::components::jobs::{Key, Stored};
use crate::wire::etcd::{
    DeleteRangeRequest, DeleteRangeResponse, KeyValue, PutRequest, RangeRequest, RangeResponse, Request,
    RequestOp, Response, TxnRequest, TxnResponse, method,
};

/// What connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// What one call may take.
const CALL: Duration = Duration::from_secs(10);
/// Keys that are asked for at a time: answers stay below the limits of both sides.
const PAGE: i64 = 500;
/// Operations that one transaction may have by etcd's default.
const OPERATIONS: usize = 128;
/// Transactions that are under way at a time.
const IN_FLIGHT: usize = 32;

/// A client of one etcd.
pub struct Client {
    address: String,
    channel: Channel,
}

impl Client {
    pub fn new(address: &str) -> Result<Self, Error> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|_| Error::Malformed(format!("{address:?} is no address of the form host:port")))?;
        let channel = endpoint.connect_timeout(CONNECT).timeout(CALL).connect_lazy();
        Ok(Self { address: address.to_owned(), channel })
    }

    pub async fn get(&self, key: &Key) -> Result<Option<Stored>, Error> {
        let read = |prefix: &str| {
            let request = RangeRequest { key: format!("{prefix}{key}").into(), ..RangeRequest::default() };
            Request::Range(request)
        };
        let answers = self.transact(vec![read(JOBS), read(COUNTERS)]).await?;
        let value = |answer: Option<&Response>| match answer {
            Some(Response::Range(range)) => range.kvs.first().map(|pair| pair.value.clone()),
            _ => None,
        };
        let counter = value(answers.get(1));
        value(answers.first()).map(|job| stored::decode(key, &job, counter.as_deref())).transpose()
    }

    pub async fn delete(&self, key: &Key) -> Result<bool, Error> {
        let delete = |prefix: &str| {
            let key = format!("{prefix}{key}").into();
            Request::DeleteRange(DeleteRangeRequest { key, ..DeleteRangeRequest::default() })
        };
        let answers = self.transact(vec![delete(JOBS), delete(COUNTERS)]).await?;
        Ok(matches!(answers.first(), Some(Response::DeleteRange(answer)) if answer.deleted > 0))
    }

    /// Whole ranges in one transaction; with a selection that takes only some of a range, its keys one by one.
    pub async fn delete_all(&self, selection: &Selection) -> Result<Vec<String>, Error> {
        let mut ranges = Vec::new();
        for prefix in selection.prefixes() {
            let jobs = self.range(&format!("{JOBS}{prefix}"), true).await?;
            let keys: Vec<String> = jobs.into_iter().map(|pair| text(pair.key)).collect();
            let is_meant = |name: &str| Key::parse(name).is_some_and(|key| selection.has(&key));
            let names: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix(JOBS)).collect();
            if names.iter().all(|name| is_meant(name)) {
                ranges.push((prefix.clone(), end_of(prefix)));
            } else {
                let some = names.into_iter().filter(|name| is_meant(name));
                ranges.extend(some.map(|name| (name.to_owned(), String::new())));
            }
        }
        let mut requests = Vec::new();
        for (key, end) in ranges {
            for prefix in [JOBS, COUNTERS] {
                let range_end = if end.is_empty() { Vec::new() } else { format!("{prefix}{end}").into() };
                let request = DeleteRangeRequest {
                    key: format!("{prefix}{key}").into(),
                    range_end,
                    prev_kv: prefix == JOBS,
                };
                requests.push(Request::DeleteRange(request));
            }
        }
        let mut deleted = Vec::new();
        for requests in requests.chunks(OPERATIONS) {
            for answer in self.transact(requests.to_vec()).await? {
                if let Response::DeleteRange(DeleteRangeResponse { prev_kvs, .. }) = answer {
                    deleted.extend(prev_kvs.into_iter().map(|pair| text(pair.key)));
                }
            }
        }
        Ok(deleted)
    }

    pub async fn export(&self) -> Result<Records, Error> {
        let pairs =
            |pairs: Vec<KeyValue>| pairs.into_iter().map(|pair| (text(pair.key), pair.value)).collect();
        Ok(Records {
            jobs: pairs(self.range(JOBS, false).await?),
            counters: pairs(self.range(COUNTERS, false).await?),
        })
    }

    /// A transaction for each job with its counter: the scheduler tells jobs apart by the revision of the store at
    /// which they were written, and reads the counter when it sees the job.
    pub async fn import(&self, records: &Records) -> Result<Imported, Error> {
        // Nothing is written when something can't be read.
        records.stored()?;
        let put = |(key, value): (&String, &Vec<u8>)| {
            Request::Put(PutRequest { key: key.as_bytes().to_vec(), value: value.clone() })
        };
        let counter_of = |job: &str| format!("{COUNTERS}{}", job.strip_prefix(JOBS).unwrap_or_default());
        let mut transactions: Vec<Vec<Request>> = Vec::new();
        for job in &records.jobs {
            let counter = records.counters.get_key_value(&counter_of(job.0));
            transactions.push(counter.into_iter().chain([job]).map(put).collect());
        }
        let has_job = |counter: &str| {
            let name = counter.strip_prefix(COUNTERS).unwrap_or_default();
            records.jobs.contains_key(&format!("{JOBS}{name}"))
        };
        let alone = records.counters.iter().filter(|(counter, _)| !has_job(counter));
        transactions.extend(alone.map(|counter| vec![put(counter)]));
        let mut items = 0;
        for together in transactions.chunks(IN_FLIGHT) {
            let calls = together.iter().map(|requests| self.transact(requests.clone()));
            for (answers, requests) in join_all(calls).await.into_iter().zip(together) {
                answers.map_err(|error| Error::Incomplete {
                    items,
                    cause: format!("commit transaction: {error}"),
                })?;
                items += requests.len();
            }
        }
        Ok(Imported { items, idle: 0 })
    }

    /// All keys that begin so, page by page, as they are at one moment.
    async fn range(&self, prefix: &str, keys_only: bool) -> Result<Vec<KeyValue>, Error> {
        let mut request = RangeRequest {
            key: prefix.into(),
            range_end: end_of(prefix).into(),
            limit: PAGE,
            revision: 0,
            keys_only,
        };
        let mut found = Vec::new();
        loop {
            let answer: RangeResponse = self.call(method::RANGE, request.clone()).await?;
            found.extend(answer.kvs);
            let Some(last) = found.last().filter(|_| answer.more) else { return Ok(found) };
            // The next one after the last.
            request.key = [last.key.as_slice(), &[0]].concat();
            request.revision = answer.header.map_or(0, |header| header.revision);
        }
    }

    async fn transact(&self, requests: Vec<Request>) -> Result<Vec<Response>, Error> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let success = requests.into_iter().map(|request| RequestOp { request: Some(request) }).collect();
        let answer: TxnResponse = self.call(method::TXN, TxnRequest { success }).await?;
        Ok(answer.responses.into_iter().filter_map(|answer| answer.response).collect())
    }

    async fn call<Q, A>(&self, method: &'static str, request: Q) -> Result<A, Error>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(usize::MAX);
        grpc.ready().await.map_err(|error| self.unreachable(&error))?;
        let path = PathAndQuery::from_static(method);
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc.unary(tonic::Request::new(request), path, codec).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.failed(&status))
    }

    fn failed(&self, status: &Status) -> Error {
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => self.unreachable(status),
            code => {
                let cause = format!("rpc error: code = {code:?} desc = {}", status.message());
                Error::Refused { address: self.address.clone(), cause }
            }
        }
    }

    /// The innermost cause is what the system says.
    fn unreachable(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let cause = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
        let cause = cause.split(" (os error").next().unwrap_or_default().to_owned();
        Error::Unreachable { address: self.address.clone(), cause }
    }
}

fn text(key: Vec<u8>) -> String {
    String::from_utf8(key).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The first text after all that begin so; they end in ASCII.
fn end_of(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    let last = end.pop().map(|last| char::from_u32(u32::from(last) + 1).unwrap_or(char::MAX));
    end.extend(last);
    end
}
