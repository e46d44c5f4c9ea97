//! A private Prosody (Debian's package) on loopback.

use super::process::{Process, RunDir, listens};
use super::wait;
use super::xmpp::{
    DOMAIN, Options, PASSWORD, Ports, SECRET, Server, UPLOAD, UploadDoor, WebDoor, jid, workgroup,
};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A running Prosody with its own data directory.
pub struct Prosody {
    process: Process,
    ports: Ports,
    config: PathBuf,
    dir: RunDir,
}

impl Prosody {
    /// Starts one with the usual accounts and a room archive.
    pub fn start() -> Prosody {
        Prosody::start_with(&Options::default())
    }

    /// Starts one.
    pub fn start_with(options: &Options) -> Prosody {
        Prosody::start_tuned(options, "")
    }

    /// Starts one with further global settings; tries other ports when somebody else was quicker.
    pub fn start_tuned(options: &Options, globals: &str) -> Prosody {
        for _ in 0..3 {
            let dir = RunDir::new("prosody");
            let ports = Ports::free();
            let checked = !options.any_sender;
            let sender = format!("validate_from_addresses = {checked}");
            let text = format!(
                "{globals}\n{sender}\n{}",
                configuration(options, &dir, ports)
            );
            let config = dir.write("prosody.cfg.lua", &text);
            for account in &options.accounts {
                write_account(&dir, account, PASSWORD);
            }
            let process = launch(&config, &dir);
            let mut prosody = Prosody {
                process,
                ports,
                config,
                dir,
            };
            if prosody.wait_until_ready() {
                return prosody;
            }
        }
        panic!("prosody does not start");
    }

    /// Gives an account another password, which counts from the next start on.
    pub fn set_password(&self, account: &str, password: &str) {
        write_account(&self.dir, account, password);
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// False when a port was taken by somebody else; fails the test on anything else.
    fn wait_until_ready(&mut self) -> bool {
        let ports = self.ports;
        let ready = wait::poll(wait::START, || {
            if !self.process.alive() {
                panic!("prosody ended: {}", self.process.log());
            }
            if self.process.log().contains("Failed to open server port") {
                return Some(false);
            }
            (listens(ports.client) && listens(ports.component)).then_some(true)
        });
        ready.unwrap_or_else(|| panic!("prosody is not ready: {}", self.process.log()))
    }
}

impl Server for Prosody {
    fn ports(&self) -> Ports {
        self.ports
    }

    fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(10));
    }

    fn kill(&mut self) {
        self.process.kill();
    }

    fn start_again(&mut self) {
        self.process = launch(&self.config, &self.dir);
        assert!(self.wait_until_ready(), "a port was taken meanwhile");
    }

    fn log(&self) -> String {
        self.process.log()
    }
}

fn launch(config: &PathBuf, dir: &RunDir) -> Process {
    let mut command = Command::new("prosody");
    command.arg("--config").arg(config).arg("-F");
    Process::start("prosody", &mut command, dir.path())
}

fn configuration(options: &Options, dir: &RunDir, ports: Ports) -> String {
    let archive = if options.room_archive {
        "\"muc_mam\""
    } else {
        ""
    };
    let (tls_module, no_tls, ssl, direct) = match &options.tls {
        None => ("", "\"tls\";", String::new(), String::new()),
        Some(tls) => {
            let (certificate, key) = (tls.certificate.display(), tls.key.display());
            let ssl = format!("ssl = {{ certificate = \"{certificate}\"; key = \"{key}\" }}");
            ("\"tls\"", "", ssl, tls.direct_port.to_string())
        }
    };
    let (web_modules, no_http, http, http_port) = web(options);
    let quoted = |account: &String| format!("\"{}\"", jid(account));
    let admins: Vec<String> = options.admins.iter().map(quoted).collect();
    let admins = format!("admins = {{ {} }}", admins.join("; "));
    let component =
        |domain: &String| format!("\nComponent \"{domain}\"\n\tcomponent_secret = \"{SECRET}\"\n");
    let more: String = options.components.iter().map(component).collect();
    let upload = options.upload.as_ref().map(upload_lines);
    include_str!("prosody.cfg.lua")
        .replace("admins = { }", &admins)
        .replace("@DIR@", &dir.path().display().to_string())
        .replace("@CLIENT_PORT@", &ports.client.to_string())
        .replace("@COMPONENT_PORT@", &ports.component.to_string())
        .replace("@MUC_MODULES@", archive)
        .replace(
            "@HOST_MODULES@",
            &format!("{}{web_modules}{tls_module}", options.host_modules),
        )
        .replace("@NO_HTTP@", no_http)
        .replace("@HTTP_LINES@", &http)
        .replace("@MUC_LINES@", &muc_lines(options.web.is_some()))
        .replace("@HTTP_PORT@", &http_port)
        .replace("@NO_TLS@", no_tls)
        .replace("@HOST_LINES@", &ssl)
        .replace(
            "@DIRECT_TLS@",
            &if ssl.is_empty() {
                String::new()
            } else {
                format!("c2s_direct_tls_{ssl}")
            },
        )
        .replace("@DIRECT_TLS_PORT@", &direct)
        .replace("@MAX_HISTORY@", &options.max_history.to_string())
        .replace("@SECRET@", SECRET)
        + &more
        + &upload.unwrap_or_default()
}

/// The component that takes files; it is found by its address, as nobody resolves its name here.
fn upload_lines(UploadDoor { port, most, lines }: &UploadDoor) -> String {
    format!(
        "\nComponent \"{UPLOAD}\" \"http_file_share\"\n\
         \thttp_external_url = \"http://127.0.0.1:{port}/\"\n\
         \thttp_file_share_size_limit = {most}\n\t{lines}\n"
    )
}

/// The modules, the module that stays away, the further settings and the port of the door for
/// browsers. Converse asks for a block list before it shows a chat with somebody new.
fn web(options: &Options) -> (&'static str, &'static str, String, String) {
    if let Some(UploadDoor { port, .. }) = &options.upload {
        let host = format!("http_default_host = \"{UPLOAD}\"");
        return ("", "", host, port.to_string());
    }
    let Some(door): &Option<WebDoor> = &options.web else {
        return ("", "\"http\";", String::new(), String::new());
    };
    let settings = format!(
        "http_default_host = \"{DOMAIN}\"\nhttp_files_dir = \"{}\"\n\
         consider_websocket_secure = true",
        door.files.display()
    );
    let modules = "\"websocket\"; \"http_files\"; \"blocklist\"; \"mam\"; ";
    (modules, "", settings, door.port.to_string())
}

/// Who comes back to a room that was closed would make it anew, and be alone in it.
fn muc_lines(restricted: bool) -> String {
    if restricted {
        let support = workgroup("support");
        format!("restrict_room_creation = true\n\tadmins = {{ \"{support}\" }}")
    } else {
        String::new()
    }
}

/// Prosody's own file of an account, as `prosodyctl register` would write it.
fn write_account(dir: &RunDir, account: &str, password: &str) {
    let host = DOMAIN.replace('.', "%2e");
    let content = format!("return {{\n\t[\"password\"] = \"{password}\";\n}};\n");
    dir.write(&format!("data/{host}/accounts/{account}.dat"), &content);
}
