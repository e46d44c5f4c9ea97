//! A server's bytes with what would hurt the reader taken out.
//!
//! tokio-xmpp 6.0 builds elements recursively: a message with some thousand levels, which any
//! stranger can send, overflows the stack and ends the process. And its XML reader gives a stream up
//! at an attribute of 8 KiB, upon which the server would send the same stanza again at each
//! reconnect. So elements below [`DEPTH`] are left out, and longer tokens are cut short, before it
//! sees them; the stanza around them still comes, and is counted (XEP-0198).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

/// Elements within each other that are let through, the stream counted as 1.
const DEPTH: usize = 66;
/// Bytes of one attribute's value, or of one name, that are let through.
const TOKEN: usize = 6_000;
/// Bytes asked of the socket at once.
const READ: usize = 16 * 1024;

/// A stream that reads through the clipper and writes as it is.
pub(super) struct Clip<S> {
    inner: S,
    raw: Vec<u8>,
    clean: Vec<u8>,
    at: usize,
    clipper: Clipper,
}

impl<S> Clip<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            raw: vec![0; READ],
            clean: Vec::with_capacity(READ),
            at: 0,
            clipper: Clipper::default(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncBufRead for Clip<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.at >= this.clean.len() {
            this.clean.clear();
            this.at = 0;
            let mut buffer = ReadBuf::new(&mut this.raw);
            match Pin::new(&mut this.inner).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
            let read = buffer.filled();
            if read.is_empty() {
                break;
            }
            this.clipper.take(read, &mut this.clean);
        }
        Poll::Ready(Ok(this.clean.get(this.at..).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().at += amount;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Clip<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let ready = match self.as_mut().poll_fill_buf(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(ready)) => ready,
        };
        let amount = ready.len().min(into.remaining());
        into.put_slice(ready.get(..amount).unwrap_or_default());
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Clip<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `<`.
    Less,
    /// In a tag; whether the last byte was a slash.
    Tag(bool),
    /// In a value, up to this quote.
    Value(u8),
    /// In `<? ... ?>`; whether the last byte was a question mark.
    Instruction(bool),
    /// After `<!`, then up to `>`.
    Bang,
    Declaration,
    /// In `<![ ... ]]>`; how many closing brackets came last.
    Section(u8),
}

#[derive(Debug, Default)]
struct Clipper {
    state: State,
    depth: usize,
    closing: bool,
    /// Whether the tag at hand is let through.
    shown: bool,
    /// Bytes of the name or value at hand.
    token: usize,
    /// Whether the character, or the reference, at hand is let through.
    character: bool,
    reference: bool,
}

impl Clipper {
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            self.byte(byte, out);
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.state {
            State::Text if byte == b'<' => self.state = State::Less,
            State::Text => self.show(self.depth <= DEPTH, byte, out),
            State::Less => self.opened(byte, out),
            State::Tag(slash) => self.in_tag(byte, slash, out),
            State::Value(quote) => self.in_value(byte, quote, out),
            State::Instruction(asked) => {
                out.push(byte);
                self.state = match byte {
                    b'>' if asked => State::Text,
                    other => State::Instruction(other == b'?'),
                };
            }
            State::Bang => {
                self.show(self.depth <= DEPTH, byte, out);
                self.state = match byte {
                    b'[' => State::Section(0),
                    b'>' => State::Text,
                    _ => State::Declaration,
                };
            }
            State::Declaration => {
                self.show(self.depth <= DEPTH, byte, out);
                if byte == b'>' {
                    self.state = State::Text;
                }
            }
            State::Section(brackets) => {
                self.show(self.depth <= DEPTH, byte, out);
                self.state = match byte {
                    b'>' if brackets >= 2 => State::Text,
                    b']' => State::Section(brackets.saturating_add(1)),
                    _ => State::Section(0),
                };
            }
        }
    }

    fn show(&self, shown: bool, byte: u8, out: &mut Vec<u8>) {
        if shown {
            out.push(byte);
        }
    }

    /// The byte after `<` says what begins.
    fn opened(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.token = 0;
        self.closing = byte == b'/';
        match byte {
            b'?' => {
                // Only a new stream begins so.
                self.depth = 0;
                out.extend_from_slice(b"<?");
                self.state = State::Instruction(false);
                return;
            }
            b'!' => {
                if self.depth <= DEPTH {
                    out.extend_from_slice(b"<!");
                }
                self.state = State::Bang;
                return;
            }
            b'/' => self.shown = self.depth <= DEPTH,
            _ => {
                // A long name is cut alike where it opens and where it closes.
                self.token = 1;
                self.depth += 1;
                self.shown = self.depth <= DEPTH;
            }
        }
        if self.shown {
            out.extend_from_slice(&[b'<', byte]);
        }
        self.state = State::Tag(false);
        self.character = true;
    }

    fn in_tag(&mut self, byte: u8, slash: bool, out: &mut Vec<u8>) {
        match byte {
            b'>' => {
                if self.closing || slash {
                    self.depth = self.depth.saturating_sub(1);
                }
                self.show(self.shown, byte, out);
                self.state = State::Text;
                return;
            }
            b'"' | b'\'' => {
                (self.token, self.reference) = (0, false);
                self.show(self.shown, byte, out);
                self.state = State::Value(byte);
                return;
            }
            b'/' | b'=' | b' ' | b'\t' | b'\r' | b'\n' => {
                self.token = 0;
                self.show(self.shown, byte, out);
            }
            _ => self.of_token(byte, out),
        }
        self.state = State::Tag(byte == b'/');
    }

    fn in_value(&mut self, byte: u8, quote: u8, out: &mut Vec<u8>) {
        if byte == quote {
            self.token = 0;
            self.show(self.shown, byte, out);
            self.state = State::Tag(false);
            return;
        }
        if self.reference {
            self.reference = byte != b';';
            self.show(self.shown && self.character, byte, out);
            return;
        }
        self.of_token(byte, out);
        self.reference = byte == b'&';
        if self.reference {
            // It may stand for a character of four bytes.
            self.token += 3;
        }
    }

    /// A character is let through as a whole, or not at all.
    fn of_token(&mut self, byte: u8, out: &mut Vec<u8>) {
        let begins = byte & 0xC0 != 0x80;
        if begins {
            self.character = self.token < TOKEN;
        }
        self.token += 1;
        self.show(self.shown && self.character, byte, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clipped(pieces: &[&str]) -> String {
        let mut clipper = Clipper::default();
        let mut out = Vec::new();
        for piece in pieces {
            clipper.take(piece.as_bytes(), &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_ordinary_passes_byte_for_byte() {
        let text = "<?xml version='1.0'?><stream:stream id=\"a>b\"><message a='<&lt;é>'>\
                    <body>1 &amp; 2 <![CDATA[<x>]]></body><x/><y a=\"'\"/></message></stream:stream>";
        assert_eq!(clipped(&[text]), text);
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(clipped(&bytes), text);
    }

    #[test]
    fn what_is_too_deep_is_left_out_and_the_rest_stays_whole() {
        let deep = |levels: usize| {
            format!(
                "<s><m>{}x<e a='>'/>{}after</m><n/></s>",
                "<a b='1'>".repeat(levels),
                "</a>".repeat(levels)
            )
        };
        let shown = clipped(&[&deep(10_000)]);
        assert_eq!(shown.matches("<a b='1'>").count(), DEPTH - 2);
        assert_eq!(shown.matches("</a>").count(), DEPTH - 2);
        assert!(shown.ends_with("after</m><n/></s>"), "{shown}");
        assert!(!shown.contains('x'));
        assert_eq!(clipped(&[&deep(DEPTH - 3)]), deep(DEPTH - 3));
    }

    #[test]
    fn long_tokens_are_cut_at_a_character() {
        let shown = clipped(&[&format!("<m a='{}' b='1'>t</m>", "é".repeat(10_000))]);
        assert_eq!(shown.matches('é').count(), TOKEN / 2);
        assert!(shown.ends_with("' b='1'>t</m>"), "{shown}");
        let shown = clipped(&[&format!("<m a='{}'/>", "&amp;".repeat(10_000))]);
        assert!(shown.ends_with("&amp;'/>"), "{shown}");
        assert_eq!(shown.matches("&amp;").count(), TOKEN / 4);
        let long = "n".repeat(9_000);
        let shown = clipped(&[&format!("<{long}></{long}>")]);
        let (open, close) = shown.split_once("></").unwrap();
        assert_eq!(open.strip_prefix('<'), close.strip_suffix('>'));
    }

    #[test]
    fn a_new_stream_begins_anew() {
        let shown = clipped(&[
            "<?xml version='1.0'?><s><a><b>",
            "<?xml version='1.0'?><s><m/>",
        ]);
        assert!(shown.ends_with("<s><m/>"));
    }
}
