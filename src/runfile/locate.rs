//! Which file `-f` means (run file reference, section 1).

use std::path::{Path, PathBuf};

/// The file name in a directory.
const NAME: &str = "dapr.yaml";

/// Where a run file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Absolute path; `<working directory>/-` for standard input.
    pub path: PathBuf,
    /// It is standard input.
    pub stdin: bool,
}

/// Finds the file. The error is what comes after "Failed to get run file path: ".
pub fn locate(argument: &str, cwd: &Path) -> Result<Source, String> {
    if argument == "-" {
        return Ok(Source { path: cwd.join("-"), stdin: true });
    }
    let missing = |path: &Path| format!("stat {}: no such file or directory", path.display());
    let path = cwd.join(argument);
    let Ok(found) = fs_err::metadata(&path) else {
        return Err(format!("error getting file info for {argument}: {}", missing(Path::new(argument))));
    };
    if found.is_dir() {
        let file = path.join(NAME);
        if !file.is_file() {
            let shown = Path::new(argument).join(NAME);
            return Err(format!(
                "error in validating the file path {:?}: error in getting the file info for {}: {}",
                shown.display().to_string(),
                shown.display(),
                missing(&shown)
            ));
        }
        return Ok(Source { path: clean(&file), stdin: false });
    }
    if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Err(format!("file {argument:?} is not a YAML file"));
    }
    Ok(Source { path: clean(&path), stdin: false })
}

/// A path without `.` and `..`, by its words alone.
pub fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            Component::ParentDir if clean.has_root() => {}
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_directories_and_standard_input() {
        let home = tempfile::tempdir().unwrap();
        let cwd = home.path();
        fs_err::create_dir(cwd.join("empty")).unwrap();
        for file in ["dapr.yaml", "other.yml", "notes.txt"] {
            fs_err::write(cwd.join(file), "").unwrap();
        }
        let path = |argument: &str| locate(argument, cwd).map(|source| source.path);
        assert_eq!(path("."), Ok(cwd.join("dapr.yaml")));
        assert_eq!(path("empty/../other.yml"), Ok(cwd.join("other.yml")));
        assert_eq!(locate("-", cwd), Ok(Source { path: cwd.join("-"), stdin: true }));
        assert_eq!(path("notes.txt"), Err("file \"notes.txt\" is not a YAML file".into()));
        assert_eq!(
            path("nowhere.yaml"),
            Err("error getting file info for nowhere.yaml: stat nowhere.yaml: no such file or directory"
                .into())
        );
        assert_eq!(
            path("empty"),
            Err("error in validating the file path \"empty/dapr.yaml\": error in getting the file info for empty/dapr.yaml: stat empty/dapr.yaml: no such file or directory".into())
        );
    }

    #[test]
    fn dots_are_taken_out() {
        assert_eq!(clean(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(clean(Path::new("/../a")), Path::new("/a"));
        assert_eq!(clean(Path::new("../a/b")), Path::new("../a/b"));
    }
}
