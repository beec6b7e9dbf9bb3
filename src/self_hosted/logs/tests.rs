use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use super::merge::{Merge, Progress};
use super::*;
use crate::process::logfile::{LogFile, Rotation, part, times_of};

/// A log whose pieces were written at these times.
fn log(folder: &tempfile::TempDir, name: &str, pieces: &[(u64, &str)]) -> Source {
    let path = folder.path().join(name);
    write(&path, pieces);
    Source { app_id: name.into(), kind: Kind::App, path, run: None }
}

fn write(path: &Path, pieces: &[(u64, &str)]) {
    let (mut text, mut times) = (String::new(), String::new());
    for (time, piece) in pieces {
        writeln!(times, "{} {time}", text.len()).unwrap();
        text += piece;
    }
    fs_err::write(path, text).unwrap();
    fs_err::write(times_of(path), times).unwrap();
}

/// What is given now, a line each; lines without an end have a `~` there.
fn given(logs: &mut Merge, sources: &[Source]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut emit = |piece: Option<Piece<'_>>| {
        let Some(piece) = piece else { return ControlFlow::Continue(()) };
        let text = String::from_utf8_lossy(piece.text);
        let end = if piece.ends { "" } else { "~" };
        lines.push(format!("{} {text}{end}", sources[piece.source].app_id));
        ControlFlow::Continue(())
    };
    while logs.give(&mut emit).unwrap() == Progress::More {}
    lines
}

fn shown(sources: &[Source], wanted: Wanted) -> Vec<String> {
    let mut logs = Merge::open(sources, wanted).unwrap();
    let mut lines = given(&mut logs, sources);
    logs.finish();
    lines.extend(given(&mut logs, sources).into_iter().map(|line| line.replacen(' ', " +", 1)));
    lines
}

fn tail(lines: u64) -> Wanted {
    Wanted { tail: Some(lines), since: None }
}

fn since(ms: u64) -> Wanted {
    Wanted { tail: None, since: Some(UNIX_EPOCH + Duration::from_millis(ms)) }
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
    let last = |lines| shown(&[a.clone(), b.clone()], tail(lines));
    assert_eq!(last(2), ["b 4", "a 5"]);
    assert_eq!(last(100).len(), 5);
    assert_eq!(last(0), [""; 0]);
}

#[test]
fn since_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(10_000, "old\nbegun"), (20_000, " then\nnew\n"), (30_000, "newest\n")]);
    let shown = |wanted| shown(std::slice::from_ref(&a), wanted);
    assert_eq!(shown(since(20_000)), ["a new", "a newest"], "a line counts by its begin");
    assert_eq!(shown(since(25_000)), ["a newest"]);
    assert_eq!(shown(since(40_000)), [""; 0]);
    assert_eq!(shown(since(0)).len(), 4);
    assert_eq!(shown(Wanted { tail: Some(1), ..since(20_000) }), ["a newest"]);
    assert_eq!(shown(Wanted { tail: Some(9), ..since(20_000) }), ["a new", "a newest"]);
    // Without times the file's own time has to do.
    fs_err::remove_file(times_of(&a.path)).unwrap();
    assert_eq!(shown(since(40_000)).len(), 4);
    let future = std::time::SystemTime::now() + Duration::from_hours(1);
    assert_eq!(shown(Wanted { tail: None, since: Some(future) }), [""; 0]);
}

#[test]
fn rotated_parts_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(3000, "5\n6\n")]);
    write(&part(&a.path, 1), &[(2000, "3\n4\n")]);
    write(&part(&a.path, 2), &[(1000, "1\n2\n")]);
    let sources = [a];
    assert_eq!(shown(&sources, Wanted::default()), ["a 1", "a 2", "a 3", "a 4", "a 5", "a 6"]);
    assert_eq!(shown(&sources, tail(2)), ["a 5", "a 6"]);
    assert_eq!(shown(&sources, tail(3)), ["a 4", "a 5", "a 6"]);
    assert_eq!(shown(&sources, since(2000)), ["a 3", "a 4", "a 5", "a 6"]);
    assert_eq!(shown(&sources, Wanted { tail: Some(3), ..since(2000) }), ["a 4", "a 5", "a 6"]);
}

