use std::fmt;

use ipnet::IpNet;

/// How an implementation reads what the API leaves open, as data.
///
/// Each option is one open question. The presets and the sources of their
/// values stand in `docs/SEMANTICS.md`, generated from the tables here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The preset's name.
    pub name: &'static str,
    /// Whether a NetworkPolicy `ipBlock` matches the addresses of pods.
    /// `networks` of cluster-wide policies always do.
    pub ipblock_matches_pods: bool,
    /// Whether a NetworkPolicy `ipBlock` matches the addresses of nodes, and so
    /// of the hostNetwork pods on them.
    pub ipblock_matches_nodes: bool,
    /// Where pods get their addresses, for pods whose address is not known.
    pub pod_cidrs: Vec<IpNet>,
}

/// An option of a dialect.
pub struct OptionInfo {
    /// The name, as in `--dialect upstream,NAME=VALUE`.
    pub name: &'static str,
    /// The question it answers.
    pub question: &'static str,
}

/// One row of the table of presets: the values of the two options and where
/// they come from.
struct Preset {
    name: &'static str,
    ipblock_matches_pods: bool,
    ipblock_matches_nodes: bool,
    source: &'static str,
}

const PRESETS: &[Preset] = &[
    Preset {
        name: "upstream",
        ipblock_matches_pods: true,
        ipblock_matches_nodes: true,
        source: "the Kubernetes e2e suite and kube-network-policies evaluate the packet's address, whoever has it",
    },
    Preset {
        name: "antrea",
        ipblock_matches_pods: true,
        ipblock_matches_nodes: true,
        source: "address conjunctions in Open vSwitch flows, not identities",
    },
    Preset {
        name: "calico",
        ipblock_matches_pods: true,
        ipblock_matches_nodes: true,
        source: "projectcalico/calico#6634: `nets` match the packet's address",
    },
    Preset {
        name: "cilium",
        ipblock_matches_pods: false,
        ipblock_matches_nodes: false,
        source: "cilium/cilium#9209: CIDR rules apply only to what has no Cilium identity",
    },
    Preset {
        name: "kube-network-policies",
        ipblock_matches_pods: true,
        ipblock_matches_nodes: true,
        source: "the reference evaluator compares the packet's address",
    },
    Preset {
        name: "ovn-kubernetes",
        ipblock_matches_pods: true,
        ipblock_matches_nodes: true,
        source: "ACLs match `ip4.src` and `ip4.dst`",
    },
];

const OPTIONS: &[OptionInfo] = &[
    OptionInfo {
        name: "ipblock-matches-pods",
        question: "does an ipBlock of a NetworkPolicy match the addresses of pods?",
    },
    OptionInfo {
        name: "ipblock-matches-nodes",
        question: "does an ipBlock of a NetworkPolicy match the addresses of nodes?",
    },
];

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect {
            name: "upstream",
            ipblock_matches_pods: true,
            ipblock_matches_nodes: true,
            pod_cidrs: Vec::new(),
        }
    }
}

impl Dialect {
    /// Reads `NAME[,OPTION=VALUE…]`.
    pub fn parse(text: &str) -> Result<Dialect, DialectError> {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or_default();
        let preset = PRESETS
            .iter()
            .find(|p| p.name == name)
            .ok_or_else(|| DialectError::Name(name.to_owned()))?;
        let mut dialect = Dialect {
            name: preset.name,
            ipblock_matches_pods: preset.ipblock_matches_pods,
            ipblock_matches_nodes: preset.ipblock_matches_nodes,
            pod_cidrs: Vec::new(),
        };
        for part in parts {
            let (option, value) =
                part.split_once('=').ok_or_else(|| DialectError::Option(part.to_owned()))?;
            let slot = match option {
                "ipblock-matches-pods" => &mut dialect.ipblock_matches_pods,
                "ipblock-matches-nodes" => &mut dialect.ipblock_matches_nodes,
                _ => return Err(DialectError::Option(option.to_owned())),
            };
            *slot = match value {
                "true" => true,
                "false" => false,
                _ => return Err(DialectError::Value(option.to_owned(), value.to_owned())),
            };
        }
        Ok(dialect)
    }

    /// The presets' names with the source of each, for help and documentation.
    pub fn presets() -> impl Iterator<Item = (Dialect, &'static str)> {
        PRESETS.iter().map(|p| {
            (
                Dialect {
                    name: p.name,
                    ipblock_matches_pods: p.ipblock_matches_pods,
                    ipblock_matches_nodes: p.ipblock_matches_nodes,
                    pod_cidrs: Vec::new(),
                },
                p.source,
            )
        })
    }

    /// The options that every dialect has.
    pub fn options() -> &'static [OptionInfo] {
        OPTIONS
    }
}

impl fmt::Display for Dialect {
    /// The form that [`Dialect::parse`] reads, with the options that differ
    /// from the preset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        let preset = PRESETS.iter().find(|p| p.name == self.name);
        for (option, value, usual) in [
            (
                "ipblock-matches-pods",
                self.ipblock_matches_pods,
                preset.map(|p| p.ipblock_matches_pods),
            ),
            (
                "ipblock-matches-nodes",
                self.ipblock_matches_nodes,
                preset.map(|p| p.ipblock_matches_nodes),
            ),
        ] {
            if Some(value) != usual {
                write!(f, ",{option}={value}")?;
            }
        }
        Ok(())
    }
}

/// Why a dialect was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialectError {
    /// No preset has this name.
    Name(String),
    /// No option has this name.
    Option(String),
    /// The option does not take this value.
    Value(String, String),
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, names: &mut dyn Iterator<Item = &str>| {
            for (i, name) in names.enumerate() {
                write!(f, "{}`{name}`", if i == 0 { "" } else { ", " })?;
            }
            Ok(())
        };
        match self {
            DialectError::Name(name) => {
                write!(f, "unknown dialect `{name}`; must be one of ")?;
                list(f, &mut PRESETS.iter().map(|p| p.name))
            }
            DialectError::Option(name) => {
                write!(f, "unknown dialect option `{name}`; must be OPTION=VALUE with one of ")?;
                list(f, &mut OPTIONS.iter().map(|o| o.name))
            }
            DialectError::Value(option, value) => {
                write!(f, "dialect option `{option}` must be `true` or `false`, not `{value}`")
            }
        }
    }
}

impl std::error::Error for DialectError {}
