//! Objects by resource, namespace and name, under one resourceVersion, and the
//! log of their changes that watches read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::object;

/// Which objects are stored together: group and plural name. An object that is
/// served in two groups is stored under one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Table {
    pub(crate) group: Arc<str>,
    pub(crate) resource: Arc<str>,
}

impl Table {
    pub(crate) fn new(group: &str, resource: &str) -> Table {
        Table { group: group.into(), resource: resource.into() }
    }
}

/// Where an object is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) table: Table,
    /// `namespace/name`, or the name alone where there is no namespace: objects
    /// are listed in the order of this text.
    pub(crate) path: String,
}

impl Key {
    pub(crate) fn new(table: &Table, namespace: Option<&str>, name: &str) -> Key {
        Key { table: table.clone(), path: path(namespace, name) }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.path.split_once('/').map(|(namespace, _)| namespace)
    }

    pub(crate) fn name(&self) -> &str {
        self.path.split_once('/').map_or(&self.path, |(_, name)| name)
    }
}

fn path(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// One write: what was there before and after it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) time: Timestamp,
    pub(crate) key: Key,
    pub(crate) old: Option<Arc<Value>>,
    pub(crate) new: Option<Arc<Value>>,
}

/// The objects of one table.
#[derive(Debug, Default)]
struct Objects {
    by_path: BTreeMap<String, Arc<Value>>,
    /// The number of the last change.
    stamp: u64,
}

/// The objects of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Store {
    tables: BTreeMap<Table, Objects>,
    /// The resourceVersion of the last write.
    revision: u64,
    /// Changes up to this one are forgotten.
    compacted: u64,
    log: VecDeque<Change>,
    /// Where the object with a uid is.
    by_uid: BTreeMap<String, Key>,
    /// Which objects name a uid among their owners.
    dependents: BTreeMap<String, BTreeSet<Key>>,
    /// Counts the changes. Unlike the revision it never goes back.
    stamp: u64,
}

/// The revision is from before the last compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// The oldest revision that is still to be had.
    pub(crate) oldest: u64,
}

impl Store {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    /// A number that is another one after each change of a table.
    pub(crate) fn stamp(&self, table: &Table) -> u64 {
        self.tables.get(table).map_or(0, |objects| objects.stamp)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.tables.get(&key.table)?.by_path.get(&key.path)
    }

    pub(crate) fn by_uid(&self, uid: &str) -> Option<(&Key, &Arc<Value>)> {
        let key = self.by_uid.get(uid)?;
        Some((key, self.get(key)?))
    }