#[test]
fn nothing_is_lost_however_often_a_log_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let file = LogFile::create(&path, Rotation { size: 30, parts: 50 }).unwrap();
    let sources = [Source { app_id: "a".into(), kind: Kind::App, path, run: None }];
    let mut logs = Merge::open(&sources, Wanted::default()).unwrap();
    let mut number = 0;
    let mut lines = Vec::new();
    for most in [1, 3, 40, 2, 100] {
        for _ in 0..most {
            file.write(format!("line {number}\n").as_bytes()).unwrap();
            number += 1;
        }
        lines.extend(given(&mut logs, &sources));
    }
    let expected: Vec<String> = (0..number).map(|number| format!("a line {number}")).collect();
    assert_eq!(lines, expected);
    // Parts that are deleted before they are read are gone; what is there is given in order, each line once.
    for _ in 0..1000 {
        file.write(format!("line {number}\n").as_bytes()).unwrap();
        number += 1;
    }
    let late = given(&mut logs, &sources);
    let numbers: Vec<u32> =
        late.iter().map(|line| line.trim_start_matches("a line ").parse().unwrap()).collect();
    assert!(numbers.len() > 50 && numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    assert_eq!(numbers.last(), Some(&(number - 1)));
}

#[test]
fn parts_may_move_while_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let a = log(&folder, "a", &[(3000, "5\n6\n")]);
    write(&part(&a.path, 1), &[(2000, "3\n4\n")]);
    write(&part(&a.path, 2), &[(1000, "1\n2\n")]);
    let sources = [a];
    let path = &sources[0].path;
    let mut logs = Merge::open(&sources, Wanted::default()).unwrap();
    for number in (0..3).rev() {
        fs_err::rename(part(path, number), part(path, number + 1)).unwrap();
        fs_err::rename(times_of(&part(path, number)), times_of(&part(path, number + 1))).unwrap();
    }
    write(path, &[(4000, "7\n")]);
    assert_eq!(given(&mut logs, &sources), ["a 1", "a 2", "a 3", "a 4", "a 5", "a 6", "a 7"]);
}

#[test]
fn a_log_that_is_emptied_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let sources = [log(&folder, "a", &[(1000, "1\nunfinished")])];
    let mut logs = Merge::open(&sources, Wanted::default()).unwrap();
    assert_eq!(given(&mut logs, &sources), ["a 1"]);
    write(&sources[0].path, &[(2000, "2\n")]);
    assert_eq!(given(&mut logs, &sources), ["a unfinished", "a 2"]);
}

#[test]
fn a_log_may_appear_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let sources = [Source { app_id: "a".into(), kind: Kind::App, path, run: None }];
    let mut logs = Merge::open(&sources, tail(5)).unwrap();
    assert_eq!(given(&mut logs, &sources), [""; 0]);
    write(&sources[0].path, &[(2000, "1\n")]);
    assert_eq!(given(&mut logs, &sources), ["a 1"]);
}

#[test]
fn an_unfinished_line_waits_for_its_end_and_is_never_cut() {
    let folder = tempfile::tempdir().unwrap();
    let sources = [log(&folder, "a", &[(1000, "one\ntw")]), log(&folder, "b", &[(2000, "other\n")])];
    let mut all = Merge::open(&sources, Wanted::default()).unwrap();
    let mut last = Merge::open(&sources, tail(1)).unwrap();
    let mut none = Merge::open(&sources, tail(0)).unwrap();
    assert_eq!(given(&mut all, &sources), ["a one", "b other"]);
    write(&sources[0].path, &[(1000, "one\ntw"), (3000, "o\nthree\n")]);
    assert_eq!(given(&mut all, &sources), ["a two", "a three"]);
    // It counts as a line from its begin.
    assert_eq!(given(&mut last, &sources), ["b other", "a three"]);
    assert_eq!(given(&mut none, &sources), ["a three"]);
}

