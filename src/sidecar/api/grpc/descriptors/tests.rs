use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use super::table::{Symbols, Table};
use super::{TABLES, file_descriptor_set};

#[test]
fn tables_equal_the_descriptors_of_the_dapr_crate() {
    let published = fs_err::read(package_directory("dapr").join("src/dapr/types.bin")).unwrap();
    let published = by_name(FileDescriptorSet::decode(published.as_slice()).unwrap());
    let tables = by_name(file_descriptor_set().unwrap());
    assert_eq!(tables.keys().collect::<Vec<_>>(), published.keys().collect::<Vec<_>>());
    for (name, expected) in &published {
        let file = &tables[name];
        // Message by message, so that a failure is short enough to read.
        for (message, expected) in file.message_type.iter().zip(&expected.message_type) {
            assert_eq!(message, expected, "{name}");
        }
        assert_eq!(file, expected, "{name}");
    }
}

#[test]
fn errors_name_the_table_the_line_and_the_problem() {
    let start = "file a.proto\npackage a\n\nmessage M\n";
    for (text, expected) in [
        ("message M", "descriptors/bad.txt:5: the package must be declared first"),
        ("  1 name", "descriptors/bad.txt:5: unknown type \"\""),
        ("  1 name Other", "descriptors/bad.txt:5: unknown type \"Other\""),
        ("  one name string", "descriptors/bad.txt:5: invalid number \"one\""),
        (
            "  1 name repeated map string string",
            "descriptors/bad.txt:5: unknown type \"repeated map string string\"",
        ),
        ("message A.B", "descriptors/bad.txt:5: message \"A\" must be declared first"),
        ("message B obsolete", "descriptors/bad.txt:5: unexpected \"obsolete\""),
        ("oneof kind", "descriptors/bad.txt:5: unknown declaration \"oneof kind\""),
        ("service S\n  Get M M", "descriptors/bad.txt:6: a method needs `->` before its response"),
        ("service S\n  -> M", "descriptors/bad.txt:6: not a message or a stream of messages: \"\""),
        ("service S\n  Get M -> stream", "descriptors/bad.txt:6: unknown type \"stream\""),
        ("package a\n  1 name string", "descriptors/bad.txt:6: an indented line needs a declaration above"),
    ] {
        // The first case has no package.
        let text = if text == "message M" {
            "\n\n\nmessage M\n  1 name string".into()
        } else {
            format!("{start}{text}")
        };
        let table = Table { name: "bad", text: Box::leak(text.clone().into_boxed_str()) };
        let error = table.read(&Symbols::collect(&[table])).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn every_table_is_listed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sidecar/api/grpc/descriptors");
    for group in ["dapr", "google"] {
        for entry in fs_err::read_dir(directory.join(group)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let name = format!("{group}/{}", file.trim_end_matches(".txt"));
            assert!(TABLES.iter().any(|table| table.name == name), "{name} is not in TABLES");
        }
    }
}

/// The files by name, without what the tables leave out: comments, options for code generators, and the order of nested
/// messages.
fn by_name(set: FileDescriptorSet) -> BTreeMap<String, FileDescriptorProto> {
    let normalized = |mut file: FileDescriptorProto| {
        file.source_code_info = None;
        file.options = None;
        file.message_type.iter_mut().for_each(sort_nested);
        for method in file.service.iter_mut().flat_map(|service| &mut service.method) {
            method.options = method.options.take().filter(prost_types::MethodOptions::deprecated);
        }
        (file.name().to_owned(), file)
    };
    set.file.into_iter().map(normalized).collect()
}

fn sort_nested(message: &mut DescriptorProto) {
    message.nested_type.sort_by(|a, b| a.name.cmp(&b.name));
    message.nested_type.iter_mut().for_each(sort_nested);
}

/// The directory with the sources of a dependency. Everything that tests need has been downloaded when they run.
fn package_directory(name: &str) -> std::path::PathBuf {
    let output = |program: &str, variable: &str, arguments: &[&str]| {
        let program = env::var_os(variable).unwrap_or_else(|| program.into());
        let output =
            Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = output("rustc", "RUSTC", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host];
    let metadata: serde_json::Value = serde_json::from_str(&output("cargo", "CARGO", &metadata)).unwrap();
    let package =
        metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == name).unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}
