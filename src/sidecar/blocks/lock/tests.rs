use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::components::lock::Error;
use crate::sidecar::blocks::testing::{manifest, shared};

/// Locks by resource: owner and expiry. A resource named `broken` fails.
#[derive(Default)]
struct Fake(Mutex<HashMap<String, (String, Duration)>>);

#[async_trait]
impl Store for Fake {
    async fn try_lock(&self, resource: &str, owner: &str, expiry: Duration) -> Result<bool, Error> {
        if resource.ends_with("broken") {
            return Err(Error("no connection".into()));
        }
        let mut locks = self.0.lock().unwrap();
        let free = !locks.contains_key(resource);
        if free {
            locks.insert(resource.to_owned(), (owner.to_owned(), expiry));
        }
        Ok(free)
    }

    async fn unlock(&self, resource: &str, owner: &str) -> Result<Unlocked, Error> {
        if resource.ends_with("broken") {
            return Err(Error("no connection".into()));
        }
        let mut locks = self.0.lock().unwrap();
        match locks.get(resource) {
            None => Ok(Unlocked::Missing),
            Some((of, _)) if of != owner => Ok(Unlocked::OfOther),
            Some(_) => {
                locks.remove(resource);
                Ok(Unlocked::Success)
            }
        }
    }
}

fn sidecar(metadata: &[(&str, &str)]) -> (Shared, Arc<Fake>) {
    let (shared, fake) = (shared("app"), Arc::new(Fake::default()));
    let provider: Arc<dyn Store> = Arc::<Fake>::clone(&fake);
    shared.components.insert_lock(manifest("s", "lock.fake", metadata), provider);
    (shared, fake)
}

#[tokio::test]
async fn a_lock_has_one_owner_until_it_gives_it_back() {
    let (shared, fake) = sidecar(&[]);
    assert!(try_lock(&shared, "s", "r", "a", 30).await.unwrap());
    let kept = fake.0.lock().unwrap().get("lock||app||r").cloned();
    assert_eq!(kept, Some(("a".into(), Duration::from_secs(30))));
    assert!(!try_lock(&shared, "s", "r", "b", 30).await.unwrap());
    assert_eq!(unlock(&shared, "s", "r", "b").await.unwrap(), Unlocked::OfOther);
    assert_eq!(unlock(&shared, "s", "r", "a").await.unwrap(), Unlocked::Success);
    assert_eq!(unlock(&shared, "s", "r", "a").await.unwrap(), Unlocked::Missing);
}

#[tokio::test]
async fn keys_have_the_prefix_that_the_metadata_name() {
    for (prefix, expected) in
        [("AppID", "lock||app||r"), ("name", "lock||s||r"), ("none", "lock||r"), ("mine", "lock||mine||r")]
    {
        let (shared, fake) = sidecar(&[("keyPrefix", prefix)]);
        try_lock(&shared, "s", "r", "a", 1).await.unwrap();
        assert!(fake.0.lock().unwrap().contains_key(expected), "{prefix}");
    }
}

#[tokio::test]
async fn refusals_in_their_order() {
    let none = shared("app");
    let (one, _) = sidecar(&[]);
    let (odd, _) = sidecar(&[("keyPrefix", "p||q")]);
    let cases = [
        (&none, "s", "", "", 0, 500, "ERR_LOCK_STORE_NOT_CONFIGURED", "lock store is not configured"),
        (&one, "x", "", "", 0, 400, "ERR_MALFORMED_REQUEST", "ResourceId is empty in lock store x"),
        (&one, "x", "r", "", 0, 400, "ERR_MALFORMED_REQUEST", "LockOwner is empty in lock store x"),
        (
            &one,
            "x",
            "r",
            "o",
            0,
            400,
            "ERR_MALFORMED_REQUEST",
            "ExpiryInSeconds is not positive in lock store x",
        ),
        (
            &one,
            "x",
            "r",
            "o",
            -5,
            400,
            "ERR_MALFORMED_REQUEST",
            "ExpiryInSeconds is not positive in lock store x",
        ),
        (&one, "x", "r", "o", 1, 400, "ERR_LOCK_STORE_NOT_FOUND", "lock store x not found"),
        (&one, "s", "broken", "o", 1, 500, "ERR_TRY_LOCK", "failed to try acquiring lock: no connection"),
        (
            &one,
            "s",
            "a||b",
            "o",
            1,
            500,
            "ERR_TRY_LOCK",
            "failed to try acquiring lock: input key/keyPrefix 'a||b' can't contain '||'",
        ),
        (
            &odd,
            "s",
            "r",
            "o",
            1,
            500,
            "ERR_TRY_LOCK",
            "failed to try acquiring lock: input key/keyPrefix 'p||q' can't contain '||'",
        ),
    ];
    for (shared, store, resource, owner, expiry, status, code, message) in cases {
        let error = try_lock(shared, store, resource, owner, expiry).await.unwrap_err();
        assert_eq!((error.status.as_u16(), error.code, error.message.as_str()), (status, code, message));
    }
    let error = unlock(&one, "s", "broken", "o").await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), ("ERR_UNLOCK", "failed to release lock: no connection"));
    let error = unlock(&one, "s", "r", "").await.unwrap_err();
    assert_eq!(error.message, "LockOwner is empty in lock store s");
}
