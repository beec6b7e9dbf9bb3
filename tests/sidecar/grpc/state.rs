use std::collections::HashMap;

use dapr::dapr::proto::common::v1::state_options::StateConcurrency;
use dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions};
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    DeleteBulkStateRequest, DeleteStateRequest, ExecuteStateTransactionRequest, GetBulkStateRequest,
    GetStateRequest, GetStateResponse, QueryStateRequest, SaveStateRequest, TransactionalStateOperation,
};
use dapr_cli::sidecar::Options;
use tonic::Code;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use super::{client, parts};
use crate::support::{Sidecar, alone, component, resources, send};

fn item(key: &str, value: &str) -> StateItem {
    StateItem { key: key.into(), value: value.into(), ..StateItem::default() }
}

fn with_etag(etag: &str, item: StateItem) -> StateItem {
    StateItem { etag: Some(Etag { value: etag.into() }), ..item }
}

fn save(states: Vec<StateItem>) -> SaveStateRequest {
    SaveStateRequest { store_name: "store".into(), states }
}

fn get(store: &str, key: &str) -> GetStateRequest {
    GetStateRequest { store_name: store.into(), key: key.into(), ..GetStateRequest::default() }
}

fn delete(key: &str, etag: Option<&str>) -> DeleteStateRequest {
    DeleteStateRequest {
        store_name: "store".into(),
        key: key.into(),
        etag: etag.map(|value| Etag { value: value.into() }),
        ..DeleteStateRequest::default()
    }
}

fn step(operation: &str, request: StateItem) -> TransactionalStateOperation {
    TransactionalStateOperation { operation_type: operation.into(), request: Some(request) }
}

fn transaction(operations: Vec<TransactionalStateOperation>) -> ExecuteStateTransactionRequest {
    ExecuteStateTransactionRequest { store_name: "store".into(), operations, metadata: HashMap::new() }
}

async fn with_store() -> (Sidecar, DaprClient<Channel>, tempfile::TempDir) {
    let folder = resources(&[component("store", "state.in-memory", &[])]);
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    let client = client(&sidecar).await;
    (sidecar, client, folder)
}

#[tokio::test]
async fn values_are_bytes_that_http_sees_too() {
    let (sidecar, mut dapr, _folder) = with_store().await;
    let ttl = HashMap::from([("ttlInSeconds".to_owned(), "60".to_owned())]);
    let lasting = StateItem { metadata: ttl, ..item("b", "\u{0}raw") };
    dapr.save_state(save(vec![item("a", "{\"x\":1}"), lasting])).await.unwrap();
    let a = dapr.get_state(get("store", "a")).await.unwrap().into_inner();
    assert_eq!((a.data.as_slice(), a.etag.is_empty()), (b"{\"x\":1}".as_slice(), false));
    let b = dapr.get_state(get("store", "b")).await.unwrap().into_inner();
    assert_eq!(b.data, b"\0raw");
    assert!(b.metadata["ttlExpireTime"].ends_with('Z'), "{:?}", b.metadata);
    assert_eq!(sidecar.get("/v1.0/state/store/a").await.body, "{\"x\":1}");
    let none = dapr.get_state(get("store", "none")).await.unwrap().into_inner();
    assert_eq!(none, GetStateResponse::default());
}

#[tokio::test]
async fn several_values_at_once() {
    let (_sidecar, mut dapr, _folder) = with_store().await;
    dapr.save_state(save(vec![item("a", "1"), item("b", "2")])).await.unwrap();
    let wanted = GetBulkStateRequest {
        store_name: "store".into(),
        keys: vec!["b".into(), "none".into(), "a".into()],
        ..GetBulkStateRequest::default()
    };
    let items = dapr.get_bulk_state(wanted.clone()).await.unwrap().into_inner().items;
    let seen: Vec<_> = items.iter().map(|item| (item.key.as_str(), item.data.as_slice())).collect();
    assert_eq!(seen, [("b", b"2".as_slice()), ("none", b""), ("a", b"1")]);
    let removals = DeleteBulkStateRequest {
        store_name: "store".into(),
        states: vec![item("a", ""), with_etag("77", item("b", ""))],
    };
    let error = dapr.delete_bulk_state(removals).await.unwrap_err();
    let expected =
        "failed deleting state in state store store: possible etag mismatch. error from state store";
    assert!(error.message().starts_with(expected), "{error}");
    assert_eq!((error.code(), parts(&error).2.as_deref()), (Code::Aborted, Some("ERR_STATE_BULK_DELETE")));
    let left = dapr.get_bulk_state(wanted).await.unwrap().into_inner().items;
    assert_eq!(left[2].data, b"", "each is deleted on its own");
}

