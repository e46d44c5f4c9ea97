//! Sessions of both kinds behind one door.

use futures::future::BoxFuture;

use crate::ids::ConversationId;
use crate::users::{
    Login, LoginError, Opened, Password, Places, Profile, Sessions, Slot, SlotWish, UserError,
};

use super::c2s::Accounts;
use super::users::Bridge;

/// What the configuration lets in.
pub struct AllSessions {
    /// Users of our own domain.
    pub bridge: Option<Bridge>,
    /// Users of the XMPP server.
    pub accounts: Option<Accounts>,
    /// The way to our own domain's desk, where visitors' places for files are asked for.
    pub visitors: Bridge,
    /// Where things are.
    pub places: Places,
}

impl AllSessions {
    fn bridge(&self) -> Result<&Bridge, LoginError> {
        self.bridge.as_ref().ok_or(LoginError::TurnedOff)
    }

    fn accounts(&self) -> Result<&Accounts, LoginError> {
        self.accounts.as_ref().ok_or(LoginError::TurnedOff)
    }
}

impl Sessions for AllSessions {
    fn open(&self, login: Login) -> BoxFuture<'_, Result<Opened, LoginError>> {
        Box::pin(async move {
            match login {
                Login::Bridge { name, resource } => self.bridge()?.open(name, resource).await,
                Login::Account {
                    jid,
                    password,
                    resource,
                } => {
                    let accounts = self.accounts()?;
                    accounts.open(&jid, password, resource.as_deref()).await
                }
            }
        })
    }

    fn check<'a>(
        &'a self,
        jid: &'a str,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<(), LoginError>> {
        Box::pin(async move { self.accounts()?.check(jid, password).await })
    }

    fn remember(&self, profile: Profile) -> BoxFuture<'_, Result<(), LoginError>> {
        Box::pin(async move { self.bridge()?.remember(profile).await })
    }

    fn forget<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<(), LoginError>> {
        Box::pin(async move { self.bridge()?.forget(username).await })
    }

    fn profiles(&self) -> BoxFuture<'_, Result<Vec<Profile>, LoginError>> {
        Box::pin(async move { self.bridge()?.profiles().await })
    }

    fn visitor_slot<'a>(
        &'a self,
        conversation: &'a ConversationId,
        wish: SlotWish,
    ) -> BoxFuture<'a, Result<Slot, UserError>> {
        Box::pin(self.visitors.visitor_slot(conversation, wish))
    }

    fn places(&self) -> Places {
        self.places.clone()
    }
}
