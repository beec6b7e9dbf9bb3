//! The description of the API says what there is, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Dashboard;

/// Method and path of everything that the sources register, as the API has it.
fn registered() -> BTreeSet<(String, String)> {
    let source = include_str!("../../src/dashboard/pages/mod.rs");
    let source: String = source.split_whitespace().collect();
    let found = |call: &str, method: &str| {
        let start = format!("{call}(router,\"");
        let paths = source.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap());
        let paths = paths.map(|path| if path == "/" { "/overview" } else { path });
        paths.map(|path| (method.to_owned(), path.to_owned())).collect::<Vec<_>>()
    };
    let mut all: BTreeSet<_> = found("page", "get").into_iter().chain(found("action", "post")).collect();
    all.insert(("get".into(), "/openapi.json".into()));
    all
}

/// Method and path of everything that is described.
fn described(description: &Value) -> BTreeSet<(String, String)> {
    let paths = description["paths"].as_object().unwrap();
    let methods = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let dashboard = Dashboard::start();
    let description = dashboard.get("/api/v1/openapi.json").json();
    assert_eq!(description["openapi"], "3.1.0");
    let described = described(&description);
    assert!(described.len() > 20, "{described:?}");
    assert_eq!(registered(), described);
    for (method, path) in described {
        let parameters: BTreeSet<&str> = description["paths"][&path][&method]["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let variable = path.split('{').skip(1).map(|part| part.split('}').next().unwrap());
        assert_eq!(parameters, variable.collect(), "{path}");
        // Asked for with names of nothing, it is there all the same.
        let real = path.replace(['{', '}'], "");
        let answer = dashboard.send(&method.to_uppercase(), &format!("/api/v1{real}"), &[], "");
        assert!(
            !answer.body.contains("there is no page") && answer.status != 405,
            "{method} {path}: {}",
            answer.body
        );
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let description = Dashboard::start().get("/api/v1/openapi.json").json();
    let text = description.to_string();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for reference in &references {
        assert!(description.pointer(reference).is_some(), "{reference}");
    }
    for schema in description["components"]["schemas"].as_object().unwrap().keys() {
        assert!(
            references.contains(format!("/components/schemas/{schema}").as_str()),
            "{schema} is not used"
        );
    }
}

#[test]
fn nothing_that_changes_something_is_open_to_others() {
    let dashboard = Dashboard::start();
    let (session, port) = (dashboard.session(), dashboard.port);
    let read_only = Dashboard::with(|options| options.read_only = true);
    let its_session = read_only.session();
    let description = dashboard.get("/api/v1/openapi.json").json();
    let actions: Vec<String> = described(&description)
        .into_iter()
        .filter(|(method, _)| method == "post")
        .map(|(_, path)| path)
        .collect();
    assert!(actions.len() >= 8, "{actions:?}");
    for path in actions {
        let path = path.replace(['{', '}'], "");
        // By a form of a page as well as by the API.
        for path in [path.clone(), format!("/api/v1{path}")] {
            let status = |headers: &[&str]| dashboard.send("POST", &path, headers, "").status;
            assert_eq!(status(&[]), 403, "{path}");
            assert_eq!(status(&["x-dashboard-session: x"]), 403, "{path}");
            assert_eq!(status(&[&session, "origin: http://evil.example"]), 403, "{path}");
            assert_eq!(status(&[&session, &format!("origin: http://localhost:{}", port ^ 1)]), 403, "{path}");
            assert_eq!(status(&[&session, "sec-fetch-site: cross-site"]), 403, "{path}");
            assert_eq!(status(&[&session, &format!("host: evil.example:{port}")]), 421, "{path}");
            assert_eq!(read_only.send("POST", &path, &[&its_session], "").status, 403, "{path}");
        }
    }
}
