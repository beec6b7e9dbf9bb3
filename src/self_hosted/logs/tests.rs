use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::process::logfile::{part, times_of};

/// A log whose pieces were written at these times.
fn log(folder: &tempfile::TempDir, name: &str, pieces: &[(u64, &str)]) -> Source {
    let path = folder.path().join(name);
    write(&path, pieces);
    Source { app_id: name.into(), kind: Kind::App, path, alive: None }
}

fn write(path: &std::path::Path, pieces: &[(u64, &str)]) {
    let (mut text, mut times) = (String::new(), String::new());
    for (time, piece) in pieces {
        writeln!(times, "{} {time}", text.len()).unwrap();
        text += piece;
    }
    fs_err::write(path, text).unwrap();
    fs_err::write(times_of(path), times).unwrap();
}

fn shown(sources: &[Source], wanted: Wanted) -> Vec<String> {
    let mut lines = Vec::new();
    let readers = show(sources, wanted, &mut |line| {
        let Some(line) = line else { return true };
        lines.push(format!("{} {}", sources[line.source].app_id, String::from_utf8(line.text).unwrap()));
        true
    });
    follow(sources, readers, true, &mut |line| {
        let Some(line) = line else { return true };
        lines.push(format!("{} +{}", sources[line.source].app_id, String::from_utf8(line.text).unwrap()));
        true
    });
    lines
}

#[test]
fn lines_are_merged_by_time_and_keep_their_own_order() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(1000, "1\n2\n"), (3000, "5\n"), (5000, "7")]);
    let b = log(&folder, "b", &[(2000, "3\n4 and"), (4000, " more\n6\n")]);
    let all = shown(&[a, b], Wanted::default());
    assert_eq!(all, ["a 1", "a 2", "b 3", "b 4 and more", "a 5", "b 6", "a +7"]);
}

#[test]
fn the_last_lines_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(1000, "1\n2\n"), (3000, "5\n")]);
    let b = log(&folder, "b", &[(2000, "3\n4\n")]);
    let tail = |lines| shown(&[a.clone(), b.clone()], Wanted { tail: Some(lines), since: None });
    assert_eq!(tail(2), ["b 4", "a 5"]);
    assert_eq!(tail(100).len(), 5);
    assert_eq!(tail(0), [""; 0]);
}

#[test]
fn since_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(10_000, "old\nbegun"), (20_000, " then\nnew\n"), (30_000, "newest\n")]);
    let since = |ms| {
        let since = Some(UNIX_EPOCH + Duration::from_millis(ms));
        shown(std::slice::from_ref(&a), Wanted { tail: None, since })
    };
    assert_eq!(since(20_000), ["a new", "a newest"], "a line counts by its begin");
    assert_eq!(since(25_000), ["a newest"]);
    assert_eq!(since(40_000), [""; 0]);
    assert_eq!(since(0).len(), 4);
}

#[test]
fn rotated_parts_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(3000, "5\n6\n")]);
    write(&part(&a.path, 1), &[(2000, "3\n4\n")]);
    write(&part(&a.path, 2), &[(1000, "1\n2\n")]);
    let sources = [a];
    assert_eq!(shown(&sources, Wanted::default()), ["a 1", "a 2", "a 3", "a 4", "a 5", "a 6"]);
    assert_eq!(shown(&sources, Wanted { tail: Some(3), since: None }), ["a 4", "a 5", "a 6"]);
    let since = Some(UNIX_EPOCH + Duration::from_secs(2));
    assert_eq!(shown(&sources, Wanted { tail: None, since }), ["a 3", "a 4", "a 5", "a 6"]);
}

#[test]
fn following_goes_over_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(1000, "1\n")]);
    let sources = [Source { alive: Some(ProcessId::current()), ..a }];
    let path = sources[0].path.clone();
    let readers = show(&sources, Wanted::default(), &mut |_| true);
    let mut lines = Vec::new();
    // What happens to the file after each line that was given.
    let mut steps = [
        Box::new(|| {
            fs_err::rename(&path, part(&path, 1)).unwrap();
            fs_err::write(&path, "3\n").unwrap();
        }) as Box<dyn Fn()>,
        Box::new(|| fs_err::write(&path, "").unwrap()),
    ]
    .into_iter();
    fs_err::write(&path, "1\n2\n").unwrap();
    follow(&sources, readers, true, &mut |line| {
        let Some(line) = line else { return true };
        lines.push(String::from_utf8(line.text).unwrap());
        if let Some(step) = steps.next() {
            step();
        }
        lines.len() < 2
    });
    assert_eq!(lines, ["2", "3"]);
}
