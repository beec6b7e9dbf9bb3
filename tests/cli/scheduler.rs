//! `dapr scheduler`, with the jobs of the embedded runtime and those of a scheduler's etcd.

use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use dapr_cli::components::jobs::{Job, Key, Payload, Policy, Progress, Store, Stored};
use dapr_cli::components::schedule::Rules;
use jiff::{SignedDuration, Timestamp};

use crate::support::etcd::Etcd;
use crate::support::{Outcome, TestContext};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A job that was scheduled at this time.
fn job(key: &str, schedule: &str, due_time: &str, now: Timestamp) -> Stored {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let rules = Rules { schedule: text(schedule), due_time: text(due_time), ..Rules::default() };
    let payload = Payload::Json(Bytes::from_static(b"{\"task\":\"db\"}"));
    let (job, due) = Job::new(rules, payload, Policy::default(), now).unwrap();
    let key = Key::parse(key).unwrap();
    Stored { id: 0, key, job, progress: Progress::default(), due: due.unwrap(), scheduled_by: None }
}

fn ran(job: Stored, count: u32, last: Timestamp) -> Stored {
    Stored { progress: Progress { count, last: Some(last), attempts: 0 }, ..job }
}

/// Jobs of every kind, in two namespaces.
fn all_kinds() -> Vec<Stored> {
    let begin = at("2026-11-24T10:00:00.75Z");
    let backup = job("app||default||shop||prod-db-backup", "@every 10s", "", begin);
    let mut backup = ran(backup, 2, at("2026-11-24T10:00:20.75Z"));
    backup.job.rules.repeats = Some(9);
    let mut report = job("app||default||shop||report", "0 0 3 * * *", "2026-12-01T03:00:00Z", begin);
    report.job.rules.ttl = Some("P1Y".into());
    report.job.expiration = Some(at("2027-12-01T03:00:00Z"));
    let internal = "actorreminder||default||dapr.internal.default.shop";
    vec![
        report,
        backup,
        job("app||other||shop||elsewhere", "", "1h", begin),
        job("actorreminder||default||cat||tom||feed", "@every 1h", "", begin),
        job(&format!("{internal}.workflow||order-17||start"), "", "1s", begin),
        job(&format!("{internal}.activity||order-17::0::1||run-activity"), "", "2s", begin),
    ]
}

/// Puts jobs into the file of the embedded runtime.
fn put(context: &TestContext, jobs: Vec<Stored>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&context.install().jobs()).await.unwrap();
        store.put_all(jobs).await.unwrap();
        store.close().await;
    });
}

/// A home with those jobs.
fn with_jobs() -> TestContext {
    let context = TestContext::new();
    put(&context, all_kinds());
    context
}

/// A command line about the jobs of that etcd.
fn asks(context: &TestContext, etcd: &Etcd, args: &[&str]) -> Outcome {
    let daprd = context.install().daprd();
    if !daprd.exists() {
        fs_err::create_dir_all(daprd.parent().unwrap()).unwrap();
        fs_err::write(&daprd, "").unwrap();
    }
    let address = etcd.address.to_string();
    context.dapr([&["scheduler", "--etcd-address", &address], args].concat())
}

