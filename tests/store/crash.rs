//! Processes of their own: killed while they write, with a full disk, and two at once.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use warmline::store::{Embedded, Store, StoreError, Table};

use crate::rows::line;

const DIR: &str = "WARMLINE_TEST_STORE";

/// Where a child process is to work; `None` in the test run itself.
pub fn childs_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

/// Runs one test of this binary in a child process, behind `shell` commands.
pub fn child(test: &str, dir: &Path, shell: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new("sh")
        .args(["-c", &format!("{shell} exec \"$@\""), "sh"])
        .arg(program)
        .args(["--exact", "--nocapture", test])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The lines that the child prints after `mark `.
pub fn told(child: &mut Child, mark: &'static str) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.filter_map(move |line| {
        let line = line.ok()?;
        line.split_once(mark)
            .map(|(_, rest)| rest.trim().to_owned())
    })
}

pub fn tell(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{text}").unwrap();
    out.flush().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_until_killed() {
    let Some(dir) = childs_dir() else { return };
    let store = Arc::new(Embedded::open(&dir).unwrap());
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for turn in 0_u32.. {
                let key = format!("{}-{writer}-{turn:06}", std::process::id());
                let text = "x".repeat(usize::try_from(turn % 50).unwrap() * 40);
                let pair = vec![line("left", &key, &text), line("right", &key, &text)];
                store.commit(pair).await.unwrap();
                tell(&format!("kept {key}"));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let home = TempDir::new().unwrap();
    let mut kept = HashSet::new();
    for most in [30, 300, 3_000] {
        let mut child = child("crash::writes_until_killed", home.path(), "");
        for (count, key) in told(&mut child, "kept ").enumerate() {
            kept.insert(key);
            if count == most {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success());
        let store = Embedded::open(home.path()).unwrap();
        let keys = async |group| {
            let rows = store.group(Table::Line, group).await.unwrap();
            rows.into_iter().map(|row| row.key).collect::<HashSet<_>>()
        };
        let (left, right) = (keys("left").await, keys("right").await);
        assert_eq!(left, right, "half of a commit is there");
        assert!(kept.len() > most);
        assert!(
            kept.is_subset(&left),
            "{} are lost",
            kept.difference(&left).count()
        );
    }
}

#[tokio::test]
async fn writes_until_the_disk_is_full() {
    let Some(dir) = childs_dir() else { return };
    let store = Embedded::open(&dir).unwrap();
    let mut kept = 0;
    let error = loop {
        let text = "x".repeat(3_000);
        let key = format!("{kept:06}");
        match store
            .commit(vec![line("left", &key, &text), line("right", &key, &text)])
            .await
        {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10_000, "the disk never fills");
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    for group in ["left", "right"] {
        assert_eq!(store.group(Table::Line, group).await.unwrap().len(), kept);
    }
    tell(&format!("kept {kept}"));
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_costs_nothing() {
    let home = TempDir::new().unwrap();
    // A file size limit stands for a full disk; its signal is ignored, so that writes fail.
    let limit = "trap '' XFSZ; ulimit -f 2000;";
    let mut child = child("crash::writes_until_the_disk_is_full", home.path(), limit);
    let kept: Vec<String> = told(&mut child, "kept ").collect();
    assert!(child.wait().unwrap().success());
    let store = Embedded::open(home.path()).unwrap();
    let rows = store.group(Table::Line, "left").await.unwrap();
    assert_eq!(vec![rows.len().to_string()], kept);
    store.commit(vec![line("left", "after", "")]).await.unwrap();
}

#[tokio::test]
async fn finds_the_store_taken() {
    let Some(dir) = childs_dir() else { return };
    match Embedded::open(&dir) {
        Ok(_) => tell("found free"),
        Err(StoreError::InUse(_)) => tell("found taken"),
        Err(error) => tell(&format!("found {error}")),
    }
}

#[tokio::test]
async fn one_process_at_a_time() {
    let home = TempDir::new().unwrap();
    let ask = || {
        let mut child = child("crash::finds_the_store_taken", home.path(), "");
        let answers: Vec<_> = told(&mut child, "found ").collect();
        assert!(child.wait().unwrap().success());
        answers.concat()
    };
    let store = Embedded::open(home.path()).unwrap();
    assert_eq!(ask(), "taken");
    assert!(matches!(
        Embedded::open(home.path()),
        Err(StoreError::InUse(_))
    ));
    drop(store);
    assert_eq!(ask(), "free");
    drop(Embedded::open(home.path()).unwrap());
}
