//! Who is the same person as whom.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::{AccessConfigSpec, Identity};

/// How two users relate. What cannot be told is not rounded: nobody is
/// [`Unclear`](Relation::Unclear) enough to approve, and nobody clear enough to
/// be somebody else by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Certainly one person.
    Same,
    /// Certainly two.
    Different,
    /// Perhaps one: names that differ in case only, one uid under two names, two
    /// uids under one name, or a name that can be mistaken for another.
    Unclear,
}

/// What the platform says about who is who.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// User names as they are written, each with the smallest of its aliases.
    person: BTreeMap<String, String>,
    /// The same without regard to case.
    folded: BTreeMap<String, String>,
    machine_users: BTreeSet<String>,
    machine_groups: BTreeSet<String>,
}

impl People {
    /// What a configuration says. Aliases that share a name are one person.
    pub fn new(config: &AccessConfigSpec) -> People {
        let groups = || config.identity_aliases.iter().map(|alias| alias.usernames.iter().cloned());
        People {
            person: united(groups().map(|names| names.collect())),
            folded: united(groups().map(|names| names.map(|name| fold(&name)).collect())),
            machine_users: config.machine_users.iter().map(|name| fold(name)).collect(),
            machine_groups: config.machine_groups.iter().cloned().collect(),
        }
    }

    /// How two users relate.
    pub fn relation(&self, a: &Identity, b: &Identity) -> Relation {
        let uids_differ = !a.uid.is_empty() && !b.uid.is_empty() && a.uid != b.uid;
        if a.username == b.username {
            return if uids_differ { Relation::Unclear } else { Relation::Same };
        }
        if find(&self.person, &a.username) == find(&self.person, &b.username) {
            return Relation::Same;
        }
        let one_uid = !a.uid.is_empty() && a.uid == b.uid;
        let folded = [a, b].map(|user| fold(&user.username));
        let [x, y] = &folded;
        let alike = find(&self.folded, x) == find(&self.folded, y);
        if one_uid || alike || !readable(&a.username) || !readable(&b.username) {
            return Relation::Unclear;
        }
        Relation::Different
    }

    /// True unless the two are certainly different people.
    pub fn may_be_one(&self, a: &Identity, b: &Identity) -> bool {
        self.relation(a, b) != Relation::Different
    }

    /// How a user relates to a user name, as a rota gives it.
    pub fn relation_to_name(&self, user: &Identity, name: &str) -> Relation {
        let named = Identity { username: name.to_owned(), ..Identity::default() };
        self.relation(user, &named)
    }

    /// Whether a name is one that a user goes by, in whatever case: what a lock on
    /// the name stops.
    pub fn goes_by(&self, user: &Identity, name: &str) -> bool {
        let (x, y) = (fold(&user.username), fold(name));
        find(&self.folded, &x) == find(&self.folded, &y)
    }

    /// Whether a user is no person: ServiceAccounts, nodes, the control plane's
    /// own users, whoever is not authenticated, and those that the
    /// configuration names.
    pub fn machine(&self, user: &Identity) -> bool {
        let name = fold(&user.username);
        name.is_empty()
            || name.starts_with("system:")
            || self.machine_users.contains(&name)
            || user.groups.iter().any(|group| {
                self.machine_groups.contains(group)
                    || group.starts_with("system:serviceaccounts")
                    || matches!(group.as_str(), "system:nodes" | "system:unauthenticated")
            })
    }
}

/// Whether a user name cannot be mistaken for one that looks like it: it is
/// written in printable ASCII, without space at its ends. Nothing is folded to
/// make it so, since two users could then become one, or one two.
pub(crate) fn readable(username: &str) -> bool {
    !username.is_empty()
        && username.trim() == username
        && username.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// The name that stands for all aliases of a name.
fn find<'a>(people: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    people.get(name).map_or(name, String::as_str)
}

/// Each name with the smallest of those that it is connected to.
fn united(groups: impl Iterator<Item = BTreeSet<String>>) -> BTreeMap<String, String> {
    let mut sets: Vec<BTreeSet<String>> = Vec::new();
    for mut group in groups {
        let (touching, apart) = sets.into_iter().partition(|set| !set.is_disjoint(&group));
        sets = apart;
        for set in touching {
            group.extend(set);
        }
        sets.push(group);
    }
    let mut person = BTreeMap::new();
    for set in sets {
        if let Some(first) = set.first() {
            person.extend(set.iter().map(|name| (name.clone(), first.clone())));
        }
    }
    person
}

#[cfg(test)]
mod tests {
    use fallgate_api::Alias;
    use proptest::prelude::*;

