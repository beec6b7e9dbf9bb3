use std::net::TcpListener;
use std::time::Instant;

use super::*;

fn read(line: &[&str]) -> Option<Instance> {
    let process = Process { pid: 7, parent: 1, started: 0, name: "daprd".into() };
    let arguments: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
    from_arguments(&process, &arguments)
}

#[test]
fn both_forms_of_a_flag_are_read_as_words() {
    let instance = read(&[
        "/home/some one/.dapr/bin/daprd",
        "--app-id",
        "my app",
        "--dapr-http-port=3501",
        "--enable-profiling",
        "--app-port",
        "8000",
        "--resources-path",
        "/a b,/c",
        "--resources-path=/d",
        "--enable-metrics=false",
        "--max-body-size",
        "8Mi",
        "--read-buffer-size=8Ki",
        "--dapr-grpc-port=50009",
    ])
    .unwrap();
    assert_eq!(instance.app_id, "my app");
    assert_eq!((instance.http_port, instance.grpc_port, instance.app_port), (3501, 50009, 8000));
    assert_eq!(instance.resources_paths, ["/a b", "/c", "/d"].map(PathBuf::from));
    assert!(!instance.metrics_enabled);
    assert_eq!((instance.max_request_body_size, instance.http_read_buffer_size), (8 << 20, 8 << 10));
    assert_eq!(instance.endpoint(), Endpoint::Tcp(3501));
}

#[test]
fn what_is_not_given_has_the_defaults_of_the_sidecar() {
    let instance =
        read(&["daprd", "--app-id", "a", "--app-port", "x", "--unix-domain-socket", "/s"]).unwrap();
    let expected = Instance {
        app_id: "a".into(),
        unix_domain_socket: Some("/s".into()),
        daprd: ProcessId { pid: 7, started: 0 },
        created: instance.created,
        ..Instance::default()
    };
    assert_eq!(instance, expected);
    assert_eq!(instance.endpoint(), Endpoint::Unix("/s/dapr-a-http.socket".into()));
}

#[test]
fn a_process_without_an_app_id_is_no_instance() {
    assert_eq!(read(&["daprd"]), None);
    assert_eq!(read(&["daprd", "--app-id", "--app-port", "1"]), None);
    assert_eq!(read(&["daprd", "--app-id="]), None);
}

#[test]
fn only_the_name_daprd_is_a_sidecar() {
    assert!(is_sidecar("daprd") && is_sidecar("Daprd.exe"));
    assert!(!is_sidecar("dapr") && !is_sidecar("daprd-x"));
}

#[test]
fn metadata_fills_what_is_unknown_and_only_that() {
    let extended = [("cliPID", "5"), ("appPID", "6"), ("appCommand", "sleep 9"), ("runTemplateName", "r")];
    let metadata = |id: &str| Metadata {
        id: id.into(),
        extended: extended.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..Metadata::default()
    };
    let mut instance = Instance { app_id: "a".into(), command: "known".into(), ..Instance::default() };
    instance.learn(metadata("b"));
    assert_eq!(instance.cli_pid, 0, "another sidecar answered");
    instance.learn(metadata("a"));
    assert_eq!((instance.cli_pid, instance.app_pid), (5, 6));
    assert_eq!((instance.command.as_str(), instance.run_template_name.as_str()), ("known", "r"));
    assert_eq!(instance.cli, None, "what a sidecar says is not certain");
}

#[test]
fn silent_sidecars_delay_nobody() {
    let listeners: Vec<TcpListener> = (0..200).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let mut instances: Vec<Instance> = listeners
        .iter()
        .map(|listener| Instance { http_port: listener.local_addr().unwrap().port(), ..Instance::default() })
        .collect();
    let start = Instant::now();
    ask(&mut instances, &Env::of([]), Instance::is_incomplete);
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
}

#[test]
fn a_complete_record_is_not_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    ask(
        &mut [Instance { http_port: port, cli_pid: 1, ..Instance::default() }],
        &Env::of([]),
        Instance::is_incomplete,
    );
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
