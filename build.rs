//! Puts the descriptors of the Dapr API, which lie in the package of the `dapr` crate, where the sources can
//! include them: the gRPC port tells clients of them by reflection. Tells how the program is linked.

#![expect(clippy::disallowed_methods, reason = "this is how cargo tells things")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("dapr-descriptors.bin");
    fs::copy(package("dapr")?.join("src/dapr/types.bin"), out)?;
    // Moved to another address, each of the processes of a run (there are three an app) would have some 80,000 pointers
    // to rewrite when it starts, and 4 MB of pages of its own for that. Programs made by Go aren't moved either.
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    Ok(())
}

/// The directory of a dependency's package.
fn package(name: &str) -> Result<PathBuf, Box<dyn error::Error>> {
    // Everything has been downloaded when this runs, but not for other systems than the one that is built for.
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform"])
        .arg(env::var("TARGET")?)
        .current_dir(env::var("CARGO_MANIFEST_DIR")?)
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == name)
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or_else(|| format!("cargo metadata doesn't name the package {name}"))?;
    Ok(Path::new(manifest).parent().ok_or("a manifest without a directory")?.to_owned())
}
