//! Texts that are no YAML, or another YAML than was meant.

use super::*;

#[test]
fn a_bad_document_does_not_stop_the_others() {
    let text = format!("a: [\n---\n{}---\n{{\"kind\": }}\n", policy("podSelector: {}"));
    let reading = reading(&text);
    assert_eq!(reading.cluster.network_policies.len(), 1);
    assert_eq!(reading.cluster.network_policies[0].origin.line, 3);
    let ids: Vec<_> = reading.diagnostics.iter().map(|d| d.id).collect();
    assert_eq!(ids, ["yaml-syntax", "json-syntax"]);
}

#[test]
fn a_missing_separator_is_one_mistake() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n";
    let text = format!("{}{pod}", policy("podSelector: {}"));
    assert_eq!(said(&text), ["8:1 missing-separator"]);
    let reading = reading(&text);
    assert_eq!(reading.diagnostics[0].message, "two objects without `---` between them");
    assert_eq!((reading.cluster.pods.len(), reading.cluster.network_policies.len()), (1, 0));
    assert_eq!(
        reading.cluster.opaque[0].scope,
        Scope::Pods(NamespaceMatch::Own, Selector::default())
    );
    let other = policy("policyTypes: [Egress]").replace("name: p", "name: q");
    assert_eq!(said(&format!("{text}{other}")), ["8:1 missing-separator"]);
    // What else is wrong with one of them is still said.
    let twice = format!("{text}metadata: {{name: b}}\n");
    assert_eq!(said(&twice), ["8:1 missing-separator", "11:1 duplicate-key"]);
}

#[test]
fn errors_say_what_to_do_and_texts_have_no_holes() {
    for text in [
        "apiVersion: networking.k8s.io/v1\nmetadata: {name: p, namespace: shop}\n",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {}\n",
        "kind: NetworkPolicy\nmetadata: {name: p}\n",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: P_}\n",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c}\n",
        "kind: NetworkPolicy\na: [\n",
        "{\"a\": 1,}",
        "text",
        &policy("ingress:\n- ports:\n  - port: 0"),
        &policy("ingress:\n- ports:\n  - endPort: 9"),
    ] {
        let reading = reading(text);
        for said in &reading.diagnostics {
            assert!(!said.help.is_empty(), "{said:?}");
            assert!(said.object.as_ref().is_none_or(|o| !o.name.is_empty()), "{said:?}");
        }
        for opaque in &reading.cluster.opaque {
            assert!(!opaque.reason.contains("  "), "{opaque:?}");
        }
    }
}

#[test]
fn bad_text_is_told_and_bounded() {
    let deep = "[".repeat(100_000);
    let dashes = "- ".repeat(100_000);
    let indented: String = (0..400).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    let deep_json = format!("{{\"a\": {}", "[".repeat(100_000));
    let cases: Vec<(&[u8], &str)> = vec![
        (deep.as_bytes(), "yaml-syntax"),
        (dashes.as_bytes(), "too-deep"),
        (indented.as_bytes(), "too-deep"),
        (bomb.as_bytes(), "alias-budget"),
        (deep_json.as_bytes(), "too-deep"),
        (b"a: *a\n", "yaml-syntax"),
        (b"a: &a [*a]\n", "yaml-syntax"),
        (b"a: !!python/object:os.system x\n", "custom-tag"),
        (b"a: !x y\n", "custom-tag"),
        (b"\xFF\xFEa\0:\0", "utf-16"),
        (b"a\0:\0 \0b\0", "utf-16"),
        (b"kind: x\na: \xC3\x28\n", "invalid-utf8"),
        (b"\0a\0:", "utf-16"),
        (b"kind: abc\nx: a\0b\n", "nul-byte"),
        (b"\0\0\0\0\0\0\0\0", "nul-byte"),
        (b"\0", "nul-byte"),
        (b"ab\0\0cd", "nul-byte"),
        (b"{\"a\": 1,}", "json-syntax"),
        (b"{\"a\": [1 2]}", "json-syntax"),
        (b"{\"a\": 01}", "json-syntax"),
        (b"{\"a\": \"x", "json-syntax"),
        (b"{\"a\": {\"b\": 1]}", "json-syntax"),
        (b"a: \"x", "yaml-syntax"),
        (b"a:\n\t- b", "yaml-syntax"),
        (b"just text", "not-an-object"),
        (b"a: 1", "missing-kind"),
        (b"kind: Pod", "missing-api-version"),
    ];
    for (text, id) in cases {
        let input = Input { name: "f".into(), text, kind: InputKind::File };
        let reading = read(&[input], &ReadOptions::default());
        let found: Vec<_> = reading.diagnostics.iter().map(|d| d.id).collect();
        assert_eq!(found, [id], "{:?}", String::from_utf8_lossy(&text[..text.len().min(60)]));
        assert!(reading.diagnostics[0].origin.line > 0);
    }
    for text in ["", "# nothing\n", "---\n---\n", "\u{FEFF}", "...\n", "%YAML 1.2\n---\n"] {
        assert_eq!(reading(text), Reading { sources: reading("").sources, ..Reading::default() });
    }
}

