//! Group commit, isolation of failing jobs, closing.

use std::time::Duration;

use rusqlite::Connection;

use super::{Database, Error, Options, in_transaction};
use crate::components::InitError;

fn table(connection: &mut Connection) -> Result<(), InitError> {
    in_transaction(connection, |connection| {
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY)")
    })
    .map_err(InitError::new)
}

async fn open(place: &str) -> Database {
    let options = Options::parse(place, Duration::from_secs(5), false).unwrap();
    Database::open(options, table).await.unwrap()
}

async fn insert(database: &Database, n: i64) -> Result<(), Error> {
    database
        .write(move |connection| {
            connection.execute("INSERT INTO t VALUES (?1)", [n]).map(drop).map_err(Error::from)
        })
        .await
}

async fn rows(database: &Database) -> Vec<i64> {
    database
        .read(|connection| {
            let mut statement = connection.prepare_cached("SELECT n FROM t ORDER BY n")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
        .await
        .unwrap()
}

fn place() -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("new/test.db").to_str().unwrap().to_owned();
    (home, file)
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_reopening() {
    let (_home, file) = place();
    let database = open(&file).await;
    let writers: Vec<_> = (0..300)
        .map(|n| {
            let database = database.clone();
            tokio::spawn(async move { insert(&database, n).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    database.close().await;
    assert_eq!(insert(&database, 1000).await, Err(Error::Closed));
    assert_eq!(rows(&open(&file).await).await, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_failing_job_hurts_no_other_and_leaves_nothing() {
    let (_home, file) = place();
    for place in [file.as_str(), ":memory:"] {
        let database = open(place).await;
        let twice = |n: i64| {
            database.write_as_one(move |connection| {
                connection.execute("INSERT INTO t VALUES (?1)", [n])?;
                connection.execute("INSERT INTO t VALUES (?1)", [7]).map(drop).map_err(Error::from)
            })
        };
        let (a, failed, b) = tokio::join!(insert(&database, 7), twice(8), insert(&database, 9));
        assert_eq!((a, b), (Ok(()), Ok(())));
        assert!(failed.unwrap_err().to_string().contains("UNIQUE"));
        assert_eq!(rows(&database).await, [7, 9]);
    }
}

#[tokio::test]
async fn a_lock_held_elsewhere_is_waited_for() {
    let (_home, file) = place();
    let database = open(&file).await;
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    let writer = tokio::spawn({
        let database = database.clone();
        async move { insert(&database, 2).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(rows(&database).await, [0i64; 0], "readers do not wait for writers");
    other.execute_batch("COMMIT").unwrap();
    writer.await.unwrap().unwrap();
    assert_eq!(rows(&database).await, [1, 2]);
}

#[tokio::test]
async fn a_lock_that_stays_is_an_error_in_the_end() {
    let (_home, file) = place();
    let options = Options::parse(&file, Duration::from_millis(20), false).unwrap();
    let database = Database::open(options, table).await.unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(insert(&database, 1).await, Err(Error::Sqlite("database is locked".into())));
    other.execute_batch("ROLLBACK").unwrap();
    insert(&database, 1).await.unwrap();
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_while_it_is_open() {
    let (home, file) = place();
    let database = open(&file).await;
    // Without its log, the file alone has what a checkpoint has moved.
    let copy = home.path().join("copy.db");
    let moved = || -> i64 {
        fs_err::copy(&file, &copy).unwrap();
        let copy = Connection::open(&copy).unwrap();
        copy.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap_or(0)
    };
    let mut written = 0;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while moved() == 0 {
        assert!(std::time::Instant::now() < deadline, "no checkpoint within {written} commits");
        for _ in 0..100 {
            insert(&database, written).await.unwrap();
            written += 1;
        }
    }
    assert_eq!(rows(&database).await.len(), usize::try_from(written).unwrap());
}

#[tokio::test]
async fn a_misspelt_path_makes_no_tree() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("no/such/test.db").to_str().unwrap().to_owned();
    let options = Options::parse(&place, Duration::from_secs(5), false).unwrap();
    let error = Database::open(options, table).await.err().unwrap();
    assert!(error.to_string().contains("no/such"), "{error}");
    assert!(!home.path().join("no").exists());
}
