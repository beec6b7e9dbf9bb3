use std::time::Duration;

use dapr_cli::sidecar::options::AppHealth;
use hyper::StatusCode;

use crate::support::{Sidecar, alone, send};

#[tokio::test]
async fn metadata_without_an_app() {
    let sidecar = Sidecar::ready(alone("meta")).await;
    let answer = sidecar.get("/v1.0/metadata").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    insta::with_settings!({filters => [(r"1\.18\.\d+", "[version]")]}, {
        insta::assert_snapshot!(answer.body.trim_end(), @r#"{"id":"meta","runtimeVersion":"[version]","enabledFeatures":["HotReload"],"extended":{"daprRuntimeVersion":"[version]"},"appConnectionProperties":{"protocol":"http","channelAddress":"127.0.0.1"},"actorRuntime":{"runtimeStatus":"DISABLED","hostReady":false,"placement":"placement: disconnected"}}"#);
    });
}

#[tokio::test]
async fn metadata_with_an_app_and_texts_from_outside() {
    let mut options = alone("meta");
    options.app_port = 4;
    options.app_max_concurrency = 5;
    options.app_health = Some(AppHealth {
        path: "/hz".into(),
        interval: Duration::from_secs(90),
        timeout: Duration::from_millis(500),
        threshold: 3,
    });
    let sidecar = Sidecar::start(options).await;
    let put = async |key: &str, value: &str| {
        send("PUT", &sidecar.url(&format!("/v1.0/metadata/{key}")), &[], value.to_owned()).await
    };
    let answer = put("app%20Command", "a < b").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    put("cliPID", "1").await;
    put("cliPID", "2").await;
    let answer = sidecar.get("/v1.0/metadata").await;
    insta::with_settings!({filters => [(r"1\.18\.\d+", "[version]")]}, {
        insta::assert_snapshot!(answer.body.trim_end(), @r#"{"id":"meta","runtimeVersion":"[version]","enabledFeatures":["HotReload"],"extended":{"app Command":"a \u003c b","cliPID":"2","daprRuntimeVersion":"[version]"},"appConnectionProperties":{"port":4,"protocol":"http","channelAddress":"127.0.0.1","maxConcurrency":5,"health":{"healthCheckPath":"/hz","healthProbeInterval":"1m30s","healthProbeTimeout":"500ms","healthThreshold":3}},"actorRuntime":{"runtimeStatus":"DISABLED","hostReady":false,"placement":"placement: disconnected"}}"#);
    });
    // Decoded once; the version is the sidecar's to say.
    put("x%25zz+y", "1").await;
    put("daprRuntimeVersion", "9").await;
    let answer = sidecar.get("/v1.0/metadata").await;
    assert!(answer.body.contains(r#","x%zz y":"1"}"#) && answer.body.ends_with("}\n"), "{}", answer.body);
    assert!(!answer.body.contains(r#""daprRuntimeVersion":"9""#), "{}", answer.body);
}
