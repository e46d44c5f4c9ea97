//! One call on its way to its handler, and what comes of it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use bytes::Bytes;
use futures::future::LocalBoxFuture;
use ipnet::IpNet;
use percent_encoding::percent_decode_str;

use crate::config::caller;
use crate::users::{Done, Kind, Order};

use super::ChatApi;
use super::desk::Live;
use super::failure::Failure;
use super::gate::{Caller, User};
use super::wire::dialect::Dialect;
use super::wire::node::Entity;
use super::wire::xml;

/// What a handler has come to.
pub type Outcome = Result<Answer, Failure>;
/// A handler.
pub type Handler = fn(Call) -> LocalBoxFuture<'static, Outcome>;

/// One call.
pub struct Call {
    /// Everything behind the routes.
    pub api: Arc<ChatApi>,
    /// Who calls.
    pub caller: Caller,
    /// Where the call comes from.
    pub from: IpAddr,
    /// The body.
    pub body: Bytes,
    /// By what a repetition is known, where the caller says it.
    pub idempotency: Option<String>,
    /// The path that was called.
    pub target: String,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// Whether the body is XML by its type.
    xml: bool,
    /// Whether `Accept` asks for an entity by name.
    wants_entity: bool,
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub content: Content,
    /// Which kind of session did it.
    pub kind: Option<Kind>,
    /// Whether it holds a secret, which no cache may keep.
    pub private: bool,
}

/// A body.
#[derive(Debug)]
pub enum Content {
    /// None.
    Empty,
    /// A text.
    Text(String),
    /// An entity, in the form that the caller wants.
    Entity(Entity),
    /// A PDF file, to be kept.
    Pdf {
        /// The file's name; plain letters.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

impl Answer {
    /// 200 and nothing more.
    pub fn empty() -> Self {
        Self {
            status: StatusCode::OK,
            content: Content::Empty,
            kind: None,
            private: false,
        }
    }

    /// 200 with an entity.
    pub fn entity(entity: Entity) -> Self {
        Self {
            content: Content::Entity(entity),
            ..Self::empty()
        }
    }

    /// 200 with a text.
    pub fn text(text: String) -> Self {
        Self {
            content: Content::Text(text),
            ..Self::empty()
        }
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With a secret in it.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Done by this session.
    #[must_use]
    pub fn by(mut self, live: &Live) -> Self {
        self.kind = Some(live.session.kind());
        self
    }
}

/// Where a request comes from, also behind the operator's own proxies. Callers of whom nothing is
/// known count as one.
pub fn peer(request: &HttpRequest, proxies: &[IpNet]) -> IpAddr {
    let told = request.headers().get_all("x-forwarded-for");
    let told = told.map(|value| value.to_str().unwrap_or("?"));
    let peer = request.peer_addr();
    let caller = peer.and_then(|peer| caller(peer.ip(), told, proxies));
    caller.unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

/// The `Authorization` header.
pub fn authorization(request: &HttpRequest) -> Option<&[u8]> {
    let header = request.headers().get(AUTHORIZATION)?;
    Some(header.as_bytes())
}

/// Whether a body is XML by its type.
fn is_xml(request: &HttpRequest) -> bool {
    let header = request.headers().get(CONTENT_TYPE);
    let kind = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/xml") || kind.eq_ignore_ascii_case("text/xml")
}

/// The parameters of a query, decoded.
pub fn query_of(request: &HttpRequest) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.into_owned().collect()
}

/// The value of a parameter, without the quotes that the README puts around some.
pub fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(key, _)| key == name)?;
    let value = value.trim();
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Some(bare.unwrap_or(value)).filter(|value| !value.is_empty())
}

impl Call {
    /// A call whose caller and body are known.
    pub fn new(api: Arc<ChatApi>, request: &HttpRequest, caller: Caller, body: Bytes) -> Self {
        const LONGEST: usize = 200;
        let path = request.match_info().iter().map(|(name, value)| {
            // What the router leaves encoded: `%2F` and `%25`.
            let value = percent_decode_str(value).decode_utf8_lossy();
            (name.to_owned(), value.into_owned())
        });
        let key = request.headers().get("Idempotency-Key");
        let key = key.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            target: request.path().to_owned(),
            path: path.collect(),
            query: query_of(request),
            xml: is_xml(request),
            wants_entity: Dialect::is_asked_for(request),
            from: peer(request, &api.settings.proxies),
            idempotency: key.filter(|key| !key.is_empty() && key.len() <= LONGEST),
            api,
            caller,
            body,
        }
    }

