//! The walls between the modules of this single package: who may import whom, and the other rules of structure
//! that the compiler doesn't know. Every check is shown to fail on a bad example.

#![expect(clippy::unwrap_used, reason = "a file that can't be read has to fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// For all modules; they import only each other.
const LEAVES: &[&str] = &["env", "error", "logging", "net", "os", "paths", "records"];

/// Which modules each module may import, besides the leaves and itself. A longer path on the left is a rule of
/// its own for that part; a path on the right admits what is below it. What isn't listed imports only leaves.
const TABLE: &[(&str, &[&str])] = &[
    // Beside the verbs, `main` knows the two hidden programs: the sidecar and the guardian.
    ("main", &["cli", "commands", "output", "process"]),
    ("cli", &["commands", "output", "suggest"]),
    (
        "commands",
        &[
            "cli",
            "output",
            "self_hosted",
            "containers",
            "dashboard",
            "release",
            "client",
            "lint",
            "resources",
            "runfile",
            "scheduler",
            "process",
            "suggest",
        ],
    ),
    ("commands::daprd", &["cli", "output", "sidecar", "components", "resources"]),
    ("output", &["self_hosted", "release", "scheduler"]),
    ("scheduler", &["components::jobs", "components::schedule", "wire"]),
    ("self_hosted", &["process", "client", "containers", "release", "resources", "runfile", "suggest"]),
    ("containers", &[]),
    ("dashboard", &["self_hosted", "client", "resources", "scheduler"]),
    ("release", &[]),
    ("resources", &["lint", "suggest"]),
    ("runfile", &["lint", "suggest"]),
    ("lint", &["suggest"]),
    ("sidecar", &["components", "resources", "wire"]),
    ("components", &["resources"]),
    ("wire", &[]),
];

/// Crates that only some parts may know.
const CRATES: &[(&str, &[&str])] = &[
    // `output::help` draws the help of clap's commands.
    ("clap", &["main", "cli", "commands", "output::help"]),
    ("clap_complete", &["main", "cli", "commands"]),
    ("axum", &["sidecar", "dashboard"]),
    ("bollard", &["containers"]),
    // The conditions of circuit breakers and the rules of subscriptions are checked with their files.
    ("cel", &["sidecar", "resources"]),
    ("dapr", &["sidecar"]),
    ("docker_credential", &["containers"]),
    ("indicatif", &["output"]),
    ("minijinja", &["dashboard::view"]),
    ("oci_client", &["release"]),
    ("opentelemetry_proto", &["sidecar::trace", "dashboard::telemetry"]),
    ("redis", &["components"]),
    ("reqwest", &["components::bindings", "net", "release", "sidecar::outside", "sidecar::trace"]),
    ("rusqlite", &["components", "dashboard::telemetry"]),
    ("tokio_rustls", &["sidecar"]),
    ("tonic", &["sidecar", "scheduler"]),
    ("tonic_health", &["sidecar"]),
    ("tonic_prost", &["sidecar", "scheduler"]),
    ("tonic_reflection", &["sidecar"]),
    ("tonic_types", &["sidecar"]),
];

/// Where the program may print.
const PRINTERS: &[&str] = &["main", "output", "commands::daprd"];

const LONGEST_FILE: usize = 600;

// --- The sources, as tokens ---------------------------------------------------------------------------------------

struct Source {
    /// File, as it is named in a complaint.
    name: String,
    /// Path of the module: `["sidecar", "blocks", "state"]`; `["main"]` for the binary, empty for `lib.rs`.
    module: Vec<String>,
    text: String,
    tokens: Vec<String>,
}

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let path = name.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        Self { name: name.to_owned(), module, text: text.to_owned(), tokens: tokens(text) }
    }

    fn is_below(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| below(&self.module, part))
    }
}

/// Whether a module path is that of `part` (`a::b`) or below it.
fn below(module: &[String], part: &str) -> bool {
    let mut path = module.iter();
    part.split("::").all(|name| path.next().is_some_and(|own| own == name))
}