#[tokio::test]
async fn etags_guard_values() {
    let (_sidecar, mut dapr, _folder) = with_store().await;
    dapr.save_state(save(vec![item("a", "1")])).await.unwrap();
    let etag = dapr.get_state(get("store", "a")).await.unwrap().into_inner().etag;
    dapr.save_state(save(vec![with_etag(&etag, item("a", "2"))])).await.unwrap();
    let error = dapr.save_state(save(vec![with_etag(&etag, item("a", "3"))])).await.unwrap_err();
    let expected = "failed saving state in state store store: possible etag mismatch. error from state store";
    assert!(error.message().starts_with(expected), "{error}");
    assert_eq!((error.code(), parts(&error).2.as_deref()), (Code::Aborted, Some("ERR_STATE_SAVE")));
    let first = StateOptions { concurrency: StateConcurrency::ConcurrencyFirstWrite.into(), consistency: 2 };
    let first = StateItem { options: Some(first), ..item("a", "4") };
    assert_eq!(dapr.save_state(save(vec![first])).await.unwrap_err().code(), Code::Aborted);
    let error = dapr.delete_state(delete("a", Some(&etag))).await.unwrap_err();
    assert!(
        error.message().starts_with("failed deleting state with key a: possible etag mismatch"),
        "{error}"
    );
    assert_eq!((error.code(), parts(&error).2.as_deref()), (Code::Aborted, Some("ERR_STATE_DELETE")));
    dapr.delete_state(delete("a", None)).await.unwrap();
    dapr.delete_state(delete("a", None)).await.unwrap();
    assert_eq!(dapr.get_state(get("store", "a")).await.unwrap().into_inner().data, b"");
}

#[tokio::test]
async fn transactions_are_all_or_nothing() {
    let (_sidecar, mut dapr, _folder) = with_store().await;
    let steps = vec![step("upsert", item("a", "1")), step("upsert", item("b", "2"))];
    dapr.execute_state_transaction(transaction(steps)).await.unwrap();
    dapr.execute_state_transaction(transaction(Vec::new())).await.unwrap();
    let steps = vec![step("delete", item("a", "")), step("upsert", with_etag("77", item("b", "3")))];
    let error = dapr.execute_state_transaction(transaction(steps)).await.unwrap_err();
    assert!(error.message().starts_with("error while executing state transaction: "), "{error}");
    assert_eq!((error.code(), parts(&error).2.as_deref()), (Code::Internal, Some("ERR_STATE_TRANSACTION")));
    assert_eq!(dapr.get_state(get("store", "a")).await.unwrap().into_inner().data, b"1");
    let error =
        dapr.execute_state_transaction(transaction(vec![step("zz", item("a", ""))])).await.unwrap_err();
    let reason = Some("ERR_NOT_SUPPORTED_STATE_OPERATION".to_owned());
    assert_eq!(parts(&error), (Code::Unimplemented, "operation type zz not supported", reason));
}

#[tokio::test]
async fn errors_have_their_codes_and_details() {
    let (_sidecar, mut dapr, _folder) = with_store().await;
    let error = dapr.get_state(get("nope", "a")).await.unwrap_err();
    let expected =
        (Code::InvalidArgument, "state store nope is not found", Some("DAPR_STATE_NOT_FOUND".into()));
    assert_eq!(parts(&error), expected);
    assert!(error.get_details_error_info().unwrap().metadata.is_empty());
    let error = dapr.save_state(save(vec![item("", "1")])).await.unwrap_err();
    let expected = (Code::InvalidArgument, "state key cannot be empty", Some("ERR_STATE_SAVE".into()));
    assert_eq!(parts(&error), expected);
    let error = dapr.save_state(save(vec![item("a||b", "1")])).await.unwrap_err();
    let reason = Some("DAPR_STATE_ILLEGAL_KEY".into());
    assert_eq!(
        parts(&error),
        (Code::InvalidArgument, "input key/keyPrefix 'a||b' can't contain '||'", reason)
    );
    let details = error.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "a||b");
    assert_eq!(details.resource_info().unwrap().resource_name, "store");
    let query = QueryStateRequest { store_name: "store".into(), ..QueryStateRequest::default() };
    let error = dapr.query_state_alpha1(query).await.unwrap_err();
    let reason = Some("DAPR_STATE_QUERYING_NOT_SUPPORTED".into());
    assert_eq!(parts(&error), (Code::Internal, "state store does not support querying", reason));
}

#[tokio::test]
async fn without_a_store() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let error = client(&sidecar).await.get_state(get("x", "a")).await.unwrap_err();
    let reason = Some("DAPR_STATE_NOT_CONFIGURED".into());
    assert_eq!(parts(&error), (Code::FailedPrecondition, "state store x is not configured", reason));
}

#[tokio::test]
async fn messages_have_a_limit() {
    let folder = resources(&[component("store", "state.in-memory", &[])]);
    let options =
        Options { resources_paths: vec![folder.path().into()], max_body_size: Some(1000), ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    let mut dapr = client(&sidecar).await;
    let error = dapr.save_state(save(vec![item("a", &"x".repeat(1000))])).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    dapr.save_state(save(vec![item("a", &"x".repeat(900))])).await.unwrap();
    // What came in over HTTP in pieces may be too large for an answer.
    for key in ["b", "c"] {
        let body = format!("[{{\"key\":\"{key}\",\"value\":\"{}\"}}]", "x".repeat(900));
        assert_eq!(send("POST", &sidecar.url("/v1.0/state/store"), &[], body).await.status.as_u16(), 204);
    }
    let all = GetBulkStateRequest {
        store_name: "store".into(),
        keys: vec!["b".into(), "c".into()],
        ..GetBulkStateRequest::default()
    };
    assert_eq!(dapr.get_bulk_state(all).await.unwrap_err().code(), Code::ResourceExhausted);
}
