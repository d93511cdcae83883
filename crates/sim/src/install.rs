//! A cluster in which Fallgate is installed.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::object;
use crate::people;
use crate::request::UserInfo;
use crate::sim::{Options, Sim};
use crate::status::Refusal;

/// The objects of `deploy/`, in the order in which they are applied. Making them
/// takes longer than installing them, which a simulation does thousands of times.
fn deployed() -> &'static Result<Vec<Value>, String> {
    static OBJECTS: OnceLock<Result<Vec<Value>, String>> = OnceLock::new();
    OBJECTS.get_or_init(|| match fallgate_api::deploy::files() {
        Ok(files) => Ok(files.into_iter().flat_map(|file| file.objects).collect()),
        Err(error) => Err(format!("deploy/ cannot be written: {error}")),
    })
}

/// How long kinds may take until they are served.
const PATIENCE: Duration = Duration::from_secs(60);

impl Sim {
    /// A cluster with everything of `deploy/`: kinds, the controller's namespace,
    /// account and roles, the roles of people, and what admission refuses. The
    /// [people](crate::people) hold their roles. An AccessConfig there is none,
    /// so that nothing opens before somebody writes one.
    ///
    /// # Errors
    ///
    /// When the server takes a file not, which a test says it does.
    pub fn with_fallgate(options: Options) -> Result<Sim, Refusal> {
        let sim = Sim::new(options);
        let admin = UserInfo::admin();
        let objects = deployed().as_ref().map_err(|why| Refusal::bad_request(why.as_str()))?;
        for object in objects {
            sim.create(&admin, object)?;
        }
        for binding in people::bindings() {
            sim.create(&admin, &binding)?;
        }
        sim.settle(PATIENCE);
        Ok(sim)
    }

    /// Creates an object where its kind and namespace say; without a namespace
    /// in `default`.
    ///
    /// # Errors
    ///
    /// When its kind is not served, or the server refuses it.
    pub fn create(&self, user: &UserInfo, object: &Value) -> Result<Value, Refusal> {
        let path = {
            let state = self.0.lock();
            let version = object["apiVersion"].as_str().unwrap_or_default();
            let kind = object["kind"].as_str().unwrap_or_default();
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            let resource = state.server.registry.of_kind(group, version, kind);
            let resource = resource.ok_or_else(|| {
                let of = object["apiVersion"].as_str().unwrap_or_default();
                Refusal::new(
                    404,
                    "NotFound",
                    format!("no matches for kind \"{kind}\" in version \"{of}\""),
                )
            })?;
            let namespace = match object::namespace(object) {
                "" => "default",
                namespace => namespace,
            };
            resource.path(resource.namespaced.then_some(namespace), "")
        };
        self.request(user, "POST", &path, Some(object))
    }
}
