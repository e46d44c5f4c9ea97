//! A mailroom that answers as each test wants, and remembers how it was called.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::Value;
use warmline::channels::http::{Running, serve};

use super::world::serving;

/// One call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    answers: VecDeque<HttpAnswer>,
}

#[derive(Clone)]
struct HttpAnswer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

pub struct Mailroom {
    inner: Arc<Mutex<Inner>>,
    running: Running,
}

impl Mailroom {
    pub fn new() -> Self {
        let inner = Arc::<Mutex<Inner>>::default();
        let shared = inner.clone();
        let services = move |services: &mut web::ServiceConfig| {
            let inner = shared.clone();
            let answering = move |request: HttpRequest, body: Bytes| {
                let answer = take(&inner, &request, &body);
                async move { answer }
            };
            services.service(web::resource("/{path:.*}").to(answering));
        };
        let running = serve(serving(), services).unwrap();
        Self { inner, running }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// The next call that has no answer yet is answered so; all others 200 `handled`.
    pub fn answers(&self, status: u16, body: &str) {
        self.answers_with(status, Vec::new(), body);
    }

    pub fn answers_with(&self, status: u16, headers: Vec<(&'static str, String)>, body: &str) {
        let body = body.to_owned();
        let answer = HttpAnswer {
            status,
            headers,
            body,
        };
        self.inner.lock().unwrap().answers.push_back(answer);
    }

    /// All calls so far; they are forgotten.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.inner.lock().unwrap().calls)
    }
}

fn take(inner: &Mutex<Inner>, request: &HttpRequest, body: &Bytes) -> HttpResponse {
    let mut inner = inner.lock().unwrap();
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    inner.calls.push(Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: headers.collect(),
        body: serde_json::from_slice(body).unwrap_or(Value::Null),
    });
    let answer = inner.answers.pop_front().unwrap_or(HttpAnswer {
        status: 200,
        headers: Vec::new(),
        body: r#"{"status":"handled"}"#.into(),
    });
    let mut reply = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    for header in answer.headers {
        reply.append_header(header);
    }
    reply.content_type("application/json").body(answer.body)
}
