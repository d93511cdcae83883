//! How policies are matched, evaluated and bound, and what becomes of those that
//! fail.

use fallgate_sim::admission::{Admission, Denial};
use fallgate_sim::{Attributes, UserInfo};
use serde_json::{Value, json};

use crate::support::{Cluster, Write, user};

const ALL: &str = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}]}";

/// A cluster with one policy, bound once: `rest` is more of its spec, `binding`
/// more of the binding's.
fn cluster(matches: &str, validations: &str, rest: &str, binding: &str) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(&format!(
        "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: guard}}
spec: {{matchConstraints: {matches}, validations: {validations}, {rest}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: everywhere}}
spec: {{policyName: guard, {binding}}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: shop, labels: {{tier: front}}}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: back, labels: {{tier: back}}}}
"
    ));
    cluster
}

fn with_rule(expression: &str) -> Cluster {
    let validations = json!([{"expression": expression, "message": "no"}]).to_string();
    cluster(ALL, &validations, "failurePolicy: Fail", "validationActions: [Deny]")
}

fn matching(matches: &str) -> Cluster {
    cluster(matches, "[{expression: 'false', message: 'no'}]", "", "validationActions: [Deny]")
}

fn alice() -> UserInfo {
    user("alice", &["devs"])
}

fn pod(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": namespace, "labels": {"app": "db"}},
        "spec": {"nodeName": "n1"},
    })
}

fn create(cluster: &Cluster) -> Result<Vec<String>, Denial> {
    Write::create(&alice(), pod("shop")).admit(cluster)
}

/// Whether a rule holds for the creation of a pod, or why that is not known.
fn holds(expression: &str) -> Result<bool, String> {
    match create(&with_rule(expression)) {
        Ok(_) => Ok(true),
        Err(denial) if denial.message == "no" => Ok(false),
        Err(denial) => Err(denial.message),
    }
}

#[test]
fn rules_name_groups_versions_resources_operations_and_scope() {
    let rule = |rule: &str| {
        let cluster = matching(&format!("{{resourceRules: [{rule}]}}"));
        move |write: Write| write.admit(&cluster).is_err()
    };
    let create = || Write::create(&alice(), pod("shop"));
    let of_namespace = || {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}});
        Write::create(&alice(), namespace)
    };
    for (text, write, expected) in [
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}",
            create(),
            true,
        ),
        (
            "{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}",
            create(),
            true,
        ),
        (
            "{apiGroups: [apps], apiVersions: ['*'], resources: ['*'], operations: ['*']}",
            create(),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v2], resources: [pods], operations: ['*']}",
            create(),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [jobs], operations: ['*']}",
            create(),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [UPDATE]}",
            create(),
            false,
        ),
        // A resource is not its subresources.
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: ['*']}",
            create().of("status"),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['*'], operations: ['*']}",
            create().of("status"),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [pods/status], operations: ['*']}",
            create().of("status"),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['*/status'], operations: ['*']}",
            create().of("status"),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['pods/*'], operations: ['*']}",
            create().of("status"),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['pods/*'], operations: ['*']}",
            create(),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: ['*'], resourceNames: [a]}",
            create(),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: ['*'], resourceNames: [b]}",
            create(),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['*'], operations: ['*'], scope: Namespaced}",
            create(),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['*'], operations: ['*'], scope: Cluster}",
            create(),
            false,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['*'], operations: ['*'], scope: Cluster}",
            of_namespace(),
            true,
        ),
        (
            "{apiGroups: [''], apiVersions: [v1], resources: ['*'], operations: ['*'], scope: Namespaced}",
            of_namespace(),
            false,
        ),
    ] {
        assert_eq!(rule(text)(write), expected, "{text}");
    }
}

#[test]
fn what_is_excluded_is_not_matched() {
    let cluster = matching(
        "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}],
          excludeResourceRules: [{apiGroups: [''], apiVersions: ['*'], resources: [pods], operations: [DELETE]}]}",
    );
    assert!(create(&cluster).is_err());
    assert_eq!(Write::delete(&alice(), pod("shop"), None).admit(&cluster), Ok(vec![]));
}

