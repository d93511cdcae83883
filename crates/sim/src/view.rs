use serde_json::Value;

/// The stored objects as authorisation and admission read them.
///
/// Objects carry `apiVersion` and `kind`, in the version in which they are
/// stored. Groups and resources are named as in a path: the core group is the
/// empty string, resources are plural.
pub trait View {
    /// One object. For a cluster-scoped resource, `namespace` is none.
    fn get(
        &self,
        group: &str,
        resource: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&Value>;

    /// All objects of a resource in one namespace, or in all of them and
    /// cluster-scoped when `namespace` is none; ordered by namespace and name.
    fn list(&self, group: &str, resource: &str, namespace: Option<&str>) -> Vec<&Value>;

    /// A number that is another one after each change to any object of a
    /// resource, deletions included; 0 when there was none. What was derived
    /// from the objects holds for as long as this stays the same. Unlike
    /// resourceVersions it never goes back, not even when a backup is restored.
    fn revision(&self, group: &str, resource: &str) -> u64;

    /// The plural name of the resource that serves a kind, and whether it is
    /// namespaced; none when no built-in type and no established
    /// CustomResourceDefinition serves it.
    fn resource_of(&self, group: &str, version: &str, kind: &str) -> Option<(&str, bool)>;
}