/// Identifiers, `::` and single characters; comments, texts and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    i += 2;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    i += 2;
                } else {
                    i += 1;
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if c == '"' {
            i = end_of_text(&chars, i);
        } else if c == '\'' {
            // A lifetime has no closing quote; a character has one after one character or an escape.
            if at(i + 1) == '\\' {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            } else if at(i + 2) == '\'' {
                i += 3;
            } else {
                i += 1;
            }
        } else if is_word(c) {
            let start = i;
            while is_word(at(i)) {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let raw = matches!(word.as_str(), "r" | "br" | "cr");
            if raw && (at(i) == '"' || (at(i) == '#' && matches!(at(i + 1), '"' | '#'))) {
                i = end_of_raw_text(&chars, i);
            } else if raw && at(i) == '#' {
                i += 1; // `r#type`: the word follows
            } else if matches!(word.as_str(), "b" | "c") && at(i) == '"' {
                i = end_of_text(&chars, i);
            } else {
                found.push(word);
            }
        } else if c == ':' && at(i + 1) == ':' {
            found.push("::".to_owned());
            i += 2;
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            i += 1;
        }
    }
    found
}

fn end_of_text(chars: &[char], quote: usize) -> usize {
    let mut i = quote + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn end_of_raw_text(chars: &[char], start: usize) -> usize {
    let hashes = chars[start..].iter().take_while(|c| **c == '#').count();
    let mut i = start + hashes + 1;
    while i < chars.len() {
        if chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    i
}

/// Every path of this crate that a file names, in full: from `use` trees and from the middle of code.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let tokens = &source.tokens;
    let token = |i: usize| tokens.get(i).map_or("", String::as_str);
    let mut inner: Vec<(usize, String)> = Vec::new(); // inline modules around this place, with their depth
    let (mut depth, mut i) = (0, 0);
    let mut found = Vec::new();
    while i < tokens.len() {
        match token(i) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.retain(|(level, _)| *level <= depth);
            }
            "mod" if token(i + 2) == "{" => inner.push((depth + 1, token(i + 1).to_owned())),
            "crate" | "dapr_cli" if token(i + 1) == "::" => {
                i = tree(tokens, i + 2, &[], &mut found);
                continue;
            }
            "super" if token(i + 1) == "::" && (i == 0 || token(i - 1) != "::") => {
                let mut here: Vec<String> = source.module.clone();
                here.extend(inner.iter().map(|(_, name)| name.clone()));
                while token(i) == "super" {
                    here.pop();
                    i += 2;
                }
                i = tree(tokens, i, &here, &mut found);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Reads one `use` tree or path that starts at token `i`; returns where it ends.
fn tree(tokens: &[String], mut i: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let token = |i: usize| tokens.get(i).map_or("", String::as_str);
    let mut path = before.to_vec();
    loop {
        match token(i) {
            "{" => {
                i += 1;
                while !matches!(token(i), "}" | "") {
                    i = tree(tokens, i, &path, found);
                    if token(i) == "as" {
                        i += 2;
                    }
                    if token(i) == "," {
                        i += 1;
                    }
                }
                return i + 1;
            }
            // `a::<T>`: the path ends before its arguments, which are read as code.
            "<" => {
                found.push(path);
                return i;
            }
            name => {
                path.push(name.to_owned());
                i += 1;
            }
        }
        if token(i) != "::" {
            found.push(path);
            return i;
        }
        i += 1;
    }
}

// --- The checks ---------------------------------------------------------------------------------------------------

fn imports(source: &Source) -> Vec<String> {
    let rule =
        TABLE.iter().filter(|(part, _)| below(&source.module, part)).max_by_key(|(part, _)| part.len());
    let allowed = rule.map_or(&[][..], |(_, allowed)| allowed);
    let Some(own) = source.module.first() else { return Vec::new() };
    let admitted = |path: &Vec<String>| {
        let first = &path[0];
        first == own
            || LEAVES.contains(&first.as_str())
            || (!LEAVES.contains(&own.as_str()) && allowed.iter().any(|part| below(path, part)))
    };
    // What lies at the top of the crate and starts with a capital letter or is in capitals isn't a module.
    let is_module =
        |path: &Vec<String>| path[0].chars().all(|c| c.is_lowercase() || c.is_numeric() || c == '_');
    paths(source)
        .into_iter()
        .filter(|path| !path.is_empty() && (path[0] == "*" || (is_module(path) && !admitted(path))))
        .map(|path| format!("{}: imports {}", source.name, path.join("::")))
        .collect()
}

fn crates(source: &Source) -> Vec<String> {
    let named =
        |name: &str| {
            source.tokens.windows(2).enumerate().any(|(i, pair)| {
                pair[0] == name && pair[1] == "::" && (i == 0 || source.tokens[i - 1] != "::")
            })
        };
    let forbidden = CRATES.iter().filter(|(name, parts)| !source.is_below(parts) && named(name));
    forbidden.map(|(name, _)| format!("{}: uses the crate {name}", source.name)).collect()
}

fn systems(source: &Source) -> Vec<String> {
    if source.is_below(&["os"]) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (i, token) in source.tokens.iter().enumerate() {
        if token == "unsafe" {
            found.push(format!("{}: unsafe", source.name));
        }
        if matches!(token.as_str(), "cfg" | "cfg_attr") {
            let inside =
                source.tokens[i..].iter().take_while(|token| !matches!(token.as_str(), "]" | ";" | "{"));
            let system = inside.into_iter().find(|token| matches!(token.as_str(), "unix" | "windows"));
            found.extend(system.map(|system| format!("{}: cfg({system})", source.name)));
        }
    }
    found
}

fn printing(source: &Source) -> Vec<String> {
    if source.is_below(PRINTERS) {
        return Vec::new();
    }
    let prints = |word: &str| matches!(word, "print" | "println" | "eprint" | "eprintln");
    let calls = source.tokens.windows(2).filter(|pair| prints(&pair[0]) && pair[1] == "!");
    calls.map(|pair| format!("{}: {}!", source.name, pair[0])).collect()
}

fn heading(source: &Source) -> Vec<String> {
    // `tests.rs` is the end of the module above it, in a file of its own.
    let is_end = source.module.last().is_some_and(|name| name == "tests");
    let has = is_end || source.text.lines().next().is_some_and(|line| line.starts_with("//! "));
    if has { Vec::new() } else { vec![format!("{}: does not begin with `//!`", source.name)] }
}

fn length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= LONGEST_FILE { Vec::new() } else { vec![format!("{}: {lines} lines", source.name)] }
}

fn stubs(source: &Source) -> Vec<String> {
    let calls = source
        .tokens
        .windows(2)
        .filter(|pair| matches!(pair[0].as_str(), "todo" | "unimplemented") && pair[1] == "!");
    calls.map(|pair| format!("{}: {}!", source.name, pair[0])).collect()
}

// --- The tests ----------------------------------------------------------------------------------------------------

fn read(directory: &str) -> Vec<Source> {
    fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs_err::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join(directory), &mut files);
    assert!(!files.is_empty(), "no source file found below {directory}");
    files.sort();
    let name = |file: &PathBuf| file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|file| Source::new(&name(file), &fs_err::read_to_string(file).unwrap())).collect()
}

