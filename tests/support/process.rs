//! One child process: own directory, own log, ended by its own id whatever becomes of the test.

use super::wait;
use std::fs::{self, File, OpenOptions};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A directory of its own under `target/test-runs`; removed at the end unless the test failed.
pub struct RunDir(PathBuf);

impl RunDir {
    /// Makes a fresh directory whose name begins with `name`.
    pub fn new(name: &str) -> RunDir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/test-runs")
            .join(format!("{name}-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory under target/test-runs");
        RunDir(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it and gives the path of that file.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, content).expect("a file of the test run");
        path
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A port on loopback that nobody listens on just now. None of those that the system gives to outgoing
/// connections: one of them could sit on the port while whoever listens there is being restarted.
pub fn free_port() -> u16 {
    const OURS: std::ops::Range<u16> = 10_000..32_000;
    let mut tries = std::iter::repeat_with(|| rand::random_range(OURS)).take(1_000);
    let free = tries.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.expect("a free port")
}

/// Whether somebody listens on this loopback port.
pub fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A running child. A watchdog ends it even if the test process is killed.
pub struct Process {
    child: Child,
    watchdog: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in `dir`; both output streams are appended to `dir/name.log`.
    pub fn start(name: &str, command: &mut Command, dir: &Path) -> Process {
        let log = dir.join(format!("{name}.log"));
        let out = append(&log);
        command
            .stdin(Stdio::null())
            .stdout(out.try_clone().expect("a log"))
            .stderr(out);
        Process::start_piped(command, dir, log)
    }

    /// Starts `command` in `dir` with the streams that the caller has set.
    pub fn start_piped(command: &mut Command, dir: &Path, log: PathBuf) -> Process {
        let child = command.current_dir(dir).spawn().unwrap_or_else(|e| {
            panic!(
                "cannot start {:?} ({e}): run scripts/setup",
                command.get_program()
            )
        });
        let watchdog = watch(child.id());
        Process {
            child,
            watchdog,
            log,
        }
    }

    /// The child itself, for its streams.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Whether it still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }

    /// Asks it to end (SIGTERM) and gives its exit status; `None`, and a kill, if it takes longer.
    pub fn terminate(&mut self, within: Duration) -> Option<ExitStatus> {
        if self.alive() {
            signal(self.pid(), "TERM");
        }
        let status = wait::poll(within, || self.child.try_wait().ok().flatten());
        self.kill();
        status
    }

    /// Sends it a signal by name (`HUP`, `STOP`, `CONT` ...).
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Opens a log for appending, so that a restart keeps what was written before.
pub fn append(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a log file")
}

fn signal(pid: u32, name: &str) {
    let _ = Command::new("sh")
        .args([
            "-c",
            "kill -s \"$1\" \"$2\"",
            "signal",
            name,
            &pid.to_string(),
        ])
        .status();
}

/// A shell that reads from a pipe which only this process holds: its end means that the test
/// process is gone, however it went.
fn watch(pid: u32) -> Child {
    Command::new("sh")
        .args([
            "-c",
            "trap '' INT TERM; read -r _; kill -KILL \"$1\"",
            "watchdog",
        ])
        .arg(pid.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a watchdog")
}
