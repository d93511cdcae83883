use serde_json::Value;

/// What is asked of the server and by whom: what authorisation and admission
/// decide upon.
///
/// Strings that do not apply are empty, as in a `SubjectAccessReview`: `group`
/// for the core group, `subresource` for the resource itself, and all of them
/// for a request that is about a [path](Attributes::path) and no resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    /// Who asks.
    pub user: UserInfo,
    /// The verb of RBAC: `get`, `list`, `watch`, `create`, `update`, `patch`,
    /// `delete`, `deletecollection`, or a logical one such as `approve`.
    pub verb: String,
    /// The API group, such as `networking.k8s.io`.
    pub group: String,
    /// The version that the request names, such as `v1`.
    pub version: String,
    /// The plural name of the resource, such as `networkpolicies`.
    pub resource: String,
    /// The subresource, such as `status`.
    pub subresource: String,
    /// The namespace; none for a cluster-scoped resource and for a request
    /// across all namespaces.
    pub namespace: Option<String>,
    /// The object's name; none for a collection, and for a create before its
    /// name is generated.
    pub name: Option<String>,
    /// Whether nothing is to be stored (`dryRun=All`).
    pub dry_run: bool,
    /// The `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions`,
    /// with `apiVersion` and `kind`, as admission policies see them in
    /// `request.options`; null where a verb has none.
    pub options: Value,
    /// The path of a request that is about no resource, such as `/version`;
    /// empty for all others.
    pub path: String,
}

/// An authenticated user, as the server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// The name, such as `alice` or `system:serviceaccount:ns:name`.
    pub username: String,
    /// The unique id; empty where the authenticator gives none.
    pub uid: String,
    /// The groups, in the order of the authenticator; `system:authenticated`
    /// is among them.
    pub groups: Vec<String>,
    /// Whatever else the authenticator says, sorted by key.
    pub extra: Vec<(String, Vec<String>)>,
}
