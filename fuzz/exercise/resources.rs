//! YAML of resources and run files: the input is a file, which is checked as `dapr lint` does it and loaded as a
//! sidecar and `dapr run -f` do it.

use std::path::PathBuf;

use dapr_cli::env::Env;
use dapr_cli::lint::Severity;
use dapr_cli::paths::InstallDir;
use dapr_cli::resources::{self, Audience, Configuration, Strictness};
use dapr_cli::runfile;

thread_local! {
    /// Where the input is put; in memory where the system has such a place.
    static PLACE: Place = Place::new();
}

struct Place {
    file: PathBuf,
    env: Env,
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
        let file = home.path().join("resources").join("input.yaml");
        fs_err::create_dir(home.path().join("resources")).expect("a directory");
        let env = Env::of([("HOME", &*home.path().to_string_lossy()), ("SECRET", "x")]);
        Self { file, env, home }
    }
}

/// Checks and loads the file.
pub fn run(input: &[u8]) {
    PLACE.with(|place| {
        fs_err::write(&place.file, input).expect("the file can be written");
        let directories = [place.file.parent().expect("its directory").to_owned()];
        let audience = Audience { app_id: "shop".into(), namespace: Some("default".into()) };
        let found = resources::check_within(Some(&place.env), &directories, None, Strictness::Lint);
        // YAML has lines that end with a carriage return alone, too.
        let lines = input.split(|byte| matches!(byte, b'\n' | b'\r')).count();
        for finding in found {
            assert!((1..=lines + 1).contains(&finding.line), "{finding}: the file has {lines} lines");
            assert!(finding.column >= 1, "{finding}");
        }
        let _ = resources::check(&directories, Some(&audience), Strictness::Run);
        let _ = resources::load(&directories, &audience);
        let _ = resources::resiliency(&directories, &audience);
        let _ = Configuration::load(&[&place.file], &place.env);
        if let Ok(text) = std::str::from_utf8(input) {
            run_file(place, text);
        }
    });
}

fn run_file(place: &Place, text: &str) {
    let source = runfile::Source { path: place.file.clone(), stdin: false };
    let context = runfile::Context {
        env: place.env.clone(),
        install: InstallDir::resolve(None, &place.env).expect("HOME is set"),
        home: Some(place.home.path().into()),
        unknown_keys: Severity::Error,
    };
    if let Ok((file, _)) = runfile::load(&source, text, &context) {
        let all: Vec<String> = file.apps.iter().map(|app| app.id.clone()).collect();
        let _ = runfile::Plan::select(&file, &all, &[]);
    }
}