#[test]
fn selectors_are_of_the_namespace_and_of_the_object_old_or_new() {
    let of_namespace = matching("{namespaceSelector: {matchLabels: {tier: front}}}");
    let verdict = |namespace| Write::create(&alice(), pod(namespace)).admit(&of_namespace);
    assert!(verdict("shop").is_err());
    assert_eq!(verdict("back"), Ok(vec![]));
    // Where it cannot be said which labels the namespace has, the policy fails.
    let denial = verdict("missing").unwrap_err();
    assert_eq!(denial.message, "failed to configure policy: namespaces \"missing\" not found");
    // A namespace is selected by the labels that it is to have.
    let namespace = |labels: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}});
    let (front, bare) = (namespace(json!({"tier": "front"})), namespace(json!({})));
    assert!(Write::update(&alice(), bare.clone(), front.clone()).admit(&of_namespace).is_err());
    assert!(Write::update(&alice(), front.clone(), bare).admit(&of_namespace).is_ok());
    assert!(Write::delete(&alice(), front, None).admit(&of_namespace).is_err());
    // What is in no namespace is in every one.
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}});
    assert!(Write::create(&alice(), node).admit(&of_namespace).is_err());

    let of_object = matching(
        "{objectSelector: {matchExpressions: [{key: app, operator: In, values: [db, web]}]}}",
    );
    let mut bare = pod("shop");
    bare["metadata"]["labels"] = json!({"app": "other"});
    assert!(Write::create(&alice(), pod("shop")).admit(&of_object).is_err());
    assert!(Write::create(&alice(), bare.clone()).admit(&of_object).is_ok());
    assert!(Write::update(&alice(), pod("shop"), bare.clone()).admit(&of_object).is_err());
    assert!(Write::update(&alice(), bare.clone(), pod("shop")).admit(&of_object).is_err());
    assert!(Write::delete(&alice(), bare, None).admit(&of_object).is_ok());
    assert!(Write::delete(&alice(), pod("shop"), None).admit(&of_object).is_err());
}

#[test]
fn a_binding_narrows_what_a_policy_is_about() {
    let bound = |matches: &str| {
        let binding = format!("validationActions: [Deny], matchResources: {matches}");
        create(&cluster(ALL, "[{expression: 'false'}]", "", &binding)).is_err()
    };
    assert!(bound("{namespaceSelector: {matchLabels: {tier: front}}}"));
    assert!(!bound("{namespaceSelector: {matchLabels: {tier: back}}}"));
    assert!(!bound("{objectSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}"));
    // A policy that nothing binds is not in force.
    let mut unbound = with_rule("false");
    let binding = "validatingadmissionpolicybindings";
    unbound.remove("admissionregistration.k8s.io", binding, "", "everywhere");
    assert_eq!(create(&unbound), Ok(vec![]));
}

#[test]
fn conditions_come_first() {
    let conditions = |conditions: Value, failure: &str| {
        let rest = format!("failurePolicy: {failure}, matchConditions: {conditions}");
        let validations = "[{expression: 'false', message: 'no'}]";
        match create(&cluster(ALL, validations, &rest, "validationActions: [Deny]")) {
            Ok(_) => "passes".to_owned(),
            Err(denial) => denial.message,
        }
    };
    let given = |expressions: &[&str]| {
        let named = expressions.iter().map(|text| json!({"name": "c", "expression": text}));
        Value::Array(named.collect())
    };
    let broken = "object.spec.missing == 1";
    let error = "expression 'object.spec.missing == 1' resulted in error: no such key: missing";
    assert_eq!(conditions(given(&["object.kind == 'Pod'"]), "Fail"), "no");
    assert_eq!(conditions(given(&["true", "object.kind == 'Job'"]), "Fail"), "passes");
    assert_eq!(conditions(given(&[broken]), "Fail"), error);
    assert_eq!(conditions(given(&[broken, broken]), "Fail"), format!("[{error}, {error}]"));
    assert_eq!(conditions(given(&[broken]), "Ignore"), "passes");
    // One that does not hold settles it, whatever becomes of the others.
    assert_eq!(conditions(given(&[broken, "false"]), "Fail"), "passes");
    // They see no namespace, and come before variables.
    assert_eq!(conditions(given(&["namespaceObject == null"]), "Fail"), "no");
    assert!(conditions(given(&["variables.x"]), "Fail").starts_with("compilation error"));
}

