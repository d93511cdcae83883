//! Scenarios in the manner of the upstream NetworkPolicy e2e suite, on its grid.

use super::build::*;

#[test]
fn without_policies_everything_is_allowed() {
    let cluster = grid();
    for from in &["x/a", "y/b", "z/c"] {
        for to in &["x/a", "y/b", "z/c"] {
            for port in ["80/tcp", "80/udp", "80/sctp", "other"] {
                check(&cluster, &[(&format!("{from} -> {to} {port}"), Allowed)]);
            }
        }
    }
}

#[test]
fn default_deny() {
    let cluster = grid_with([ingress("x/deny", "", vec![])]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Denied),
            ("x/b -> x/a 80/tcp", Denied),
            ("x/a -> x/a 80/tcp", Allowed),
            ("x/a -> y/a 80/tcp", Allowed),
        ],
    );
    let both = grid_with([policy("x/deny", "", Some(vec![]), Some(vec![]))]);
    check(&both, &[("x/a -> y/a 80/tcp", Denied), ("y/a -> x/a 80/tcp", Denied)]);
}

#[test]
fn allow_from_namespace_and_pod() {
    let from_y = ingress("x/p", "pod=a", vec![rule(&[pods_in("ns=y", "")], &[])]);
    check(
        &grid_with([from_y]),
        &[
            ("y/a -> x/a 80/tcp", Allowed),
            ("z/a -> x/a 80/tcp", Denied),
            ("z/a -> x/b 80/tcp", Allowed),
        ],
    );
    let by_expressions = rule(&[pods_in("ns in y,z", "pod in b,c")], &[]);
    check(
        &grid_with([ingress("x/p", "pod=a", vec![by_expressions])]),
        &[
            ("y/b -> x/a 80/tcp", Allowed),
            ("z/c -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 80/tcp", Denied),
            ("x/b -> x/a 80/tcp", Denied),
        ],
    );
    let not_x = rule(&[pods_in("ns notin x", "")], &[]);
    check(
        &grid_with([ingress("x/p", "pod=a", vec![not_x])]),
        &[("x/b -> x/a 80/tcp", Denied), ("y/b -> x/a 80/tcp", Allowed)],
    );
}

#[test]
fn one_port_of_several() {
    let by_number = ingress("x/p", "pod=a", vec![rule(&[pods_in("ns=y", "")], &[at("81/tcp")])]);
    let by_name =
        ingress("x/p", "pod=a", vec![rule(&[pods_in("ns=y", "")], &[at("serve-81/tcp")])]);
    for policy in [by_number, by_name] {
        check(
            &grid_with([policy]),
            &[
                ("y/a -> x/a 81/tcp", Allowed),
                ("y/a -> x/a 80/tcp", Denied),
                ("y/a -> x/a 81/udp", Denied),
                ("z/a -> x/a 81/tcp", Denied),
            ],
        );
    }
}

#[test]
fn stacked_policies() {
    let cluster = grid_with([
        ingress("x/one", "pod=a", vec![rule(&[pods_in("ns=y", "")], &[at("80/tcp")])]),
        ingress("x/two", "pod=a", vec![rule(&[pods_in("ns=z", "")], &[at("81/tcp")])]),
        egress("y/out", "pod=a", vec![rule(&[pods_in("ns=x", "pod=a")], &[at("80/tcp")])]),
    ]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 81/tcp", Denied),
            ("z/a -> x/a 81/tcp", Allowed),
            ("y/a -> x/b 80/tcp", Denied),
            ("y/b -> x/b 80/tcp", Allowed),
        ],
    );
}

#[test]
fn egress_to_server_in_block() {
    let except = egress("x/p", "pod=a", vec![rule(&[block("10.0.2.0/24", &["10.0.2.2/32"])], &[])]);
    check(
        &grid_with([except.clone()]),
        &[
            ("x/a -> y/a 80/tcp", Allowed),
            ("x/a -> y/b 80/tcp", Denied),
            ("x/a -> z/a 80/tcp", Denied),
        ],
    );
    // The second policy allows what the first one's exception left out.
    let allow = egress("x/q", "pod=a", vec![rule(&[block("10.0.2.2/32", &[])], &[])]);
    check(
        &grid_with([except, allow]),
        &[("x/a -> y/b 80/tcp", Allowed), ("x/a -> y/c 80/tcp", Allowed)],
    );
}

#[test]
fn ingress_and_egress_meet() {
    let cluster = grid_with([
        policy(
            "x/p",
            "pod=a",
            Some(vec![rule(&[pods_in("ns=y", "pod=a")], &[])]),
            Some(vec![rule(&[pods_in("ns=z", "pod=c")], &[])]),
        ),
        ingress("z/p", "pod=c", vec![rule(&[pods_in("ns=x", "pod=b")], &[])]),
    ]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Allowed),
            ("x/a -> y/a 80/tcp", Denied),
            ("x/a -> z/c 80/tcp", Denied),
            ("x/b -> z/c 80/tcp", Allowed),
        ],
    );
}
