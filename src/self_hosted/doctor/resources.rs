//! The resources that every app gets: whether the runtime can load them.

use super::Finding;
use crate::env::Env;
use crate::paths::InstallDir;
use crate::records::Runtime;
use crate::resources::{self, Audience, Strictness};

const CHECK: &str = "resources";

/// Checks the default components and configuration as `dapr run` does, and the types of the components.
pub fn check(install: &InstallDir, runtime: Runtime, env: &Env) -> Vec<Finding> {
    let paths: Vec<_> =
        [install.components(), install.config()].into_iter().filter(|path| path.exists()).collect();
    let count: usize = paths.iter().map(|path| resources::files(path).len()).sum();
    let components: Vec<_> = paths.iter().filter(|path| path.is_dir()).collect();
    // A directory that can't be read has no findings of its own.
    let loaded = resources::load(&components, &Audience::default());
    let unreadable = match loaded {
        Err(error @ resources::Error::Read { .. }) => {
            Some(Finding::problem(CHECK, error.to_string(), "let your user read it"))
        }
        _ => None,
    };
    let files =
        resources::check_within(Some(env), &paths, None, Strictness::Run).into_iter().map(|finding| {
            let advice =
                finding.hint.clone().unwrap_or_else(|| "correct the file, or move it elsewhere".into());
            (finding, advice)
        });
    let elsewhere = match runtime {
        Runtime::Embedded => "`dapr init` installs the runtime that has it; or move the file elsewhere",
        Runtime::Installed => "use `dapr run --runtime embedded`, or another type such as pubsub.redis",
    };
    let types =
        resources::unserved(&paths, runtime).into_iter().map(|finding| (finding, elsewhere.to_owned()));
    let found = files.chain(types).map(|(finding, advice)| {
        let detail = format!("{}:{}: {}", finding.file.display(), finding.line, finding.message);
        if finding.is_error() {
            Finding::problem(CHECK, detail, advice)
        } else {
            Finding::warning(CHECK, detail, advice)
        }
    });
    let mut findings: Vec<Finding> = unreadable.into_iter().chain(found).collect();
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            match count {
                0 => "there are no files that every app gets".to_owned(),
                1 => format!("the {runtime} runtime can load the file that every app gets"),
                _ => format!("the {runtime} runtime can load the {count} files that every app gets"),
            },
        ));
    }
    findings
}
