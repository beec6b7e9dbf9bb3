//! The log's rules for claiming and dropping, without tasks, clocks or processes.

use rusqlite::Connection;

use super::log::{self, Claimed, Listener, Peek, Share};
use super::schema;
use crate::records::ProcessId;

const NOW: i64 = 1_000_000;

fn database() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    schema::create(&db).unwrap();
    schema::create(&db).expect("creating again changes nothing");
    db
}

fn listener(token: i64) -> Listener {
    Listener { token, process: ProcessId::current(), port: 9, topic: "t".into(), consumer: "app".into() }
}

fn dead(token: i64) -> Listener {
    let process = ProcessId { started: u64::MAX, ..ProcessId::current() };
    Listener { process, ..listener(token) }
}

/// A registered listener in a log of this many messages.
fn scene(messages: usize) -> (Connection, Listener) {
    let db = database();
    append(&db, messages);
    let me = listener(1);
    log::register(&db, &me).unwrap();
    (db, me)
}

fn append(db: &Connection, messages: usize) {
    for _ in 0..messages {
        log::append(db, "t", b"x", "{}", NOW).unwrap();
    }
}

fn claim(db: &Connection, me: &Listener, now: i64) -> Vec<i64> {
    log::claim(db, me, Share::SINGLE, now).unwrap().iter().map(|message: &Claimed| message.seq).collect()
}

fn range(from: i64, to: i64) -> Vec<i64> {
    (from..=to).collect()
}

#[test]
fn a_lone_listener_takes_many_and_each_message_once() {
    let (db, me) = scene(100);
    assert_eq!(claim(&db, &me, NOW), range(1, 64));
    assert_eq!(claim(&db, &me, NOW), range(65, 100));
    assert_eq!(claim(&db, &me, NOW), range(1, 0));
}

#[test]
fn several_listeners_take_few() {
    let (db, me) = scene(10);
    let other = listener(2);
    log::register(&db, &other).unwrap();
    assert_eq!(claim(&db, &me, NOW), range(1, 4));
    assert_eq!(claim(&db, &other, NOW), range(5, 8));
    assert_eq!(claim(&db, &me, NOW), range(9, 10));
}

