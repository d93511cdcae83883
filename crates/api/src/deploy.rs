//! What a cluster needs before the controller runs, as files.

use kube_core::ResourceExt as _;
use serde::Serialize;
use serde_json::{Number, Value};

use crate::admission::guards;
use crate::crd::definitions;
use crate::rbac::{controller, roles};

/// A file of objects that are applied together.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Its path, such as `deploy/crds/accessgrants.yaml`.
    pub path: String,
    /// The objects, in the order in which they are applied.
    pub objects: Vec<Value>,
}

/// Every file, in the order in which they are applied: kinds, who may do what,
/// and what is refused.
///
/// # Errors
///
/// Where an object cannot be written as JSON; none of ours is such.
pub fn files() -> Result<Vec<File>, serde_json::Error> {
    let mut files = Vec::new();
    for definition in definitions() {
        let path = format!("deploy/crds/{}.yaml", definition.spec.names.plural);
        files.push(File { path, objects: vec![object(&definition)?] });
    }
    let c = controller();
    files.push(File {
        path: "deploy/rbac/controller.yaml".to_owned(),
        objects: vec![
            object(&c.namespace)?,
            object(&c.service_account)?,
            object(&c.cluster_role)?,
            object(&c.cluster_role_binding)?,
            object(&c.role)?,
            object(&c.role_binding)?,
        ],
    });
    files.push(File {
        path: "deploy/rbac/roles.yaml".to_owned(),
        objects: roles().iter().map(object).collect::<Result<_, _>>()?,
    });
    for guard in guards() {
        let name = guard.policy.name_any();
        files.push(File {
            path: format!("deploy/admission/{}.yaml", name.trim_start_matches("fallgate-")),
            objects: vec![object(&guard.policy)?, object(&guard.binding)?],
        });
    }
    Ok(files)
}

fn object(object: &impl Serialize) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(object)?;
    whole(&mut value);
    Ok(value)
}

/// Bounds of numbers are floating-point in the definition's type: written as
/// what they are.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(bound) = number.as_f64().filter(|_| number.is_f64())
                && let Ok(integer) = format!("{bound}").parse::<i64>()
            {
                *number = Number::from(integer);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(whole),
        Value::Object(fields) => fields.values_mut().for_each(whole),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
