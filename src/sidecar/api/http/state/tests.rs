use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::components::state::{Delete, Feature, Operation, Set, Store};
use crate::sidecar::blocks::testing::{Answer, manifest, send, shared};
use crate::sidecar::limit::TooLarge;

/// Remembers what it was asked; etags count writes.
#[derive(Default)]
struct Fake {
    values: Mutex<BTreeMap<String, Item>>,
    requests: Mutex<Vec<String>>,
    plain: bool,
}

impl Fake {
    fn note(&self, text: String) {
        self.requests.lock().unwrap().push(text);
    }

    fn noted(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    fn apply(&self, set: Set) -> Result<(), Error> {
        let mut values = self.values.lock().unwrap();
        let current = values.get(&set.key).and_then(|item| item.etag.clone());
        match &set.etag {
            Some(etag) if etag.parse::<u32>().is_err() => {
                return Err(Error::EtagInvalid(format!("strconv.Atoi: parsing {etag:?}: invalid syntax")));
            }
            Some(etag) if Some(etag) != current.as_ref() => {
                return Err(Error::EtagMismatch(format!("wrong for key={}", set.key)));
            }
            _ => {}
        }
        if set.key.ends_with("broken") {
            return Err(Error::Other("disk full".into()));
        }
        let etag = current.map_or(1, |etag| etag.parse::<u32>().unwrap() + 1).to_string();
        let metadata = set.metadata.get("ttlInSeconds").map(|ttl| ("ttlExpireTime".to_owned(), ttl.clone()));
        let item = Item { value: set.value, etag: Some(etag), metadata: metadata.into_iter().collect() };
        values.insert(set.key, item);
        Ok(())
    }
}

#[async_trait]
impl Store for Fake {
    fn features(&self) -> &'static [Feature] {
        if self.plain { &[Feature::Etag] } else { &[Feature::Etag, Feature::Transactional] }
    }

