//! How a session is opened, by one caller at a time.

use std::sync::Arc;

use tracing::warn;

use crate::chat_api::failure::Failure;
use crate::chat_api::gate::User;
use crate::chat_api::grants::{self, digest};
use crate::users::{Done, Kind, Login, Order, Show};

use super::again::{KEPT, Kept, goes_on};
use super::{Desk, Entering, Live, lock, mint};

impl Desk {
    /// Who holds it is the one who opens the user's session.
    pub(super) fn door(&self, bare: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut doors = lock(&self.0.doors);
        if doors.len() == doors.capacity() {
            doors.retain(|_, door| Arc::strong_count(door) > 1);
        }
        doors.entry(bare.to_owned()).or_default().clone()
    }

    pub(super) async fn open(
        &self,
        (bare, only_with_code): (String, bool),
        mut login: Login,
    ) -> Result<Arc<Live>, Failure> {
        let first = self.door(&bare).lock_owned().await;
        if let Some(live) = self.by_user(&bare) {
            return match only_with_code && !live.has_shown_code() {
                true => Err(Failure::NotLoggedIn),
                false => Ok(live),
            };
        }
        if only_with_code && !self.before_has_shown_code(&bare).await? {
            return Err(Failure::NotLoggedIn);
        }
        let mut code = false;
        if let Login::Bridge { resource, .. } = &mut login {
            // Whoever comes before the session of before is taken up takes it up.
            let before = self.before(&bare).await?.unwrap_or_default();
            (*resource, code) = (before.resource, before.code);
        }
        // On the runtime that outlives the request, which may be called off.
        let (desk, stream) = (self.clone(), mint());
        let opening = async move {
            let opened = desk.begin((bare, stream, code), login).await;
            drop(first);
            opened
        };
        let opened = self.0.runtime.spawn(opening).await;
        opened.map_err(|_| Failure::Fault)?
    }

    async fn begin(
        &self,
        (bare, stream, code): (String, String, bool),
        login: Login,
    ) -> Result<Arc<Live>, Failure> {
        let as_it_was = goes_on(&login);
        let opened = self.0.sessions.open(login).await?;
        let key = digest(&stream);
        if opened.session.kind() == Kind::Bridge {
            let kept = Kept::of((&bare, code), opened.session.as_ref());
            let row = grants::put(("session", &key), &kept, KEPT);
            if let Err(problem) = self.0.store.commit(vec![row]).await {
                opened.session.close().await;
                return Err(problem.into());
            }
        }
        let entering = Entering {
            bare,
            key,
            stream: Some(stream),
            code,
        };
        let live = self.enter(entering, opened).await;
        if !as_it_was {
            begin_to_work(&live).await;
        }
        Ok(live)
    }
}

/// How a user whose password was right is logged in.
pub(super) fn login_of(user: &User) -> Login {
    match user.kind {
        Kind::Bridge => Login::Bridge {
            name: user.name().to_owned(),
            resource: None,
        },
        Kind::Account => Login::Account {
            jid: user.bare.clone(),
            password: user.password.clone(),
            resource: None,
        },
    }
}

/// Shows the user, and takes up the user's workgroups: experts join theirs by signing in (README).
pub(super) async fn begin_to_work(live: &Live) {
    let shown = Order::Presence {
        show: Show::Available,
        status: None,
    };
    if let Err(problem) = live.session.carry_out(shown).await {
        warn!(%problem, "a session's presence was not sent");
    }
    let Ok(Done::Workgroups(all)) = live.session.carry_out(Order::Workgroups).await else {
        return;
    };
    for workgroup in all {
        if let Err(problem) = live.session.carry_out(Order::Serve(workgroup)).await {
            warn!(%problem, "a workgroup was not joined at login");
        }
    }
}