#[test]
fn a_document_that_does_not_parse_hides_no_policy() {
    let opaque =
        |text: &str| reading(text).cluster.opaque.into_iter().map(|o| o.scope).collect::<Vec<_>>();
    assert_eq!(
        opaque("kind: NetworkPolicy\nmetadata:\n  namespace: shop\na: [\n"),
        [Scope::Namespace("shop".into())]
    );
    assert_eq!(opaque("kind: NetworkPolicy\na: [\n"), [Scope::Cluster]);
    for metadata in
        ["metadata: {name: web, namespace: shop}", "\"metadata\": {\n \"namespace\": \"shop\"}"]
    {
        let text = format!("kind: NetworkPolicy\n{metadata}\nspec:\n  a: [\n");
        assert_eq!(opaque(&text), [Scope::Namespace("shop".into())], "{text}");
    }
    // A label of that name says nothing, nor does what is not there.
    for rest in [
        "metadata: {name: web}\nspec: {podSelector: {matchLabels: {namespace: shop}}}\na: [\n",
        "metadata:\n  labels:\n    namespace: shop\na: [\n",
        "metadata: {labels: {namespace: shop}}\na: [\n",
        "metadata:\n  name: web\nspec:\n  a: [\n",
    ] {
        assert_eq!(opaque(&format!("kind: NetworkPolicy\n{rest}")), [Scope::Cluster], "{rest}");
    }
    assert_eq!(opaque("kind: ConfigMap\na: [\n"), []);
    assert_eq!(opaque("a: [\n"), [Scope::Cluster]);
    assert_eq!(opaque("{\"kind\": \"List\", \"items\": [\n{\"kind\": \"Pod\",\n}]}"), []);
}

#[test]
fn diagnostics_are_capped() {
    let labels: String = (0..3_000).map(|i| format!("    k{i}: true\n")).collect();
    let reading = reading(&policy(
        &format!("podSelector:\n  matchLabels:\n{labels}").replace("\n    k", "\n    k"),
    ));
    assert_eq!(reading.diagnostics.len(), 1_001);
    assert_eq!(reading.diagnostics[1_000].message, "and 2000 more in this input");
    assert!(reading.incomplete());
}

#[test]
fn merge_keys_are_refused_and_aliases_read() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: &l {x: z}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n  labels:\n    <<: {x: z}\n";
    let reading = reading(text);
    assert_eq!(said(text), ["12:5 merge-key"]);
    assert_eq!(reading.cluster.pods.len(), 1);
    assert_eq!(reading.cluster.pods[0].labels.get("x").map(|v| &**v), Some("z"));
}

