//! Bytes of a component stream into whole elements, with limits that hold before anything is built.

mod build;
mod head;
mod scope;

use minidom::Element;
use rxml::parser::{CommentMode, Options, RawQName, WithOptions};
use rxml::{Parse, RawEvent, RawParser, error::EndOrError};

use self::build::Builder;
pub use head::StanzaHead;

/// What one stanza may cost. A stanza beyond the first four is skipped and reported, the link stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of XML in one stanza.
    pub stanza_bytes: usize,
    /// Elements within each other, the stanza itself counted as 1. A tree is freed recursively,
    /// so thousands of levels would overflow the stack and abort the process.
    pub depth: usize,
    /// Elements in one stanza, the stanza itself counted.
    pub elements: usize,
    /// Namespace declarations in force at one point of a stanza.
    pub namespaces: usize,
    /// Bytes of a stanza after which even skipping is given up and the link is closed.
    pub hard_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stanza_bytes: 1024 * 1024,
            depth: 64,
            elements: 16_384,
            namespaces: 256,
            hard_bytes: 8 * 1024 * 1024,
        }
    }
}

/// What the stream's own opening tag says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamHead {
    /// Stream id, part of the handshake (XEP-0114 §3).
    pub id: Option<String>,
    /// The component's name as the server repeats it.
    pub from: Option<String>,
}

/// A whole thing that came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The stream was opened.
    Open(StreamHead),
    /// A child of the stream, its stanza namespace mapped to `jabber:client`.
    Element(Element),
    /// A child of the stream that was skipped.
    Refused(Refused),
    /// The stream was closed by the other side.
    Close,
}

/// A stanza that was not built, with what is needed to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its name and address, as far as they were seen.
    pub head: StanzaHead,
    /// What was wrong with it.
    pub why: RefusedWhy,
}

/// Why a stanza was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedWhy {
    /// More than [`Limits::depth`] elements within each other.
    #[error("nested too deep")]
    TooDeep,
    /// More than [`Limits::stanza_bytes`].
    #[error("too large")]
    TooLarge,
    /// More than [`Limits::elements`] or [`Limits::namespaces`].
    #[error("too many elements or namespaces")]
    TooMany,
    /// An undeclared prefix, or one attribute twice (Namespaces in XML §5, §6.3).
    #[error("prefixes or attributes are wrong")]
    BadNames,
    /// Neither message, presence nor IQ of the stream's namespace.
    #[error("no stanza")]
    NotAStanza,
}

/// Why no more can be read from this stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Not well-formed, or a construct that RFC 6120 §11.1 forbids.
    #[error("bad XML from the server")]
    BadXml,
    /// More than [`Limits::hard_bytes`] in one stanza.
    #[error("a stanza without end from the server")]
    Endless,
}

/// Reads a component stream, free of any I/O.
#[derive(Debug)]
pub struct Framer {
    parser: RawParser,
    limits: Limits,
    /// Open elements, the stream itself counted as 1.
    level: usize,
    /// Bytes of the stanza so far.
    bytes: usize,
    head: StanzaHead,
    tag: Option<RawTag>,
    builder: Builder,
    skip: Option<RefusedWhy>,
    elements: usize,
}

/// An opening tag before its prefixes are resolved.
#[derive(Debug)]
pub(super) struct RawTag {
    pub(super) name: RawQName,
    pub(super) attributes: Vec<(RawQName, String)>,
}

impl Framer {
    /// A reader for a new stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let options = Options {
            // Only the size of the whole stanza counts: rxml's own answer to a long token ends
            // the stream.
            max_token_length: limits.hard_bytes,
            context: None,
            comments: CommentMode::Discard,
        };
        let mut parser = <RawParser as WithOptions>::with_options(options);
        // Otherwise text of a stanza that is being skipped would pile up in the parser.
        parser.set_text_buffering(false);
        Self {
            parser,
            limits,
            level: 0,
            bytes: 0,
            head: StanzaHead::default(),
            tag: None,
            builder: Builder::default(),
            skip: None,
            elements: 0,
        }
    }

    /// Takes bytes off the front of `input` until a frame is whole; `None` asks for more bytes.
    ///
    /// # Errors
    /// See [`FramingError`]; after one the stream is of no more use.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FramingError> {
        loop {
            let before = input.len();
            let parsed = self.parser.parse(input, false);
            self.bytes += before - input.len();
            if self.bytes > self.limits.hard_bytes {
                return Err(FramingError::Endless);
            }
            if self.bytes > self.limits.stanza_bytes && self.level >= 2 {
                self.start_skipping(RefusedWhy::TooLarge);
            }
            let frame = match parsed {
                Ok(Some(event)) => self.take(event),
                Ok(None) | Err(EndOrError::NeedMoreData) => return Ok(None),
                Err(EndOrError::Error(_)) => return Err(FramingError::BadXml),
            };
            if self.level <= 1 {
                self.bytes = 0;
            }
            if frame.is_some() {
                return Ok(frame);
            }
        }
    }

    fn take(&mut self, event: RawEvent) -> Option<Frame> {
        match event {
            RawEvent::XmlDeclaration(..) => None,
            RawEvent::ElementHeadOpen(_, name) => {
                self.open(name);
                None
            }
            RawEvent::Attribute(_, name, value) => {
                self.attribute(name, value);
                None
            }
            RawEvent::ElementHeadClose(_) => self.head_done(),
            RawEvent::Text(_, text) => {
                if self.skip.is_none() {
                    self.builder.text(&text);
                }
                None
            }
            RawEvent::ElementFoot(_) => self.foot(),
        }
    }

    fn open(&mut self, name: RawQName) {
        self.level += 1;
        if self.level == 2 {
            self.head = StanzaHead::named(name.1.as_str());
            self.elements = 0;
        }
        if self.level >= 2 {
            self.elements += 1;
            if self.level - 1 > self.limits.depth {
                self.start_skipping(RefusedWhy::TooDeep);
            } else if self.elements > self.limits.elements {
                self.start_skipping(RefusedWhy::TooMany);
            }
        }
        if self.skip.is_none() {
            let attributes = Vec::new();
            self.tag = Some(RawTag { name, attributes });
        }
    }

    fn attribute(&mut self, name: RawQName, value: String) {
        if self.level == 2 && name.0.is_none() {
            self.head.note(name.1.as_str(), &value);
        }
        if let Some(tag) = &mut self.tag {
            tag.attributes.push((name, value));
        }
    }

    fn head_done(&mut self) -> Option<Frame> {
        let tag = self.tag.take()?;
        if self.level == 1 {
            let head = self.builder.stream_head(tag);
            return Some(Frame::Open(head));
        }
        if let Err(why) = self.builder.open(tag, self.limits.namespaces) {
            self.start_skipping(why);
        }
        None
    }

    fn foot(&mut self) -> Option<Frame> {
        self.level -= 1;
        match self.level {
            0 => Some(Frame::Close),
            1 => {
                let head = std::mem::take(&mut self.head);
                match self.skip.take() {
                    Some(why) => Some(Frame::Refused(Refused { head, why })),
                    None => self.builder.close().map(Frame::Element),
                }
            }
            _ => {
                if self.skip.is_none() {
                    self.builder.close();
                }
                None
            }
        }
    }

    fn start_skipping(&mut self, why: RefusedWhy) {
        if self.skip.is_none() {
            self.skip = Some(why);
            self.tag = None;
            self.builder.abandon();
        }
    }
}
