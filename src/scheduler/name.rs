//! Names as the command line has them: `app/<app>/<job>`, `actor/<type>/<id>/<reminder>`, and for what the workflow
//! engine keeps as reminders `workflow/<app>/<instance>/<reminder>` and `activity/<app>/<activity>`.

use super::Error;
use crate::components::jobs::{Key, Receiver};

/// What the type of an actor of the workflow engine begins with, before namespace and app.
const INTERNAL: &str = "dapr.internal.";
const WORKFLOW: &str = ".workflow";
const ACTIVITY: &str = ".activity";
/// The one reminder that an activity has.
const RUN_ACTIVITY: &str = "run-activity";

/// What a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A job of an app.
    App,
    /// A reminder of an actor of the user.
    Actor,
    /// A reminder of a workflow.
    Workflow,
    /// The start of an activity.
    Activity,
}

/// What a key names.
pub fn kind(key: &Key) -> Kind {
    match &key.receiver {
        Receiver::App { .. } => Kind::App,
        Receiver::Actor { namespace, kind, .. } => {
            engine(namespace, kind).map_or(Kind::Actor, |(kind, _)| kind)
        }
    }
}

/// The name as it is shown.
pub fn show(key: &Key) -> String {
    let name = &key.name;
    match &key.receiver {
        Receiver::App { app_id, .. } => format!("app/{app_id}/{name}"),
        Receiver::Actor { namespace, kind, id } => match engine(namespace, kind) {
            Some((Kind::Workflow, app)) => format!("workflow/{app}/{id}/{name}"),
            Some((_, app)) => format!("activity/{app}/{id}"),
            None => format!("actor/{kind}/{id}/{name}"),
        },
    }
}

/// Reads a name; the last part may contain slashes.
pub fn parse(text: &str, namespace: &str) -> Result<Key, Error> {
    let Some((kind, rest)) = text.split_once('/') else {
        let expected = "failed to parse job key, expecting '{target type}/{identifier}'";
        return Err(Error::Malformed(format!("{expected}, got '{text}'")));
    };
    let malformed = |what: &str, form: &str| {
        Error::Malformed(format!("expecting {what} key to be in format '{form}', got '{text}'"))
    };
    let actor = |kind: String, id: &str, name: &str| Key {
        receiver: Receiver::Actor { namespace: namespace.to_owned(), kind, id: id.to_owned() },
        name: name.to_owned(),
    };
    match kind {
        "app" => match parts::<2>(rest) {
            Some([app, name]) => Ok(Key { receiver: Receiver::app(namespace, app), name: name.to_owned() }),
            None => Err(malformed("job", "app/{app ID}/{job name}")),
        },
        "actor" => match parts::<3>(rest) {
            Some([kind, id, name]) => Ok(actor(kind.to_owned(), id, name)),
            None => Err(malformed("actor reminder", "actor/{actor type}/{actor id}/{name}")),
        },
        "workflow" => match parts::<3>(rest) {
            Some([app, id, name]) => Ok(actor(workflow_type(namespace, app), id, name)),
            None => Err(malformed("workflow", "workflow/{app ID}/{instance ID}/{name}")),
        },
        "activity" => match parts::<2>(rest) {
            Some([app, id]) => Ok(actor(activity_type(namespace, app), id, RUN_ACTIVITY)),
            None => Err(malformed("activity", "activity/{app ID}/{activity ID}")),
        },
        _ => {
            let accepted = "accepts 'app', 'actor', 'workflow', or 'activity'";
            Err(Error::Malformed(format!("unsupported job type '{kind}', {accepted}")))
        }
    }
}

fn parts<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.splitn(N, '/').collect::<Vec<_>>().try_into().ok()
}

/// Type of the actors that are an app's workflows.
pub fn workflow_type(namespace: &str, app: &str) -> String {
    format!("{INTERNAL}{namespace}.{app}{WORKFLOW}")
}

/// Type of the actors that are an app's activities.
pub fn activity_type(namespace: &str, app: &str) -> String {
    format!("{INTERNAL}{namespace}.{app}{ACTIVITY}")
}

/// The app whose workflows or activities actors of this type are.
fn engine<'a>(namespace: &str, kind: &'a str) -> Option<(Kind, &'a str)> {
    let rest = kind.strip_prefix(INTERNAL)?.strip_prefix(namespace)?.strip_prefix('.')?;
    let workflow = rest.strip_suffix(WORKFLOW).map(|app| (Kind::Workflow, app));
    workflow.or_else(|| rest.strip_suffix(ACTIVITY).map(|app| (Kind::Activity, app)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_belong_together() {
        let cases = [
            ("app/shop/prod-db-backup", "app||ns||shop||prod-db-backup", Kind::App),
            ("actor/cat/tom/feed/me", "actorreminder||ns||cat||tom||feed/me", Kind::Actor),
            (
                "workflow/my.shop/i1/start-x",
                "actorreminder||ns||dapr.internal.ns.my.shop.workflow||i1||start-x",
                Kind::Workflow,
            ),
            (
                "activity/shop/i1::0::1",
                "actorreminder||ns||dapr.internal.ns.shop.activity||i1::0::1||run-activity",
                Kind::Activity,
            ),
        ];
        for (name, key, what) in cases {
            let parsed = parse(name, "ns").unwrap();
            assert_eq!((parsed.to_string().as_str(), kind(&parsed)), (key, what));
            assert_eq!(show(&Key::parse(key).unwrap()), name);
        }
        // An actor of the user's whose type looks like that, in another namespace.
        let other = Key::parse("actorreminder||ns||dapr.internal.other.shop.workflow||i||r").unwrap();
        assert_eq!(kind(&other), Kind::Actor);
    }

    #[test]
    fn other_forms_are_refused() {
        let cases = [
            ("foo", "failed to parse job key, expecting '{target type}/{identifier}', got 'foo'"),
            ("x/y", "unsupported job type 'x', accepts 'app', 'actor', 'workflow', or 'activity'"),
            ("app/y", "expecting job key to be in format 'app/{app ID}/{job name}', got 'app/y'"),
            (
                "actor/a/b",
                "expecting actor reminder key to be in format 'actor/{actor type}/{actor id}/{name}', got 'actor/a/b'",
            ),
            (
                "workflow/a/b",
                "expecting workflow key to be in format 'workflow/{app ID}/{instance ID}/{name}', got 'workflow/a/b'",
            ),
            (
                "activity/a",
                "expecting activity key to be in format 'activity/{app ID}/{activity ID}', got 'activity/a'",
            ),
        ];
        for (name, error) in cases {
            assert_eq!(parse(name, "ns").unwrap_err().to_string(), error);
        }
    }
}
