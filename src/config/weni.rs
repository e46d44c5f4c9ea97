//! The keys of a channel of kind `weni` (reference: weni generic ticketer §1, §4, §5).

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::channel::known_workgroup;
use super::problem::What;
use super::rapidpro::{Reveal, is_private};
use super::reader::Reader;
use super::secret::Secret;
use super::value::choice;

/// Characters that make a token or a secret hard to guess.
const SECRET_LENGTH: usize = 16;

choice! {
    /// Whether Weni's calls have to be signed.
    Signed {
        /// Where there is a signature it has to be right.
        Optional = "optional",
        /// Every call bears a signature and a time.
        Required = "required",
    }
}

choice! {
    /// What becomes of an agent's message of which nobody knows whether Weni has sent it.
    Unsure {
        /// It is told again, twice at most: it may come to the visitor twice.
        Repeat = "repeat",
        /// The agent is told at once.
        Tell = "tell",
    }
}

/// Weni's generic ticketer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weni {
    /// What Weni sends as its Bearer token.
    pub api_token: Secret,
    /// Another one that is good too, while it is being replaced.
    pub api_token_next: Option<Secret>,
    /// What callbacks are signed with.
    pub webhook_secret: Secret,
    /// Whether Weni's calls have to be signed with it.
    pub signed: Signed,
    /// Where callbacks go; `None` goes by what tickets tell.
    pub callback_url: Option<Url>,
    /// A topic's name or UUID → name of a configured workgroup.
    pub topics: BTreeMap<String, String>,
    /// What of the visitor the agent may see.
    pub reveal: BTreeSet<Reveal>,
    /// What becomes of what may or may not have been sent.
    pub unsure: Unsure,
}

impl Weni {
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let api_token = r.need_secret("api_token", "api_token_file");
        let api_token_next = r.maybe_secret("api_token_next", "api_token_next_file");
        let webhook_secret = r.need_secret("webhook_secret", "webhook_secret_file");
        hard_to_guess(r, "api_token", api_token.as_ref());
        hard_to_guess(r, "api_token_next", api_token_next.as_ref());
        hard_to_guess(r, "webhook_secret", webhook_secret.as_ref());
        if api_token.is_some() && api_token == webhook_secret {
            r.complain("webhook_secret", What::SameAs("api_token"));
        }
        let callback_url = r.maybe::<Url>("callback_url");
        if let Some(url) = &callback_url {
            if !allow_private && is_private(url) {
                r.complain("callback_url", What::PrivateAddress);
            }
            if is_one_call(url) {
                let given = url.path().to_owned();
                let expected = "an address without the path of a single call at its end";
                r.complain("callback_url", What::Malformed { expected, given });
            }
        }
        let topics = r.texts("topics");
        for (topic, workgroup) in &topics {
            known_workgroup(r, &format!("topics.{topic:?}"), workgroup);
        }
        Some(Self {
            signed: r.or("signed", Signed::Optional),
            reveal: r.list("reveal").unwrap_or_default().into_iter().collect(),
            unsure: r.or("unsure", Unsure::Repeat),
            api_token: api_token?,
            api_token_next,
            webhook_secret: webhook_secret?,
            callback_url,
            topics,
        })
    }
}

fn hard_to_guess(r: &mut Reader, key: &str, secret: Option<&Secret>) {
    if secret.is_some_and(|secret| secret.expose().chars().count() < SECRET_LENGTH) {
        r.complain(key, What::TooShort(SECRET_LENGTH));
    }
}

/// Whether it names one of the calls that lie below it, or bears a query that would break them.
fn is_one_call(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/');
    let ends = ["/messages", "/tickets/close", "/tickets/reopen"];
    url.query().is_some() || ends.iter().any(|end| path.ends_with(end))
}
