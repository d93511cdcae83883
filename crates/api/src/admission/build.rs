//! From a few lines to an admission policy and its binding.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MatchResources, NamedRuleWithOperations, ParamKind, ParamRef,
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};

use super::Guard;
use crate::{API_VERSION, names};

/// What an admission policy consists of.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: &'static str,
    /// What it is for, in a sentence.
    pub(super) about: &'static str,
    pub(super) matches: Vec<Match>,
    /// The label without which an object, before and after, is no concern.
    pub(super) labelled: Option<&'static str>,
    /// What a request must be, besides, to be a concern: name and expression.
    pub(super) only_if: Option<(&'static str, String)>,
    pub(super) config: Config,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) rules: Vec<Rule>,
}

/// Requests that a policy matches.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) group: &'static str,
    pub(super) resources: &'static [&'static str],
    pub(super) operations: &'static [&'static str],
}

/// How a policy depends on AccessConfig.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Config {
    /// Not at all.
    #[default]
    Unused,
    /// While there is none, everything that is matched is refused.
    Required,
    /// While there is none, nothing is refused; nor is anything that is matched
    /// refused because the policy cannot be evaluated. For what others write.
    Optional,
}

/// What must hold, and what is said where it does not.
#[derive(Debug)]
pub(super) struct Rule {
    expression: String,
    message: &'static str,
    message_expression: Option<String>,
    reason: &'static str,
}

impl Rule {
    /// Whoever breaks this has no right to what they do.
    pub(super) fn right(expression: impl Into<String>, message: &'static str) -> Rule {
        Rule {
            expression: expression.into(),
            message,
            message_expression: None,
            reason: "Forbidden",
        }
    }

    /// Nobody may write such an object.
    pub(super) fn shape(expression: impl Into<String>, message: &'static str) -> Rule {
        Rule { reason: "Invalid", ..Rule::right(expression, message) }
    }

    /// A message that names who, or what.
    pub(super) fn saying(self, message_expression: impl Into<String>) -> Rule {
        Rule { message_expression: Some(message_expression.into()), ..self }
    }
}

impl Draft {
    pub(super) fn build(self) -> Guard {
        let param_kind = (self.config != Config::Unused).then(|| ParamKind {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some("AccessConfig".to_owned()),
        });
        let not_found = match self.config {
            Config::Unused => None,
            Config::Required => Some("Deny"),
            Config::Optional => Some("Allow"),
        };
        let failure_policy = match self.config {
            Config::Unused | Config::Required => "Fail",
            Config::Optional => "Ignore",
        };
        let policy = ValidatingAdmissionPolicy {
            metadata: metadata(self.name, self.about),
            spec: Some(ValidatingAdmissionPolicySpec {
                failure_policy: Some(failure_policy.to_owned()),
                match_constraints: Some(MatchResources {
                    resource_rules: Some(self.matches.into_iter().map(Match::build).collect()),
                    object_selector: self.labelled.map(exists),
                    ..MatchResources::default()
                }),
                match_conditions: self.only_if.map(|(name, expression)| {
                    vec![MatchCondition { name: name.to_owned(), expression }]
                }),
                param_kind,
                variables: (!self.variables.is_empty()).then(|| {
                    let variable = |(name, expression): (&str, _)| Variable {
                        name: name.to_owned(),
                        expression,
                    };
                    self.variables.into_iter().map(variable).collect()
                }),
                validations: Some(self.rules.into_iter().map(Rule::build).collect()),
                ..ValidatingAdmissionPolicySpec::default()
            }),
            ..ValidatingAdmissionPolicy::default()
        };
        let binding = ValidatingAdmissionPolicyBinding {
            metadata: metadata(self.name, self.about),
            spec: ValidatingAdmissionPolicyBindingSpec {
                policy_name: self.name.to_owned(),
                param_ref: not_found.map(|action| ParamRef {
                    name: Some(names::CONFIG_NAME.to_owned()),
                    parameter_not_found_action: Some(action.to_owned()),
                    ..ParamRef::default()
                }),
                validation_actions: vec!["Deny".to_owned()],
                ..ValidatingAdmissionPolicyBindingSpec::default()
            },
        };
        Guard { policy, binding }
    }
}

impl Match {
    /// Some operations on resources of our own group.
    pub(super) fn ours(
        resources: &'static [&'static str],
        operations: &'static [&'static str],
    ) -> Match {
        Match { group: crate::GROUP, resources, operations }
    }

    fn build(self) -> NamedRuleWithOperations {
        let owned = |words: &[&str]| Some(words.iter().copied().map(str::to_owned).collect());
        NamedRuleWithOperations {
            api_groups: owned(&[self.group]),
            api_versions: owned(&["*"]),
            operations: owned(self.operations),
            resources: owned(self.resources),
            ..NamedRuleWithOperations::default()
        }
    }
}

impl Rule {
    fn build(self) -> Validation {
        Validation {
            expression: self.expression,
            message: Some(self.message.to_owned()),
            message_expression: self.message_expression,
            reason: Some(self.reason.to_owned()),
        }
    }
}

fn metadata(name: &str, about: &str) -> ObjectMeta {
    let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some(one(names::label::MANAGED_BY, names::label::MANAGED_BY_VALUE)),
        annotations: Some(one("kubernetes.io/description", about)),
        ..ObjectMeta::default()
    }
}

fn exists(key: &'static str) -> LabelSelector {
    LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: key.to_owned(),
            operator: "Exists".to_owned(),
            values: None,
        }]),
        match_labels: None,
    }
}
