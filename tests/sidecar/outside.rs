//! Services outside: by URL and by the name of an HTTPEndpoint.

use axum::Router;
use axum::extract::Request;
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use hyper::{Method, StatusCode};

use crate::support::{Recorder, Sidecar, alone, component, resources, send};
use crate::tls;

fn endpoint(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\nauth: {{secretStore: env}}\n"
    )
}

async fn sidecar(endpoints: &[String]) -> (Sidecar, tempfile::TempDir) {
    let mut documents = vec![component("env", "secretstores.local.env", &[])];
    documents.extend_from_slice(endpoints);
    let folder = resources(&documents);
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    let sidecar = Sidecar::start_with(options, Env::of([("KEY", "s3cret"), ("APP_API_TOKEN", "t")])).await;
    sidecar.until_ready().await;
    (sidecar, folder)
}

#[tokio::test]
async fn urls_are_called_in_all_their_forms() {
    let mut service = Recorder::start("[]", async |path| match path.as_str() {
        "/base/tea" => (418, "no".into()),
        _ => (200, "yes".into()),
    })
    .await;
    let (sidecar, _folder) = sidecar(&[]).await;
    let host = service.address;
    let encoded = format!("http%3A%2F%2F{}", host.to_string().replace(':', "%3A"));
    for path in [
        format!("/v1.0/invoke/http://{host}/method/x%20y?q=1"),
        format!("/v1.0/invoke/http:/{host}/method/x%20y?q=1"),
        format!("/v1.0/invoke/{encoded}/method/x%20y?q=1"),
    ] {
        let headers = [("x-mine", "1"), ("dapr-api-token", "no"), ("connection", "x-hop"), ("x-hop", "1")];
        let answer = send("PUT", &sidecar.url(&path), &headers, "body").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "yes"), "{path}");
        let got = service.next().await;
        assert_eq!((&got.method, got.path.as_str(), got.body.as_str()), (&Method::PUT, "/x%20y", "body"));
        assert_eq!((got.header("x-mine"), got.header("host")), (Some("1"), Some(host.to_string().as_str())));
        for local in ["dapr-api-token", "x-hop", "dapr-app-id", "dapr-caller-app-id", "x-forwarded-for"] {
            assert_eq!(got.header(local), None, "{local}");
        }
        assert!(got.header("traceparent").is_some());
    }
    let target = format!("http://{host}/base/");
    let answer = send("GET", &sidecar.url("/tea"), &[("dapr-app-id", &target)], "").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (418, "no"));
    let got = service.next().await;
    assert_eq!((got.path.as_str(), got.header("transfer-encoding")), ("/base/tea", None));
}

#[tokio::test]
async fn a_service_that_is_away_is_named() {
    let (sidecar, _folder) = sidecar(&[]).await;
    let port = {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        free.local_addr().unwrap().port()
    };
    let target = format!("http://127.0.0.1:{port}");
    let answer = sidecar.get(&format!("/v1.0/invoke/{target}/method/x")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let start = format!(
        r#"{{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke, id: {target}, err: Get \"{target}/x\": "#
    );
    assert!(
        answer.body.starts_with(&start) && answer.body.to_lowercase().contains("connection refused"),
        "{}",
        answer.body
    );
    for wrong in ["/v1.0/invoke/http://127.0.0.1/x", "/v1.0/invoke/https://"] {
        assert_eq!(sidecar.get(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    let answer = sidecar.get("/v1.0/invoke/http://bad host:x/method/y".replace(' ', "%20").as_str()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn an_endpoint_adds_its_headers() {
    let mut service = Recorder::start("[]", async |_| (302, "elsewhere".into())).await;
    let url = format!("http://{}/v2/", service.address);
    let spec = format!(
        "baseUrl: '{url}', headers: [{{name: X-Key, secretKeyRef: {{name: KEY}}}}, {{name: Accept, value: text/html}}]"
    );
    let (sidecar, _folder) = sidecar(&[endpoint("out.side", &spec)]).await;
    let accept = [("accept", "text/plain")];
    let answer = send("GET", &sidecar.url("/v1.0/invoke/out.side/method/orders/1?a=b"), &accept, "").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (302, "elsewhere"));
    let got = service.next().await;
    assert_eq!(got.path, "/v2/orders/1");
    assert_eq!((got.header("x-key"), got.header("accept")), (Some("s3cret"), Some("text/html")));
    let answer = send("GET", &sidecar.url("/x"), &[("dapr-app-id", "out.side")], "").await;
    assert_eq!(answer.status.as_u16(), 302);
    assert_eq!(service.next().await.path, "/v2/x");
    let metadata = sidecar.get("/v1.0/metadata").await.body;
    assert!(
        metadata.contains(r#""httpEndpoints":[{"name":"out.side"}],"appConnectionProperties""#),
        "{metadata}"
    );
    assert!(!metadata.contains("s3cret"));
}

#[tokio::test]
async fn an_endpoint_shows_its_certificate_and_trusts_its_authority() {
    let router = Router::new().fallback(async |request: Request| {
        format!("{} {:?}", request.headers()["x-client"].to_str().unwrap(), request.version())
    });
    let port = tls::serve(router).await;
    let indented = |name: &str| serde_json::to_string(&tls::text(name)).unwrap();
    let base = format!("baseUrl: 'https://localhost:{port}'");
    let ca = format!("rootCA: {{value: {}}}", indented("ca.pem"));
    let both = format!(
        "certificate: {{value: '{}'}}, privateKey: {{value: {}}}, renegotiation: RenegotiateNever",
        tls::file("client.pem"),
        indented("client.key")
    );
    let (sidecar, _folder) = sidecar(&[
        endpoint("stranger", &base),
        endpoint("anonymous", &format!("{base}, clientTLS: {{{ca}}}")),
        endpoint("known", &format!("{base}, clientTLS: {{{ca}, {both}}}")),
    ])
    .await;
    let call = async |name: &str| sidecar.get(&format!("/v1.0/invoke/{name}/method/x")).await;
    let answer = call("stranger").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.body.contains("certificate"), "{}", answer.body);
    assert_eq!(call("anonymous").await.body, "anonymous HTTP/2.0");
    let answer = call("known").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "known HTTP/2.0"));
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_ends_the_sidecar() {
    for (spec, cause) in [
        ("baseUrl: 'ftp://h'", "baseUrl \"ftp://h\" is neither http nor https"),
        ("baseUrl: 'http://h', headers: [{name: 'a b', value: x}]", "\"a b\" is no header's name"),
        ("baseUrl: 'http://h', clientTLS: {renegotiation: Often}", "invalid renegotiation value: Often"),
    ] {
        let folder = resources(&[endpoint("e", spec)]);
        let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
        let error = Sidecar::start(options).await.ended().await.unwrap_err().to_string();
        let file = folder.path().join("resources.yaml").display().to_string();
        assert_eq!(error, format!("process HTTPEndpoint e error: {cause} (defined in {file})"));
    }
}