#[test]
fn a_policy_that_fails_refuses_unless_it_says_otherwise() {
    for expression in [
        "object.spec.missing == 1",
        "object.spec.nodeName > 1",
        "unknown == 1",
        "object.spec.nodeName",
        "cidr('10.0.0.0/8').containsIP('10.0.0.1')",
        "'a' ==",
        "variables.missing",
        "params.x == 1",
    ] {
        let validations = json!([{"expression": expression}]).to_string();
        let failing = |failure: &str| {
            create(&cluster(ALL, &validations, failure, "validationActions: [Deny]"))
        };
        for failure in ["failurePolicy: Fail", ""] {
            let denial = failing(failure).unwrap_err();
            assert!(denial.message.contains("error"), "{expression}: {}", denial.message);
            assert_eq!((denial.code, denial.reason.as_str()), (422, "Invalid"));
        }
        assert_eq!(failing("failurePolicy: Ignore"), Ok(vec![]), "{expression}");
    }
}

#[test]
fn a_policy_says_what_is_wrong_and_how() {
    let said = |validation: Value| {
        let validations = json!([validation]).to_string();
        let denial = create(&cluster(ALL, &validations, "", "validationActions: [Deny]"));
        let denial = denial.unwrap_err();
        (denial.message, denial.reason, denial.code)
    };
    let answer = |message: &str, reason: &str, code| (message.to_owned(), reason.to_owned(), code);
    for (validation, expected) in [
        (json!({"expression": " false "}), answer("failed expression: false", "Invalid", 422)),
        (json!({"expression": "false", "message": " no "}), answer("no", "Invalid", 422)),
        (
            json!({"expression": "false", "message": "no", "reason": "Forbidden"}),
            answer("no", "Forbidden", 403),
        ),
        (
            json!({"expression": "false", "reason": "Unauthorized"}),
            answer("failed expression: false", "Unauthorized", 401),
        ),
        (
            json!({"expression": "false", "reason": "RequestEntityTooLarge"}),
            answer("failed expression: false", "RequestEntityTooLarge", 413),
        ),
        (
            json!({"expression": "false", "message": "no", "messageExpression": "'not ' + object.kind"}),
            answer("not Pod", "Invalid", 422),
        ),
        // A message that cannot be computed is replaced.
        (
            json!({"expression": "false", "message": "no", "messageExpression": "object.missing"}),
            answer("no", "Invalid", 422),
        ),
        (
            json!({"expression": "false", "message": "no", "messageExpression": "'  '"}),
            answer("no", "Invalid", 422),
        ),
        (
            json!({"expression": "false", "message": "no", "messageExpression": "'a\\nb'"}),
            answer("no", "Invalid", 422),
        ),
        // Messages do not ask the authorizer.
        (
            json!({"expression": "false", "message": "no", "messageExpression":
                   "authorizer.path('/x').check('get').reason() + 'x'"}),
            answer("no", "Invalid", 422),
        ),
    ] {
        assert_eq!(said(validation.clone()), expected, "{validation}");
    }
}

#[test]
fn actions_are_the_bindings() {
    let admitted = |actions: &str| {
        let binding = format!("validationActions: {actions}");
        create(&cluster(ALL, "[{expression: 'false', message: 'no'}]", "", &binding))
    };
    let warning =
        "Validation failed for ValidatingAdmissionPolicy 'guard' with binding 'everywhere': no";
    assert_eq!(admitted("[Warn]"), Ok(vec![warning.to_owned()]));
    assert_eq!(admitted("[Warn, Audit]"), Ok(vec![warning.to_owned()]));
    assert_eq!(admitted("[Audit]"), Ok(vec![]));
    let denial = admitted("[Deny]").unwrap_err();
    assert_eq!((denial.policy.as_str(), denial.binding.as_str()), ("guard", "everywhere"));
}

