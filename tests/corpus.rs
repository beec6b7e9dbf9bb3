//! The kept inputs of the fuzz targets, through the same functions: what was once mended stays so, and the targets
//! keep fitting the library.

#[path = "../fuzz/exercise/cloudevents.rs"]
mod cloudevents;
#[path = "../fuzz/exercise/http.rs"]
mod http;
#[path = "../fuzz/exercise/resources.rs"]
mod resources;
#[path = "../fuzz/exercise/schedules.rs"]
mod schedules;

use std::path::Path;

/// Runs all inputs of a target.
fn all(target: &str, run: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> =
        fs_err::read_dir(directory).expect("the inputs").map(|file| file.expect("an input").path()).collect();
    files.sort();
    assert!(files.len() >= 10, "only {} inputs for {target}", files.len());
    for file in files {
        let input = fs_err::read(&file).expect("an input");
        let outcome = std::panic::catch_unwind(|| run(&input));
        assert!(outcome.is_ok(), "{} fails", file.display());
    }
}

#[test]
fn resources_and_run_files() {
    all("resources", resources::run);
}

#[test]
fn requests() {
    all("http", http::run);
}

#[test]
fn events() {
    all("cloudevents", cloudevents::run);
}

#[test]
fn times() {
    all("schedules", schedules::run);
}