    async fn get(&self, key: &str, metadata: &Metadata) -> Result<Option<Item>, Error> {
        if metadata.contains_key("fail") {
            return Err(Error::Other("no disk".into()));
        }
        Ok(self.values.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, request: Set) -> Result<(), Error> {
        self.note(format!(
            "set {} {:?} {} {:?}",
            request.key,
            request.concurrency,
            String::from_utf8_lossy(&request.value),
            request.metadata
        ));
        self.apply(request)
    }

    async fn delete(&self, request: Delete) -> Result<(), Error> {
        self.note(format!("delete {} {:?} {:?}", request.key, request.etag, request.concurrency));
        if request.etag.is_some() {
            return Err(Error::EtagMismatch(String::new()));
        }
        self.values.lock().unwrap().remove(&request.key);
        Ok(())
    }

    async fn transact(&self, operations: Vec<Operation>, metadata: &Metadata) -> Result<(), Error> {
        self.note(format!("transact {} {metadata:?}", operations.len()));
        for operation in operations {
            match operation {
                Operation::Set(set) => self.apply(set)?,
                Operation::Delete(delete) => {
                    self.values.lock().unwrap().remove(&delete.key);
                }
            }
        }
        Ok(())
    }
}

fn app() -> (Router, Arc<Fake>) {
    let shared = shared("app");
    let fake = Arc::new(Fake::default());
    let store: Arc<dyn Store> = Arc::<Fake>::clone(&fake);
    shared.components.insert_state(manifest("s", "state.fake", &[]), store);
    let plain = Arc::new(Fake { plain: true, ..Fake::default() });
    shared.components.insert_state(manifest("plain", "state.fake", &[]), plain);
    let secret = manifest("encrypted", "state.fake", &[("primaryEncryptionKey", "00")]);
    shared.components.insert_state(secret, Arc::new(Fake::default()));
    (routes().with_state(Arc::new(shared)), fake)
}

async fn post(app: &Router, path: &str, body: &'static str) -> (u16, String) {
    let Answer { status, body, .. } = send(app, "POST", path, &[], body).await;
    (status, body)
}

fn simple(code: &str, message: &str) -> String {
    format!(r#"{{"errorCode":"{code}","message":"{message}"}}"#)
}

#[tokio::test]
async fn a_value_keeps_its_text() {
    let (app, fake) = app();
    let body = r#"[{"key":"a/b","value":{"b": 1.50,  "a":"<ü>"}}]"#;
    assert_eq!(post(&app, "/v1.0/state/s", body).await, (204, String::new()));
    assert_eq!(fake.noted(), [r#"set app||a/b Unspecified {"b": 1.50,  "a":"<ü>"} {}"#]);
    let answer = send(&app, "GET", "/v1.0/state/s/a%2Fb?consistency=strong", &[], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"b": 1.50,  "a":"<ü>"}"#));
    assert_eq!((answer.header("etag"), answer.header("content-type")), (Some("1"), Some("application/json")));
}

#[tokio::test]
async fn a_missing_value_stores_null_and_a_missing_key_reads_as_nothing() {
    let (app, _) = app();
    assert_eq!(send(&app, "PUT", "/v1.0/state/s", &[], r#"[{"key":"a"}]"#).await.status, 204);
    assert_eq!(send(&app, "GET", "/v1.0/state/s/a", &[], "").await.body, "null");
    let answer = send(&app, "GET", "/v1.0/state/s/b", &[], "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (204, "", None));
    for nothing in ["[]", "null"] {
        assert_eq!(post(&app, "/v1.0/state/s", nothing).await.0, 204);
    }
}

#[tokio::test]
async fn metadata_of_the_url_wins_and_comes_back_as_headers() {
    let (app, fake) = app();
    let body = r#"[{"key":"a","value":1,"metadata":{"ttlInSeconds":"5","x":"y"},"options":{"concurrency":"first-write","consistency":"strong"}}]"#;
    assert_eq!(post(&app, "/v1.0/state/s?metadata.ttlInSeconds=60", body).await.0, 204);
    assert_eq!(fake.noted(), [r#"set app||a FirstWrite 1 {"ttlInSeconds": "60", "x": "y"}"#]);
    let answer = send(&app, "GET", "/v1.0/state/s/a", &[], "").await;
    assert_eq!(answer.header("metadata.ttlExpireTime"), Some("60"));
}

#[tokio::test]
async fn refused_writes() {
    let (app, _) = app();
    let cases = [
        (
            r#"[{"key":"a","value":1,"etag":"7"}]"#,
            409,
            "failed saving state in state store s: possible etag mismatch. error from state store: wrong for key=app||a",
        ),
        (
            r#"[{"key":"a","value":1,"etag":"zzz"}]"#,
            400,
            r#"failed saving state in state store s: invalid etag value: strconv.Atoi: parsing \"zzz\": invalid syntax"#,
        ),
        (r#"[{"key":"broken","value":1}]"#, 500, "failed saving state in state store s: disk full"),
        (
            r#"[{"key":"a","options":{"concurrency":"x"}}]"#,
            500,
            "failed saving state in state store s: unrecognized concurrency model 'x'",
        ),
        (
            r#"[{"key":"broken","value":1},{"key":"ok","value":1},{"key":"b","value":1,"etag":"3"}]"#,
            409,
            r"failed saving state in state store s: disk full\npossible etag mismatch. error from state store: wrong for key=app||b",
        ),
    ];
    for (body, status, message) in cases {
        assert_eq!(post(&app, "/v1.0/state/s", body).await, (status, simple("ERR_STATE_SAVE", message)));
    }
    assert_eq!(send(&app, "GET", "/v1.0/state/s/ok", &[], "").await.status, 200);
}

#[tokio::test]
async fn malformed_writes() {
    let (app, _) = app();
    let (status, body) = post(&app, "/v1.0/state/s", r#"[{"value":1}]"#).await;
    assert_eq!((status, body), (400, simple("ERR_MALFORMED_REQUEST", r#"\"key\" is a required field"#)));
    let body = r#"{"operations":[{"operation":"delete","request":{}}]}"#;
    let answer = post(&app, "/v1.0/state/s/transaction", body).await;
    assert_eq!(answer, (400, simple("ERR_MALFORMED_REQUEST", r#"\"key\" is a required field"#)));
    let (status, body) = post(&app, "/v1.0/state/s", "[{broken").await;
    assert_eq!(status, 400);
    let text = "invalid character 'b' looking for beginning of object key string";
    assert_eq!(body, simple("ERR_MALFORMED_REQUEST", text));
    for (path, body, expected) in [
        ("/v1.0/state/s", "", "EOF"),
        ("/v1.0/state/s", "[null]", r#"\"key\" is a required field"#),
        ("/v1.0/state/s/bulk", "", "failed deserializing HTTP body: EOF"),
        ("/v1.0/state/s/transaction", "{", "failed deserializing HTTP body: unexpected EOF"),
    ] {
        let answer = post(&app, path, body).await;
        assert_eq!(answer, (400, simple("ERR_MALFORMED_REQUEST", expected)), "{path} {body}");
    }
}

#[tokio::test]
async fn the_case_of_names_does_not_matter() {
    let (app, fake) = app();
    let body = r#"[{"Key":"x","key":"a","VALUE":1,"Etag":null,"Options":{"Concurrency":"last-write"},"metadata":null}]"#;
    assert_eq!(post(&app, "/v1.0/state/s", body).await.0, 204);
    assert_eq!(fake.noted(), ["set app||a LastWrite 1 {}"]);
    let answer = post(&app, "/v1.0/state/s/bulk", r#"{"Keys":["a"]}"#).await;
    assert_eq!(answer.1, "[{\"key\":\"a\",\"data\":1,\"etag\":\"1\"}]\n");
    let body = r#"{"Operations":[{"Operation":"delete","Request":{"Key":"a"}}]}"#;
    assert_eq!(post(&app, "/v1.0/state/s/transaction", body).await.0, 204);
    assert_eq!(send(&app, "GET", "/v1.0/state/s/a", &[], "").await.status, 204);
    assert_eq!(post(&app, "/v1.0/state/s/bulk", "null").await, (200, "[]\n".into()));
    assert_eq!(post(&app, "/v1.0/state/s/transaction", "null").await.0, 204);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_malformed_request() {
    let (app, _) = app();
    let body = || Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(TooLarge)]));
    for (path, text) in [
        ("/v1.0/state/s", "stream too large"),
        ("/v1.0/state/s/bulk", "failed deserializing HTTP body: stream too large"),
        ("/v1.0/state/s/transaction", "failed deserializing HTTP body: stream too large"),
    ] {
        let answer = send(&app, "POST", path, &[], body()).await;
        assert_eq!((answer.status, answer.body), (400, simple("ERR_MALFORMED_REQUEST", text)));
    }
}

#[tokio::test]
async fn keys_with_the_separator_are_refused() {
    let (app, _) = app();
    let expected = r#"{"errorCode":"ERR_MALFORMED_REQUEST","message":"api error: code = InvalidArgument desc = input key/keyPrefix 'a||b' can't contain '||'","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"description":"api error: code = InvalidArgument desc = input key/keyPrefix 'a||b' can't contain '||'","field":"a||b"}]},{"@type":"type.googleapis.com/google.rpc.ResourceInfo","description":"","owner":"","resource_name":"s","resource_type":"state"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":null,"reason":"DAPR_STATE_ILLEGAL_KEY"}]}"#;
    let get = send(&app, "GET", "/v1.0/state/s/a%7C%7Cb", &[], "").await;
    assert_eq!((get.status, get.body.as_str()), (400, expected));
    assert_eq!(
        post(&app, "/v1.0/state/s", r#"[{"key":"a||b","value":1}]"#).await,
        (400, expected.to_owned())
    );
}

#[tokio::test]
async fn stores_that_are_not_there() {
    let (app, _) = app();
    let detail = |reason: &str| {
        format!(
            r#","details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":{{"appID":"app"}},"reason":"{reason}"}}]}}"#
        )
    };
    let expected = simple("ERR_STATE_STORE_NOT_FOUND", "state store x is not found");
    let expected = expected.replace('}', &detail("DAPR_STATE_NOT_FOUND"));
    assert_eq!(post(&app, "/v1.0/state/x", "[]").await, (400, expected));
    let none = routes().with_state(Arc::new(shared("app")));
    let expected = simple("ERR_STATE_STORE_NOT_CONFIGURED", "state store x is not configured");
    let expected = expected.replace('}', &detail("DAPR_STATE_NOT_CONFIGURED"));
    assert_eq!(post(&none, "/v1.0/state/x", "[]").await, (500, expected));
    assert_eq!(post(&app, "/v1.0/state/encrypted", "[]").await.0, 501);
}

#[tokio::test]
async fn failed_reads() {
    let (app, _) = app();
    let answer = send(&app, "GET", "/v1.0/state/s/k?metadata.fail=1", &[], "").await;
    let expected = simple("ERR_STATE_GET", "fail to get k from state store s: no disk");
    assert_eq!((answer.status, answer.body), (500, expected));
}

#[tokio::test]
async fn deletes() {
    let (app, fake) = app();
    let answer = send(&app, "DELETE", "/v1.0/state/s/a?concurrency=last-write", &[], "").await;
    assert_eq!(answer.status, 204);
    let answer = send(&app, "DELETE", "/v1.0/state/s/bulk", &[("If-Match", "9")], "").await;
    let message = "failed deleting state with key bulk: possible etag mismatch. error from state store";
    assert_eq!((answer.status, answer.body), (409, simple("ERR_STATE_DELETE", message)));
    assert_eq!(fake.noted(), ["delete app||a None LastWrite", "delete app||bulk Some(\"9\") Unspecified"]);
}

#[tokio::test]
async fn bulk_get_answers_in_order() {
    let (app, fake) = app();
    post(&app, "/v1.0/state/s?metadata.ttlInSeconds=9", r#"[{"key":"a","value":{"x":"<1>"}}]"#).await;
    let text = Set { key: "app||t".into(), value: Bytes::from_static(b"not json"), ..Set::default() };
    fake.set(text).await.unwrap();
    let answer = post(&app, "/v1.0/state/s/bulk", r#"{"keys":["t","none","a"],"parallelism":10}"#).await;
    let expected = r#"[{"key":"t","data":"not json","etag":"1"},{"key":"none"},{"key":"a","data":{"x":"\u003c1\u003e"},"etag":"1","metadata":{"ttlExpireTime":"9"}}]"#;
    assert_eq!(answer, (200, format!("{expected}\n")));
    let failing = post(&app, "/v1.0/state/s/bulk", r#"{"keys":["a"],"metadata":{"fail":"1"}}"#).await;
    assert_eq!(failing, (200, "[{\"key\":\"a\",\"error\":\"no disk\"}]\n".to_owned()));
    assert_eq!(post(&app, "/v1.0/state/s/bulk", r#"{"keys":[]}"#).await, (200, "[]\n".to_owned()));
    let wrong = post(&app, "/v1.0/state/s/bulk", "1").await;
    assert!(wrong.0 == 400 && wrong.1.contains("failed deserializing HTTP body: "), "{wrong:?}");
}

#[tokio::test]
async fn transactions() {
    let (app, fake) = app();
    let body = r#"{"operations":[{"operation":"upsert","request":{"key":"k","value":[1]}},{"operation":"delete","request":{"key":"k2"}}],"metadata":{"a":"b"}}"#;
    assert_eq!(post(&app, "/v1.0/state/s/transaction?metadata.c=d", body).await, (204, String::new()));
    assert_eq!(fake.noted(), [r#"transact 2 {"a": "b", "c": "d"}"#]);
    assert_eq!(send(&app, "GET", "/v1.0/state/s/k", &[], "").await.body, "[1]");
    assert_eq!(post(&app, "/v1.0/state/s/transaction", "{}").await.0, 204);
    assert!(fake.noted().is_empty());
    let body = r#"{"operations":[{"operation":"foo","request":{"key":"k"}}]}"#;
    let expected = simple("ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type foo not supported");
    assert_eq!(post(&app, "/v1.0/state/s/transaction", body).await, (400, expected));
    let body = r#"{"operations":[{"operation":"upsert","request":{"key":"k","value":1,"etag":"5"}}]}"#;
    let message = "error while executing state transaction: possible etag mismatch. error from state store: wrong for key=app||k";
    let expected = simple("ERR_STATE_TRANSACTION", message);
    assert_eq!(post(&app, "/v1.0/state/s/transaction", body).await, (500, expected));
}

#[tokio::test]
async fn what_a_store_cannot_do() {
    let (app, _) = app();
    let expected = r#"{"errorCode":"ERR_STATE_STORE_NOT_SUPPORTED","message":"state store plain doesn't support transactions","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Check the list of state stores and the features they support","url":"https://docs.dapr.io/reference/components-reference/supported-state-stores/"}]},{"@type":"type.googleapis.com/google.rpc.ResourceInfo","description":"","owner":"","resource_name":"plain","resource_type":"state"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":null,"reason":"DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED"}]}"#;
    assert_eq!(post(&app, "/v1.0/state/plain/transaction", "{}").await, (500, expected.to_owned()));
    let expected = r#"{"errorCode":"ERR_STATE_STORE_NOT_SUPPORTED","message":"state store does not support querying","details":[{"@type":"type.googleapis.com/google.rpc.ResourceInfo","description":"","owner":"","resource_name":"s","resource_type":"state"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":null,"reason":"DAPR_STATE_QUERYING_NOT_SUPPORTED"}]}"#;
    assert_eq!(post(&app, "/v1.0-alpha1/state/s/query", "{}").await, (500, expected.to_owned()));
}

#[tokio::test]
async fn reserved_words_are_keys_for_reading() {
    let (app, fake) = app();
    let set = Set { key: "app||bulk".into(), value: Bytes::from_static(b"7"), ..Set::default() };
    fake.set(set).await.unwrap();
    assert_eq!(send(&app, "GET", "/v1.0/state/s/bulk", &[], "").await.body, "7");
    // Left to the router that this one becomes part of.
    assert_eq!(post(&app, "/v1.0/state/s/other", "{}").await.0, 405);
}
