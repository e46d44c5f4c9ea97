//! The flow of RapidPro that runs after every talk, on channels that have no workspace of their own.

use super::problem::What;
use super::rapidpro::is_private;
use super::reader::Reader;
use super::secret::Secret;
use url::Url;
use uuid::Uuid;

/// The flow, and the workspace that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnClose {
    /// The flow.
    pub flow: Uuid,
    /// The workspace's REST API: `https://HOST/api/v2`.
    pub url: Url,
    /// The workspace's token.
    pub token: Secret,
}

impl OnClose {
    /// `None` where no flow is set, or after a problem was recorded.
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let wanted = r.has("on_close_flow");
        let flow = r.maybe("on_close_flow");
        if !wanted {
            // They are for the flow only, and known all the same.
            let _unused: Option<Url> = r.maybe("rapidpro_url");
            let _unused = r.maybe_secret("rapidpro_token", "rapidpro_token_file");
            return None;
        }
        let url = r.need::<Url>("rapidpro_url");
        if !allow_private && url.as_ref().is_some_and(is_private) {
            r.complain("rapidpro_url", What::PrivateAddress);
        }
        let token = r.need_secret("rapidpro_token", "rapidpro_token_file");
        Some(Self {
            flow: flow?,
            url: url?,
            token: token?,
        })
    }
}