    /// The objects that name an owner, in order of their keys.
    pub(crate) fn dependents(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// The objects of a table in the order of their paths, in one namespace or
    /// in all.
    pub(crate) fn list(
        &self,
        table: &Table,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = (&str, &Arc<Value>)> {
        self.tables
            .get(table)
            .into_iter()
            .flat_map(move |objects| within(&objects.by_path, namespace))
    }

    /// All objects of a table by path.
    pub(crate) fn table(&self, table: &Table) -> &BTreeMap<String, Arc<Value>> {
        static EMPTY: BTreeMap<String, Arc<Value>> = BTreeMap::new();
        self.tables.get(table).map_or(&EMPTY, |objects| &objects.by_path)
    }

    /// Every object there is, by table and path.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Key, &Arc<Value>)> {
        self.tables.iter().flat_map(|(table, objects)| {
            objects
                .by_path
                .iter()
                .map(|(path, object)| (Key { table: table.clone(), path: path.clone() }, object))
        })
    }

    /// A table as it was at an earlier revision.
    pub(crate) fn at(
        &self,
        table: &Table,
        revision: u64,
    ) -> Result<BTreeMap<String, Arc<Value>>, Compacted> {
        if revision < self.compacted {
            return Err(Compacted { oldest: self.compacted });
        }
        let mut objects =
            self.tables.get(table).map(|objects| objects.by_path.clone()).unwrap_or_default();
        let later = self.log.iter().rev().take_while(|change| change.revision > revision);
        for change in later.filter(|change| change.key.table == *table) {
            match &change.old {
                Some(old) => objects.insert(change.key.path.clone(), Arc::clone(old)),
                None => objects.remove(&change.key.path),
            };
        }
        Ok(objects)
    }

    /// The changes after a revision, in order.
    pub(crate) fn since(&self, revision: u64) -> Result<impl Iterator<Item = &Change>, Compacted> {
        if revision < self.compacted {
            return Err(Compacted { oldest: self.compacted });
        }
        let start = self.log.partition_point(|change| change.revision <= revision);
        Ok(self.log.range(start..))
    }

    /// Stores an object under the next resourceVersion and gives it back.
    pub(crate) fn put(&mut self, key: &Key, mut object: Value, time: Timestamp) -> Arc<Value> {
        self.revision += 1;
        let metadata = object::metadata(&mut object);
        metadata.insert("resourceVersion".to_owned(), self.revision.to_string().into());
        let object = Arc::new(object);
        self.swap(key, Some(Arc::clone(&object)), time);
        object
    }

    /// Removes an object. Watches see it as it was, with the resourceVersion of
    /// its end.
    pub(crate) fn remove(&mut self, key: &Key, time: Timestamp) {
        if self.get(key).is_some() {
            self.revision += 1;
            self.swap(key, None, time);
        }
    }

    fn swap(&mut self, key: &Key, new: Option<Arc<Value>>, time: Timestamp) {
        let revision = self.revision;
        self.stamp += 1;
        let objects = self.tables.entry(key.table.clone()).or_default();
        objects.stamp = self.stamp;
        let old = match &new {
            Some(new) => objects.by_path.insert(key.path.clone(), Arc::clone(new)),
            None => objects.by_path.remove(&key.path),
        };
        if let Some(old) = &old {
            self.forget(key, old);
        }
        if let Some(new) = &new {
            self.remember(key, new);
        }
        self.log.push_back(Change { revision, time, key: key.clone(), old, new });
    }

    fn remember(&mut self, key: &Key, object: &Value) {
        self.by_uid.insert(object::uid(object).to_owned(), key.clone());
        for owner in object::owners(object) {
            let uid = object::of(owner, "uid").to_owned();
            self.dependents.entry(uid).or_default().insert(key.clone());
        }
    }

    fn forget(&mut self, key: &Key, object: &Value) {
        self.by_uid.remove(object::uid(object));
        for owner in object::owners(object) {
            let uid = object::of(owner, "uid");
            if let Some(dependents) = self.dependents.get_mut(uid) {
                dependents.remove(key);
                if dependents.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
    }

    /// Forgets the changes up to a revision: watches and lists from before it
    /// are expired.
    pub(crate) fn compact(&mut self, revision: u64) {
        self.compacted = self.compacted.max(revision.min(self.revision));
        while self.log.front().is_some_and(|change| change.revision <= self.compacted) {
            self.log.pop_front();
        }
    }

    /// Forgets what is older than a point in time, but the newest of it.
    pub(crate) fn compact_before(&mut self, time: Timestamp) {
        let old = self.log.partition_point(|change| change.time < time);
        if let Some(last) = old.checked_sub(1).and_then(|last| self.log.get(last)) {
            self.compact(last.revision);
        }
    }

    /// Goes back to how everything was at an earlier revision, as a restored
    /// backup does. Writes go on from that revision, or from a later one as
    /// `--bump-revision` makes them, so that no watcher takes new for old; then
    /// everything before is expired.
    pub(crate) fn restore(&mut self, revision: u64, bump: Option<u64>) -> Result<(), Compacted> {
        if revision < self.compacted {
            return Err(Compacted { oldest: self.compacted });
        }
        while let Some(change) = self.log.pop_back_if(|change| change.revision > revision) {
            let objects = self.tables.entry(change.key.table.clone()).or_default();
            match &change.old {
                Some(old) => objects.by_path.insert(change.key.path.clone(), Arc::clone(old)),
                None => objects.by_path.remove(&change.key.path),
            };
            self.stamp += 1;
            objects.stamp = self.stamp;
            if let Some(new) = &change.new {
                self.forget(&change.key, new);
            }
            if let Some(old) = &change.old {
                self.remember(&change.key, old);
            }
        }
        self.revision = revision;
        if let Some(bump) = bump {
            self.revision += bump;
            self.compact(self.revision);
        }
        Ok(())
    }
}

/// The objects of one namespace, or all of them.
pub(crate) fn within<'a>(
    objects: &'a BTreeMap<String, Arc<Value>>,
    namespace: Option<&str>,
) -> impl Iterator<Item = (&'a str, &'a Arc<Value>)> + use<'a> {
    let range = match namespace {
        // `0` is the character after `/`.
        Some(namespace) => {
            (Bound::Included(format!("{namespace}/")), Bound::Excluded(format!("{namespace}0")))
        }
        None => (Bound::Unbounded, Bound::Unbounded),
    };
    objects.range::<String, _>(range).map(|(path, object)| (path.as_str(), object))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(store: &mut Store, path: &str, value: u64) -> u64 {
        let key = Key { table: Table::new("", "configmaps"), path: path.to_owned() };
        let object = json!({"metadata": {"uid": path}, "value": value});
        object::revision(&store.put(&key, object, Timestamp::UNIX_EPOCH))
    }

    fn paths(store: &Store, revision: u64) -> Vec<String> {
        store.at(&Table::new("", "configmaps"), revision).unwrap().into_keys().collect()
    }

    #[test]
    fn every_write_has_the_next_resource_version_of_the_whole_cluster() {
        let mut store = Store::default();
        assert_eq!(put(&mut store, "a/x", 1), 1);
        assert_eq!(put(&mut store, "b/x", 1), 2);
        assert_eq!(put(&mut store, "a/x", 2), 3);
        assert_eq!(store.since(1).unwrap().count(), 2);
    }

    #[test]
    fn a_namespace_holds_its_own_objects_and_no_others() {
        let mut store = Store::default();
        for path in ["a/x", "a-b/x", "a/y", "b/x"] {
            put(&mut store, path, 1);
        }
        let table = Table::new("", "configmaps");
        let listed = |namespace| {
            store.list(&table, namespace).map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(listed(Some("a")), ["a/x", "a/y"]);
        assert_eq!(listed(None), ["a-b/x", "a/x", "a/y", "b/x"]);
    }

    #[test]
    fn an_earlier_revision_can_be_had_until_it_is_compacted() {
        let mut store = Store::default();
        put(&mut store, "a/x", 1);
        put(&mut store, "a/y", 1);
        store.remove(
            &Key::new(&Table::new("", "configmaps"), Some("a"), "x"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(paths(&store, 1), ["a/x"]);
        assert_eq!(paths(&store, 2), ["a/x", "a/y"]);
        assert_eq!(paths(&store, 3), ["a/y"]);
        store.compact(2);
        assert_eq!(paths(&store, 2), ["a/x", "a/y"]);
        let table = Table::new("", "configmaps");
        assert_eq!(store.at(&table, 1).unwrap_err(), Compacted { oldest: 2 });
        assert!(store.since(1).is_err());
        assert_eq!(store.since(2).unwrap().count(), 1);
    }

    #[test]
    fn a_restored_backup_brings_back_what_was_deleted_and_old_revisions() {
        let mut store = Store::default();
        put(&mut store, "a/x", 1);
        store.remove(
            &Key::new(&Table::new("", "configmaps"), Some("a"), "x"),
            Timestamp::UNIX_EPOCH,
        );
        put(&mut store, "a/y", 1);
        store.restore(1, None).unwrap();
        assert_eq!(paths(&store, 1), ["a/x"]);
        assert!(store.by_uid("a/x").is_some() && store.by_uid("a/y").is_none());
        assert_eq!(put(&mut store, "a/z", 1), 2, "revisions go back");
        store.restore(1, Some(100)).unwrap();
        assert_eq!(put(&mut store, "a/z", 1), 102, "or leap");
        assert!(store.since(100).is_err());
    }
}
