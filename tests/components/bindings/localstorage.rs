//! `bindings.localstorage`.

use std::path::Path;

use super::{Settings, invoke, make};

async fn binding(root: &Path) -> std::sync::Arc<dyn dapr_cli::components::bindings::Output> {
    make("bindings.localstorage", &[("rootPath", root.to_str().unwrap())]).await.unwrap()
}

fn text(response: dapr_cli::components::bindings::Response) -> String {
    String::from_utf8(response.data.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn files_are_made_read_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let files = binding(&root.join("new")).await;
    let call = async |operation: &str, data: &str, name: &str| {
        invoke(&*files, operation, data, &[("fileName", name)]).await
    };
    let nothing = invoke(&*files, "list", "null", &[]).await.unwrap();
    assert_eq!(text(nothing), "null");
    assert_eq!(text(call("create", "{\"a\": 1}", "x/y.txt").await.unwrap()), r#"{"fileName":"x/y.txt"}"#);
    assert_eq!(text(call("get", "", "x/y.txt").await.unwrap()), "{\"a\": 1}");
    let named = text(invoke(&*files, "create", "1", &[]).await.unwrap());
    let named: serde_json::Value = serde_json::from_str(&named).unwrap();
    let name = named["fileName"].as_str().unwrap();
    assert!(uuid::Uuid::parse_str(name).is_ok(), "{name}");

    let path = |name: &str| root.join("new").join(name).to_str().unwrap().to_owned();
    let listed = text(invoke(&*files, "list", "", &[]).await.unwrap());
    let mut expected = [path(name), path("x/y.txt")];
    expected.sort();
    assert_eq!(serde_json::from_str::<Vec<String>>(&listed).unwrap(), expected);
    assert_eq!(
        text(call("list", "", "x").await.unwrap()),
        serde_json::to_string(&[path("x/y.txt")]).unwrap()
    );
    let error = call("list", "", "x/y.txt").await.unwrap_err();
    assert!(
        error.message.starts_with("unable to list files as the file specified is not a directory"),
        "{error}"
    );

    let deleted = call("delete", "", "x/y.txt").await.unwrap();
    assert_eq!(deleted.data, None);
    let error = call("get", "", "x/y.txt").await.unwrap_err();
    assert_eq!(error.message, format!("file not found: {}", path("x/y.txt")));
    let error = call("delete", "", "x/y.txt").await.unwrap_err();
    assert_eq!(error.message, format!("error deleting file {}: no such file or directory", path("x/y.txt")));
    for operation in ["get", "delete"] {
        assert_eq!(
            invoke(&*files, operation, "", &[]).await.unwrap_err().message,
            "metadata fileName is missing"
        );
    }
}

#[tokio::test]
async fn texts_are_unquoted_and_base64_is_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let files = binding(folder.path()).await;
    for (data, expected) in [
        ("\"line\\n\\\"quoted\\\"\"", "line\n\"quoted\""),
        ("\"aGVsbG8=\"", "hello"),
        ("\"not base64!\"", "not base64!"),
        ("1234", "1234"),
        ("not json", "not json"),
    ] {
        invoke(&*files, "create", data, &[("fileName", "f")]).await.unwrap();
        assert_eq!(fs_err::read_to_string(folder.path().join("f")).unwrap(), expected, "{data}");
    }
}

#[tokio::test]
async fn no_name_leads_out_of_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    let files = binding(&root).await;
    invoke(&*files, "create", "1", &[("fileName", "../../outside")]).await.unwrap();
    assert_eq!(fs_err::read_to_string(root.join("outside")).unwrap(), "1");
    invoke(&*files, "create", "2", &[("fileName", "/etc/passwd")]).await.unwrap();
    assert_eq!(fs_err::read_to_string(root.join("etc/passwd")).unwrap(), "2");

    fs_err::create_dir(&outside).unwrap();
    fs_err::write(outside.join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
    std::os::unix::fs::symlink(outside.join("absent"), root.join("dangling")).unwrap();
    for (operation, name) in [
        ("get", "link/secret"),
        ("create", "link/new"),
        ("create", "dangling"),
        ("delete", "link/secret"),
        ("list", "link"),
    ] {
        let error = invoke(&*files, operation, "1", &[("fileName", name)]).await.unwrap_err();
        assert!(error.message.contains("leads out of"), "{operation} {name}: {error}");
    }
    assert_eq!(fs_err::read_dir(&outside).unwrap().count(), 1);
    let error = invoke(&*files, "create", "1", &[("fileName", "..")]).await.unwrap_err();
    assert!(error.message.contains("names no file"), "{error}");
}

#[tokio::test]
async fn roots_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs_err::write(&file, "").unwrap();
    std::os::unix::fs::symlink("/proc", folder.path().join("proc")).unwrap();
    let error = async |settings: Settings<'_>| make("bindings.localstorage", settings).await.err().unwrap();
    let empty = "failed to parse metadata: property rootPath must not be empty";
    assert_eq!(error(&[]).await, empty);
    assert_eq!(error(&[("rootPath", " ")]).await, empty);
    let text = error(&[("rootPath", file.to_str().unwrap())]).await;
    assert!(
        text.starts_with("failed to parse metadata: property rootPath represents a file and not a directory"),
        "{text}"
    );
    let link = folder.path().join("proc/self");
    for place in ["/proc", "/sys/kernel", "/boot", "/var/run/secrets/x", link.to_str().unwrap()] {
        let text = error(&[("rootPath", place)]).await;
        assert!(
            text.starts_with("failed to parse metadata: property rootPath points to a disallowed location"),
            "{text}"
        );
    }
}