#[test]
fn parameters_are_found_by_name_or_by_label() {
    let params = |kind: &str, reference: &str| {
        let mut cluster = cluster(
            ALL,
            "[{expression: 'params == null || params.data.allowed == object.kind', message: 'no'}]",
            &format!("paramKind: {kind}"),
            &format!("validationActions: [Deny], {reference}"),
        );
        for (namespace, name, allowed) in
            [("shop", "a", "Pod"), ("shop", "b", "Job"), ("back", "a", "Job")]
        {
            cluster.put(json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"namespace": namespace, "name": name, "labels": {"of": name}},
                "data": {"allowed": allowed},
            }));
        }
        match create(&cluster) {
            Ok(_) => "passes".to_owned(),
            Err(denial) => denial.message,
        }
    };
    let maps = "{apiVersion: v1, kind: ConfigMap}";
    let configured = |why: &str| format!("failed to configure binding: {why}");
    let absent =
        configured("no params found for policy binding with `Deny` parameterNotFoundAction");
    for (kind, reference, expected) in [
        (maps, "paramRef: {name: a, parameterNotFoundAction: Deny}", "passes".to_owned()),
        (maps, "paramRef: {name: b, parameterNotFoundAction: Deny}", "no".to_owned()),
        (
            maps,
            "paramRef: {name: a, namespace: back, parameterNotFoundAction: Deny}",
            "no".to_owned(),
        ),
        (maps, "paramRef: {name: c, parameterNotFoundAction: Deny}", absent.clone()),
        (maps, "paramRef: {name: c, parameterNotFoundAction: Allow}", "passes".to_owned()),
        (
            maps,
            "paramRef: {selector: {matchLabels: {of: a}}, parameterNotFoundAction: Deny}",
            "passes".to_owned(),
        ),
        // Several are all asked.
        (maps, "paramRef: {selector: {}, parameterNotFoundAction: Deny}", "no".to_owned()),
        (
            maps,
            "paramRef: {selector: {matchLabels: {of: x}}, parameterNotFoundAction: Deny}",
            absent,
        ),
        (
            maps,
            "paramRef: {parameterNotFoundAction: Deny}",
            configured("one of name or selector must be provided"),
        ),
        // Without a reference there are none.
        (maps, "", "passes".to_owned()),
        (
            "{apiVersion: example.com/v1, kind: Missing}",
            "paramRef: {name: a, parameterNotFoundAction: Deny}",
            "failed to configure policy: failed to find resource referenced by paramKind: \
             'example.com/v1, Kind=Missing'"
                .to_owned(),
        ),
    ] {
        assert_eq!(params(kind, reference), expected, "{kind} {reference}");
    }
}