    /// A part of the path.
    pub fn path(&self, name: &str) -> &str {
        find(&self.path, name).unwrap_or_default()
    }

    /// Whether the path has such a part.
    pub fn has(&self, name: &str) -> bool {
        find(&self.path, name).is_some()
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.body).map_err(|_| Failure::Body("it is not UTF-8"))
    }

    /// The entity that the body is, as JSON; XML with this root is read where the body's type is XML.
    ///
    /// # Errors
    /// It is not UTF-8, or no such XML.
    pub fn entity(&self, root: &str) -> Result<Cow<'_, str>, Failure> {
        let text = self.text()?;
        if !self.xml || text.trim().is_empty() {
            return Ok(Cow::Borrowed(text));
        }
        let object = xml::object(text, root)?;
        Ok(Cow::Owned(serde_json::Value::Object(object).to_string()))
    }

    /// Whether the caller asks for an entity by name, where there is a plain text, too.
    pub fn wants_entity(&self) -> bool {
        self.wants_entity
    }

    /// The user who calls.
    ///
    /// # Errors
    /// Somebody else calls, or nobody.
    pub fn user(&self) -> Result<&User, Failure> {
        match &self.caller {
            Caller::User(user) => Ok(user),
            Caller::Master => Err(Failure::WhichUser),
            Caller::Bearer(_) => Err(Failure::NotAllowed(
                "a visitor's token is for /ask and /sse",
            )),
            Caller::Nobody => Err(Failure::NoCredentials),
        }
    }

    /// Whether this caller may act for this user.
    fn may_be(&self, bare: &str) -> Result<(), Failure> {
        match &self.caller {
            Caller::Master => Ok(()),
            _ if self.user()?.bare == bare => Ok(()),
            _ => Err(Failure::NotAllowed("this session is somebody else's")),
        }
    }

    /// The session that the call is about: that of the stream id in the path or the query, else the
    /// caller's own, which is opened where there is none; with the master secret that of `?username=`.
    ///
    /// # Errors
    /// There is none, or it is somebody else's.
    pub async fn session(&self) -> Result<Arc<Live>, Failure> {
        // A caller without a user of its own learns nothing about stream ids.
        if !matches!(self.caller, Caller::Master) {
            self.user()?;
        }
        let named = find(&self.path, "stream").or_else(|| self.query("streamid"));
        if let Some(stream) = named {
            let live = self.api.desk.by_stream(stream).ok_or(Failure::NoStream)?;
            self.may_be(&live.user)?;
            return Ok(live);
        }
        match (&self.caller, self.query("username")) {
            (Caller::User(user), _) => self.api.desk.of(user).await,
            (Caller::Master, Some(name)) => self.bridge_user(name).await,
            _ => Err(Failure::WhichUser),
        }
    }

    /// The session of a user of our own domain; others cannot be had without their password.
    ///
    /// # Errors
    /// The name is somebody else's, or there is no session.
    pub async fn bridge_user(&self, name: &str) -> Result<Arc<Live>, Failure> {
        let domain = self.api.desk.sessions().places().domain;
        match name.split_once('@') {
            Some((_, other)) if !other.eq_ignore_ascii_case(&domain) => Err(Failure::NotAllowed(
                "this user's own password is needed, as Basic credentials or in the login's body",
            )),
            _ => self.api.desk.bridge(name).await,
        }
    }

    /// The session to look around with: the caller's, or with the master secret alone one that is
    /// kept for that.
    ///
    /// # Errors
    /// As [`Call::session`].
    pub async fn looking(&self) -> Result<Arc<Live>, Failure> {
        let named = self.query("username").is_some() || self.query("streamid").is_some();
        match &self.caller {
            Caller::Master if !named && !self.has("stream") => {
                self.api.desk.bridge("chat-api-reader").await
            }
            _ => self.session().await,
        }
    }

    /// Gives the call's session an order.
    ///
    /// # Errors
    /// There is no session, or it does not do it.
    pub async fn order(&self, order: Order) -> Result<(Arc<Live>, Done), Failure> {
        let live = self.session().await?;
        let done = live.session.carry_out(order).await?;
        Ok((live, done))
    }

    /// Gives an order that has nothing to show.
    ///
    /// # Errors
    /// As [`Call::order`].
    pub async fn do_it(&self, order: Order) -> Outcome {
        let (live, _) = self.order(order).await?;
        Ok(Answer::empty().by(&live))
    }
}
