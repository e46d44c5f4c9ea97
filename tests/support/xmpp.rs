//! What all XMPP servers of the tests have in common: names, accounts, options, ports.

use super::process::free_port;
use std::path::PathBuf;

/// The virtual host; clients are told to connect to loopback instead of resolving it.
pub const DOMAIN: &str = "example.test";
/// The MUC service.
pub const MUC: &str = "conference.example.test";
/// The domain of the external component (XEP-0114) that the program takes.
pub const COMPONENT: &str = "workgroup.example.test";
/// The service that takes files, where there is one.
pub const UPLOAD: &str = "upload.example.test";
/// The component's secret.
pub const SECRET: &str = "only-for-tests";
/// The password of every account.
pub const PASSWORD: &str = "only-for-tests-too";
/// The accounts that exist unless a test asks for others.
pub const ACCOUNTS: [&str; 5] = ["agent1", "agent2", "agent3", "supervisor", "stranger"];

/// Where a server listens, on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// For clients (c2s).
    pub client: u16,
    /// For the external component.
    pub component: u16,
}

impl Ports {
    /// Two ports that nobody uses just now.
    pub fn free() -> Ports {
        Ports {
            client: free_port(),
            component: free_port(),
        }
    }
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Local parts of the accounts; the password is [`PASSWORD`].
    pub accounts: Vec<String>,
    /// Whether rooms have an archive (XEP-0313).
    pub room_archive: bool,
    /// The longest history a room may keep, in messages.
    pub max_history: u32,
    /// Local parts of the accounts that administer the server, and so own every room.
    pub admins: Vec<String>,
    /// Domains of further external components, with the same secret.
    pub components: Vec<String>,
    /// Prosody's further modules for accounts, as Lua strings: `"mam"` for an archive.
    pub host_modules: String,
    /// Prosody's TLS for clients.
    pub tls: Option<ClientTls>,
    /// Whether components may send in the server's users' names.
    pub any_sender: bool,
    /// Prosody's door for browsers.
    pub web: Option<WebDoor>,
    /// A service that takes files (XEP-0363), at [`UPLOAD`]. Not together with Prosody's `web`.
    pub upload: Option<UploadDoor>,
}

/// Where files are put and got.
#[derive(Clone, Debug)]
pub struct UploadDoor {
    /// On 127.0.0.1.
    pub port: u16,
    /// The largest file, in bytes.
    pub most: usize,
    /// Prosody's further lines for it.
    pub lines: String,
}

impl UploadDoor {
    /// One that takes files of 64 KiB.
    pub fn free() -> UploadDoor {
        UploadDoor {
            port: free_port(),
            most: 64 * 1024,
            lines: String::new(),
        }
    }
}

/// Where browsers find XMPP (RFC 7395, `/xmpp-websocket`) and a page that speaks it. Only the
/// workgroup `support` can make rooms then.
#[derive(Clone, Debug)]
pub struct WebDoor {
    /// On 127.0.0.1.
    pub port: u16,
    /// What is handed out under `/files`.
    pub files: PathBuf,
}

/// TLS towards clients.
#[derive(Clone, Debug)]
pub struct ClientTls {
    /// PEM file of the certificate.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// Another port, on which TLS is spoken from the first byte.
    pub direct_port: u16,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            accounts: ACCOUNTS.map(String::from).to_vec(),
            room_archive: true,
            max_history: 1000,
            admins: Vec::new(),
            components: Vec::new(),
            host_modules: String::new(),
            tls: None,
            web: None,
            upload: None,
            any_sender: false,
        }
    }
}

/// A server that a test can start, stop and restart on the same ports and data.
pub trait Server {
    /// Where it listens.
    fn ports(&self) -> Ports;
    /// Ends it in order.
    fn stop(&mut self);
    /// Ends it at once, as a power cut does.
    fn kill(&mut self);
    /// Starts it again after `stop` or `kill`, and waits until it listens.
    fn start_again(&mut self);
    /// What it has logged.
    fn log(&self) -> String;

    /// Stops and starts it.
    fn restart(&mut self) {
        self.stop();
        self.start_again();
    }
}

/// The bare JID of a local account.
pub fn jid(account: &str) -> String {
    format!("{account}@{DOMAIN}")
}

/// The JID of a workgroup of the component.
pub fn workgroup(name: &str) -> String {
    format!("{name}@{COMPONENT}")
}
