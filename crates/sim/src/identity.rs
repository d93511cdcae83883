//! Who is known, and by which tokens.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::request::UserInfo;
use crate::view::View;

/// The groups that every authenticated user is in.
const AUTHENTICATED: &str = "system:authenticated";

impl UserInfo {
    /// A person. They are in `system:authenticated` besides their own groups.
    pub fn new(username: &str, uid: &str, groups: &[&str]) -> UserInfo {
        let mut groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        groups.push(AUTHENTICATED.to_owned());
        UserInfo { username: username.to_owned(), uid: uid.to_owned(), groups, extra: Vec::new() }
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str, uid: &str) -> UserInfo {
        let username = format!("system:serviceaccount:{namespace}:{name}");
        let own = format!("system:serviceaccounts:{namespace}");
        UserInfo::new(&username, uid, &["system:serviceaccounts", &own])
    }

    /// Somebody who may do everything: a member of `system:masters`.
    pub fn admin() -> UserInfo {
        UserInfo::new("admin", "1", &["system:masters"])
    }

    /// Somebody who says nothing of themselves.
    pub fn anonymous() -> UserInfo {
        UserInfo {
            username: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
            ..UserInfo::default()
        }
    }
}

/// The tokens that were given out.
#[derive(Default)]
pub(crate) struct Identities {
    tokens: BTreeMap<String, Identity>,
}

struct Identity {
    user: UserInfo,
    expires: Option<Timestamp>,
}

impl Identities {
    /// A new token for a user.
    pub(crate) fn issue(
        &mut self,
        user: UserInfo,
        expires: Option<Timestamp>,
        random: &mut fastrand::Rng,
    ) -> String {
        let token = format!("sim-{:032x}{:032x}", random.u128(..), random.u128(..));
        self.tokens.insert(token.clone(), Identity { user, expires });
        token
    }

    /// Takes a token that was made elsewhere.
    pub(crate) fn admit(&mut self, token: String, user: UserInfo) {
        if !token.is_empty() {
            self.tokens.insert(token, Identity { user, expires: None });
        }
    }

    /// Whose token this is. That of a service account ends with the account.
    pub(crate) fn authenticate(
        &self,
        token: &str,
        view: &dyn View,
        now: Timestamp,
    ) -> Option<UserInfo> {
        let Identity { user, expires } = self.tokens.get(token)?;
        if expires.is_some_and(|expires| expires <= now) {
            return None;
        }
        if let Some((namespace, name)) = user
            .username
            .strip_prefix("system:serviceaccount:")
            .and_then(|account| account.split_once(':'))
        {
            let account = view.get("", "serviceaccounts", Some(namespace), name)?;
            if crate::object::uid(account) != user.uid {
                return None;
            }
        }
        Some(user.clone())
    }

    /// Ends every token of a user, as an expiry does.
    pub(crate) fn expire(&mut self, username: &str) {
        self.tokens.retain(|_, identity| identity.user.username != username);
    }
}
