use std::path::PathBuf;

use super::*;
use crate::env::Env;
use crate::lint::Severity;
use crate::paths::InstallDir;
use crate::runfile::{Context, Source, load};

/// A file whose apps are written `id`, `id>other,other` or `id@profile`.
fn file(apps: &str) -> RunFile {
    let entries: Vec<String> = apps
        .split(' ')
        .map(|app| {
            let (app, profile) = app.split_once('@').unwrap_or((app, ""));
            let (id, needs) = app.split_once('>').unwrap_or((app, ""));
            let profiles =
                if profile.is_empty() { String::new() } else { format!(", profiles: [{profile}]") };
            format!("- {{appID: {id}, appDirPath: /, dependsOn: [{needs}]{profiles}}}\n")
        })
        .collect();
    let text = format!("version: 1\napps:\n{}", entries.concat());
    let env = Env::of([]);
    let install = InstallDir::resolve(Some("/"), &env).unwrap();
    let source = Source { path: PathBuf::from("/dapr.yaml"), stdin: false };
    load(&source, &text, &Context { env, install, home: None, unknown_keys: Severity::Warning }).unwrap().0
}

fn plan(apps: &str, names: &[&str], profiles: &[&str]) -> Result<String, String> {
    let file = file(apps);
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let plan = Plan::select(&file, &own(names), &own(profiles)).map_err(|error| error.to_string())?;
    let ids: Vec<&str> = plan.order.iter().map(|at| file.apps[*at].id.as_str()).collect();
    Ok(ids.join(" "))
}

#[test]
fn the_order_of_the_file_with_dependencies_first() {
    assert_eq!(plan("a b c", &[], &[]), Ok("a b c".into()));
    assert_eq!(plan("a>c b c", &[], &[]), Ok("b c a".into()));
    assert_eq!(plan("web>api,db api>db db other", &[], &[]), Ok("db api web other".into()));
}

#[test]
fn a_subset_comes_with_what_it_depends_on() {
    assert_eq!(plan("web>api api>db db other", &["api"], &[]), Ok("db api".into()));
    assert_eq!(
        plan("web api", &["wbe"], &[]),
        Err("the run file has no app \"wbe\" (did you mean web?)".into())
    );
}

#[test]
fn profiles_admit_apps() {
    assert_eq!(plan("a b@debug c@debug", &[], &[]), Ok("a".into()));
    assert_eq!(plan("a b@debug c@load", &[], &["debug"]), Ok("a b".into()));
    assert_eq!(plan("a b@debug", &["b"], &[]), Ok("b".into()), "a name is enough");
    assert_eq!(plan("a>b b@debug", &[], &[]), Ok("b a".into()), "a dependency comes along");
    assert_eq!(plan("a@x b@y", &[], &[]), Err("No apps to run".into()));
}

#[test]
fn a_circle_is_named() {
    let error = plan("x a>b b>c c>a", &[], &[]).unwrap_err();
    assert_eq!(error, "these apps depend on each other in a circle: a → b → c → a");
}

#[test]
fn needs_are_places_in_the_order() {
    let file = file("a>c b c");
    let plan = Plan::select(&file, &[], &[]).unwrap();
    assert_eq!(plan.needs(2), [(1, Condition::Started)]);
    assert_eq!(plan.needs(0), []);
}
