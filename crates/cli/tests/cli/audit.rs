//! `audit coverage`: what it finds, what counts, and each form of its report.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use snapbox::{IntoData as _, assert_data_eq, str};

use super::{root, run, with_input};

const COVERAGE: [&str; 4] = ["audit", "coverage", "-f", "crates/cli/tests/data/coverage.yaml"];
const OPAQUE: [&str; 2] = ["-f", "crates/cli/tests/data/opaque.yaml"];

/// Runs the audit on `coverage.yaml`, with more arguments.
fn coverage(more: &[&str]) -> (i32, String, String) {
    run(&[&COVERAGE[..], more].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The findings of a document, as `severity id object`.
fn told(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |f: &Value| {
        let object = ["kind", "namespace", "name"].map(|part| text(&f["object"][part]));
        format!("{} {} {}", text(&f["severity"]), text(&f["id"]), object.join("/"))
    };
    document["findings"].as_array().unwrap().iter().map(one).collect()
}

/// A file, in a directory of its own that is gone when the test ends.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let directory = format!("fallgate-audit-{}-{made}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        File(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = self.0.parent().map(fs::remove_dir_all);
    }
}

#[test]
fn every_finding_is_told_by_severity() {
    let (code, out, err) = coverage(&[]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert_data_eq!(
        out,
        str![[r#"
NAMESPACE     PODS   INGRESS   EGRESS   HOSTNETWORK   ROLE
kube-system   1      0/1       0/1      0             system
monitoring    1      0/1       0/1      0             monitoring
shop          4      2/3       2/3      1             <none>

SEVERITY   OBJECT                         FINDING                                                                          WHERE
high       Pod monitoring/prometheus      no NetworkPolicy isolates its ingress, in a namespace that monitors the others   crates/cli/tests/data/coverage.yaml:76
high       StatefulSet shop/api           no NetworkPolicy isolates the ingress of 1 of its 2 pods                         crates/cli/tests/data/coverage.yaml:20
medium     StatefulSet shop/api           no NetworkPolicy isolates the egress of 1 of its 2 pods                          crates/cli/tests/data/coverage.yaml:20
medium     NetworkPolicy shop/probe       it selects only pods in their node's network, on which no policy has an effect   crates/cli/tests/data/coverage.yaml:46
medium     NetworkPolicy shop/wbe         it selects no pod                                                                crates/cli/tests/data/coverage.yaml:51
medium     ClusterNetworkPolicy tenants   it selects no pod                                                                crates/cli/tests/data/coverage.yaml:62
low        Pod monitoring/prometheus      no NetworkPolicy isolates its egress, in a namespace that monitors the others    crates/cli/tests/data/coverage.yaml:76

4 findings of severity info; `-o json` lists all

40.0 % isolated: 4 of 10 (two directions for each of 5 pods); 1 pod in its node's network not counted

"#]]
    );
    let (_, out, _) = coverage(&["-o", "md"]);
    assert_data_eq!(
        out,
        str![[r#"
### Coverage

**40.0 % isolated: 4 of 10 (two directions for each of 5 pods); 1 pod in its node's network not counted**

| Namespace | Pods | Ingress | Egress | hostNetwork | Role |
| --- | --: | --: | --: | --: | --- |
| `kube-system` | 1 | 0/1 | 0/1 | 0 | system |
| `monitoring` | 1 | 0/1 | 0/1 | 0 | monitoring |
| `shop` | 4 | 2/3 | 2/3 | 1 |  |

| Severity | Object | Finding | Where |
| --- | --- | --- | --- |
| high | `Pod monitoring/prometheus` | `no NetworkPolicy isolates its ingress, in a namespace that monitors the others` | `crates/cli/tests/data/coverage.yaml:76` |
| high | `StatefulSet shop/api` | `no NetworkPolicy isolates the ingress of 1 of its 2 pods` | `crates/cli/tests/data/coverage.yaml:20` |
| medium | `StatefulSet shop/api` | `no NetworkPolicy isolates the egress of 1 of its 2 pods` | `crates/cli/tests/data/coverage.yaml:20` |
| medium | `NetworkPolicy shop/probe` | `it selects only pods in their node's network, on which no policy has an effect` | `crates/cli/tests/data/coverage.yaml:46` |
| medium | `NetworkPolicy shop/wbe` | `it selects no pod` | `crates/cli/tests/data/coverage.yaml:51` |
| medium | `ClusterNetworkPolicy tenants` | `it selects no pod` | `crates/cli/tests/data/coverage.yaml:62` |
| low | `Pod monitoring/prometheus` | `no NetworkPolicy isolates its egress, in a namespace that monitors the others` | `crates/cli/tests/data/coverage.yaml:76` |

4 findings of severity info; `-o json` lists all

"#]]
    );
}

#[test]
fn the_document_keeps_what_it_had() {
    let (code, out, _) = coverage(&["-o", "json"]);
    assert_eq!(code, 1);
    let document = json(&out);
    assert_eq!(document["schema"], "fallgate/audit/v1");
    assert_eq!(document["coverage"]["hostNetwork"], 1);
    assert_eq!(document["namespaces"][0]["role"], "system");
    assert_eq!(document["endpoints"].as_array().unwrap().len(), 5);
    assert_eq!(document["failOn"], "low");
    assert_eq!(document.get("baseline"), None);
    let findings = document["findings"].as_array().unwrap();
    let partly = findings
        .iter()
        .find(|f| f["fingerprint"] == "ingress-not-isolated:shop/StatefulSet/api")
        .unwrap();
    assert_data_eq!(
        serde_json::to_string_pretty(partly).unwrap(),
        str![[r#"
{
  "column": 1,
  "file": "crates/cli/tests/data/coverage.yaml",
  "fingerprint": "ingress-not-isolated:shop/StatefulSet/api",
  "fix": "a NetworkPolicy in `shop` with an empty `podSelector` and `Ingress` in `policyTypes` isolates every pod there",
  "id": "ingress-not-isolated",
  "line": 20,
  "message": "no NetworkPolicy isolates the ingress of 1 of its 2 pods",
  "object": {
    "kind": "StatefulSet",
    "name": "api",
    "namespace": "shop"
  },
  "severity": "high",
  "witness": {
    "column": 1,
    "file": "crates/cli/tests/data/coverage.yaml",
    "line": 20,
    "object": {
      "kind": "Pod",
      "name": "api-1",
      "namespace": "shop"
    }
  }
}
"#]]
    );
}

/// `examples/dual-stack` says that a policy there has no effect.
#[test]
fn a_policy_for_host_network_pods_has_no_effect() {
    let (code, out, _) = run(&["audit", "coverage", "-f", "examples/dual-stack", "-o", "json"]);
    assert_eq!(code, 1);
    let document = json(&out);
    let found = "medium hostnetwork-not-covered NetworkPolicy/nodes/node-agent";
    assert!(told(&document).iter().any(|f| f == found), "{out}");
}

#[test]
fn what_is_not_evaluated_is_incomplete_and_no_finding() {
    let opaque = [&COVERAGE[..], &OPAQUE, &["--fail-on", "critical"]].concat();
    let (code, out, _) = run(&[&opaque[..], &["-o", "json"]].concat());
    assert_eq!(code, 3, "{out}");
    let document = json(&out);
    let undecided: Vec<&Value> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["undecided"] == true)
        .map(|f| &f["fingerprint"])
        .collect();
    assert_eq!(undecided, ["not-evaluated:shop/CiliumNetworkPolicy/db"]);
    // A finding is more urgent than what is unknown.
    assert_eq!(run(&[&COVERAGE[..], &OPAQUE].concat()).0, 1);
    // A baseline settles nothing that was not decided.
    let baseline = File::new("undecided.json", &out);
    let (code, out, _) =
        run(&[&opaque[..], &["-o", "junit", "--baseline", baseline.path()]].concat());
    assert_eq!(code, 3);
    assert!(out.contains("errors=\"1\"") && out.contains("<error message=\"high: "), "{out}");
}

/// What could not be read may be what a policy selects.
#[test]
fn a_policy_may_select_what_was_not_read() {
    let broken = "
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: dev, labels: [1]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: dev}
spec: {podSelector: {matchLabels: {app: a}}}
";
    let (code, out, _) = with_input(&["audit", "coverage", "-f", "-", "-o", "json"], broken);
    assert_eq!(code, 3, "{out}");
    let document = json(&out);
    let idle = document["findings"].as_array().unwrap().iter();
    let idle: Vec<&Value> = idle.filter(|f| f["id"] == "selects-no-pods").collect();
    assert_eq!(idle.len(), 1, "{out}");
    assert_eq!(idle[0]["undecided"], true, "{out}");
}

#[test]
fn only_what_is_severe_enough_counts() {
    let fails = |on| coverage(&["--fail-on", on]).0;
    assert_eq!([fails("info"), fails("low"), fails("medium"), fails("high")], [1; 4]);
    assert_eq!(fails("critical"), 0);
    // Of the cluster's own parts, only who asks is told by the exit code.
    assert_eq!(coverage(&["-n", "kube-system"]).0, 0);
    assert_eq!(coverage(&["-n", "kube-system", "--fail-on", "info"]).0, 1);
    let (_, out, _) = coverage(&["-n", "kube-system", "--fail-on", "info"]);
    assert!(out.contains("info       Pod kube-system/dns"), "{out}");
    let (code, _, err) = coverage(&["--fail-on", "warning"]);
    assert_eq!(code, 2);
    assert!(err.contains("[possible values: info, low, medium, high, critical]"), "{err}");
}

#[test]
fn what_a_baseline_knows_does_not_count() {
    let (_, before, _) = coverage(&["-o", "json"]);
    let baseline = File::new("all.json", &before);
    let known = ["--baseline", baseline.path()];
    let (code, out, _) = coverage(&known);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("` has are not counted\n"), "{out}");
    // The document has them still, so that it can be the next baseline.
    let (code, out, _) = coverage(&[&known[..], &["-o", "json"]].concat());
    assert_eq!(code, 0);
    let (before, after) = (json(&before), json(&out));
    assert_eq!(told(&before), told(&after));
    assert_eq!(after["baseline"]["known"], told(&before).len());
    assert!(after["findings"].as_array().unwrap().iter().all(|f| f["known"] == true), "{out}");
    // Formats without a word for it leave them out, and standard error says so.
    for format in ["github", "gitlab", "rdjson"] {
        let (code, out, err) = coverage(&[&known[..], &["-o", format]].concat());
        assert_eq!(code, 0, "{format}");
        assert!(!out.contains("not-isolated"), "{format}: {out}");
        assert!(err.contains("are not counted"), "{format}: {err}");
    }
    let (_, out, _) = coverage(&[&known[..], &["-o", "sarif"]].concat());
    let results = json(&out)["runs"][0]["results"].as_array().unwrap().clone();
    assert!(results.iter().all(|r| r["baselineState"] == "unchanged"), "{out}");
    let (_, out, _) = coverage(&[&known[..], &["-o", "junit"]].concat());
    assert!(out.contains("failures=\"0\"") && out.contains("message=\"in the baseline: "), "{out}");
}

#[test]
fn a_baseline_goes_by_neither_file_nor_line() {
    let pod = |name: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: dev}}\n---\n")
    };
    let audit = ["audit", "coverage", "-f", "-", "-o", "json"];
    let (_, out, _) = with_input(&audit, &pod("a"));
    let baseline = File::new("one.json", &out);
    let moved = File::new("moved.yaml", &format!("# A comment.\n\n{}", pod("a")));
    let audit = ["audit", "coverage", "--baseline", baseline.path(), "-f"];
    assert_eq!(run(&[&audit[..], &[moved.path()]].concat()).0, 0);
    // Another one is new.
    let more = File::new("more.yaml", &(pod("a") + &pod("b")));
    let (code, out, _) = run(&[&audit[..], &[more.path()]].concat());
    assert_eq!(code, 1);
    assert!(out.contains("Pod dev/b") && !out.contains("Pod dev/a"), "{out}");
}

/// What was only worth knowing hides nothing.
#[test]
fn what_became_more_severe_counts_again() {
    let (_, out, _) = coverage(&["-o", "json"]);
    let baseline = File::new("milder.json", &out.replace("\"high\"", "\"low\""));
    let (code, out, _) = coverage(&["--baseline", baseline.path(), "-o", "json"]);
    assert_eq!(code, 1);
    let known = |f: &&Value| f["known"] == true;
    let document = json(&out);
    let new = document["findings"].as_array().unwrap().iter().filter(|f| !known(f));
    assert!(new.clone().count() > 0 && new.clone().all(|f| f["severity"] == "high"), "{out}");
}

#[test]
fn what_is_no_baseline_is_refused() {
    let (code, _, err) = coverage(&["--baseline", "crates/cli/tests/data/none.json"]);
    assert_eq!(code, 2);
    assert!(err.contains("none.json: cannot be read"), "{err}");
    for text in ["{}", "[]", "{\"schema\":\"fallgate/map/v1\",\"findings\":[]}"] {
        let file = File::new("wrong.json", text);
        let (code, out, err) = coverage(&["--baseline", file.path()]);
        assert_eq!((code, out.as_str()), (2, ""), "{text}");
        assert!(err.contains("it is no document of `fallgate audit`"), "{err}");
        assert!(err.contains("help: write one with"), "{err}");
    }
}

const SMALL: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: dev}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: dev}
spec: {podSelector: {}, policyTypes: [Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: b, namespace: dev}
spec: {podSelector: {matchLabels: {app: b}}}
";

/// The report on a pod that is isolated in one direction, and on a policy that
/// selects nothing.
fn small(format: &str) -> String {
    let (code, out, err) =
        with_input(&["audit", "coverage", "-f", "-", "--fail-on", "high", "-o", format], SMALL);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    out
}

#[test]
fn a_report_in_sarif() {
    let mut log = json(&small("sarif"));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].take();
    assert_data_eq!(
        serde_json::to_string_pretty(&log).unwrap(),
        str![[r#"
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "runs": [
    {
      "columnKind": "unicodeCodePoints",
      "results": [
        {
          "level": "error",
          "locations": [
            {
              "logicalLocations": [
                {
                  "fullyQualifiedName": "Pod dev/a",
                  "kind": "resource"
                }
              ],
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "stdin",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startColumn": 1,
                  "startLine": 1
                }
              }
            }
          ],
          "message": {
            "text": "Pod dev/a: no NetworkPolicy isolates its ingress\na NetworkPolicy in `dev` with an empty `podSelector` and `Ingress` in `policyTypes` isolates every pod there"
          },
          "partialFingerprints": {
            "fallgate/v1": "ingress-not-isolated:dev/Pod/a"
          },
          "properties": {
            "severity": "high",
            "undecided": false
          },
          "ruleId": "ingress-not-isolated",
          "ruleIndex": 0
        },
        {
          "level": "warning",
          "locations": [
            {
              "logicalLocations": [
                {
                  "fullyQualifiedName": "NetworkPolicy dev/b",
                  "kind": "resource"
                }
              ],
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "stdin",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startColumn": 1,
                  "startLine": 10
                }
              }
            }
          ],
          "message": {
            "text": "NetworkPolicy dev/b: it selects no pod\ngive it labels that pods have, or remove it"
          },
          "partialFingerprints": {
            "fallgate/v1": "selects-no-pods:dev/NetworkPolicy/b"
          },
          "properties": {
            "severity": "medium",
            "undecided": false
          },
          "ruleId": "selects-no-pods",
          "ruleIndex": 4
        }
      ],
      "tool": {
        "driver": {
          "informationUri": "https://github.com/fallgate/fallgate",
          "name": "fallgate",
          "rules": null,
          "semanticVersion": "0.1.0"
        }
      }
    }
  ],
  "version": "2.1.0"
}
"#]].raw()
    );
    let rules = rules.as_array().unwrap().clone();
    assert_data_eq!(
        serde_json::to_string_pretty(&rules[0]).unwrap(),
        str![[r#"
{
  "defaultConfiguration": {
    "level": "error"
  },
  "fullDescription": {
    "text": "No NetworkPolicy isolates the ingress of a pod: whatever may send reaches it."
  },
  "help": {
    "text": "See https://github.com/fallgate/fallgate/blob/main/docs/AUDIT.md#ingress-not-isolated"
  },
  "helpUri": "https://github.com/fallgate/fallgate/blob/main/docs/AUDIT.md#ingress-not-isolated",
  "id": "ingress-not-isolated",
  "properties": {
    "tags": [
      "security"
    ]
  },
  "shortDescription": {
    "text": "No NetworkPolicy isolates the ingress of a pod: whatever may send reaches it"
  }
}
"#]]
    );
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

/// Where a report's links lead to.
#[test]
fn every_rule_is_described() {
    let page = fs::read_to_string(root().join("docs/AUDIT.md")).unwrap();
    let log = json(&small("sarif"));
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        let heading = format!("\n### {}\n", rule["id"].as_str().unwrap());
        assert!(page.contains(&heading), "docs/AUDIT.md has no heading{heading}");
    }
}

#[test]
fn a_report_in_junit() {
    assert_data_eq!(
        small("junit"),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" errors="0">
  <testsuite name="fallgate audit coverage" tests="4" failures="1" errors="0" skipped="1">
    <testcase name="Pod dev/a" classname="ingress-not-isolated" file="stdin" line="1">
      <failure message="high: no NetworkPolicy isolates its ingress">a NetworkPolicy in `dev` with an empty `podSelector` and `Ingress` in `policyTypes` isolates every pod there</failure>
    </testcase>
    <testcase name="NetworkPolicy dev/b" classname="selects-no-pods" file="stdin" line="10">
      <skipped message="below --fail-on high: medium: it selects no pod"></skipped>
    </testcase>
    <testcase name="Pod dev/a" classname="egress-not-isolated" file="stdin" line="1"/>
    <testcase name="NetworkPolicy dev/a" classname="selects-no-pods" file="stdin" line="5"/>
  </testsuite>
</testsuites>

"#]]
    );
}

#[test]
fn a_report_in_workflow_commands() {
    assert_data_eq!(
        small("github"),
        str![[r#"
::error file=stdin,line=1,col=1,title=ingress-not-isolated::Pod dev/a: no NetworkPolicy isolates its ingress%0Aa NetworkPolicy in `dev` with an empty `podSelector` and `Ingress` in `policyTypes` isolates every pod there
::warning file=stdin,line=10,col=1,title=selects-no-pods::NetworkPolicy dev/b: it selects no pod%0Agive it labels that pods have, or remove it

"#]]
    );
}

#[test]
fn a_report_for_code_quality() {
    assert_data_eq!(
        small("gitlab"),
        str![[r#"
[
  {
    "check_name": "ingress-not-isolated",
    "description": "Pod dev/a: no NetworkPolicy isolates its ingress\na NetworkPolicy in `dev` with an empty `podSelector` and `Ingress` in `policyTypes` isolates every pod there",
    "fingerprint": "ingress-not-isolated:dev/Pod/a",
    "location": {
      "lines": {
        "begin": 1
      },
      "path": "stdin"
    },
    "severity": "critical"
  },
  {
    "check_name": "selects-no-pods",
    "description": "NetworkPolicy dev/b: it selects no pod\ngive it labels that pods have, or remove it",
    "fingerprint": "selects-no-pods:dev/NetworkPolicy/b",
    "location": {
      "lines": {
        "begin": 10
      },
      "path": "stdin"
    },
    "severity": "major"
  }
]

"#]].raw()
    );
}

#[test]
fn a_report_for_reviewdog() {
    assert_data_eq!(
        small("rdjson"),
        str![[r#"
{
  "diagnostics": [
    {
      "code": {
        "url": "https://github.com/fallgate/fallgate/blob/main/docs/AUDIT.md#ingress-not-isolated",
        "value": "ingress-not-isolated"
      },
      "location": {
        "path": "stdin",
        "range": {
          "start": {
            "line": 1
          }
        }
      },
      "message": "Pod dev/a: no NetworkPolicy isolates its ingress\na NetworkPolicy in `dev` with an empty `podSelector` and `Ingress` in `policyTypes` isolates every pod there",
      "severity": "ERROR"
    },
    {
      "code": {
        "url": "https://github.com/fallgate/fallgate/blob/main/docs/AUDIT.md#selects-no-pods",
        "value": "selects-no-pods"
      },
      "location": {
        "path": "stdin",
        "range": {
          "start": {
            "line": 10
          }
        }
      },
      "message": "NetworkPolicy dev/b: it selects no pod\ngive it labels that pods have, or remove it",
      "severity": "WARNING"
    }
  ],
  "source": {
    "name": "fallgate",
    "url": "https://github.com/fallgate/fallgate"
  }
}

"#]].raw()
    );
}

/// A name of an object and of a file with all that means something in some
/// format.
#[test]
#[cfg(unix)]
fn no_name_leaves_its_place() {
    let name = "a,b:c%\n::error::<d> \"e\" [f](g) {0}.yaml";
    let text = r#"
apiVersion: v1
kind: Pod
metadata: {name: "x\n::error file=y::z%0A<w>\"'&|`[l](http://h){0}\uFFFF\u001b[2J", namespace: "n,s"}
"#;
    let file = File::new(name, text);
    let directory = file.0.parent().unwrap().to_owned();
    let report = |format: &str| {
        let args = ["audit", "coverage", "-f", file.path(), "-o", format];
        let (code, out, _) = run(&args);
        assert_eq!(code, 3, "{format}: {out}");
        assert!(!out.contains('\u{1b}'), "{format}: {out}");
        out
    };
    for format in ["table", "md"] {
        assert!(!report(format).contains("\n::error"), "{format}");
    }
    let github = report("github");
    assert!(github.lines().all(|line| line.starts_with("::error file=")), "{github}");
    let escaped = "/a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3A<d> \"e\" [f](g) {0}.yaml,line=4,";
    assert!(github.contains(escaped), "{github}");
    assert!(github.contains("::error file=y::z%250A<w>"), "{github}");
    let junit = report("junit");
    assert!(junit.contains("::error file=y::z%0A&lt;w&gt;&quot;'&amp;|`[l]"), "{junit}");
    assert!(!junit.contains('\u{ffff}'), "{junit}");
    let count = |of: &str| junit.matches(of).count();
    assert_eq!(count("<testcase "), count("</testcase>"), "{junit}");
    let sarif = json(&report("sarif"));
    let result = &sarif["runs"][0]["results"][0];
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    let encoded =
        "a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3A%3Cd%3E%20%22e%22%20%5Bf%5D%28g%29%20%7B0%7D.yaml";
    assert_eq!(*uri, format!("file://{}/{encoded}", directory.display()));
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[l\\](http://h){{0}}"), "{message}");
    let gitlab = json(&report("gitlab"));
    assert_eq!(gitlab[0]["location"]["path"], file.path());
    let rdjson = json(&report("rdjson"));
    assert_eq!(rdjson["diagnostics"][0]["location"]["path"], file.path());
    let fingerprint = gitlab[0]["fingerprint"].as_str().unwrap();
    assert!(fingerprint.starts_with("not-evaluated:n%2Cs/Pod/x"), "{fingerprint}");
}