    use super::*;

    fn user(username: &str, uid: &str) -> Identity {
        Identity { username: username.into(), uid: uid.into(), groups: Vec::new() }
    }

    fn people(aliases: &[&[&str]]) -> People {
        let identity_aliases = aliases
            .iter()
            .map(|names| Alias {
                person: "somebody".into(),
                usernames: names.iter().map(|name| (*name).to_owned()).collect(),
            })
            .collect();
        People::new(&AccessConfigSpec { identity_aliases, ..AccessConfigSpec::default() })
    }

    #[test]
    fn names_tell_people_apart_and_uids_only_where_both_are_known() {
        let people = people(&[]);
        let relation = |a, b| people.relation(&a, &b);
        assert_eq!(relation(user("alice", "1"), user("alice", "1")), Relation::Same);
        assert_eq!(relation(user("alice", ""), user("alice", "1")), Relation::Same);
        assert_eq!(relation(user("alice", ""), user("bob", "")), Relation::Different);
        assert_eq!(relation(user("alice", "1"), user("alice", "2")), Relation::Unclear);
        assert_eq!(relation(user("alice", "1"), user("bob", "1")), Relation::Unclear);
        assert_eq!(relation(user("alice", "1"), user("bob", "2")), Relation::Different);
    }

    #[test]
    fn aliases_are_one_person_also_through_a_third_name() {
        let people = people(&[&["alice", "alice@example.com"], &["a.smith", "alice@example.com"]]);
        assert_eq!(people.relation(&user("alice", "1"), &user("a.smith", "2")), Relation::Same);
        assert_eq!(people.relation(&user("alice", ""), &user("A.Smith", "")), Relation::Unclear);
        assert_eq!(people.relation(&user("alice", ""), &user("bob", "")), Relation::Different);
    }

    #[test]
    fn what_looks_like_another_name_is_nobody_else() {
        let people = people(&[]);
        for odd in ["Alice", "аlice", "alice\u{200b}", "alice ", "ａlice", "alıce", ""] {
            assert_eq!(people.relation(&user("alice", ""), &user(odd, "")), Relation::Unclear);
        }
    }

    #[test]
    fn a_lock_on_any_name_of_a_person_is_on_the_person_and_on_nobody_else() {
        let people = people(&[&["alice", "a.smith"]]);
        for name in ["alice", "ALICE", "a.smith", "A.Smith"] {
            assert!(people.goes_by(&user("alice", "1"), name));
        }
        for name in ["bob", "alice2", "", "аlice"] {
            assert!(!people.goes_by(&user("alice", "1"), name));
        }
    }

    #[test]
    fn machines_are_known_by_name_and_by_group() {
        let config = AccessConfigSpec {
            machine_users: vec!["ci-bot".into()],
            machine_groups: vec!["robots".into()],
            ..AccessConfigSpec::default()
        };
        let people = People::new(&config);
        let machine = |username: &str, groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            people.machine(&Identity { username: username.into(), uid: String::new(), groups })
        };
        assert!(machine("system:serviceaccount:ci:runner", &[]));
        assert!(machine("system:node:a", &[]));
        assert!(machine("System:anonymous", &[]));
        assert!(machine("CI-bot", &[]));
        assert!(machine("runner", &["robots"]));
        assert!(machine("runner", &["system:serviceaccounts:ci"]));
        assert!(machine("runner", &["system:serviceaccounts"]));
        assert!(machine("", &[]));
        assert!(!machine("alice", &["oncall", "system:authenticated", "system:masters"]));
    }

    fn any_user() -> impl Strategy<Value = Identity> {
        let names = ["alice", "Alice", "bob", "alice@example.com", "аlice"];
        (proptest::sample::select(names.to_vec()), proptest::sample::select(vec!["", "1", "2"]))
            .prop_map(|(name, uid)| user(name, uid))
    }

    proptest! {
        #[test]
        fn relation_is_symmetric_and_nobody_is_different_from_themself(
            a in any_user(), b in any_user(),
        ) {
            let people = people(&[&["bob", "alice@example.com"]]);
            prop_assert_eq!(people.relation(&a, &b), people.relation(&b, &a));
            prop_assert_eq!(people.relation(&a, &a), Relation::Same);
        }

        #[test]
        fn an_alias_never_makes_two_people_of_one(a in any_user(), b in any_user()) {
            let with = people(&[&["bob", "alice@example.com"]]);
            let without = people(&[]);
            if with.relation(&a, &b) == Relation::Different {
                prop_assert_eq!(without.relation(&a, &b), Relation::Different);
            }
        }
    }
}
