//! Sessions in paths.

use percent_encoding::percent_decode_str;

/// Characters of a session.
pub const SESSION_LIMIT: usize = 4000;

/// The session in a path `…/chat/{session}/{action}`, with or without a slash at its end. The
/// session may hold anything, slashes too, encoded or not; `path` is as it came over the wire.
pub fn session_in(path: &str, action: &str) -> Option<String> {
    let (_, rest) = path.split_once("/chat/")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let session = rest.strip_suffix(action)?.strip_suffix('/')?;
    let session = percent_decode_str(session).decode_utf8().ok()?;
    Some(session.into_owned()).filter(|session| !session.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_may_hold_anything() {
        for (path, session) in [
            ("/open/api/chat/529150097d63/close/", "529150097d63"),
            ("/api/chat/a/b%2Fc/close", "a/b/c"),
            ("/open/api/chat/%F0%9F%98%80%20x%25/close/", "😀 x%"),
            ("/open/api/chat/close/close/", "close"),
            ("/open/api/chat/a-b.c/close/", "a-b.c"),
            ("/open/api/chat/a/chat/b/close/", "a/chat/b"),
        ] {
            assert_eq!(
                session_in(path, "close").as_deref(),
                Some(session),
                "{path}"
            );
        }
        for path in [
            "/open/api/chat/close/",
            "/open/api/chat//close/",
            "/open/api/chat/%FF/close/",
        ] {
            assert_eq!(session_in(path, "close"), None, "{path}");
        }
    }
}