#[test]
fn expressions_see_the_request() {
    for expression in [
        "object.metadata.namespace == 'shop' && oldObject == null",
        "request.operation == 'CREATE' && !request.dryRun",
        "request.namespace == 'shop' && request.name == 'a'",
        "request.kind.kind == 'Pod' && request.kind.group == '' && request.kind.version == 'v1'",
        "request.resource.resource == 'pods' && request.requestResource.resource == 'pods'",
        "!has(request.subResource)",
        "request.userInfo.username == 'alice' && 'devs' in request.userInfo.groups",
        "has(request.userInfo.uid) && !has(request.userInfo.extra)",
        "request.options.kind == 'CreateOptions' && !has(request.options.propagationPolicy)",
        "namespaceObject.metadata.labels.tier == 'front'",
        "!authorizer.group('').resource('pods').check('create').allowed()",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
    let mut dry = Write::delete(&alice(), pod("shop"), Some("Foreground"));
    dry.attributes.dry_run = true;
    let cluster = with_rule(
        "request.dryRun && object == null && oldObject.kind == 'Pod' && \
         request.options.propagationPolicy == 'Foreground'",
    );
    assert_eq!(dry.admit(&cluster), Ok(vec![]));
}

#[test]
fn the_authorizer_answers_by_the_stored_roles() {
    let roles = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules:
- {apiGroups: [example.com], resources: [things, things/status], resourceNames: [a], verbs: [approve]}
- {apiGroups: [''], resources: [pods], verbs: [create]}
- {nonResourceURLs: [/healthz], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: alice, namespace: shop}
roleRef: {kind: ClusterRole, name: r}
subjects: [{kind: User, name: alice}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: robot}
roleRef: {kind: ClusterRole, name: r}
subjects: [{kind: ServiceAccount, namespace: ci, name: robot}]
";
    let holds = |expression: &str| {
        let mut cluster = with_rule(expression);
        cluster.add(roles);
        match create(&cluster) {
            Ok(_) => Ok(true),
            Err(denial) if denial.message == "no" => Ok(false),
            Err(denial) => Err(denial.message),
        }
    };
    let things = "authorizer.group('example.com').resource('things')";
    let robot = "authorizer.serviceAccount('ci', 'robot')";
    for (expression, expected) in [
        (format!("{things}.namespace('shop').name('a').check('approve').allowed()"), true),
        (format!("{things}.namespace('shop').name('b').check('approve').allowed()"), false),
        (format!("{things}.namespace('shop').check('approve').allowed()"), false),
        (format!("{things}.name('a').check('approve').allowed()"), false),
        (format!("{things}.namespace('back').name('a').check('approve').allowed()"), false),
        (
            format!(
                "{things}.subresource('status').namespace('shop').name('a').check('approve').allowed()"
            ),
            true,
        ),
        (
            format!(
                "{things}.subresource('scale').namespace('shop').name('a').check('approve').allowed()"
            ),
            false,
        ),
        (format!("{things}.namespace('shop').name('a').check('use').allowed()"), false),
        ("authorizer.requestResource.check('create').allowed()".to_owned(), true),
        ("authorizer.requestResource.check('delete').allowed()".to_owned(), false),
        (format!("{robot}.path('/healthz').check('get').allowed()"), true),
        ("authorizer.path('/healthz').check('get').allowed()".to_owned(), false),
        (
            format!(
                "{robot}.group('example.com').resource('things').name('a').check('approve').allowed()"
            ),
            true,
        ),
        (
            "authorizer.serviceAccount('ci', 'other').path('/healthz').check('get').allowed()"
                .to_owned(),
            false,
        ),
        (
            format!(
                "{things}.namespace('shop').name('a').check('approve').reason() == \
                 'RBAC: allowed by RoleBinding \"alice/shop\" of ClusterRole \"r\" to User \"alice\"'"
            ),
            true,
        ),
        (format!("{things}.check('x').errored() || {things}.check('x').error() != ''"), false),
    ] {
        assert_eq!(holds(&expression), Ok(expected), "{expression}");
    }
    for (expression, why) in [
        ("authorizer.path(' ').check('get').allowed()", "path must not be empty"),
        ("authorizer.group('').resource('').check('get').allowed()", "resource must not be empty"),
        (
            "authorizer.serviceAccount('a.b', 'c').path('/').check('get').allowed()",
            "Invalid service account namespace: a.b",
        ),
        (
            "authorizer.serviceAccount('a', 'C').path('/').check('get').allowed()",
            "Invalid service account name: C",
        ),
    ] {
        let found = holds(expression).unwrap_err();
        assert!(found.ends_with(why), "{found}");
    }
    // The steps of a question have an order.
    for expression in [
        "authorizer.resource('pods').check('get').allowed()",
        "authorizer.group('').check('get').allowed()",
        "authorizer.group('').resource('pods').allowed()",
        "authorizer.allowed()",
    ] {
        assert!(holds(expression).unwrap_err().starts_with("compilation error"), "{expression}");
    }
}

#[test]
fn variables_are_evaluated_where_they_are_used() {
    let verdict = |variables: &str, expression: &str| {
        let validations = json!([{"expression": expression, "message": "no"}]).to_string();
        let rest = format!("variables: {variables}");
        match create(&cluster(ALL, &validations, &rest, "validationActions: [Deny]")) {
            Ok(_) => "passes".to_owned(),
            Err(denial) => denial.message,
        }
    };
    let chain = "[{name: a, expression: object.spec}, {name: b, expression: variables.a.nodeName}]";
    assert_eq!(verdict(chain, "variables.b == 'n1'"), "passes");
    assert_eq!(verdict(chain, "variables.b == 'n2'"), "no");
    // One that fails does so only where it is needed.
    let broken = "[{name: bad, expression: object.missing.x}]";
    assert_eq!(verdict(broken, "true || variables.bad == 1"), "passes");
    assert!(verdict(broken, "variables.bad == 1").ends_with("no such key: missing"));
    // Its type is known to what uses it.
    let typed = "[{name: count, expression: '1'}]";
    assert!(verdict(typed, "variables.count == 'x'").contains("found no matching overload"));
    // A later one cannot be used by an earlier one.
    let backwards = "[{name: a, expression: variables.b}, {name: b, expression: '1'}]";
    assert!(verdict(backwards, "variables.a == 1").contains("undefined field 'a'"));
}

#[test]
fn what_does_not_compile_is_told_when_the_policy_is_written() {
    let policy = json!({"metadata": {"name": "p"}, "spec": {
        "matchConditions": [{"name": "c", "expression": "variables.v"}],
        "variables": [{"name": "v", "expression": "unknown"}],
        "validations": [
            {"expression": "object.x"},
            {"expression": "true", "messageExpression": "1 + 1"},
            {"expression": "object.x == 1"},
        ],
        "auditAnnotations": [{"key": "k", "valueExpression": "1"}],
    }});
    let errors = Admission::check(&policy);
    let texts: Vec<String> =
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    assert_eq!(
        texts,
        [
            "spec.matchConditions[0].expression: Invalid value: \"variables.v\": compilation \
             failed: undefined field 'v'",
            "spec.variables[0].expression: Invalid value: \"unknown\": compilation failed: \
             undeclared reference to 'unknown' (in container '')",
            "spec.validations[0].expression: Invalid value: \"object.x\": must evaluate to bool \
             but got dyn",
            "spec.auditAnnotations[0].valueExpression: Invalid value: \"1\": must evaluate to \
             string or null but got int",
            "spec.validations[1].messageExpression: Invalid value: \"1 + 1\": must evaluate to \
             string but got int",
        ]
    );
}

#[test]
fn what_costs_too_much_is_an_error() {
    let mut object = pod("shop");
    object["spec"]["list"] = json!(vec![1; 2000]);
    let nested = "object.spec.list.all(a, object.spec.list.all(b, a == b))";
    let denial = Write::create(&alice(), object).admit(&with_rule(nested)).unwrap_err();
    assert!(denial.message.ends_with("actual cost limit exceeded"), "{}", denial.message);
    // So is what is too long, too deep, or too large with its variables.
    let deep = format!("{}true{}", "(".repeat(300), ")".repeat(300));
    let long = format!("'{}' == ''", "x".repeat(20_000));
    for expression in [deep, long] {
        assert!(holds(&expression).unwrap_err().starts_with("compilation error"));
    }
    let doubling: Vec<Value> = (0..40)
        .map(|n| {
            let before = if n == 0 { "1".to_owned() } else { format!("variables.v{}", n - 1) };
            json!({"name": format!("v{n}"), "expression": format!("{before} + {before}")})
        })
        .collect();
    let rest = format!("variables: {}", Value::from(doubling));
    let cluster =
        cluster(ALL, "[{expression: variables.v39 > 0}]", &rest, "validationActions: [Deny]");
    assert!(create(&cluster).unwrap_err().message.starts_with("compilation error"));
}

#[test]
fn no_policy_judges_policies_or_questions() {
    let cluster = with_rule("false");
    let object = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}});
    for (version, kind) in [
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"),
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
        ("authorization.k8s.io/v1", "SubjectAccessReview"),
        ("authentication.k8s.io/v1", "SelfSubjectReview"),
    ] {
        assert_eq!(Write::create(&alice(), object(version, kind)).admit(&cluster), Ok(vec![]));
    }
}

