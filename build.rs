//! Sets how the program is linked.

#![expect(clippy::disallowed_methods, reason = "cargo passes the target in variables")]

use std::env;

fn main() -> Result<(), env::VarError> {
    println!("cargo::rerun-if-changed=build.rs");
    // A position-independent program has some 80,000 pointers to rewrite when it starts, and 4 MB of private pages for
    // them in each of the three processes of an app.
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    Ok(())
}
