use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Sidecar, alone, component, eventually, resources, send};

/// A sidecar of app `app` with the stores `mem` and `lite`, and the folder of the latter's file.
async fn with_stores() -> (Sidecar, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("state.db").to_string_lossy().into_owned();
    let folder = resources(&[
        component("mem", "state.in-memory", &[]),
        component("lite", "state.sqlite", &[("connectionString", &file)]),
    ]);
    let sidecar =
        Sidecar::ready(Options { resources_paths: vec![folder.path().into()], ..alone("app") }).await;
    (sidecar, data)
}

fn simple(code: &str, message: &str) -> String {
    json!({"errorCode": code, "message": message}).to_string()
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), &answer.body)
}

impl Sidecar {
    async fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send("DELETE", &self.url(path), headers, "").await
    }
}

#[tokio::test]
async fn a_value_comes_back_as_it_was_written() {
    let (sidecar, _data) = with_stores().await;
    for store in ["mem", "lite"] {
        let base = format!("/v1.0/state/{store}");
        let body = r#"[{"key":"order 1/ä","value":{"b": 1.50,  "a":"<ü>"}},{"key":"text","value":"plain"},{"key":"none"}]"#;
        assert_eq!(told(&sidecar.post(&base, body).await), (204, ""), "{store}");
        let answer = sidecar.get(&format!("{base}/order%201%2F%C3%A4?consistency=strong")).await;
        assert_eq!(told(&answer), (200, r#"{"b": 1.50,  "a":"<ü>"}"#), "{store}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(uuid::Uuid::try_parse(answer.header("etag").unwrap()).is_ok());
        assert_eq!(told(&sidecar.get(&format!("{base}/text")).await), (200, "\"plain\""), "{store}");
        assert_eq!(told(&sidecar.get(&format!("{base}/none")).await), (200, "null"), "{store}");

        let missing = sidecar.get(&format!("{base}/missing")).await;
        assert_eq!((told(&missing), missing.header("content-type")), ((204, ""), None));
        for _ in 0..2 {
            assert_eq!(told(&sidecar.delete(&format!("{base}/text"), &[]).await), (204, ""));
            assert_eq!(sidecar.get(&format!("{base}/text")).await.status, StatusCode::NO_CONTENT);
        }
        let put = send("PUT", &sidecar.url(&base), &[], r#"[{"key":"text","value":1}]"#).await;
        assert_eq!((told(&put), told(&sidecar.post(&base, "[]").await)), ((204, ""), (204, "")));
        let bulk =
            sidecar.post(&format!("{base}/bulk"), r#"{"keys":["text","no","none"],"parallelism":2}"#).await;
        let mut items: Value = serde_json::from_str(&bulk.body).unwrap();
        for at in [0, 2] {
            assert!(uuid::Uuid::try_parse(items[at]["etag"].take().as_str().unwrap()).is_ok(), "{store}");
        }
        let expected = json!([{"key":"text","data":1,"etag":null}, {"key":"no"}, {"key":"none","data":null,"etag":null}]);
        assert_eq!((bulk.status, items), (StatusCode::OK, expected), "{store}");
    }
}

#[tokio::test]
async fn etags_guard_writes() {
    let (sidecar, _data) = with_stores().await;
    // What the stores add to the message.
    let wrong = |store: &str, current: &str| match store {
        "mem" => format!(": state etag not match for key=app||k: current={current}, expect=wrong"),
        _ => String::new(),
    };
    let exists = |store: &str| match store {
        "mem" => ": item already exists and no etag was passed",
        _ => "",
    };
    for store in ["mem", "lite"] {
        let (base, key) = (format!("/v1.0/state/{store}"), format!("/v1.0/state/{store}/k"));
        let first = r#"[{"key":"k","value":1,"options":{"concurrency":"first-write"}}]"#;
        assert_eq!(told(&sidecar.post(&base, first).await), (204, ""));
        let saved = format!("failed saving state in state store {store}");
        let mismatch = "possible etag mismatch. error from state store";
        let text = simple("ERR_STATE_SAVE", &format!("{saved}: {mismatch}{}", exists(store)));
        assert_eq!(told(&sidecar.post(&base, first).await), (409, &*text), "{store}");

        let answer = sidecar.get(&key).await;
        let etag = answer.header("etag").unwrap();
        let text = simple("ERR_STATE_SAVE", &format!("{saved}: {mismatch}{}", wrong(store, etag)));
        let answer = sidecar.post(&base, r#"[{"key":"k","value":2,"etag":"wrong"}]"#).await;
        assert_eq!(told(&answer), (409, &*text), "{store}");
        let text = format!("failed deleting state with key k: {mismatch}{}", wrong(store, etag));
        let answer = sidecar.delete(&key, &[("if-match", "wrong")]).await;
        assert_eq!(told(&answer), (409, &*simple("ERR_STATE_DELETE", &text)), "{store}");
        assert_eq!(sidecar.get(&key).await.body, "1", "{store}");

        let right = json!([{"key": "k", "value": 3, "etag": etag}]).to_string();
        assert_eq!(told(&sidecar.post(&base, &right).await), (204, ""), "{store}");
        let next = sidecar.get(&key).await;
        assert_ne!(next.header("etag"), Some(etag), "{store}");
        let deleted = sidecar.delete(&key, &[("If-Match", next.header("etag").unwrap())]).await;
        assert_eq!(told(&deleted), (204, ""), "{store}");
    }
}

#[tokio::test]
async fn values_expire() {
    let (sidecar, _data) = with_stores().await;
    for (store, error) in [
        ("mem", r#"strconv.Atoi: parsing "abc": invalid syntax"#),
        (
            "lite",
            r#"error parsing TTL: incorrect value for metadata 'ttlInSeconds': strconv.ParseInt: parsing "abc": invalid syntax"#,
        ),
    ] {
        let base = format!("/v1.0/state/{store}");
        let body = r#"[{"key":"long","value":1,"metadata":{"ttlInSeconds":"60"}},{"key":"ever","value":1,"metadata":{"ttlInSeconds":"-1"}}]"#;
        assert_eq!(told(&sidecar.post(&base, body).await), (204, ""), "{store}");
        let answer = sidecar.get(&format!("{base}/long")).await;
        let expires: jiff::Timestamp = answer.header("metadata.ttlexpiretime").unwrap().parse().unwrap();
        let left = expires.as_second() - jiff::Timestamp::now().as_second();
        assert!((50..=61).contains(&left), "{store}: {left}");
        assert_eq!(sidecar.get(&format!("{base}/ever")).await.header("metadata.ttlexpiretime"), None);

        // The URL's metadata wins.
        let url = format!("{base}?metadata.ttlInSeconds=1");
        let body = r#"[{"key":"short","value":1,"metadata":{"ttlInSeconds":"60"}}]"#;
        assert_eq!(told(&sidecar.post(&url, body).await), (204, ""), "{store}");
        let short = format!("{base}/short");
        eventually(async || sidecar.get(&short).await.status == StatusCode::NO_CONTENT).await;

        let body = r#"[{"key":"k","value":1,"metadata":{"ttlInSeconds":"abc"}}]"#;
        let text = simple("ERR_STATE_SAVE", &format!("failed saving state in state store {store}: {error}"));
        assert_eq!(told(&sidecar.post(&base, body).await), (500, &*text));
    }
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    let (sidecar, _data) = with_stores().await;
    for store in ["mem", "lite"] {
        let url = format!("/v1.0/state/{store}/transaction");
        let body = r#"{"operations":[{"operation":"upsert","request":{"key":"a","value":1}},{"operation":"upsert","request":{"key":"b","value":2}},{"operation":"delete","request":{"key":"b"}}]}"#;
        assert_eq!(told(&sidecar.post(&url, body).await), (204, ""), "{store}");
        let value = async |key: &str| sidecar.get(&format!("/v1.0/state/{store}/{key}")).await;
        assert_eq!(told(&value("a").await), (200, "1"), "{store}");
        assert_eq!(told(&value("b").await), (204, ""), "{store}");

        let body = r#"{"operations":[{"operation":"upsert","request":{"key":"c","value":1}},{"operation":"delete","request":{"key":"a","etag":"wrong"}}]}"#;
        let answer = sidecar.post(&url, body).await;
        let text = r#"{"errorCode":"ERR_STATE_TRANSACTION","message":"error while executing state transaction: possible etag mismatch. error from state store"#;
        assert!(answer.status == StatusCode::INTERNAL_SERVER_ERROR && answer.body.starts_with(text));
        assert_eq!(told(&value("a").await), (200, "1"), "{store}");
        assert_eq!(told(&value("c").await), (204, ""), "{store}");

        assert_eq!(told(&sidecar.post(&url, r#"{"operations":[]}"#).await), (204, ""), "{store}");
        let body = r#"{"operations":[{"operation":"foo","request":{"key":"a"}}]}"#;
        let text = simple("ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type foo not supported");
        assert_eq!(told(&sidecar.post(&url, body).await), (400, &*text));
    }
}

#[tokio::test]
async fn keys_have_the_prefix_that_the_component_asks_for() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("state.db").to_string_lossy().into_owned();
    let prefixes = ["", "appid", "name", "namespace", "none", "mine", "a||b"];
    let stores = prefixes.iter().enumerate().map(|(at, prefix)| {
        let metadata = [("connectionString", file.as_str()), ("keyPrefix", prefix)];
        component(&format!("s{at}"), "state.sqlite", &metadata)
    });
    let folder = resources(&stores.collect::<Vec<_>>());
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("app") };
    let sidecar = Sidecar::start_with(options, Env::of([("NAMESPACE", "ns")])).await;
    sidecar.until_ready().await;
    let save = async |store: usize, key: &str| {
        let body = json!([{"key": key, "value": 1}]).to_string();
        sidecar.post(&format!("/v1.0/state/s{store}"), &body).await
    };
    for at in 0..=5 {
        assert_eq!(save(at, &format!("k{at}")).await.status, StatusCode::NO_CONTENT, "{at}");
    }
    let keys: Vec<String> = {
        let connection = rusqlite::Connection::open(&file).unwrap();
        let mut statement = connection.prepare("SELECT key FROM state ORDER BY key").unwrap();
        let keys = statement.query_map([], |row| row.get(0)).unwrap();
        keys.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(keys, ["app||k0", "app||k1", "k4", "mine||k5", "ns.app||k3", "s2||k2"]);
    // The default of one component is the explicit prefix of another one: the same key.
    assert_eq!(told(&sidecar.get("/v1.0/state/s1/k0").await), (200, "1"));

    let illegal = |store: &str, text: &str| {
        let message = format!(
            "api error: code = InvalidArgument desc = input key/keyPrefix '{text}' can't contain '||'"
        );
        format!(
            r#"{{"errorCode":"ERR_MALFORMED_REQUEST","message":"{message}","details":[{{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{{"description":"{message}","field":"{text}"}}]}},{{"@type":"type.googleapis.com/google.rpc.ResourceInfo","description":"","owner":"","resource_name":"{store}","resource_type":"state"}},{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":null,"reason":"DAPR_STATE_ILLEGAL_KEY"}}]}}"#
        )
    };
    assert_eq!(told(&save(0, "x||y").await), (400, &*illegal("s0", "x||y")));
    assert_eq!(told(&sidecar.get("/v1.0/state/s0/x%7C%7Cy").await), (400, &*illegal("s0", "x||y")));
    assert_eq!(told(&save(6, "k").await), (400, &*illegal("s6", "a||b")));
}

#[tokio::test]
async fn stores_that_are_not_there() {
    let detail = |reason: &str| {
        json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io",
            "metadata": {"appID": "app"}, "reason": reason}])
    };
    let paths = [
        ("GET", "/v1.0/state/nope/k"),
        ("DELETE", "/v1.0/state/nope/k"),
        ("POST", "/v1.0/state/nope"),
        ("POST", "/v1.0/state/nope/bulk"),
        ("PUT", "/v1.0/state/nope/transaction"),
        ("POST", "/v1.0-alpha1/state/nope/query"),
    ];
    let (with, _data) = with_stores().await;
    let without = Sidecar::ready(alone("app")).await;
    for (method, path) in paths {
        // Broken on purpose: the store is looked for first.
        let answer = send(method, &with.url(path), &[], "{").await;
        let expected = json!({"errorCode": "ERR_STATE_STORE_NOT_FOUND", "message": "state store nope is not found",
            "details": detail("DAPR_STATE_NOT_FOUND")});
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status.as_u16(), body), (400, expected), "{method} {path}");
        let answer = send(method, &without.url(path), &[], "{").await;
        let expected = json!({"errorCode": "ERR_STATE_STORE_NOT_CONFIGURED",
            "message": "state store nope is not configured", "details": detail("DAPR_STATE_NOT_CONFIGURED")});
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status.as_u16(), body), (500, expected), "{method} {path}");
    }
    let answer = with.post("/v1.0-alpha1/state/mem/query", "{}").await;
    let text =
        r#"{"errorCode":"ERR_STATE_STORE_NOT_SUPPORTED","message":"state store does not support querying","#;
    assert!(answer.status.as_u16() == 500 && answer.body.starts_with(text), "{}", answer.body);
}

#[tokio::test]
async fn a_key_is_decoded_once_and_a_plus_is_a_space() {
    let mut options = alone("app");
    let folder = resources(&[component("s", "state.in-memory", &[])]);
    options.resources_paths = vec![folder.path().into()];
    let sidecar = Sidecar::ready(options).await;
    let body = r#"[{"key":"a b","value":1},{"key":"a+b","value":2},{"key":"%41","value":3},{"key":"%zz","value":4}]"#;
    assert_eq!(sidecar.post("/v1.0/state/s", body).await.status, StatusCode::NO_CONTENT);
    for (key, value) in [("a+b", "1"), ("a%20b", "1"), ("a%2Bb", "2"), ("%2541", "3"), ("%25zz", "4")] {
        assert_eq!(told(&sidecar.get(&format!("/v1.0/state/s/{key}")).await), (200, value), "{key}");
    }
}

#[tokio::test]
async fn requests_that_cannot_be_read() {
    let mut options = alone("app");
    let folder = resources(&[component("s", "state.in-memory", &[])]);
    options.resources_paths = vec![folder.path().into()];
    options.max_body_size = Some(64);
    let sidecar = Sidecar::ready(options).await;
    let large = format!(r#"[{{"key":"k","value":"{}"}}]"#, "x".repeat(64));
    let cases = [
        ("/v1.0/state/s", r#"[{"value":1}]"#, r#""key" is a required field"#),
        ("/v1.0/state/s", &large, "stream too large"),
        ("/v1.0/state/s/bulk", &large, "failed deserializing HTTP body: stream too large"),
    ];
    for (path, body, text) in cases {
        assert_eq!(
            told(&sidecar.post(path, body).await),
            (400, &*simple("ERR_MALFORMED_REQUEST", text)),
            "{path}"
        );
    }
    for (path, body) in [
        ("/v1.0/state/s", "{}"),
        ("/v1.0/state/s", "[{"),
        ("/v1.0/state/s", ""),
        ("/v1.0/state/s/bulk", "[]"),
        ("/v1.0/state/s/transaction", "nonsense"),
    ] {
        let answer = sidecar.post(path, body).await;
        let start = r#"{"errorCode":"ERR_MALFORMED_REQUEST","message":""#;
        assert!(answer.status.as_u16() == 400 && answer.body.starts_with(start), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_is_in_a_file_outlives_the_sidecar_and_belongs_to_the_app() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("state.db").to_string_lossy().into_owned();
    let folder = resources(&[component("lite", "state.sqlite", &[("connectionString", &file)])]);
    let start = async |app_id: &str| {
        Sidecar::ready(Options { resources_paths: vec![folder.path().into()], ..alone(app_id) }).await
    };
    let first = start("one").await;
    let other = start("two").await;
    let saved = first.post("/v1.0/state/lite", r#"[{"key":"k","value":"kept"}]"#).await;
    assert_eq!(saved.status, StatusCode::NO_CONTENT);
    assert_eq!(other.get("/v1.0/state/lite/k").await.status, StatusCode::NO_CONTENT);
    first.stop().await.unwrap();
    let again = start("one").await;
    assert_eq!(told(&again.get("/v1.0/state/lite/k").await), (200, "\"kept\""));
}

#[tokio::test]
async fn the_keys_of_the_app_are_listed_without_its_prefix() {
    let (sidecar, _data) = with_stores().await;
    for store in ["mem", "lite"] {
        let body = r#"[{"key":"a1","value":1},{"key":"a2","value":1},{"key":"b1","value":1}]"#;
        assert_eq!(sidecar.post(&format!("/v1.0/state/{store}"), body).await.status, StatusCode::NO_CONTENT);
        let list = async |query: &str| -> Value {
            let answer = sidecar.get(&format!("/v1.0-alpha1/state/{store}/keys{query}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            serde_json::from_str(&answer.body).unwrap()
        };
        assert_eq!(list("").await, json!({"keys": ["a1", "a2", "b1"]}));
        assert_eq!(list("?prefix=a").await, json!({"keys": ["a1", "a2"]}));
        let first = list("?limit=2").await;
        assert_eq!(first["keys"], json!(["a1", "a2"]));
        let next = first["next"].as_str().unwrap().replace('|', "%7C");
        assert_eq!(list(&format!("?limit=2&after={next}")).await, json!({"keys": ["b1"]}));
    }
    let answer = sidecar.get("/v1.0-alpha1/state/nothing/keys").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    sidecar.stop().await.unwrap();
}
