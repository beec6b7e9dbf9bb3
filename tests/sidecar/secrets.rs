use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use hyper::StatusCode;

use crate::support::{Sidecar, alone, component, resources};

/// Stores `file`, `many` and `env`, and what the configuration says of them.
async fn with_stores(scopes: &str) -> Sidecar {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("secrets.json").to_string_lossy().into_owned();
    fs_err::write(&file, r#"{"a":"1","<b>":"&","nested":{"x":"2","y":{"z":"3"}}}"#).unwrap();
    let config = data.path().join("config.yaml");
    fs_err::write(&config, format!("spec:\n  secrets:\n    scopes: [{scopes}]\n")).unwrap();
    let folder = resources(&[
        component("file", "secretstores.local.file", &[("secretsFile", &file)]),
        component("many", "secretstores.local.file", &[("secretsFile", &file), ("multiValued", "true")]),
        component("env", "secretstores.local.env", &[("prefix", "MY_")]),
    ]);
    let options =
        Options { resources_paths: vec![folder.path().into()], config_files: vec![config], ..alone("app") };
    let env = Env::of([("MY_NAME", "n"), ("MY_", "x"), ("DAPR_API", "hidden"), ("OTHER", "o")]);
    let sidecar = Sidecar::start_with(options, env).await;
    sidecar.until_ready().await;
    sidecar
}

async fn check(sidecar: &Sidecar, cases: &[(&str, u16, &str)]) {
    for (path, status, body) in cases {
        let answer = sidecar.get(&format!("/v1.0/secrets/{path}")).await;
        let line = answer.body.strip_suffix('\n');
        // What was asked for ends its line, an error does not.
        assert_eq!(line.is_some(), *status == 200, "{path}: {}", answer.body);
        let told = (answer.status.as_u16(), line.unwrap_or(&answer.body));
        assert_eq!(told, (*status, *body), "{path}");
    }
}

#[tokio::test]
async fn secrets_of_every_store() {
    let sidecar = with_stores("").await;
    let cases = [
        ("file/a", 200, r#"{"a":"1"}"#),
        ("file/%3Cb%3E?metadata.version=1", 200, r#"{"\u003cb\u003e":"\u0026"}"#),
        ("file/nested:y:z", 200, r#"{"nested:y:z":"3"}"#),
        (
            "file/bulk",
            200,
            r#"{"\u003cb\u003e":{"\u003cb\u003e":"\u0026"},"a":{"a":"1"},"nested:x":{"nested:x":"2"},"nested:y:z":{"nested:y:z":"3"}}"#,
        ),
        ("many/nested", 200, r#"{"x":"2","y:z":"3"}"#),
        ("env/NAME", 200, r#"{"NAME":"n"}"#),
        ("env/absent", 200, r#"{"absent":""}"#),
        ("env/bulk", 200, r#"{"NAME":{"NAME":"n"}}"#),
        (
            "file/absent",
            500,
            r#"{"errorCode":"ERR_SECRET_GET","message":"failed getting secret with key absent from secret store file: secret absent not found"}"#,
        ),
        (
            "nope/a",
            401,
            r#"{"errorCode":"ERR_SECRET_STORE_NOT_FOUND","message":"failed finding secret store with key nope"}"#,
        ),
        (
            "nope/bulk",
            401,
            r#"{"errorCode":"ERR_SECRET_STORE_NOT_FOUND","message":"failed finding secret store with key nope"}"#,
        ),
    ];
    check(&sidecar, &cases).await;
    let answer = sidecar.get("/v1.0/secrets/file/a").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn scopes_limit_what_the_app_may_read() {
    let sidecar = with_stores(
        "{storeName: file, defaultAccess: deny, allowedSecrets: [\"nested:x\"]}, {storeName: many, deniedSecrets: [a]}, {storeName: env, defaultAccess: Deny}",
    )
    .await;
    let denied = |key: &str, store: &str| {
        format!(
            r#"{{"errorCode":"ERR_PERMISSION_DENIED","message":"access denied by policy to get \"{key}\" from \"{store}\""}}"#
        )
    };
    let cases = [
        ("file/nested:x", 200, r#"{"nested:x":"2"}"#),
        ("file/a", 403, &*denied("a", "file")),
        ("file/absent", 403, &*denied("absent", "file")),
        ("file/bulk", 200, r#"{"nested:x":{"nested:x":"2"}}"#),
        ("many/a", 403, &*denied("a", "many")),
        ("many/nested", 200, r#"{"x":"2","y:z":"3"}"#),
        ("many/bulk", 200, r#"{"\u003cb\u003e":{"\u003cb\u003e":"\u0026"},"nested":{"x":"2","y:z":"3"}}"#),
        ("env/NAME", 403, &*denied("NAME", "env")),
        ("env/bulk", 200, "{}"),
    ];
    check(&sidecar, &cases).await;
}

#[tokio::test]
async fn without_any_store_they_are_not_configured() {
    let sidecar = Sidecar::ready(alone("app")).await;
    let body =
        r#"{"errorCode":"ERR_SECRET_STORES_NOT_CONFIGURED","message":"secret store is not configured"}"#;
    check(&sidecar, &[("any/a", 500, body), ("any/bulk", 500, body)]).await;
    let answer = sidecar.post("/v1.0/secrets/any/a", "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