#[test]
fn what_is_given_back_comes_before_anything_new() {
    let (db, me) = scene(8);
    let other = listener(2);
    log::register(&db, &other).unwrap();
    assert_eq!(claim(&db, &other, NOW), range(1, 4));
    log::acknowledge(&db, &other, 2).unwrap();
    assert_eq!(log::retire(&db, 2, "t", "app").unwrap(), 3);
    assert_eq!(claim(&db, &me, NOW), [1, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn new_messages_wait_until_all_that_was_given_back_is_taken() {
    let (db, me) = scene(64);
    assert_eq!(claim(&db, &me, NOW).len(), 64);
    log::retire(&db, 1, "t", "app").unwrap();
    append(&db, 10);
    let (a, b) = (listener(2), listener(3));
    log::register(&db, &a).unwrap();
    log::register(&db, &b).unwrap();
    let mut taken = Vec::new();
    for turn in 0..16 {
        taken.extend(claim(&db, if turn % 2 == 0 { &a } else { &b }, NOW));
    }
    assert_eq!(taken, range(1, 64));
    assert_eq!(claim(&db, &a, NOW), range(65, 68));
}

#[test]
fn a_dead_owner_is_found_by_the_next_claim() {
    let (db, me) = scene(6);
    let gone = dead(2);
    log::register(&db, &gone).unwrap();
    assert_eq!(claim(&db, &gone, NOW), range(1, 4));
    assert_eq!(claim(&db, &me, NOW), range(1, 6));
    assert_eq!(log::ports(&db, "t").unwrap(), [9]);
}

#[test]
fn a_dead_listener_without_messages_is_found_by_looking() {
    let (db, me) = scene(0);
    log::register(&db, &dead(2)).unwrap();
    assert!(log::peek(&db, &me, NOW).unwrap().ready);
    log::claim(&db, &me, Share::SINGLE, NOW).unwrap();
    assert_eq!(log::peek(&db, &me, NOW).unwrap(), Peek { ready: false, due_ms: None });
    append(&db, 1);
    log::register(&db, &dead(3)).unwrap();
    log::retire_dead(&db).unwrap();
    assert_eq!(claim(&db, &me, NOW), [1]);
}

#[test]
fn a_message_set_aside_comes_when_it_is_due() {
    let (db, me) = scene(2);
    assert_eq!(claim(&db, &me, NOW), [1, 2]);
    log::set_aside(&db, &me, 1, NOW + 100).unwrap();
    log::acknowledge(&db, &me, 2).unwrap();
    assert_eq!(claim(&db, &me, NOW + 99), range(1, 0));
    assert_eq!(log::peek(&db, &me, NOW + 99).unwrap(), Peek { ready: false, due_ms: Some(NOW + 100) });
    append(&db, 1);
    let again = log::claim(&db, &me, Share::SINGLE, NOW + 100).unwrap();
    assert_eq!(again.iter().map(|m| (m.seq, m.attempts)).collect::<Vec<_>>(), [(1, 1), (3, 0)]);
}

#[test]
fn messages_that_always_fail_leave_room_for_new_ones() {
    let (db, me) = scene(64);
    for seq in claim(&db, &me, NOW) {
        log::set_aside(&db, &me, seq, NOW + 1).unwrap();
    }
    append(&db, 100);
    let taken = claim(&db, &me, NOW + 1);
    assert_eq!(taken.len(), 64);
    assert_eq!(taken.iter().filter(|seq| **seq <= 64).count(), 16);
    assert_eq!(taken.iter().filter(|seq| **seq > 64).count(), 48);
}

#[test]
fn an_owner_taken_for_dead_registers_again() {
    let (db, me) = scene(1);
    log::retire(&db, me.token, "t", "app").unwrap();
    assert_eq!(claim(&db, &me, NOW), [1]);
    assert_eq!(log::ports(&db, "t").unwrap(), [9]);
}

#[test]
fn setting_aside_what_another_owns_by_now_changes_nothing() {
    let (db, me) = scene(1);
    let other = listener(2);
    assert_eq!(claim(&db, &other, NOW), [1]);
    log::set_aside(&db, &me, 1, NOW + 1).unwrap();
    assert_eq!(claim(&db, &me, NOW + 1), range(1, 0));
}

mod retention {
    use std::time::Duration;

    use super::super::retention::{Limits, clean_now};
    use super::*;

    const LIMITS: Limits =
        Limits { age: Duration::from_secs(1000), consumed_age: Duration::from_secs(10), max_consumed: 1500 };

    fn left(db: &Connection) -> Vec<i64> {
        let mut statement = db.prepare("SELECT seq FROM pubsub_messages ORDER BY seq").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn handle(db: &Connection, me: &Listener, until: i64) {
        loop {
            let taken = claim(db, me, NOW);
            let Some(last) = taken.last() else { break };
            for seq in taken.iter().filter(|seq| **seq <= until) {
                log::acknowledge(db, me, *seq).unwrap();
            }
            if *last >= until {
                break;
            }
        }
    }

    #[test]
    fn handled_messages_beyond_the_count() {
        let (db, me) = scene(3000);
        handle(&db, &me, 3000);
        clean_now(&db, NOW, LIMITS).unwrap();
        assert_eq!(left(&db), range(1501, 3000));
    }

    #[test]
    fn handled_messages_beyond_the_age() {
        let (db, me) = scene(1200);
        handle(&db, &me, 1200);
        clean_now(&db, NOW + 10_000, LIMITS).unwrap();
        assert_eq!(left(&db).len(), 1200);
        clean_now(&db, NOW + 10_001, LIMITS).unwrap();
        assert_eq!(left(&db), range(1, 0));
        append(&db, 1);
        assert_eq!(left(&db), [1201], "numbers are never used again");
    }

    #[test]
    fn what_one_group_has_not_handled_stays() {
        let (db, me) = scene(100);
        handle(&db, &me, 100);
        let slow = Listener { consumer: "slow".into(), ..listener(5) };
        log::register(&db, &slow).unwrap();
        clean_now(&db, NOW + 10_001, LIMITS).unwrap();
        assert_eq!(left(&db).len(), 100, "the new group has taken nothing");
        assert_eq!(claim(&db, &slow, NOW), range(1, 64));
        for seq in [1, 2, 4] {
            log::acknowledge(&db, &slow, seq).unwrap();
        }
        clean_now(&db, NOW + 10_001, LIMITS).unwrap();
        assert_eq!(left(&db)[..2], [3, 5]);
        clean_now(&db, NOW + 1_000_001, LIMITS).unwrap();
        assert_eq!(left(&db), range(1, 0), "nothing is kept for ever");
    }
}
