//! Fails when a committed generated file is not what the sources make. `BLESS=1 cargo test --test generated`
//! rewrites them.

use std::path::Path;

use clap_complete::Shell;

#[test]
fn completion_scripts_are_up_to_date() {
    for (shell, file) in [
        (Shell::Bash, "dapr.bash"),
        (Shell::Fish, "dapr.fish"),
        (Shell::PowerShell, "_dapr.ps1"),
        (Shell::Zsh, "_dapr"),
    ] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut dapr_cli::cli::command(), "dapr", &mut script);
        compare(&Path::new("completions").join(file), &script);
    }
}

#[test]
fn the_schema_of_run_files_is_up_to_date() {
    let schema = serde_json::to_string_pretty(&dapr_cli::runfile::json_schema()).unwrap() + "\n";
    compare(Path::new("templates/schema/dapr.schema.json"), schema.as_bytes());
}

fn compare(file: &Path, expected: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if fs_err::read(&path).is_ok_and(|committed| committed == expected) {
        return;
    }
    let name = file.display();
    assert!(
        std::env::var_os("BLESS").is_some(),
        "{name} is stale: run `BLESS=1 cargo test --test generated`"
    );
    fs_err::write(&path, expected).expect("the file can be written");
}
