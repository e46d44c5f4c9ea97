//! The program's configuration file as tests write it.

use super::rapidpro;
use super::xmpp::{COMPONENT, MUC, Ports, SECRET, jid};
use std::path::Path;

/// What tests vary; everything else stands in [`Config::toml`].
#[derive(Clone, Debug)]
pub struct Config {
    /// `[http] listen`; port 0 until the program has told its port.
    pub listen: String,
    /// Lines added to `[http]`.
    pub http: String,
    /// The server's component port, on loopback.
    pub component_port: u16,
    /// Lines added to `[xmpp]`.
    pub xmpp: String,
    /// `[xmpp] domain`.
    pub domain: String,
    /// `[xmpp] secret`.
    pub xmpp_secret: String,
    /// `[store] url`; empty for an embedded store in the run's own directory.
    pub store: String,
    /// Local parts of the agents of the workgroup `support`.
    pub agents: Vec<String>,
    /// Lines added to the workgroup's table.
    pub workgroup: String,
    /// Lines added to the channel's table.
    pub channel: String,
    /// Lines added to `[outbound]`, and instead of the quick retries of the tests when they set `retry`.
    pub outbound: String,
    /// Whether addresses in private networks may not be called, as it is outside of tests.
    pub guarded: bool,
    /// Further tables at the end.
    pub more: String,
}

impl Config {
    /// The usual one: workgroup `support` with agent1 and agent2, channel `tickets` of kind rapidpro.
    pub fn new(server: Ports) -> Config {
        Config {
            listen: "127.0.0.1:0".into(),
            http: String::new(),
            component_port: server.component,
            xmpp: String::new(),
            domain: COMPONENT.into(),
            xmpp_secret: SECRET.into(),
            store: String::new(),
            agents: vec!["agent1".into(), "agent2".into()],
            workgroup: String::new(),
            channel: String::new(),
            outbound: "retry = [\"200ms\", \"200ms\", \"500ms\", \"1s\", \"1s\", \"2s\", \"2s\", \"5s\", \"5s\", \"5s\"]"
                .into(),
            guarded: false,
            more: String::new(),
        }
    }

    /// The file's text; `dir` holds the embedded store.
    pub fn toml(&self, dir: &Path) -> String {
        let store = match self.store.as_str() {
            "" => format!("embedded:{}", dir.join("data").display()),
            url => url.to_owned(),
        };
        let agents = self.agents_line();
        let (app_id, secret) = (rapidpro::APP_ID, rapidpro::SECRET);
        format!(
            r#"[http]
listen = "{listen}"
{http}

[xmpp]
address = "127.0.0.1:{component_port}"
domain = "{domain}"
secret = "{xmpp_secret}"
muc = "{MUC}"
{xmpp}

[store]
url = "{store}"

[outbound]
allow_private_networks = {private}
{outbound}

[[workgroup]]
name = "support"
title = "Front desk"
{agents}
{workgroup}

[[channel]]
id = "tickets"
kind = "rapidpro"
workgroup = "support"
app_id = "{app_id}"
secret = "{secret}"
{channel}

{more}
"#,
            listen = self.listen,
            http = self.http,
            component_port = self.component_port,
            xmpp = self.xmpp,
            domain = self.domain,
            xmpp_secret = self.xmpp_secret,
            private = !self.guarded,
            outbound = self.outbound,
            workgroup = self.workgroup,
            channel = self.channel,
            more = self.more,
        )
    }

    /// A workgroup of another service has no agents here.
    fn agents_line(&self) -> String {
        let quoted = |account: &String| format!("\"{}\"", jid(account));
        let agents: Vec<String> = self.agents.iter().map(quoted).collect();
        match agents.is_empty() {
            true => String::new(),
            false => format!("agents = [{}]", agents.join(", ")),
        }
    }
}
