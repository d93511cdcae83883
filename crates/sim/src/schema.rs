//! Custom resources by the schemas of their CustomResourceDefinitions.

/// One thing wrong with one field, as in the causes of a 422.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldError {
    /// The field's path, such as `spec.ports[0].port`.
    pub field: String,
    /// The cause's reason, such as `FieldValueRequired` or `FieldValueInvalid`.
    pub reason: String,
    /// What is wrong, without the path, such as `Required value`.
    pub message: String,
}
