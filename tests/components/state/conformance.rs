//! The contract of state stores, over every provider.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use dapr_cli::components::Metadata;
use dapr_cli::components::state::{Concurrency, Error, Operation, Set};

use super::*;
use crate::support::until;

#[tokio::test]
async fn values_come_back_as_they_were_set() {
    for Subject { what, store, .. } in every_provider().await {
        let binary = Bytes::from_static(&[0, 159, 146, 150, 255]);
        assert_eq!(get(&*store, "k").await, None, "{what}");
        for value in [Bytes::from_static(b"{\"a\":1}"), Bytes::new(), Bytes::from_static(b"a\0b"), binary] {
            let request = Set { key: "k".into(), value: value.clone(), ..Set::default() };
            store.set(request).await.unwrap();
            let item = get(&*store, "k").await.unwrap();
            assert_eq!(item.value, value, "{what}");
            assert!(item.metadata.is_empty(), "{what}");
        }
        store.delete(delete("k")).await.unwrap();
        assert_eq!(get(&*store, "k").await, None, "{what}");
        store.delete(delete("k")).await.expect("a missing key is fine");
    }
}

#[tokio::test]
async fn an_etag_must_be_the_current_one() {
    for Subject { what, store, lenient, .. } in every_provider().await {
        assert_eq!(is_mismatch(&store.set(set_if("k", "0", "7")).await), !lenient, "{what}");
        store.set(set_if("k", "1", "")).await.expect("an empty etag is none");
        let first = etag(&*store, "k").await;
        store.set(set_if("k", "2", &first)).await.unwrap();
        let second = etag(&*store, "k").await;
        assert_ne!(first, second, "{what}");
        assert!(is_mismatch(&store.set(set_if("k", "3", &first)).await), "{what}");
        assert!(is_mismatch(&store.delete(delete_if("k", &first)).await), "{what}");
        assert_eq!(value(&*store, "k").await.as_deref(), Some("2"), "{what}");
        let last_write = Set { concurrency: Concurrency::LastWrite, ..set_if("k", "4", &first) };
        assert_eq!(is_mismatch(&store.set(last_write).await), !lenient, "{what}: an etag counts in any mode");
        let current = etag(&*store, "k").await;
        store.delete(delete_if("k", &current)).await.unwrap();
        assert_eq!(is_mismatch(&store.delete(delete_if("k", &current)).await), !lenient, "{what}");
    }
}

#[tokio::test]
async fn of_racing_writers_with_one_etag_one_wins() {
    for Subject { what, store, .. } in every_provider().await {
        store.set(set("k", "0")).await.unwrap();
        let etag = etag(&*store, "k").await;
        let race = |request: Set| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.set(request).await })
        };
        let mut writers: Vec<_> = (0..16).map(|n| race(set_if("k", &n.to_string(), &etag))).collect();
        let mut firsts: Vec<_> = (0..16).map(|n| race(set_first("new", &n.to_string()))).collect();
        for group in [&mut writers, &mut firsts] {
            let mut won = 0;
            for writer in group {
                match writer.await.unwrap() {
                    Ok(()) => won += 1,
                    result => assert!(is_refused(&result), "{what}: {result:?}"),
                }
            }
            assert_eq!(won, 1, "{what}");
        }
    }
}

