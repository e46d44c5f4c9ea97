//! RapidPro's REST API, as far as channels call it: flow starts and broadcasts (reference:
//! RapidPro's API v2).

use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::channels::again::{IDEMPOTENCY_KEY, REFUSED_AGAIN, SECRET_REFUSED, again, out_of_order};
use crate::channels::{Call, HttpClient, Reply, Secret};
use crate::outbox::{Trouble, Verdict};

/// A workspace's API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Where it lies: `https://HOST/api/v2/`, with or without the slash at its end.
    pub url: String,
    /// The workspace's API token.
    pub token: Secret,
}

/// Whom RapidPro is to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// A contact of the workspace.
    Uuid(String),
    /// `scheme:path`; the contact is made where it is missing.
    Urn(String),
}

impl Contact {
    /// Reads a sender as bots name it: a UUID, a URN, or the path of a URN of this scheme.
    pub fn read(sender: &str, scheme: &str) -> Self {
        let sender = sender.trim();
        if sender.len() == 36 && Uuid::try_parse(sender).is_ok() {
            return Self::Uuid(sender.to_lowercase());
        }
        let named = sender.split_once(':').is_some_and(|(scheme, path)| {
            !path.is_empty() && !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_lowercase())
        });
        match named {
            true => Self::Urn(sender.to_owned()),
            false => Self::Urn(format!("{scheme}:{sender}")),
        }
    }

    fn into_body(self, mut body: Value) -> Value {
        match self {
            Self::Uuid(uuid) => body["contacts"] = json!([uuid]),
            Self::Urn(urn) => body["urns"] = json!([urn]),
        }
        body
    }
}

/// One call of the API.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Start a flow, with these parameters.
    Start {
        /// The flow's UUID.
        flow: String,
        /// An object.
        params: Value,
    },
    /// Send this text, which is a template: see [`escaped`].
    Broadcast(String),
}

impl Order {
    /// Carries it out; `key` tells a repetition from another call to whoever looks at it.
    ///
    /// # Errors
    /// No answer came.
    pub async fn call(
        self,
        http: &HttpClient,
        (api, contact): (&Api, Contact),
        key: String,
    ) -> Result<Reply, Trouble> {
        let (name, body) = match self {
            Self::Start { flow, params } => (
                "flow_starts.json",
                json!({ "flow": flow, "params": params }),
            ),
            Self::Broadcast(text) => ("broadcasts.json", json!({ "text": text })),
        };
        let url = format!("{}/{name}", api.url.trim_end_matches('/'));
        let call = Call::to(url)
            .header(AUTHORIZATION, format!("Token {}", api.token.expose()))
            .header(IDEMPOTENCY_KEY, key);
        http.post_json(&call, &contact.into_body(body)).await
    }
}

/// A text of people for a template: every `@` would begin an expression.
pub fn escaped(text: &str) -> String {
    text.replace('@', "@@")
}

/// Cuts a text into pieces of at most `limit` characters, each `@` counting twice; at a word's end
/// where there is one.
pub fn pieces(text: &str, limit: usize) -> Vec<&str> {
    let weight = |letter: char| if letter == '@' { 2 } else { 1 };
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut count, mut word) = (0, 0);
    for (at, letter) in text.char_indices() {
        if count + weight(letter) > limit.max(2) && at > start {
            let cut = if word > start { word } else { at };
            pieces.push(&text[start..cut]);
            count = text[cut..at].chars().map(weight).sum();
            start = cut;
        }
        count += weight(letter);
        if letter.is_whitespace() {
            word = at + letter.len_utf8();
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// What an answer means for a delivery that was refused `refused` times before, out of `attempt`
/// tries.
pub fn judge(outcome: &Result<Reply, Trouble>, (refused, attempt): (usize, u32)) -> Verdict {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(Trouble::NoAddress | Trouble::Forbidden) => return again(None, Trouble::Forbidden),
        Err(why) => return again(out_of_order(attempt), why.clone()),
    };
    let why = Trouble::Status(reply.status);
    match reply.status {
        // A page of HTML with a 200 comes from something else than the API.
        200..=299 if is_json(reply) => Verdict::Done,
        401 | 403 => Verdict::Hold {
            after: SECRET_REFUSED,
            why,
        },
        429 => again(reply.retry_after.or_else(|| out_of_order(attempt)), why),
        408 | 500.. => again(out_of_order(attempt), why),
        400 | 413 | 422 if refused == 0 => again(Some(REFUSED_AGAIN), why),
        400 | 413 | 422 => Verdict::Never(why),
        _ => again(None, why),
    }
}

fn is_json(reply: &Reply) -> bool {
    reply.status == 204 || reply.cut || serde_json::from_slice::<Value>(&reply.body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_become_contacts() {
        let uuid = "6393ABC0-283d-4c9b-a1b3-641a035c34bf";
        assert_eq!(
            Contact::read(uuid, "tel"),
            Contact::Uuid(uuid.to_lowercase())
        );
        for (given, urn) in [
            ("23343411", "tel:23343411"),
            ("telegram:77", "telegram:77"),
            ("+254 7: x", "tel:+254 7: x"),
        ] {
            assert_eq!(Contact::read(given, "tel"), Contact::Urn(urn.into()));
        }
    }

    #[test]
    fn pieces_keep_to_the_limit_and_lose_nothing() {
        let text = "ä @b cc ddd@ 😀 eeeeeeeeeeee\nf";
        for limit in 2..20 {
            let pieces = pieces(text, limit);
            assert_eq!(pieces.concat(), text, "{limit}");
            let long = |piece: &&str| escaped(piece).chars().count() > limit;
            assert!(!pieces.iter().any(long), "{limit} {pieces:?}");
        }
        assert_eq!(pieces("a b c", 3), ["a ", "b c"]);
    }
}