#[test]
fn changed_policies_and_roles_are_read_again() {
    let mut cluster = with_rule("authorizer.path('/x').check('get').allowed()");
    let mut admission = Admission::default();
    let write = Write::create(&alice(), pod("shop"));
    assert!(admission.admit(&cluster, &write.review()).is_err());
    cluster.add(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules: [{nonResourceURLs: [/x], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: r}
subjects: [{kind: User, name: alice}]
",
    );
    assert_eq!(admission.admit(&cluster, &write.review()), Ok(vec![]));
    cluster.remove("rbac.authorization.k8s.io", "clusterrolebindings", "", "b");
    assert!(admission.admit(&cluster, &write.review()).is_err());
    cluster.remove("admissionregistration.k8s.io", "validatingadmissionpolicies", "", "guard");
    assert_eq!(admission.admit(&cluster, &write.review()), Ok(vec![]));
}

/// Attributes have nothing to hide from a policy: the defaults are those of a
/// request about nothing.
#[test]
fn a_request_about_nothing_is_judged_by_policies_about_everything() {
    let attributes = Attributes::default();
    assert_eq!(attributes.user, UserInfo::default());
    let mut write = Write::create(&UserInfo::default(), pod("shop"));
    write.attributes = attributes;
    let cluster = with_rule("!has(request.userInfo.username) && !has(request.namespace)");
    assert_eq!(write.admit(&cluster), Ok(vec![]));
}
