//! Jobs of the embedded runtime's file and of a scheduler's etcd: shown, deleted, run once more.

use bytes::Bytes;
use dapr_cli::components::jobs::{Job, Key, Payload, Policy, Progress, Store, Stored};
use dapr_cli::components::schedule::Rules;
use dapr_cli::records::Runtime;
use dapr_cli::scheduler::Records;
use jiff::Timestamp;

use super::support::etcd::Etcd;
use super::support::{FakeSidecar, TestContext};
use super::{Answer, Dashboard};

const SCRIPT: &str = "<script>alert(1)</script>";

fn job(key: &str, repeats: Option<u32>, data: &str) -> Stored {
    let rules = Rules { schedule: Some("@every 1h".into()), repeats, ..Rules::default() };
    let payload = Payload::Json(Bytes::copy_from_slice(data.as_bytes()));
    let (job, due) = Job::new(rules, payload, Policy::default(), Timestamp::now()).unwrap();
    let key = Key::parse(key).unwrap();
    Stored { id: 0, key, job, progress: Progress::default(), due: due.unwrap(), scheduled_by: None }
}

/// A home whose embedded runtime has these jobs.
fn home(jobs: Vec<Stored>) -> TestContext {
    let context = TestContext::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&context.install().jobs()).await.unwrap();
        store.put_all(jobs).await.unwrap();
        store.close().await;
    });
    context
}

fn act(dashboard: &Dashboard, path: &str) -> Answer {
    dashboard.send("POST", &format!("/api/v1/jobs/{path}"), &[&dashboard.session()], "")
}

