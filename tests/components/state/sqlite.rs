//! `state.sqlite` beyond the contract: properties, layout, several sidecars on one file.

use std::sync::Arc;

use dapr_cli::components::Metadata;
use rusqlite::Connection;

use super::*;
use crate::support::until;

struct Place {
    _home: tempfile::TempDir,
    file: String,
}

fn place() -> Place {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("data/state.db").to_str().unwrap().to_owned();
    Place { _home: home, file }
}

#[tokio::test]
async fn wrong_properties_are_named() {
    let place = place();
    let file = ("connectionString", place.file.as_str());
    let cases: [(Settings<'_>, &str); 6] = [
        (&[], "missing connection string"),
        (&[file, ("timeout", "100ms")], "invalid value for 'timeout': must be greater than 1s"),
        (&[file, ("tableName", "a-b")], "invalid identifier: a-b"),
        (&[file, ("metadataTableName", "x;")], "invalid identifier: x;"),
        (
            &[("url", "x.db?_pragma=busy_timeout(1)")],
            "found forbidden option '_pragma=busy_timeout' in the connection string",
        ),
        (
            &[file, ("busyTimeout", "soon")],
            "invalid value for 'busyTimeout': \"soon\" is not a duration (try 5s or 1m30s)",
        ),
    ];
    for (settings, expected) in cases {
        assert_eq!(make("state.sqlite", settings).await.err().as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn wrong_requests_are_named() {
    let store = make("state.sqlite", &[("connectionString", ":memory:")]).await.unwrap();
    let text = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(text(store.set(set("", "1")).await), "missing key in set option");
    assert_eq!(text(store.delete(delete("")).await), "missing key in delete operation");
    assert_eq!(
        store.get("", &Metadata::new()).await.unwrap_err().to_string(),
        "missing key in get operation"
    );
    assert_eq!(
        text(store.set(set_if("k", "1", "x")).await),
        "possible etag mismatch. error from state store"
    );
    let ttl = "error parsing TTL: incorrect value for metadata 'ttlInSeconds': ";
    assert_eq!(text(store.set(set_for("k", "1", "-2")).await), format!("{ttl}must be -1 or greater"));
    assert_eq!(text(store.set(set_for("k", "1", "2147483648")).await), format!("{ttl}must be -1 or greater"));
    assert_eq!(
        text(store.set(set_for("k", "1", "abc")).await),
        format!("{ttl}strconv.ParseInt: parsing \"abc\": invalid syntax")
    );
}

#[tokio::test]
async fn the_layout_is_the_stock_one() {
    let place = place();
    let store = make("state.sqlite", &[("connectionString", &place.file)]).await.unwrap();
    store.set(set("text", "{}")).await.unwrap();
    let binary = Set { value: Bytes::from_static(&[255, 0]), ..set_for("binary", "", "60") };
    store.set(binary).await.unwrap();

    let db = Connection::open(&place.file).unwrap();
    let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let migrations: String =
        db.query_row("SELECT value FROM metadata WHERE key = 'migrations'", [], |row| row.get(0)).unwrap();
    assert_eq!(migrations, "1");
    let row = |key: &str| -> (String, i64, bool, bool) {
        let sql = "SELECT value, is_binary, expiration_time > CURRENT_TIMESTAMP, update_time IS NOT NULL \
                   FROM state WHERE key = ?1";
        db.query_row(sql, [key], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<bool>>(2)?.unwrap_or_default(), row.get(3)?))
        })
        .unwrap()
    };
    assert_eq!(row("text"), ("{}".into(), 0, false, true));
    assert_eq!(row("binary"), ("/wA=".into(), 1, true, true));

    // A row as a stock sidecar writes it.
    db.execute(
        "INSERT INTO state (key, value, is_binary, etag, expiration_time) \
         VALUES ('theirs', '1', 0, 'e', DATETIME(CURRENT_TIMESTAMP, '+100 seconds'))",
        [],
    )
    .unwrap();
    let item = get(&*store, "theirs").await.unwrap();
    assert_eq!(item.etag.as_deref(), Some("e"));
    item.metadata["ttlExpireTime"].parse::<jiff::Timestamp>().unwrap();
}

#[tokio::test]
async fn two_sidecars_share_a_file() {
    let place = place();
    let one = make("state.sqlite", &[("connectionString", &place.file)]).await.unwrap();
    let two = make("state.sqlite", &[("connectionString", &place.file)]).await.unwrap();
    let writers: Vec<_> = (0..200)
        .map(|n| {
            let store = Arc::clone(if n % 2 == 0 { &one } else { &two });
            tokio::spawn(async move { store.set(set(&format!("k{n}"), &n.to_string())).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    one.close().await;
    two.close().await;
    assert_eq!(one.set(set("k", "1")).await.unwrap_err().to_string(), "component is closed");
    assert_eq!(one.get("k", &Metadata::new()).await.unwrap_err().to_string(), "component is closed");

    let again = make("state.sqlite", &[("connectionString", &place.file)]).await.unwrap();
    for n in 0..200 {
        assert_eq!(value(&*again, &format!("k{n}")).await, Some(n.to_string()));
    }
}

#[tokio::test]
async fn two_tables_in_one_file() {
    let place = place();
    let file = ("connectionString", place.file.as_str());
    let one = make("state.sqlite", &[file]).await.unwrap();
    let two = make("state.sqlite", &[file, ("tableName", "second")]).await.unwrap();
    one.set(set("k", "1")).await.unwrap();
    assert_eq!(value(&*two, "k").await, None);
    two.set(set("k", "2")).await.unwrap();
    assert_eq!(value(&*one, "k").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_clean_up_removes_expired_rows() {
    let place = place();
    let settings = [("connectionString", place.file.as_str()), ("cleanupInterval", "10ms")];
    let store = make("state.sqlite", &settings).await.unwrap();
    store.set(set_for("k", "1", "1")).await.unwrap();
    store.set(set("stays", "1")).await.unwrap();
    let db = Connection::open(&place.file).unwrap();
    until("the row is removed", async || {
        db.query_row("SELECT count(*) = 1 FROM state", [], |row| row.get(0)).unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_read_only_file() {
    let place = place();
    let writable = make("state.sqlite", &[("connectionString", &place.file)]).await.unwrap();
    writable.set(set("k", "1")).await.unwrap();
    let uri = format!("file:{}?mode=ro", place.file);
    let store = make("state.sqlite", &[("connectionString", &uri)]).await.unwrap();
    assert_eq!(value(&*store, "k").await.as_deref(), Some("1"));
    assert!(store.set(set("k", "2")).await.is_err());
}