/// The parser notices a line too late, and what it says then is no help.
#[test]
fn a_key_glued_to_its_value_is_said_where_it_stands() {
    let quoted = "apiVersion: v1\nkind: Pod\nmetadata:\n  name:\"a\"\n  namespace: x\n";
    let found = reading(quoted).diagnostics;
    let [one] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((one.origin.line, one.origin.column, one.id), (4, 3, "yaml-syntax"));
    assert!(one.help.contains("space after the colon"), "{one:#?}");

    let plain = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    app:web\n";
    let found = reading(plain).diagnostics;
    let [one] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((one.origin.line, one.origin.column, one.id), (6, 5, "wrong-type"));
    assert_eq!(&*one.help, "put a space after the colon: `app: web`");
}

#[test]
fn lost_indentation_is_recognised_and_repaired() {
    let text = include_bytes!("../data/lost-indentation.yaml");
    let input = Input { name: "f".into(), text, kind: InputKind::File };
    let reading = read(&[input], &ReadOptions::default());
    assert_eq!(reading.diagnostics.len(), 1);
    assert_eq!(reading.diagnostics[0].id, "lost-indentation");
    assert_eq!(reading.cluster.opaque[0].scope, Scope::Namespace("shop".into()));
    let fixed = fix("f", text).unwrap();
    assert_eq!(fixed.repaired.diagnostics, []);
    assert_eq!(fixed.repaired.cluster.network_policies.len(), 1);
    assert!(fixed.as_it_stands.is_err());
    assert_eq!(fixed.notes.len(), 1);
    assert_eq!(
        fixed.text,
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api-from-web-only
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: api
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: web
    - ports:
        - protocol: TCP
          port: 8080
"
    );
}

#[test]
fn partly_lost_indentation_shows_what_it_means_as_it_stands() {
    let text = policy("podSelector:\nmatchLabels:\n  app: db\npolicyTypes:\n- Ingress");
    let fixed = fix("f", text.as_bytes()).unwrap();
    let stands = fixed.as_it_stands.unwrap();
    assert!(stands.cluster.network_policies[0].pod_selector.is_empty());
    assert!(!fixed.repaired.cluster.network_policies[0].pod_selector.is_empty());
    assert_eq!(said(&text), ["8:3 lost-indentation"]);
    assert!(fix("f", policy("podSelector: {}").as_bytes()).is_none());
    // A typo is no lost indentation.
    assert!(
        fix(
            "f",
            policy("podSelector:\n  matchLabels:\n    a: b\npolcyTypes: [Ingress]").as_bytes()
        )
        .is_none()
    );
}