fn names(answer: &Answer) -> Vec<String> {
    let jobs = answer.json()["jobs"].clone();
    jobs.as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn jobs_are_listed_and_told_though_no_app_runs() {
    let mut backup = job("app||default||jobs-shop||backup", Some(9), r#"{"task":"db"}"#);
    backup.progress.count = 2;
    let elsewhere = job("app||other||jobs-till||report", None, &format!("\"{SCRIPT}\""));
    let reminder = job("actorreminder||default||cat||tom||feed", None, "1");
    let dashboard = Dashboard::of(home(vec![backup, elsewhere, reminder]), |_| {});
    let list = dashboard.get("/api/v1/jobs");
    assert_eq!(list.json()["total"], 3, "{}", list.body);
    assert_eq!(list.json()["apps"], serde_json::json!(["jobs-shop", "jobs-till"]));
    let listed = |query: &str| names(&dashboard.get(&format!("/api/v1/jobs?{query}")));
    assert_eq!(listed("app=jobs-shop"), ["app/jobs-shop/backup"]);
    assert_eq!(listed("kind=actor"), ["actor/cat/tom/feed"]);
    assert_eq!(listed("search=TASK"), ["app/jobs-shop/backup"]);
    assert_eq!(listed("count=1").len(), 1);
    let path = "embedded/app%7C%7Cdefault%7C%7Cjobs-shop%7C%7Cbackup";
    let one = dashboard.get(&format!("/api/v1/jobs/{path}")).json()["job"].clone();
    assert_eq!((one["count"].as_u64(), one["left"].as_u64()), (Some(2), Some(7)), "{one}");
    assert_eq!(
        (one["schedule"].as_str(), one["data"].as_str()),
        (Some("@every 1h"), Some(r#"{"task":"db"}"#))
    );
    assert!(one["next"].as_str().unwrap().parse::<Timestamp>().unwrap() > Timestamp::now(), "{one}");
    for path in ["/jobs", &format!("/jobs/{path}")] {
        let page = dashboard.get(path);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("app/jobs-shop/backup") || page.body.contains("app&#x2f;jobs-shop"));
        assert!(!page.body.contains(SCRIPT), "{}", page.body);
    }
    // Nobody is there to whom it could be handed.
    let answer = act(&dashboard, &format!("{path}/trigger"));
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(answer.json()["detail"], "no app with the id jobs-shop is running");
}

#[test]
fn a_job_is_deleted_by_own_pages_only() {
    let dashboard = Dashboard::of(home(vec![job("app||default||jobs-shop||backup", None, "1")]), |_| {});
    let path = "embedded/app%7C%7Cdefault%7C%7Cjobs-shop%7C%7Cbackup/delete";
    let foreign = dashboard.send("POST", &format!("/api/v1/jobs/{path}"), &[], "");
    assert_eq!((foreign.status, names(&dashboard.get("/api/v1/jobs")).len()), (403, 1));
    let answer = act(&dashboard, path);
    assert_eq!(answer.json()["message"], "app/jobs-shop/backup was deleted.", "{}", answer.body);
    assert!(names(&dashboard.get("/api/v1/jobs")).is_empty());
    assert_eq!(act(&dashboard, path).status, 404);
    assert_eq!(act(&dashboard, "embedded/nonsense/delete").status, 404);
    assert_eq!(act(&dashboard, "other/app%7C%7Ca%7C%7Cb%7C%7Cc/delete").status, 404);
}

#[test]
fn who_may_only_look_gets_no_buttons() {
    let context = home(vec![job("app||default||jobs-shop||backup", None, "1")]);
    let dashboard = Dashboard::of(context, |options| options.read_only = true);
    let path = "embedded/app%7C%7Cdefault%7C%7Cjobs-shop%7C%7Cbackup";
    for page in ["/jobs", &format!("/jobs/{path}")] {
        let page = dashboard.get(page).body;
        assert!(page.contains("backup") && !page.contains("<form method=\"post\""), "{page}");
    }
    assert_eq!(act(&dashboard, &format!("{path}/delete")).status, 403);
    assert_eq!(names(&dashboard.get("/api/v1/jobs")).len(), 1);
}

#[test]
fn an_embedded_sidecar_hands_over_a_job_of_its_own() {
    let dashboard = Dashboard::of(home(vec![job("app||default||jobs-shop||back up", None, "1")]), |_| {});
    let sidecar = FakeSidecar::start("HTTP/1.1 204 No Content\n\n");
    dashboard.context().record("jobs-shop", std::process::id(), |record| record.http_port = sidecar.port);
    let answer = act(&dashboard, "embedded/app%7C%7Cdefault%7C%7Cjobs-shop%7C%7Cback%20up/trigger");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut requests = std::iter::from_fn(|| Some(sidecar.request()));
    requests.find(|request| request.starts_with("POST /v1.0-alpha1/jobs/back%20up/trigger ")).unwrap();
    assert_eq!(names(&dashboard.get("/api/v1/jobs")), ["app/jobs-shop/back up"]);
}

#[test]
fn what_an_app_says_of_a_job_is_told() {
    let dashboard = Dashboard::of(home(vec![job("app||default||jobs-shop||backup", None, "1")]), |_| {});
    let said =
        r#"{"errorCode":"DAPR_SCHEDULER_TRIGGER_JOB","message":"the app failed on the job backup: 500"}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 502 Bad Gateway\n\n{said}"));
    dashboard.context().record("jobs-shop", std::process::id(), |record| record.http_port = sidecar.port);
    let answer = act(&dashboard, "embedded/app%7C%7Cdefault%7C%7Cjobs-shop%7C%7Cbackup/trigger");
    assert_eq!(answer.status, 502);
    let detail = "app/jobs-shop/backup was not done: the app failed on the job backup: 500";
    assert_eq!(answer.json()["detail"], detail, "{}", answer.body);
}

#[test]
fn jobs_of_a_stock_scheduler_are_handed_over_by_calling_the_app() {
    let etcd = Etcd::start();
    let records = Records::of(&[job("app||default||jobs-till||report", Some(3), r#"{"a":1}"#)]);
    for (key, value) in records.jobs.iter().chain(&records.counters) {
        etcd.put(key, value);
    }
    let context = home(vec![job("app||default||jobs-shop||backup", None, "1")]);
    let dashboard = Dashboard::of(context, |options| options.etcd = etcd.address.to_string());
    let sidecar = FakeSidecar::start("HTTP/1.1 200 OK\n\n{}");
    dashboard.context().record("jobs-till", std::process::id(), |record| {
        record.http_port = sidecar.port;
        record.runtime = Runtime::Installed;
    });
    let mut listed = names(&dashboard.get("/api/v1/jobs"));
    listed.sort_unstable();
    assert_eq!(listed, ["app/jobs-shop/backup", "app/jobs-till/report"]);
    let path = "installed/app%7C%7Cdefault%7C%7Cjobs-till%7C%7Creport";
    let one = dashboard.get(&format!("/api/v1/jobs/{path}")).json()["job"].clone();
    assert_eq!((one["runtime"].as_str(), one["left"].as_u64()), (Some("installed"), Some(3)), "{one}");
    let answer = act(&dashboard, &format!("{path}/trigger"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut requests = std::iter::from_fn(|| Some(sidecar.request()));
    let called = requests.find(|request| request.starts_with("POST ")).unwrap();
    assert!(called.starts_with("POST /v1.0/invoke/jobs%2Dtill/method/job/report "), "{called}");
    assert!(called.ends_with("\n\n{\"a\":1}"), "{called}");
    assert_eq!(act(&dashboard, &format!("{path}/delete")).status, 200);
    assert!(etcd.keys().is_empty());
    assert_eq!(names(&dashboard.get("/api/v1/jobs")), ["app/jobs-shop/backup"]);
}

#[test]
fn a_scheduler_that_is_missed_is_told_of() {
    let dashboard = Dashboard::start();
    let troubles = || dashboard.get("/api/v1/jobs").json()["troubles"].as_array().unwrap().clone();
    assert!(troubles().is_empty());
    // Where the stock runtime is installed, its scheduler should be there.
    let install = dashboard.context().install();
    fs_err::create_dir_all(install.bin()).unwrap();
    fs_err::write(install.daprd(), "").unwrap();
    assert!(
        troubles()[0].as_str().unwrap().starts_with("the scheduler's etcd at 127.0.0.1:1 can't be reached")
    );
}
