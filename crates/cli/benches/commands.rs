//! The rows of the promised figures that a user feels: whole commands from a
//! cold start, and reading. Inputs are the generated cluster shapes, written as
//! manifests.
//!
//! Times are wall times, the best of many runs, because the machine is shared;
//! `figure:` lines are read by `cargo xtask bench`, which puts the targets
//! beside them.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fallgate_manifest::{Input, InputKind, ReadOptions, read, write_cluster};
use fallgate_model::Cluster;
use fallgate_oracle::shape;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let write = |name: &str, cluster: &Cluster| -> Result<PathBuf> {
        let path = directory.join(name);
        std::fs::write(&path, write_cluster(cluster))?;
        Ok(path)
    };

    let tiers = write("tiers-1000.yaml", &shape::tiers(1_000, 50, 10, false))?;
    let twice = write("tiers-2000.yaml", &shape::tiers(2_000, 100, 10, false))?;
    let large = write("tiers-10000.yaml", &shape::tiers(10_000, 200, 10, false))?;
    let wide = write("cnp-1000.yaml", &shape::cnp(1_000, 50, 10, false))?;
    let dense = write("openshift-5.yaml", &shape::openshift(5))?;

    let one = map(&tiers, 40)?;
    let two = map(&twice, 20)?;
    figure("map -f, tiers, 1000 workloads", ms(one), "ms");
    figure("map -f, tiers, 2000 workloads", ms(two), "ms");
    let growth = (two.as_secs_f64() / one.as_secs_f64()).log2();
    figure("map -f, tiers: growth exponent, 1000 to 2000", format!("{growth:.2}"), "");
    figure("map -f, tiers, 10000 workloads", ms(map(&large, 5)?), "ms");
    // Alternately, so that both see the same machine.
    let (mut plain, mut tiered) = (one, Duration::MAX);
    for _ in 0..20 {
        plain = plain.min(map(&tiers, 1)?);
        tiered = tiered.min(map(&wide, 1)?);
    }
    figure("map -f, cnp, 1000 workloads", ms(tiered), "ms");
    let ratio = tiered.as_secs_f64() / plain.as_secs_f64();
    figure("map -f, cnp against tiers, 1000 workloads", format!("{ratio:.2}"), "x");
    figure("map -f, openshift, 50 pods", ms(map(&dense, 20)?), "ms");

    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
    let can = run(40, |command| {
        command.args(["can", "shop/web", "shop/api", "9090", "-f"]).arg(&shop);
    })?;
    figure("can -f, four files", ms(can), "ms");

    let yaml = std::fs::read(&large)?;
    reading("read YAML", &yaml);
    reading("read JSON lists of pods", pods(5_000).as_bytes());
    Ok(())
}

fn figure(name: &str, value: impl std::fmt::Display, unit: &str) {
    println!("figure: {name} = {value} {unit}");
}

fn ms(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64() * 1e3)
}

fn map(input: &Path, runs: usize) -> Result<Duration> {
    run(runs, |command| {
        command.args(["map", "-o", "csv", "-f"]).arg(input);
    })
}

/// The best wall time of the program, started anew each time.
fn run(runs: usize, arguments: impl Fn(&mut Command)) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..runs {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fallgate"));
        arguments(&mut command);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status()?;
        let took = start.elapsed();
        // 3: some answers are unknown, as they are where pods have no address.
        if !matches!(status.code(), Some(0 | 1 | 3)) {
            return Err(format!("{command:?} ended with {status}").into());
        }
        best = best.min(took);
    }
    Ok(best)
}

/// How fast a text is read, on one core and on all.
fn reading(name: &str, text: &[u8]) {
    let inputs = [Input { name: "bench".into(), text, kind: InputKind::File }];
    for (threads, cores) in [(Some(1), "one core"), (None, "all cores")] {
        let mut best = f64::INFINITY;
        for _ in 0..10 {
            let start = Instant::now();
            let reading = read(&inputs, &ReadOptions { threads, ..ReadOptions::default() });
            best = best.min(start.elapsed().as_secs_f64());
            drop(reading);
        }
        let rate = text.len() as f64 / best / 1e6;
        figure(&format!("{name}, {cores}"), format!("{rate:.0}"), "MB/s");
    }
}

/// A list of pods as `kubectl get pods -o json` prints it: most of it is of no
/// concern to policies.
fn pods(count: usize) -> String {
    let mut text = String::from("{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
    for at in 0..count {
        let (name, ns, ip) =
            (at, at / 20, format!("10.{}.{}.{}", at / 62_500, at / 250 % 250, at % 250 + 1));
        let comma = if at == 0 { "" } else { "," };
        let filler = (0..24).fold(String::new(), |mut filler, field| {
            let _ = write!(
                filler,
                r#"
                            "f:field-{field}": {{
                                ".": {{}},
                                "f:name": {{}},
                                "f:value": {{}}
                            }},"#
            );
            filler
        });
        let _ = write!(
            text,
            r#"{comma}
        {{
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {{
                "creationTimestamp": "2026-11-21T10:00:00Z",
                "labels": {{
                    "app": "app-{name}",
                    "pod-template-hash": "5d8c7b9f6",
                    "tier": "web"
                }},
                "managedFields": [
                    {{
                        "apiVersion": "v1",
                        "fieldsType": "FieldsV1",
                        "fieldsV1": {{{filler}
                            "f:spec": {{}}
                        }},
                        "manager": "kube-controller-manager",
                        "operation": "Update"
                    }}
                ],
                "name": "app-{name}-5d8c7b9f6-x2x7q",
                "namespace": "ns-{ns}",
                "ownerReferences": [
                    {{
                        "apiVersion": "apps/v1",
                        "kind": "ReplicaSet",
                        "name": "app-{name}-5d8c7b9f6"
                    }}
                ]
            }},
            "spec": {{
                "containers": [
                    {{
                        "env": [
                            {{
                                "name": "LOG_LEVEL",
                                "value": "info"
                            }}
                        ],
                        "image": "registry.example/app:1.0",
                        "name": "main",
                        "ports": [
                            {{
                                "containerPort": 8080,
                                "name": "http",
                                "protocol": "TCP"
                            }}
                        ],
                        "volumeMounts": [
                            {{
                                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                                "name": "kube-api-access",
                                "readOnly": true
                            }}
                        ]
                    }}
                ],
                "nodeName": "node-1"
            }},
            "status": {{
                "conditions": [
                    {{
                        "lastTransitionTime": "2026-11-21T10:00:00Z",
                        "status": "True",
                        "type": "Ready"
                    }}
                ],
                "hostIP": "192.168.0.1",
                "phase": "Running",
                "podIP": "{ip}",
                "podIPs": [
                    {{
                        "ip": "{ip}"
                    }}
                ]
            }}
        }}"#
        );
    }
    text.push_str("\n    ],\n    \"kind\": \"List\"\n}\n");
    text
}