#[test]
fn a_slip_of_one_line_is_told_where_it_is() {
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
    for (rest, at, word, scope) in [
        (
            "metadata: {name: web, namespace: shop}\nspec:\n  podSelector: {}\n\tpolicyTypes: [Ingress]\n",
            "6:1 yaml-syntax",
            "tab",
            Scope::Namespace("shop".into()),
        ),
        (
            "metadata: {name: web, namespace: shop}\nspec:\n  podSelector: {}\n   policyTypes: [Ingress]\n",
            "6:4 yaml-syntax",
            "wrong depth",
            Scope::Namespace("shop".into()),
        ),
        (
            "metadata: {name: web}\nspec:\n   podSelector: {}\n  policyTypes: [Ingress]\n",
            "6:3 yaml-syntax",
            "wrong depth",
            Scope::Cluster,
        ),
    ] {
        let text = format!("{head}{rest}");
        assert_eq!(said(&text), [at], "{text}");
        let reading = reading(&text);
        let said = &reading.diagnostics[0];
        assert!(said.message.contains(word), "{said:?}");
        assert!(said.help.contains("run \"fallgate fix f.yaml\""), "{said:?}");
        assert_eq!(reading.cluster.opaque[0].scope, scope, "{text}");
        assert_eq!(&*reading.cluster.opaque[0].name, "web");
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let document = format!("{}---\n{DEPLOYMENT}---\nbad: [\n---\n", policy("podSelector: {}"));
    let text = document.repeat(2_000);
    let input = Input { name: "f".into(), text: text.as_bytes(), kind: InputKind::File };
    let with = |threads| {
        let options = ReadOptions { threads: Some(threads), ..ReadOptions::default() };
        read(std::slice::from_ref(&input), &options)
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn long_lists_are_cut_and_read_as_if_whole() {
    let pod = |i: usize| {
        let note = "ä".repeat(i % 5);
        format!("{{\"metadata\": {{\"name\": \"p{i}\", \"annotations\": {{\"x\": \"{note}\"}}}}}}")
    };
    for between in [",", ",\n  ", ",\n\n", ", ,"] {
        let pods: Vec<String> = (0..6_000).map(pod).collect();
        let first = between.trim_start_matches(',').trim_end_matches(',');
        let text = format!(
            "{{\"apiVersion\": \"v1\", \"items\": [{first}{}], \"kind\": \"PodList\"}}",
            pods.join(between)
        );
        assert!(text.len() > 300_000);
        let reading = reading(&text);
        if between == ", ," {
            assert_eq!(reading.diagnostics[0].id, "json-syntax");
            continue;
        }
        assert_eq!(reading.diagnostics, []);
        assert_eq!(reading.cluster.pods.len(), 6_000);
        for (i, pod) in reading.cluster.pods.iter().enumerate() {
            assert_eq!(*pod.name, format!("p{i}"));
            let (line, column) = (pod.origin.line as usize, pod.origin.column as usize);
            let line = text.lines().nth(line - 1).unwrap();
            let here: String = line.chars().skip(column - 1).take(40).collect();
            assert!(here.starts_with(&format!("{{\"metadata\": {{\"name\": \"p{i}\"")), "{here}");
            if between == "," && i > 200 {
                break;
            }
        }
    }
}

mod never_panics {
    use super::*;
    use proptest::prelude::*;

    const MANIFESTS: &str = concat!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\nspec:\n  podSelector:\n    matchExpressions:\n    - {key: a, operator: In, values: [b]}\n  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n        - 10.1.0.0/16\n    - namespaceSelector: {}\n      podSelector: {}\n    ports:\n    - port: 80\n      endPort: 90\n---\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"labels\": {\"x\": \"\\u0061\"}}, \"status\": {\"podIP\": \"10.0.0.1\"}}]}\n---\n",
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: c}\nspec:\n  tier: Admin\n  priority: 1\n  subject:\n    pods: {namespaceSelector: {}, podSelector: {}}\n  egress:\n  - name: x\n    action: Pass\n    to:\n    - networks: ['fd00::/8']\n    protocols:\n    - tcp: {destinationPort: {range: {start: 1, end: 2}}}\n",
    );

    fn all(text: &[u8]) {
        let input = Input { name: "f".into(), text, kind: InputKind::File };
        let reading = read(&[input], &ReadOptions::default());
        for diagnostic in &reading.diagnostics {
            assert!(!diagnostic.message.is_empty());
        }
        if let Some(fixed) = fix("f", text) {
            assert!(fixed.repaired.diagnostics.iter().all(|d| d.id != "lost-indentation"));
        }
        let again = write_cluster(&reading.cluster);
        let input = Input { name: "g".into(), text: again.as_bytes(), kind: InputKind::File };
        assert!(!read(&[input], &ReadOptions::default()).incomplete(), "{again}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_500))]

        #[test]
        fn on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            all(&bytes);
        }

        #[test]
        fn on_mutated_manifests(
            edits in prop::collection::vec((0usize..1_400, 0usize..12, "[ -~\n\t]{0,6}"), 0..5),
        ) {
            let mut text = MANIFESTS.as_bytes().to_vec();
            for (at, length, new) in edits {
                let at = at.min(text.len());
                let end = (at + length).min(text.len());
                text.splice(at..end, new.bytes());
            }
            all(&text);
        }
    }
}