#[tokio::test]
async fn first_write_needs_an_absent_key_or_the_etag() {
    for Subject { what, store, .. } in every_provider().await {
        store.set(set_first("k", "1")).await.unwrap();
        assert!(is_refused(&store.set(set_first("k", "2")).await), "{what}");
        let current = etag(&*store, "k").await;
        store.set(Set { etag: Some(current), ..set_first("k", "3") }).await.unwrap();
        assert_eq!(value(&*store, "k").await.as_deref(), Some("3"), "{what}");
    }
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    for Subject { what, store, .. } in every_provider().await {
        store.set(set("old", "1")).await.unwrap();
        store.set(set("guarded", "1")).await.unwrap();
        let run = async |operations| store.transact(operations, &Metadata::new()).await;
        let failed = run(vec![
            Operation::Set(set("new", "1")),
            Operation::Delete(delete("old")),
            Operation::Set(set_if("guarded", "1", "77")),
        ]);
        assert!(is_mismatch(&failed.await), "{what}");
        assert_eq!(value(&*store, "new").await, None, "{what}");
        assert_eq!(value(&*store, "old").await.as_deref(), Some("1"), "{what}");
        let etag = etag(&*store, "old").await;
        let done = run(vec![
            Operation::Set(set("new", "1")),
            Operation::Set(set("new", "2")),
            Operation::Delete(delete_if("old", &etag)),
        ]);
        done.await.unwrap();
        assert_eq!(value(&*store, "new").await.as_deref(), Some("2"), "{what}");
        assert_eq!(value(&*store, "old").await, None, "{what}");
        run(Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn expired_values_are_gone() {
    for Subject { what, store, lenient, .. } in every_provider().await {
        store.set(set_for("k", "1", "3600")).await.unwrap();
        let item = get(&*store, "k").await.unwrap();
        if !lenient {
            let expires: jiff::Timestamp = item.metadata["ttlExpireTime"].parse().unwrap();
            assert_eq!(item.metadata["ttlExpireTime"].len(), "2026-01-02T03:04:05Z".len(), "{what}");
            let seconds = expires.duration_since(jiff::Timestamp::now()).as_secs();
            assert!((3595..=3600).contains(&seconds), "{what}: {seconds}");
        }
        for never in ["-1", "0", ""] {
            store.set(set_for("k", "1", never)).await.unwrap();
            assert!(get(&*store, "k").await.unwrap().metadata.is_empty(), "{what}: {never}");
        }
        store.set(set_for("k", "2", "1")).await.unwrap();
        assert_eq!(value(&*store, "k").await.as_deref(), Some("2"), "{what}");
        let old = etag(&*store, "k").await;
        until("the value expires", async || get(&*store, "k").await.is_none()).await;
        assert_eq!(is_mismatch(&store.delete(delete_if("k", &old)).await), !lenient, "{what}");
        assert_eq!(is_mismatch(&store.set(set_if("k", "3", &old)).await), !lenient, "{what}");
        store.delete(delete("k")).await.unwrap();
        store.set(set_first("k", "4")).await.expect("an expired value is no value");
        assert_eq!(value(&*store, "k").await.as_deref(), Some("4"), "{what}");
        assert!(store.set(set_for("k", "1", "soon")).await.is_err(), "{what}");
    }
}

#[tokio::test]
async fn bulk_results_are_in_order() {
    for Subject { what, store, .. } in every_provider().await {
        store.set(set("b", "old")).await.unwrap();
        let requests = vec![set("a", "1"), set_if("b", "2", "77"), set("c", "3"), set_for("d", "4", "soon")];
        let results = store.bulk_set(requests).await;
        let good: Vec<bool> = results.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, true, false], "{what}");
        let keys: Vec<String> = ["c", "d", "a", "b"].map(String::from).to_vec();
        let values: Vec<Option<Bytes>> = store
            .bulk_get(&keys, &Metadata::new())
            .await
            .into_iter()
            .map(|item: Result<_, Error>| item.unwrap().map(|item| item.value))
            .collect();
        let expected = [Some("3"), None, Some("1"), Some("old")].map(|v| v.map(Bytes::from));
        assert_eq!(values, expected, "{what}");
    }
}

#[tokio::test]
async fn readers_and_writers_at_once_see_whole_values() {
    for Subject { what, store, .. } in every_provider().await {
        let pair =
            |n: u32| vec![Operation::Set(set("a", &n.to_string())), Operation::Set(set("b", &n.to_string()))];
        store.transact(pair(0), &Metadata::new()).await.unwrap();
        let writer = {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 1..=100 {
                    store.transact(pair(n), &Metadata::new()).await.unwrap();
                }
            })
        };
        let reads = async {
            while !writer.is_finished() {
                store.get("a", &Metadata::new()).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        reads.await;
        assert_eq!(value(&*store, "a").await.as_deref(), Some("100"), "{what}");
        assert_eq!(value(&*store, "b").await.as_deref(), Some("100"), "{what}");
    }
}

#[tokio::test]
async fn keys_are_listed_page_by_page() {
    for Subject { what, store, .. } in every_provider().await {
        assert!(store.features().contains(&Feature::KeysLike), "{what}");
        let own = format!("keys-{}*||", uuid::Uuid::new_v4());
        let all: BTreeSet<String> = (0..250).map(|number| format!("{own}{number:03}[ü]")).collect();
        for key in &all {
            store.set(set(key, "1")).await.unwrap();
        }
        store.set(set(&own.replace('*', "x"), "1")).await.unwrap();
        let list = async |prefix: String, limit| {
            let (mut found, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
            loop {
                let page = store.keys(&prefix, &after, limit).await.unwrap();
                found.extend(page.keys);
                pages += 1;
                match page.next {
                    Some(next) => after = next,
                    None => return (found, pages),
                }
            }
        };
        let (found, pages) = list(own.clone(), 100).await;
        assert_eq!(found, all, "{what}");
        // Redis has pages of the size that its own table suggests.
        assert!(pages == 3 || what == "Redis", "{what}: {pages}");
        let (found, _) = list(format!("{own}01"), 100).await;
        assert_eq!(found.len(), 10, "{what}");
        assert!(list(format!("{own}9"), 100).await.0.is_empty(), "{what}");
        for key in &all {
            store.delete(delete(key)).await.unwrap();
        }
        assert!(list(own, 100).await.0.is_empty(), "{what}");
    }
}
