use hyper::StatusCode;

use crate::support::{Sidecar, alone};

#[tokio::test]
async fn without_a_store_every_call_says_so() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let text = r#"{"errorCode":"ERR_CONFIGURATION_STORE_NOT_CONFIGURED","message":"configuration stores not configured"}"#;
    for version in ["v1.0", "v1.0-alpha1"] {
        for path in ["s", "s/subscribe?key=a", "s/id/unsubscribe"] {
            let answer = sidecar.get(&format!("/{version}/configuration/{path}")).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (StatusCode::INTERNAL_SERVER_ERROR, text),
                "{path}"
            );
        }
    }
    let answer = sidecar.post("/v1.0-alpha1/lock/s", r#"{"resourceId":"r"}"#).await;
    let text = r#"{"errorCode":"ERR_LOCK_STORE_NOT_CONFIGURED","message":"lock store is not configured"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, text));
}
