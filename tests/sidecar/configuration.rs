use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::Protocol;
use hyper::StatusCode;

use crate::redis_server::{self, Server};
use crate::support::{Recorder, Sidecar, alone, beside, component, resources};

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

/// A component in a database of its own.
fn in_redis(name: &str, kind: &str, server: &Server, database: u32) -> String {
    let (host, database) = (server.host(), database.to_string());
    component(name, kind, &[("redisHost", &host), ("redisDB", &database)])
}

fn set(server: &Server, database: u32, key: &str, value: &str) {
    redis::cmd("SET").arg(key).arg(value).exec(&mut server.client(database)).unwrap();
}

#[tokio::test]
async fn configuration_is_read_and_watched_in_redis() {
    let Some((server, database)) = redis_server::database() else { return };
    let mut app = Recorder::content("[]").await;
    let folder = resources(&[in_redis("s", "configuration.redis", server, database)]);
    let options = Options { resources_paths: vec![folder.path().into()], ..beside("a", app.address) };
    let sidecar = Sidecar::ready(options).await;
    set(server, database, "colour", "red||1");
    let answer = sidecar.get("/v1.0/configuration/s?key=colour&key=absent").await;
    assert_eq!(answer.body, "{\"colour\":{\"value\":\"red\",\"version\":\"1\"}}\n");
    assert_eq!(sidecar.get("/v1.0/configuration/s?key=absent").await.status, StatusCode::NO_CONTENT);

    let answer = sidecar.get("/v1.0/configuration/s/subscribe?key=colour").await;
    let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let id = answer["id"].as_str().unwrap();
    set(server, database, "colour", "blue||2");
    let told = app.next().await;
    assert_eq!(told.path, "/configuration/s/colour");
    let body = format!(r#"{{"id":"{id}","items":{{"colour":{{"value":"blue","version":"2"}}}}}}"#);
    assert_eq!(told.body, body);
    let answer = sidecar.get(&format!("/v1.0/configuration/s/{id}/unsubscribe")).await;
    assert_eq!(answer.body, "{\"ok\":true}\n");
    let answer = sidecar.get(&format!("/v1.0/configuration/s/{id}/unsubscribe")).await;
    let text = format!(
        r#"{{"message":"failed to unsubscribe to configuration request {id}: subscription with id {id} does not exist"}}"#
    );
    assert_eq!((answer.status, answer.body), (StatusCode::INTERNAL_SERVER_ERROR, text));
}

#[tokio::test]
async fn locks_are_kept_in_redis() {
    let Some((server, database)) = redis_server::database() else { return };
    let folder = resources(&[in_redis("s", "lock.redis", server, database)]);
    let sidecar = Sidecar::ready(Options { resources_paths: vec![folder.path().into()], ..alone("a") }).await;
    for (path, owner, expected) in [
        ("lock", "one", "{\"success\":true}\n"),
        ("lock", "two", "{\"success\":false}\n"),
        ("unlock", "two", "{\"status\":2}\n"),
        ("unlock", "one", "{\"status\":0}\n"),
        ("unlock", "one", "{\"status\":1}\n"),
    ] {
        let body = format!(r#"{{"resourceId":"r","lockOwner":"{owner}","expiryInSeconds":60}}"#);
        let answer = sidecar.post(&format!("/v1.0-alpha1/{path}/s"), &body).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, expected), "{path} {owner}");
    }
}

#[tokio::test]
async fn an_app_that_speaks_grpc_is_told_how_it_gets_changes() {
    let Some((server, database)) = redis_server::database() else { return };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let folder = resources(&[in_redis("s", "configuration.redis", server, database)]);
    let options = Options {
        resources_paths: vec![folder.path().into()],
        app_protocol: Protocol::Grpc,
        ..beside("a", listener.local_addr().unwrap())
    };
    let sidecar = Sidecar::start(options).await;
    let answer = sidecar.get("/v1.0/configuration/s/subscribe?key=colour").await;
    let text = r#"{"errorCode":"ERR_CONFIGURATION_SUBSCRIBE","message":"failed to subscribe [colour] from Configuration store s: an app that speaks gRPC gets changes only by its own SubscribeConfiguration on the gRPC port"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, text));
}
