//! Which runtime is meant, and whether it can serve a run.

use crate::error::Failure;
use crate::paths::InstallDir;
use crate::records::Runtime;
use crate::resources::{Component, OURS};

use super::Choice;

/// The runtime and why it was chosen, in the words of the line that says so.
pub fn choose(wanted: Choice, install: &InstallDir) -> Result<(Runtime, String), Failure> {
    let daprd = install.daprd();
    let installed = daprd.is_file();
    match wanted {
        Choice::Only(Runtime::Installed) if !installed => Err(Failure::new(format!(
            "the installed runtime was asked for, but there is no {}",
            daprd.display()
        ))
        .hint("install it with `dapr init`, or use --runtime embedded")),
        Choice::Only(Runtime::Installed) => {
            Ok((Runtime::Installed, format!("{} (--runtime installed)", daprd.display())))
        }
        Choice::Only(Runtime::Embedded) => Ok((Runtime::Embedded, "embedded (--runtime embedded)".into())),
        Choice::Automatic if installed => {
            Ok((Runtime::Installed, format!("{} (installed)", daprd.display())))
        }
        Choice::Automatic => Ok((Runtime::Embedded, format!("embedded (no {})", daprd.display()))),
    }
}

/// The stock runtime can't serve component types that are ours alone.
pub fn check_types(runtime: Runtime, components: &[Component]) -> Result<(), Failure> {
    match components.iter().find(|component| OURS.contains(&component.kind.as_str())) {
        Some(component) if runtime == Runtime::Installed => Err(Failure::new(format!(
            "component {} in {} is of a type that the installed runtime does not know",
            component.log_name(),
            component.file.display()
        ))
        .hint("run with --runtime embedded, or replace the component, for example by pubsub.redis")),
        _ => Ok(()),
    }
}