#[test]
fn a_long_line_comes_in_pieces_that_nothing_comes_between() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(1_000_000);
    let a = log(&folder, "a", &[(1000, &long), (5000, "\nend\n")]);
    let b = log(&folder, "b", &[(2000, "other\n")]);
    let lines = shown(&[a, b], Wanted::default());
    let (pieces, rest) = lines.split_at(lines.len() - 2);
    assert!(pieces.len() > 10 && pieces.iter().all(|piece| piece.len() < 70_000));
    let text: String =
        pieces.iter().map(|piece| piece.trim_start_matches("a ").trim_end_matches('~')).collect();
    assert_eq!(text, long);
    assert_eq!(rest, ["b other", "a end"]);
}

#[test]
fn bytes_that_are_no_text_pass_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    fs_err::write(&path, &bytes).unwrap();
    let mut logs =
        Merge::open(&[Source { app_id: "a".into(), kind: Kind::App, path, run: None }], Wanted::default())
            .unwrap();
    let mut seen = Vec::new();
    let mut emit = |piece: Option<Piece<'_>>| {
        if let Some(piece) = piece {
            seen.extend(piece.text);
            seen.extend(piece.ends.then_some(b'\n'));
        }
        ControlFlow::Continue(())
    };
    while logs.give(&mut emit).unwrap() == Progress::More {}
    logs.finish();
    while logs.give(&mut emit).unwrap() == Progress::More {}
    // The last line has no newline of its own.
    assert!(seen.strip_suffix(b"\n") == Some(&bytes[..]));
}

fn instance(app_id: &str, app_log: &str, daprd_log: &str) -> Instance {
    Instance {
        app_id: app_id.into(),
        app_log_path: app_log.into(),
        daprd_log_path: daprd_log.into(),
        ..Instance::default()
    }
}

#[test]
fn what_runs_comes_before_what_ran() {
    let home = tempfile::tempdir().unwrap();
    let env = crate::env::Env::of([]);
    let install = InstallDir::resolve(home.path().to_str(), &env).unwrap();
    let logs = install.logs("ended");
    fs_err::create_dir_all(&logs).unwrap();
    let old = logs.join("app_1.log");
    fs_err::write(&old, "").unwrap();
    let last = serde_json::json!({ "appId": "ended", "appLogPath": old, "created": "" }).to_string();
    fs_err::write(logs.join("last.json"), &last).unwrap();
    let running = [instance("a", "/a1", "/d1"), instance("a", "/a2", "/d2"), instance("foreign", "", "")];
    let kinds = [Kind::App, Kind::Sidecar];
    let found = |ids: &[&str], kinds: &[Kind]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let sources = sources(&install, &running, &ids, kinds).map_err(|error| error.to_string())?;
        let shown = |path: &Path| path.display().to_string().replace(&home.path().display().to_string(), "");
        Ok::<Vec<String>, String>(sources.iter().map(|source| shown(&source.path)).collect())
    };
    let all = found(&[], &kinds).unwrap();
    assert_eq!(all, ["/a1", "/d1", "/a2", "/d2"]);
    assert_eq!(found(&["a", "a"], &[Kind::App]).unwrap(), ["/a1", "/a2"], "each of them once");
    assert_eq!(found(&["ended", "a"], &[Kind::App]).unwrap(), ["/.dapr/logs/ended/app_1.log", "/a1", "/a2"]);
    let not_kept = "no logs of app id foreign: this output is not kept in a file";
    assert_eq!(found(&["a", "foreign"], &kinds).unwrap_err(), not_kept);
    assert!(found(&["ended"], &[Kind::Sidecar]).unwrap_err().contains("not kept"));
    assert!(found(&["nobody"], &kinds).unwrap_err().starts_with("no logs of app id nobody: it runs nowhere"));
    fs_err::rename(&old, part(&old, 1)).unwrap();
    assert!(found(&["ended"], &kinds).is_ok(), "an old part is enough");
    fs_err::remove_file(part(&old, 1)).unwrap();
    assert!(found(&["ended"], &kinds).unwrap_err().ends_with("app_1.log is not there any more"));
    assert!(matches!(sources(&install, &[], &[], &kinds), Err(Error::NothingRuns)));
    assert!(matches!(sources(&install, &running[2..], &[], &kinds), Err(Error::NothingKept)));
}