#[test]
fn a_wide_list_shows_everything() {
    insta::assert_snapshot!(with_jobs().dapr(["scheduler", "list", "-o", "wide"]), @"
    exit code: 0
    ----- stdout -----
    NAMESPACE  NAME                          BEGIN                 EXPIRATION            SCHEDULE     DUE TIME              TTL  REPEATS  COUNT  LAST TRIGGER          ·
    default    actor/cat/tom/feed            2026-11-24T10:00:00Z                        @every 1h                                        0                            ·
    default    app/shop/prod-db-backup       2026-11-24T10:00:00Z                        @every 10s                              9        2      2026-11-24T10:00:20Z  ·
    default    workflow/shop/order-17/start  2026-11-24T10:00:01Z                                     1s                                  0                            ·
    default    activity/shop/order-17::0::1  2026-11-24T10:00:02Z                                     2s                                  0                            ·
    default    app/shop/report               2026-12-01T03:00:00Z  2027-12-01T03:00:00Z  0 0 3 * * *  2026-12-01T03:00:00Z  P1Y           0                            ·

    ----- stderr -----
    ");
}

#[test]
fn a_list_as_json() {
    let outcome = with_jobs().dapr(["scheduler", "list", "--filter", "app", "-o", "json"]);
    insta::assert_snapshot!(outcome, @r#"
    exit code: 0
    ----- stdout -----
    [
      {
        "namespace": "default",
        "name": "app/shop/prod-db-backup",
        "begin": "2026-11-24T10:00:00Z",
        "expiration": null,
        "schedule": "@every 10s",
        "dueTime": null,
        "ttl": null,
        "repeats": 9,
        "count": 2,
        "lastTrigger": "2026-11-24T10:00:20Z"
      },
      {
        "namespace": "default",
        "name": "app/shop/report",
        "begin": "2026-12-01T03:00:00Z",
        "expiration": "2027-12-01T03:00:00Z",
        "schedule": "0 0 3 * * *",
        "dueTime": "2026-12-01T03:00:00Z",
        "ttl": "P1Y",
        "repeats": null,
        "count": 0
      }
    ]
    ----- stderr -----
    "#);
}

#[test]
fn a_list_as_yaml() {
    let outcome = with_jobs().dapr(["sched", "list", "--filter", "app", "-o", "yaml"]);
    insta::assert_snapshot!(outcome, @"
    exit code: 0
    ----- stdout -----
    - namespace: default
      name: app/shop/prod-db-backup
      begin: 2026-11-24T10:00:00Z
      schedule: '@every 10s'
      repeats: 9
      count: 2
      lastTrigger: 2026-11-24T10:00:20Z
    - namespace: default
      name: app/shop/report
      begin: 2026-12-01T03:00:00Z
      expiration: 2027-12-01T03:00:00Z
      schedule: 0 0 3 * * *
      dueTime: 2026-12-01T03:00:00Z
      ttl: P1Y

    ----- stderr -----
    ");
}

#[test]
fn a_short_list_shows_times_from_now() {
    let context = TestContext::new();
    let ago = |hours| Timestamp::now() - SignedDuration::from_hours(hours);
    let old = ran(job("app||default||shop||old", "@every 1h", "", ago(200)), 40, ago(100));
    put(&context, vec![job("app||default||shop||new", "", "300h", ago(100)), old]);
    insta::assert_snapshot!(context.dapr(["scheduler", "list"]), @"
    exit code: 0
    ----- stdout -----
    NAME          BEGIN    COUNT  LAST TRIGGER  ·
    app/shop/old  -200.0h  40     -100.0h       ·
    app/shop/new  +200.0h  0                    ·

    ----- stderr -----
    ");
}

#[test]
fn filters_and_namespaces_choose() {
    let context = with_jobs();
    let names = |args: &[&str]| {
        let outcome = context.dapr([&["scheduler", "list"], args].concat());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        let lines = outcome.stdout.lines().skip(1);
        lines.map(|line| line.split("  ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--filter", "actor"]), ["actor/cat/tom/feed"]);
    assert_eq!(names(&["--filter=workflow"]), ["workflow/shop/order-17/start"]);
    assert_eq!(names(&["--filter", "activity"]), ["activity/shop/order-17::0::1"]);
    assert_eq!(names(&["-n", "other"]), ["app/shop/elsewhere"]);
    assert_eq!(names(&[]).len(), 5);
}

#[test]
fn without_jobs_a_list_says_so_and_data_stays_data() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["scheduler", "list", "-n", "x"]), @r#"
    exit code: 0
    ----- stdout -----

    ----- stderr -----
    ❌  No jobs found in namespace "x"
    "#);
    insta::assert_snapshot!(context.dapr(["scheduler", "list", "-o", "json"]), @r#"
    exit code: 0
    ----- stdout -----
    []
    ----- stderr -----
    ❌  No jobs found in namespace "default"
    "#);
    assert!(!context.install().jobs().exists(), "asking makes no file");
}

#[test]
fn jobs_are_told_in_the_order_of_their_names() {
    let context = with_jobs();
    let names = ["app/shop/report", "workflow/shop/order-17/start", "app/shop/prod-db-backup"];
    let outcome = context.dapr([&["scheduler", "get", "-o", "wide"], names.as_slice()].concat());
    insta::assert_snapshot!(outcome, @"
    exit code: 0
    ----- stdout -----
    NAMESPACE  NAME                          BEGIN                 EXPIRATION            SCHEDULE     DUE TIME              TTL  REPEATS  COUNT  LAST TRIGGER          ·
    default    app/shop/report               2026-12-01T03:00:00Z  2027-12-01T03:00:00Z  0 0 3 * * *  2026-12-01T03:00:00Z  P1Y           0                            ·
    default    workflow/shop/order-17/start  2026-11-24T10:00:01Z                                     1s                                  0                            ·
    default    app/shop/prod-db-backup       2026-11-24T10:00:00Z                        @every 10s                              9        2      2026-11-24T10:00:20Z  ·

    ----- stderr -----
    ");
    insta::assert_snapshot!(context.dapr(["scheduler", "g", names[2], "-o", "json"]), @r#"
    exit code: 0
    ----- stdout -----
    [
      {
        "namespace": "default",
        "name": "app/shop/prod-db-backup",
        "begin": "2026-11-24T10:00:00Z",
        "expiration": null,
        "schedule": "@every 10s",
        "dueTime": null,
        "ttl": null,
        "repeats": 9,
        "count": 2,
        "lastTrigger": "2026-11-24T10:00:20Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[test]
fn a_job_that_is_missing_is_named() {
    let context = with_jobs();
    let names = ["app/shop/none", "app/shop/report", "app/other/report"];
    insta::assert_snapshot!(context.dapr([&["scheduler", "get"], names.as_slice()].concat()), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  job 'app/shop/none' not found
    ❌  job 'app/other/report' not found
    ");
    insta::assert_snapshot!(context.dapr(["scheduler", "get", "app/shop"]), @"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    ❌  expecting job key to be in format 'app/{app ID}/{job name}', got 'app/shop'
    ");
}

#[test]
fn jobs_are_deleted_by_name() {
    let context = with_jobs();
    let names = ["app/shop/report", "app/shop/none", "activity/shop/order-17::0::1"];
    insta::assert_snapshot!(context.dapr([&["scheduler", "delete"], names.as_slice()].concat()), @"
    exit code: 1
    ----- stdout -----
    ℹ️  Deleted app/shop/report in namespace 'default'.
    ℹ️  Deleted activity/shop/order-17::0::1 in namespace 'default'.

    ----- stderr -----
    ❌  no job with key 'app/shop/none' found in namespace 'default'
    ");
    assert_eq!(context.dapr(["scheduler", "get", "app/shop/report"]).code, Some(1));
    assert_eq!(context.dapr(["scheduler", "del", "app/shop/elsewhere", "-n", "other"]).code, Some(0));
    // A name of the wrong form is found before anything is deleted.
    let outcome = context.dapr(["scheduler", "delete", "app/shop/prod-db-backup", "x/y"]);
    assert_eq!(outcome.code, Some(2));
    assert_eq!(context.dapr(["scheduler", "get", "app/shop/prod-db-backup"]).code, Some(0));
}

#[test]
fn many_jobs_are_deleted_at_once() {
    let context = with_jobs();
    insta::assert_snapshot!(context.dapr(["scheduler", "delete-all", "workflow/shop"]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Deleted job 'dapr/jobs/actorreminder||default||dapr.internal.default.shop.activity||order-17::0::1||run-activity'.
    ℹ️  Deleted job 'dapr/jobs/actorreminder||default||dapr.internal.default.shop.workflow||order-17||start'.
    ℹ️  Deleted 2 jobs in namespace 'default'.

    ----- stderr -----
    ");
    insta::assert_snapshot!(context.dapr(["scheduler", "da", "all"]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Deleted job 'dapr/jobs/actorreminder||default||cat||tom||feed'.
    ℹ️  Deleted job 'dapr/jobs/app||default||shop||prod-db-backup'.
    ℹ️  Deleted job 'dapr/jobs/app||default||shop||report'.
    ℹ️  Deleted 3 jobs in namespace 'default'.

    ----- stderr -----
    ");
    assert_eq!(context.dapr(["scheduler", "get", "app/shop/elsewhere", "-n", "other"]).code, Some(0));
    insta::assert_snapshot!(context.dapr(["scheduler", "delete-all", "app"]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Deleted 0 jobs in namespace 'default'.

    ----- stderr -----
    ");
    for wrong in [&["nothing"][..], &["actor"], &["app", "actor"], &[]] {
        let outcome = context.dapr([&["scheduler", "delete-all"], wrong].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome}");
    }
}

#[test]
fn exported_jobs_are_imported_elsewhere_with_how_far_they_have_got() {
    let (context, other) = (with_jobs(), TestContext::new());
    let file = context.home().join("jobs.bin");
    let path = file.to_str().unwrap();
    insta::assert_snapshot!(context.dapr(["scheduler", "export", "-o", path]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Exported 6 jobs and 1 counters.
    ℹ️  Export to '[HOME]/jobs.bin' complete.

    ----- stderr -----
    ");
    let mode = fs_err::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "jobs may hold secrets");
    insta::assert_snapshot!(context.dapr(["scheduler", "export", "-o", path]), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  file '[HOME]/jobs.bin' already exists
    ");

    let outcome = other.dapr(["scheduler", "import", "-f", path]).to_string();
    insta::assert_snapshot!(outcome.replace(context.home().to_str().unwrap(), "[HOME]"), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Imported 7 items.
    ℹ️  Import from '[HOME]/jobs.bin' complete.
    ⚠  3 actor reminders are kept and don't run: the embedded runtime has no actors yet

    ----- stderr -----
    ");
    for namespace in ["default", "other"] {
        let list = ["scheduler", "list", "-n", namespace, "-o", "json"];
        assert_eq!(other.dapr(list).stdout, context.dapr(list).stdout);
    }
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["scheduler", "import", "-f", "none.bin"]), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  open none.bin: no such file or directory
    ");
    for (content, why) in [("", "EOF"), ("junk\n", "unexpected EOF")] {
        fs_err::write(context.home().join("bad.bin"), content).unwrap();
        let outcome = context.dapr(["scheduler", "import", "-f", "bad.bin"]);
        assert_eq!(outcome.stderr, format!("❌  decode import file: {why}\n"));
        assert_eq!(outcome.code, Some(1));
    }
    assert_eq!(context.dapr(["scheduler", "import"]).code, Some(2));
}

#[test]
fn jobs_move_to_a_scheduler_and_back() {
    let (context, etcd) = (with_jobs(), Etcd::start());
    let before = context.dapr(["scheduler", "list", "-o", "json", "--runtime", "embedded"]).stdout;
    assert_eq!(context.dapr(["scheduler", "export", "-o", "jobs.bin"]).code, Some(0));
    let outcome = asks(&context, &etcd, &["import", "-f", "jobs.bin"]);
    assert_eq!(outcome.stdout.lines().next(), Some("ℹ️  Imported 7 items."), "{outcome}");
    assert_eq!(etcd.transactions(), 6, "one for each job, its counter with it");
    insta::assert_snapshot!(etcd.keys().join("\n"), @"
    dapr/counters/app||default||shop||prod-db-backup
    dapr/jobs/actorreminder||default||cat||tom||feed
    dapr/jobs/actorreminder||default||dapr.internal.default.shop.activity||order-17::0::1||run-activity
    dapr/jobs/actorreminder||default||dapr.internal.default.shop.workflow||order-17||start
    dapr/jobs/app||default||shop||prod-db-backup
    dapr/jobs/app||default||shop||report
    dapr/jobs/app||other||shop||elsewhere
    ");
    assert_eq!(asks(&context, &etcd, &["list", "-o", "json"]).stdout, before);

    assert_eq!(asks(&context, &etcd, &["export", "-o", "back.bin"]).code, Some(0));
    context.dapr(["scheduler", "delete-all", "all", "--runtime", "embedded"]);
    context.dapr(["scheduler", "import", "-f", "back.bin", "--runtime", "embedded"]);
    let after = context.dapr(["scheduler", "list", "-o", "json", "--runtime", "embedded"]).stdout;
    assert_eq!(after, before);
}

#[test]
fn the_jobs_of_a_scheduler_are_told_and_deleted() {
    let (context, etcd) = (with_jobs(), Etcd::start());
    context.dapr(["scheduler", "export", "-o", "jobs.bin"]);
    asks(&context, &etcd, &["import", "-f", "jobs.bin"]);
    insta::assert_snapshot!(asks(&context, &etcd, &["get", "app/shop/prod-db-backup", "-o", "wide"]), @"
    exit code: 0
    ----- stdout -----
    NAMESPACE  NAME                     BEGIN                 SCHEDULE    REPEATS  COUNT  LAST TRIGGER          ·
    default    app/shop/prod-db-backup  2026-11-24T10:00:00Z  @every 10s  9        2      2026-11-24T10:00:20Z  ·

    ----- stderr -----
    ");
    insta::assert_snapshot!(asks(&context, &etcd, &["delete", "app/shop/prod-db-backup", "app/shop/none"]), @"
    exit code: 1
    ----- stdout -----
    ℹ️  Deleted app/shop/prod-db-backup in namespace 'default'.

    ----- stderr -----
    ❌  no job with key 'app/shop/none' found in namespace 'default'
    ");
    etcd.put("dapr/jobs/actorreminder||default||dapr.internal.default.x||i||r", b"");
    insta::assert_snapshot!(asks(&context, &etcd, &["delete-all", "workflow"]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Deleted job 'dapr/jobs/actorreminder||default||dapr.internal.default.shop.activity||order-17::0::1||run-activity'.
    ℹ️  Deleted job 'dapr/jobs/actorreminder||default||dapr.internal.default.shop.workflow||order-17||start'.
    ℹ️  Deleted 2 jobs in namespace 'default'.

    ----- stderr -----
    ");
    insta::assert_snapshot!(asks(&context, &etcd, &["delete-all", "actor/cat"]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Deleted job 'dapr/jobs/actorreminder||default||cat||tom||feed'.
    ℹ️  Deleted 1 jobs in namespace 'default'.

    ----- stderr -----
    ");
    insta::assert_snapshot!(etcd.keys().join("\n"), @"
    dapr/jobs/actorreminder||default||dapr.internal.default.x||i||r
    dapr/jobs/app||default||shop||report
    dapr/jobs/app||other||shop||elsewhere
    ");
}

#[test]
fn long_lists_come_page_by_page() {
    let (context, etcd) = (TestContext::new(), Etcd::start());
    let begin = at("2026-11-24T10:00:00Z");
    put(
        &context,
        (0..1203).map(|number| job(&format!("app||default||shop||j{number}"), "", "1h", begin)).collect(),
    );
    context.dapr(["scheduler", "export", "-o", "jobs.bin"]);
    asks(&context, &etcd, &["import", "-f", "jobs.bin"]);
    assert_eq!(asks(&context, &etcd, &["list"]).stdout.lines().count(), 1 + 1203);
}

#[test]
fn a_scheduler_that_is_not_there_is_named() {
    let (context, etcd) = (TestContext::new(), Etcd::start());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = asks(&context, &etcd, &["list", "--etcd-address", &free.to_string()]).to_string();
    insta::assert_snapshot!(outcome.replace(&free.to_string(), "[ADDRESS]"), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  the scheduler's etcd at [ADDRESS] can't be reached: Connection refused
    hint: the runtime is [HOME]/.dapr/bin/daprd (installed); for the jobs of the other one use --runtime embedded
    hint: `dapr status` shows whether the scheduler runs; --etcd-address names another place
    ");
    etcd.put("dapr/jobs/app||default||shop||broken", b"\xff");
    let outcome = asks(&context, &etcd, &["list"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("❌  unmarshal job \"app||default||shop||broken\": "), "{outcome}");
}

#[test]
fn what_is_wrong_on_the_command_line_is_said() {
    let context = TestContext::new();
    let cases: [(&[&str], &str); 5] = [
        (&["list", "-o", "x"], "invalid value for --output. Supported values are short, wide, yaml, json"),
        (
            &["list", "--filter", "x"],
            "invalid value for --filter. Supported values are all, app, actor, workflow, activity",
        ),
        (&["list", "x"], "unknown command \"x\" for \"dapr scheduler list\""),
        (&["delete-all"], "accepts 1 arg(s), received 0"),
        (&["delete-all", "foo"], "unknown key prefix: foo"),
    ];
    for (args, message) in cases {
        let outcome = context.dapr([&["scheduler"], args].concat());
        assert_eq!(outcome.code, Some(2), "{outcome}");
        assert_eq!(outcome.stderr.lines().next(), Some(format!("❌  {message}").as_str()));
    }
    let outcome = context.dapr(["scheduler", "get"]);
    assert!(outcome.stderr.starts_with("Error: requires at least 1 arg(s), only received 0\n"), "{outcome}");
    assert_eq!(context.dapr(["scheduler"]).code, Some(0));
    assert_eq!(context.dapr(["scheduler", "-k", "list"]).code, Some(1));
}

#[test]
fn help_shows_what_verbs_have_in_common() {
    insta::assert_snapshot!(TestContext::new().dapr(["scheduler", "list", "--help"]), @r#"
    exit code: 0
    ----- stdout -----
    List scheduled jobs in Scheduler

    Usage:
      dapr scheduler list [flags]

    Flags:
          --filter string   Filter jobs by type. Supported values are all, app, actor, workflow, activity (default "all")
      -h, --help            Print this help message
      -o, --output string   Output format. One of short, wide, yaml, json (default "short")

    Global Flags:
          --etcd-address string          Where the etcd of the installed runtime's scheduler listens (default "localhost:2379")
      -k, --kubernetes                   Perform scheduler command on a Kubernetes Dapr cluster
          --log-as-json                  Log output in JSON format
      -n, --namespace string             Namespace of the Dapr application (default "default")
          --runtime string               Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)
          --runtime-path string          The path to the dapr runtime installation directory
          --scheduler-namespace string   Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set (default "dapr-system")

    ----- stderr -----
    "#);
}