fn assert_clean(sources: &[Source], check: fn(&Source) -> Vec<String>, rule: &str) {
    let complaints: Vec<String> = sources.iter().flat_map(check).collect();
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

/// What a check says of a file with this text.
fn complaints(check: fn(&Source) -> Vec<String>, name: &str, text: &str) -> Vec<String> {
    check(&Source::new(name, text)).iter().map(|line| line.replace(&format!("{name}: "), "")).collect()
}

#[test]
fn modules_import_only_what_the_table_admits() {
    let sources = read("src");
    assert_clean(&sources, imports, "forbidden by the dependency table in tests/architecture.rs");
    let tops: BTreeSet<&str> = sources.iter().filter_map(|s| s.module.first()).map(String::as_str).collect();
    for name in ["components", "env", "main", "sidecar"] {
        assert!(tops.contains(name), "{name} was not read");
    }
    let listed = |name: &str| LEAVES.contains(&name) || TABLE.iter().any(|(part, _)| *part == name);
    let imported: usize = sources.iter().map(|source| paths(source).len()).sum();
    assert!(imported > 20, "only {imported} imports found: the reader of `use` lines is broken");
    let alone = ["client", "containers", "process", "release", "resources", "suggest"];
    let unknown: Vec<_> = tops.iter().filter(|name| !listed(name) && !alone.contains(name)).collect();
    assert!(unknown.is_empty(), "no line in the dependency table for {unknown:?}");
}

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in read("src") {
        let Some(own) = source.module.first().cloned() else { continue };
        // `cli` holds the global flags that a verb reads, and lists the verbs: one module in two rooms.
        let other = |path: &Vec<String>| {
            path.first()
                .filter(|first| **first != own && (own.as_str(), first.as_str()) != ("commands", "cli"))
                .cloned()
        };
        edges.entry(own.clone()).or_default().extend(paths(&source).iter().filter_map(other));
    }
    assert_eq!(circle(&edges), None);

    let edge = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    assert!(circle(&BTreeMap::from([edge("a", "b"), edge("b", "c"), edge("c", "a")])).is_some());
}

