//! A private Prosody for one test.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::wait::{DOMAIN, SECRET};

/// The one ordinary user, on the host `localhost`.
pub const USER: &str = "ann";
/// The user's password.
pub const PASSWORD: &str = "wonderland";

pub struct Prosody {
    dir: tempfile::TempDir,
    child: Option<Child>,
    pub c2s: u16,
    pub component: u16,
}

impl Prosody {
    /// Starts a server on free ports; its files vanish with it.
    pub fn start() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("prosody-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a directory under target");
        let mut server = Self {
            dir,
            child: None,
            c2s: free_port(),
            component: free_port(),
        };
        server.write_files();
        server.launch();
        server
    }

    /// Ends the server as an operator would.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = child.id().to_string();
            let told = Command::new("kill").args(["-TERM", &pid]).status();
            assert!(told.is_ok_and(|status| status.success()));
            child.wait().expect("Prosody ends");
        }
    }

    /// Ends the server in mid-sentence.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a signal to our own child");
            child.wait().expect("Prosody is gone");
        }
    }

    /// Starts the server again on the same ports.
    pub fn launch(&mut self) {
        let log = fs::File::create(self.path("console.log")).expect("a log file");
        let child = Command::new("prosody")
            .args(["-F", "--config"])
            .arg(self.path("prosody.cfg.lua"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file"))
            .stderr(log)
            .spawn()
            .expect("prosody is installed");
        self.child = Some(child);
        for port in [self.c2s, self.component] {
            self.await_port(port);
        }
    }

    fn await_port(&mut self, port: u16) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while TcpStream::connect(address).is_err() {
            let ended = self.child.as_mut().map(Child::try_wait);
            let alive = matches!(ended, Some(Ok(None)));
            if !alive || Instant::now() > deadline {
                let log = fs::read_to_string(self.path("console.log"));
                panic!("Prosody does not listen: {ended:?} {log:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write_files(&self) {
        let accounts = self.path("data/localhost/accounts");
        fs::create_dir_all(&accounts).expect("a directory for accounts");
        let account = format!("return {{ [\"password\"] = \"{PASSWORD}\" }};\n");
        fs::write(accounts.join(format!("{USER}.dat")), account).expect("an account");
        let config = CONFIG
            .replace("@DIR@", &self.dir.path().display().to_string())
            .replace("@C2S@", &self.c2s.to_string())
            .replace("@COMPONENT@", &self.component.to_string())
            .replace("@DOMAIN@", DOMAIN)
            .replace("@SECRET@", SECRET);
        fs::write(self.path("prosody.cfg.lua"), config).expect("a configuration");
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Errors mean that it is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

const CONFIG: &str = r#"
run_as_root = true
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
log = { { levels = { min = "debug" }, to = "file", filename = "@DIR@/prosody.log" } }
interfaces = { "127.0.0.1" }
c2s_ports = { @C2S@ }
component_ports = { @COMPONENT@ }
component_interfaces = { "127.0.0.1" }
modules_enabled = { "saslauth", "disco", "ping", "posix", "roster" }
modules_disabled = { "s2s", "tls", "offline" }
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
authentication = "internal_plain"
storage = "internal"
VirtualHost "localhost"
Component "@DOMAIN@"
    component_secret = "@SECRET@"
"#;
