//! Callers' message ids as ours, and back.

/// Our id for a message that its sender calls `given`; each has its own. What is not a plain letter
/// or digit is spelled out, so that it can stand in a stanza and meets no id of another kind.
pub(super) fn id_of(given: &str) -> String {
    let mut id = String::from("x-");
    for byte in given.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => id.push(char::from(byte)),
            other => id.push_str(&format!("_{other:02x}")),
        }
    }
    id
}

/// What the sender of a message calls it; our own id where the sender gave none. The pieces of a
/// long text are one message.
pub fn message_id(id: &str) -> String {
    let id = id.split('.').next().unwrap_or(id);
    let Some(rest) = id.strip_prefix("x-") else {
        return id.to_owned();
    };
    let mut parts = rest.split('_');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.extend(byte);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senders_id_comes_back_as_it_was() {
        for given in ["1", "59d74b86-3e2f", "a.b/c_d e", "😀", "x-", "k.a1", ""] {
            let id = id_of(given);
            assert_eq!(message_id(&id), given);
            assert_eq!(message_id(&format!("{id}.3")), given);
            assert!(!id.contains('.'));
        }
        assert_eq!(message_id("u0123"), "u0123");
    }
}