/// Removes what imports nothing that is left, until nothing changes; what stays is in a circle or above one.
fn circle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut left: BTreeSet<&String> = edges.keys().collect();
    loop {
        let free: Vec<&String> =
            left.iter().copied().filter(|name| edges[*name].iter().all(|to| !left.contains(to))).collect();
        if free.is_empty() {
            return if left.is_empty() { None } else { Some(left.into_iter().cloned().collect()) };
        }
        for name in free {
            left.remove(name);
        }
    }
}

#[test]
fn crates_stay_where_they_belong() {
    assert_clean(&read("src"), crates, "a crate outside its place");
    assert_eq!(complaints(crates, "src/self_hosted/run.rs", "use clap::Args;"), ["uses the crate clap"]);
    assert_eq!(complaints(crates, "src/components/state/redis.rs", "axum::Json(1)"), ["uses the crate axum"]);
    assert!(complaints(crates, "src/commands/run.rs", "use clap::Args;").is_empty());
    assert!(complaints(crates, "src/components/state/redis.rs", "crate::axum::x; // axum::Json").is_empty());
}

#[test]
fn operating_systems_and_unsafe_code_stay_in_os() {
    assert_clean(&read("src"), systems, "only src/os may have this");
    assert_eq!(complaints(systems, "src/net.rs", "#[cfg(unix)] fn a() {}"), ["cfg(unix)"]);
    assert_eq!(complaints(systems, "src/net.rs", "#[cfg(all(test, not(windows)))] mod t;"), ["cfg(windows)"]);
    assert_eq!(complaints(systems, "src/net.rs", "if cfg!(windows) { 1 }"), ["cfg(windows)"]);
    assert_eq!(complaints(systems, "src/net.rs", "unsafe { a() }"), ["unsafe"]);
    assert!(complaints(systems, "src/os/unix.rs", "#[cfg(unix)] unsafe fn a() {}").is_empty());
    assert!(complaints(systems, "src/net.rs", "#[cfg(test)] mod unix {} // unsafe").is_empty());
}

