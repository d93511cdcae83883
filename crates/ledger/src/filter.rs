use jiff::Timestamp;

use crate::entry::Entry;

/// Which entries to show: those that every condition holds for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Done for this ticket.
    pub ticket: Option<String>,
    /// About this grant, or the request that it came from: a UID, `NAMESPACE/NAME`
    /// or a name.
    pub grant: Option<String>,
    /// Done by the user of this name.
    pub actor: Option<String>,
    /// Happened then or later.
    pub since: Option<Timestamp>,
    /// Happened before.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether an entry is one of them.
    pub fn matches(&self, entry: &Entry) -> bool {
        let event = &entry.event;
        self.ticket.as_ref().is_none_or(|ticket| event.ticket.as_ref() == Some(ticket))
            && self.grant.as_ref().is_none_or(|grant| is_about(entry, grant))
            && self.actor.as_ref().is_none_or(|actor| event.actor.username == *actor)
            && self.since.is_none_or(|since| since <= event.time)
            && self.until.is_none_or(|until| event.time < until)
    }
}

fn is_about(entry: &Entry, grant: &str) -> bool {
    entry.event.subject == grant
        || entry.event.objects.iter().any(|object| {
            let named = |name: &str| object.name == name;
            object.uid == grant
                || matches!(object.kind.as_str(), "AccessGrant" | "AccessRequest")
                    && match grant.split_once('/') {
                        Some((namespace, name)) => {
                            object.namespace.as_deref() == Some(namespace) && named(name)
                        }
                        None => named(grant),
                    }
        })
}
