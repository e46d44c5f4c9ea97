//! A real browser (Debian's Chromium), driven over WebDriver (W3C) by its own driver.

use super::http::Request;
use super::process::{Process, RunDir, free_port, listens};
use super::wait;
use base64::Engine;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// A running browser with one window.
pub struct Chromium {
    address: SocketAddr,
    session: String,
    _driver: Process,
    _dir: RunDir,
}

impl Chromium {
    /// Starts one without a screen.
    pub fn start() -> Chromium {
        let dir = RunDir::new("chromium");
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command
            .arg(format!("--port={port}"))
            .env("HOME", dir.path())
            // Else it finds no file with a letter beyond ASCII in its name.
            .env("LC_ALL", "C.UTF-8")
            .env("TMPDIR", dir.path());
        let driver = Process::start("chromedriver", &mut command, dir.path());
        wait::until("chromedriver", wait::START, || listens(port).then_some(()));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let profile = dir.path().join("profile");
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--no-first-run".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let made = send(address, ("POST", "/session"), &wanted);
        let session = made["sessionId"].as_str();
        Chromium {
            session: session
                .unwrap_or_else(|| panic!("no session: {made}"))
                .to_owned(),
            address,
            _driver: driver,
            _dir: dir,
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        send(self.address, (method, &path), body)
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    /// Goes into a frame of the page, by its id; from the page itself.
    pub fn within(&self, id: &str) {
        self.call("POST", "/frame", &json!({ "id": null }));
        let frame = self.element(&format!("#{id}"));
        self.call("POST", "/frame", &json!({ "id": frame }));
    }

    /// Waits until an element is there, and gives it.
    pub fn element(&self, css: &str) -> Value {
        wait::until(&format!("{css} on the page"), wait::SOON, || {
            let query = json!({"using": "css selector", "value": css});
            let found = self.call("POST", "/element", &query);
            found.get("error").is_none().then_some(found)
        })
    }

    fn id(&self, css: &str) -> String {
        let element = self.element(css);
        let id = element
            .as_object()
            .and_then(|object| object.values().next());
        id.and_then(Value::as_str)
            .expect("an element's id")
            .to_owned()
    }

    /// Clicks on what can be seen.
    pub fn click(&self, css: &str) {
        wait::until(&format!("a click on {css}"), wait::SOON, || {
            let done = self.call(
                "POST",
                &format!("/element/{}/click", self.id(css)),
                &json!({}),
            );
            done.is_null().then_some(())
        });
    }

    /// Types into a field, in place of what stood there.
    pub fn fill(&self, css: &str, text: &str) {
        let id = self.id(css);
        self.call("POST", &format!("/element/{id}/clear"), &json!({}));
        self.call(
            "POST",
            &format!("/element/{id}/value"),
            &json!({ "text": text }),
        );
    }

    /// Chooses a file in a field for files.
    pub fn choose(&self, css: &str, file: &Path) {
        let path = format!("/element/{}/value", self.id(css));
        let file = file.to_str().expect("text");
        self.call("POST", &path, &json!({ "text": file }));
    }

    /// Types into a field and presses Enter.
    pub fn enter(&self, css: &str, text: &str) {
        let path = format!("/element/{}/value", self.id(css));
        let text = format!("{text}\u{E007}");
        self.call("POST", &path, &json!({ "text": text }));
    }

    /// The texts of all elements that are there now, in their order on the page.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())";
        let found = self.run(script, &json!([css]));
        let texts = found.as_array().cloned().unwrap_or_default();
        let texts = texts.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// Runs a script in the page and gives what it returns.
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        let body = json!({"script": script, "args": arguments});
        self.call("POST", "/execute/sync", &body)
    }

    /// Makes the window so large, in pixels.
    pub fn size(&self, (width, height): (u32, u32)) {
        let size = json!({"width": width, "height": height});
        self.call("POST", "/window/rect", &size);
    }

    /// What the window shows, as a PNG.
    pub fn picture(&self) -> Vec<u8> {
        let picture = self.call("GET", "/screenshot", &json!({}));
        let picture = picture.as_str().expect("a picture");
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture);
        bytes.expect("base64")
    }

    /// Waits until an element shows this text.
    pub fn shows(&self, css: &str, text: &str) {
        self.shows_one(css, &[text]);
    }

    /// Waits until an element shows one of these texts.
    pub fn shows_one(&self, css: &str, texts: &[&str]) {
        let mut last = String::new();
        let shown = wait::poll(wait::START, || {
            let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent).join('\\n')";
            let found = self.run(script, &json!([css]));
            last = found.as_str().unwrap_or_default().to_owned();
            texts.iter().any(|text| last.contains(text)).then_some(())
        });
        shown.unwrap_or_else(|| {
            panic!(
                "{css} never shows {texts:?} but {last:?}; {:?}",
                self.complaints()
            )
        });
    }

    /// What the page complained about.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].to_string()).collect()
    }

    /// The hosts that requests went to.
    pub fn hosts(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({"type": "performance"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        let urls = entries.iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let sent = &message["message"];
            (sent["method"] == "Network.requestWillBeSent")
                .then(|| sent["params"]["request"]["url"].as_str().map(str::to_owned))?
        });
        let hosts = urls.filter_map(|url| {
            let url = url::Url::parse(&url).ok()?;
            let web = matches!(url.scheme(), "http" | "https" | "ws" | "wss");
            web.then(|| {
                format!(
                    "{}:{}",
                    url.host_str().unwrap_or(""),
                    url.port().unwrap_or(0)
                )
            })
        });
        let mut hosts: Vec<String> = hosts.collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _ = Request::new("DELETE", &path).send(self.address);
    }
}

fn send(address: SocketAddr, (method, path): (&str, &str), body: &Value) -> Value {
    let request = Request::new(method, path).json(body.to_string());
    let reply = request.send(address).expect("chromedriver answers");
    reply.json()["value"].clone()
}
