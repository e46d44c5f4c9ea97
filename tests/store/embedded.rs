//! What the embedded store promises besides: its files, its lock, its versions.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use warmline::store::{self, Embedded, Place, Store, StoreError, Table};

use crate::beside::looks_and_leaves_orders;
use crate::contract;
use crate::rows::{ahead, brief_line, line, past, texts};

/// An embedded store in a directory of its own.
pub struct Backend(TempDir);

impl Backend {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn raw(&self) -> Connection {
        raw(self.0.path())
    }
}

fn raw(dir: &Path) -> Connection {
    let conn = Connection::open(dir.join("warmline.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    conn
}

impl contract::Backend for Backend {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Embedded::open(self.0.path()).unwrap())
    }

    fn break_writes(&self, broken: bool) {
        let sql = if broken {
            "CREATE TRIGGER broken BEFORE INSERT ON entry WHEN NEW.grp = 'broken'
             BEGIN SELECT RAISE(ABORT, 'broken'); END"
        } else {
            "DROP TRIGGER broken"
        };
        self.raw().execute_batch(sql).unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn files_are_for_this_user_alone() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("new/data");
    let store = store::open(&Place::Embedded(dir.clone())).await.unwrap();
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    assert_eq!(mode(&dir), 0o700);
    let files: Vec<_> = dir
        .read_dir()
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));
}

#[tokio::test]
async fn a_place_where_nothing_can_be_made_is_told() {
    let place = Place::Embedded("/proc/no/such".into());
    let error = store::open(&place).await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_left_alone() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("warmline.db");
    let text = "this is a letter to my aunt\n".repeat(100);
    std::fs::write(&file, &text).unwrap();
    let error = Embedded::open(home.path()).unwrap_err();
    assert!(matches!(error, StoreError::BadUrl(_)), "{error}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}

#[tokio::test]
async fn a_newer_store_is_refused_and_an_older_one_brought_up() {
    let home = TempDir::new().unwrap();
    raw(home.path())
        .execute_batch(include_str!("version-1.sql"))
        .unwrap();
    let error = Embedded::peek(home.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::TooOld { found: 1, known: 2 }),
        "{error}"
    );
    let store = Embedded::open(home.path()).unwrap();
    let found = texts(&store.load(Table::Line).await.unwrap());
    assert_eq!(found[0], ("c1/000000000001".into(), "{\"n\":1}".into()));
    assert_eq!(found.len(), 2);
    store
        .commit(vec![brief_line("c1", "000000000001", past())])
        .await
        .unwrap();
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 1);
    drop(store);
    let newer = "UPDATE meta SET value = 77 WHERE name = 'schema'";
    raw(home.path()).execute_batch(newer).unwrap();
    for opened in [Embedded::open(home.path()), Embedded::peek(home.path())] {
        let error = opened.unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::TooNew {
                    found: 77,
                    known: 2
                }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_expired_is_deleted_in_the_end() {
    let backend = Backend::new();
    let store = contract::Backend::open(&backend).await;
    let later = ahead(Duration::from_secs(600));
    let mut changes: Vec<_> = (0..1_200)
        .map(|n| brief_line("c", &n.to_string(), past()))
        .collect();
    changes.extend([brief_line("c", "later", later), line("c", "ever", "")]);
    store.commit(changes).await.unwrap();
    drop(store);
    let store = contract::Backend::open(&backend).await;
    let count = |conn: Connection| -> i64 {
        conn.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))
            .unwrap()
    };
    crate::patience::until("expired rows are swept", async || count(backend.raw()) <= 2).await;
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_error_that_ends_the_transaction_fails_all_and_passes() {
    let backend = Backend::new();
    let store = contract::Backend::open(&backend).await;
    let fatal = "CREATE TRIGGER fatal BEFORE INSERT ON entry WHEN NEW.key = 'fatal'
                 BEGIN SELECT RAISE(ROLLBACK, 'fatal'); END";
    backend.raw().execute_batch(fatal).unwrap();
    let fatal = vec![
        line("c", "1", ""),
        line("c", "fatal", ""),
        line("c", "2", ""),
    ];
    assert!(store.commit(fatal).await.is_err());
    store.commit(vec![line("c", "3", "")]).await.unwrap();
    let found = texts(&store.load(Table::Line).await.unwrap());
    assert_eq!(found, [("c/3".into(), String::new())]);
}

#[tokio::test]
async fn a_commit_that_fails_at_its_very_end_leaves_nothing_open() {
    let backend = Backend::new();
    let store = contract::Backend::open(&backend).await;
    let late = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
                CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
                CREATE TRIGGER late AFTER INSERT ON entry WHEN NEW.key = 'late'
                BEGIN INSERT INTO child VALUES (1); END";
    backend.raw().execute_batch(late).unwrap();
    assert!(store.commit(vec![line("c", "late", "")]).await.is_err());
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    let found = texts(&store.load(Table::Line).await.unwrap());
    assert_eq!(found, [("c/1".into(), String::new())]);
}

#[tokio::test]
async fn beside_the_process_one_may_look_and_leave_orders() {
    let home = TempDir::new().unwrap();
    let missing = Embedded::peek(&home.path().join("none")).unwrap_err();
    assert!(matches!(missing, StoreError::BadUrl(_)), "{missing}");
    let store = Embedded::open(home.path()).unwrap();
    let place = Place::Embedded(home.path().to_owned());
    let beside = looks_and_leaves_orders(&store, &place).await;
    drop(store);
    assert_eq!(texts(&beside.load(Table::Line).await.unwrap()).len(), 1);
    assert_eq!(
        Embedded::open(home.path())
            .unwrap()
            .load(Table::Line)
            .await
            .unwrap()
            .len(),
        1
    );
}