#[test]
fn only_the_output_prints() {
    assert_clean(&read("src"), printing, "domain code returns values or emits events");
    assert_eq!(complaints(printing, "src/self_hosted/run.rs", r#"eprintln!("a")"#), ["eprintln!"]);
    assert!(complaints(printing, "src/output/table.rs", r#"println!("a")"#).is_empty());
    assert!(complaints(printing, "src/net.rs", r#"let a = "println!()";"#).is_empty());
}

#[test]
fn every_file_says_what_it_is_for() {
    assert_clean(&read("src"), heading, "house rule 9");
    assert_eq!(complaints(heading, "src/net.rs", "use a;\n//! late"), ["does not begin with `//!`"]);
    assert_eq!(complaints(heading, "src/net.rs", ""), ["does not begin with `//!`"]);
}

#[test]
fn files_are_of_a_size_to_read() {
    for directory in ["src", "tests", "benches"] {
        assert_clean(&read(directory), length, "split it");
    }
    assert_eq!(complaints(length, "src/net.rs", &"a\n".repeat(601)), ["601 lines"]);
}

#[test]
fn nothing_is_left_to_be_written() {
    assert_clean(&read("src"), stubs, "unfinished");
    assert_eq!(complaints(stubs, "src/net.rs", "todo!()"), ["todo!"]);
}

#[test]
fn forbidden_imports_are_found_however_they_are_written() {
    let sidecar = |text| complaints(imports, "src/sidecar/blocks/state.rs", text);
    for bad in [
        "use crate::self_hosted::run;",
        "use crate::{env::Env, self_hosted::{a, run::{self, Event}}};",
        "use crate::{self as me, self_hosted};",
        "pub use crate::self_hosted as other;",
        "fn a() -> crate::self_hosted::Event { todo() }",
        "use super::super::super::self_hosted::Event;",
        "mod tests { use super::super::super::super::self_hosted::Event; }",
        "fn a() { b::<crate::self_hosted::Event>(r#\"\"#) }",
    ] {
        let found = sidecar(bad);
        assert!(found.iter().any(|line| line.starts_with("imports self_hosted")), "{bad}: {found:?}");
    }
    assert_eq!(sidecar("use crate::*;"), ["imports *"]);
    for good in [
        "use crate::components::{state::{Store, Error}, Metadata};",
        "use crate::{env::Env, resources::{Component, Configuration}};",
        "use super::super::error::Error; use super::self_hosted;",
        "// use crate::self_hosted::run;\n/* crate::self_hosted /* nested */ crate::self_hosted */",
        "let a = \"crate::self_hosted::x\"; let b = '\"'; let c: &'static str = r\"crate::self_hosted\";",
        "pub(crate) fn a() {} pub(in crate::sidecar) fn b() {} use crate::Thing;",
    ] {
        assert!(sidecar(good).is_empty(), "{good}: {:?}", sidecar(good));
    }
}

#[test]
fn the_table_says_what_the_design_says() {
    let check =
        |name: &str, import: &str| complaints(imports, name, &format!("use crate::{import}::x;")).is_empty();
    for (file, import) in [
        ("src/self_hosted/run.rs", "sidecar"),
        ("src/sidecar/service.rs", "self_hosted"),
        ("src/sidecar/service.rs", "client"),
        ("src/commands/run.rs", "sidecar"),
        ("src/commands/daprd.rs", "self_hosted"),
        ("src/components/state/sqlite.rs", "sidecar"),
        ("src/process/job.rs", "self_hosted"),
        ("src/process/job.rs", "resources"),
        ("src/self_hosted/run.rs", "output"),
        ("src/output/table.rs", "sidecar"),
        ("src/resources/loader.rs", "components"),
        ("src/records.rs", "resources"),
        ("src/os/unix.rs", "process"),
        ("src/new_thing.rs", "sidecar"),
    ] {
        assert!(!check(file, import), "{file} must not import {import}");
    }
    for (file, import) in [
        ("src/commands/daprd.rs", "sidecar"),
        ("src/commands/run.rs", "self_hosted"),
        ("src/output/table.rs", "self_hosted"),
        ("src/self_hosted/run.rs", "process"),
        ("src/sidecar/blocks/state.rs", "components"),
        ("src/components/state/sqlite.rs", "records"),
        ("src/records.rs", "os"),
    ] {
        assert!(check(file, import), "{file} may import {import}");
    }
}
