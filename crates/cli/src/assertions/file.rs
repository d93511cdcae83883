//! Assertion files: YAML or JSON, with the place of everything in them.

use std::collections::BTreeMap;
use std::fmt;

use fallgate_engine::Verdict;
use fallgate_model::{Operator, Requirement, Selector};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_saphyr::Spanned;

use crate::failure::Problem;
use crate::input::Text;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl<T> Located<T> {
    /// A problem with the value.
    pub(crate) fn problem(&self, problem: Problem) -> Problem {
        problem.at(format!("{}:{}:{}", self.file, self.line, self.column))
    }

    pub(crate) fn place(&self) -> (String, usize) {
        (self.file.clone(), self.line)
    }

    fn map<U>(self, f: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: f(self.value), file: self.file, line: self.line, column: self.column }
    }
}

/// An assertion file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) tests: Vec<Test>,
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(crate) allow: Vec<Allow>,
    pub(crate) presets: Vec<Located<String>>,
}

/// One assertion.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    name: Option<String>,
    pub(crate) from: Located<String>,
    pub(crate) to: Located<String>,
    /// At least one.
    pub(crate) ports: Vec<Located<String>>,
    pub(crate) except: Vec<Located<String>>,
    pub(crate) transitive: bool,
    pub(crate) expect: Verdict,
}

impl Test {
    /// The assertion's own name, or what it asserts.
    pub(crate) fn name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let list = |all: &[Located<String>]| {
            all.iter().map(|l| l.value.as_str()).collect::<Vec<_>>().join(", ")
        };
        let mut name = format!("{} -> {} {}", self.from.value, self.to.value, list(&self.ports));
        if !self.except.is_empty() {
            name.push_str(&format!(", except {}", list(&self.except)));
        }
        if self.transitive {
            name.push_str(", over any hops");
        }
        name
    }
}

/// A part of the cluster or of the world, for a matrix.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) at: Located<String>,
    pub(crate) namespaces: Vec<Located<String>>,
    pub(crate) namespace_selector: Option<Selector>,
    pub(crate) pod_selector: Option<Selector>,
    pub(crate) cidrs: Vec<Located<String>>,
    pub(crate) endpoints: Vec<Located<String>>,
}

/// What may pass from one zone to another.
#[derive(Clone, Debug)]
pub(crate) struct Allow {
    pub(crate) from: Located<String>,
    pub(crate) to: Located<String>,
    /// At least one.
    pub(crate) ports: Vec<Located<String>>,
}

impl File {
    /// Reads a file.
    pub(crate) fn parse(text: &Text) -> Result<File, Vec<Problem>> {
        let name = &*text.name;
        let utf8 = std::str::from_utf8(&text.bytes)
            .map_err(|_| vec![Problem::new("the file is not UTF-8 text").at(name)])?;
        let options = serde_saphyr::options! {
            // An assertion takes some twenty events; files of several ten thousand are fine.
            budget: serde_saphyr::budget! { max_events: 20_000_000, max_nodes: 20_000_000 },
        };
        let raw: RawFile = serde_saphyr::from_str_with_options(utf8, options).map_err(|error| {
            let error = error.without_snippet();
            let place = match error.location() {
                Some(at) => format!("{name}:{}:{}", at.line(), at.column()),
                None => name.to_owned(),
            };
            let message = message(&error.to_string());
            let help = match &message {
                twice if twice.starts_with("duplicate mapping key") => "merge the two into one",
                several if several.starts_with("multiple YAML documents") => {
                    "write each document into a file of its own, and name them all"
                }
                _ => HELP,
            };
            vec![Problem::new(message).at(place).help(help)]
        })?;
        raw.locate(name)
    }
}

const HELP: &str = "an assertion is `{from: ENDPOINT, to: ENDPOINT, port: PORT, expect: allowed|denied|unknown}`, \
                    with `name`, `ports`, `except` and `transitive` where needed; \
                    a file has `tests`, `zones` with `allow`, and `presets`";

/// The reader's message without the position, which stands before it, and
/// without advice for programmers.
fn message(text: &str) -> String {
    const ADVICE: [&str; 2] = [", set DuplicateKeyPolicy", "; use from_"];
    let first = text.lines().next().unwrap_or(text);
    let cut = first.find(" at line ").map_or(first, |at| first.get(..at).unwrap_or(first));
    let cut = cut.strip_prefix("error: ").unwrap_or(cut);
    let cut = ADVICE.iter().fold(cut, |cut, advice| cut.split(advice).next().unwrap_or(cut));
    match cut.split_once(": ") {
        Some((before, rest)) if before.starts_with("line ") => rest.to_owned(),
        _ => cut.to_owned(),
    }
}

/// A string, also where YAML sees a number.
#[derive(Clone, Debug)]
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

#[derive(Clone, Copy, Debug)]
struct Expect(Verdict);

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expect, D::Error> {
        let word = String::deserialize(deserializer)?;
        [Verdict::Allowed, Verdict::Denied, Verdict::Unknown]
            .into_iter()
            .find(|v| v.name() == word)
            .map(Expect)
            .ok_or_else(|| {
                D::Error::custom(format!(
                    "`expect` must be `allowed`, `denied` or `unknown`, not `{word}`"
                ))
            })
    }
}

type Words = Vec<Spanned<Word>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawFile {
    /// Clusters and their assertions may stand in one file; the clusters are
    /// not ours to read.
    #[serde(default)]
    tests: Option<Vec<RawTest>>,
    #[serde(default)]
    zones: BTreeMap<String, Spanned<RawZone>>,
    #[serde(default)]
    allow: Vec<RawAllow>,
    #[serde(default)]
    presets: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTest {
    #[serde(default)]
    name: Option<Word>,
    from: Spanned<Word>,
    to: Spanned<Word>,
    #[serde(default)]
    port: Option<Spanned<Word>>,
    #[serde(default)]
    ports: Words,
    #[serde(default)]
    except: Words,
    #[serde(default)]
    transitive: bool,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawZone {
    #[serde(default)]
    namespaces: Words,
    #[serde(default)]
    namespace_selector: Option<RawSelector>,
    #[serde(default)]
    pod_selector: Option<RawSelector>,
    #[serde(default)]
    cidrs: Words,
    #[serde(default)]
    endpoints: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawSelector {
    #[serde(default)]
    match_labels: BTreeMap<String, Word>,
    #[serde(default)]
    match_expressions: Vec<RawRequirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequirement {
    key: String,
    operator: RawOperator,
    #[serde(default)]
    values: Vec<Word>,
}

#[derive(Clone, Copy, Deserialize)]
enum RawOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAllow {
    from: Spanned<Word>,
    to: Spanned<Word>,
    #[serde(default)]
    ports: Words,
    #[serde(default)]
    port: Option<Spanned<Word>>,
}

impl RawFile {
    fn locate(self, file: &str) -> Result<File, Vec<Problem>> {
        let mut problems = Vec::new();
        let at = |spanned: Spanned<Word>| located(file, spanned).map(|w| w.0);
        let all = |words: Words| words.into_iter().map(at).collect::<Vec<_>>();
        // Both `port` and `ports` are one list; without any, every port is meant.
        let ports = |port: Option<Spanned<Word>>, ports: Words, near: &Located<String>| {
            let mut list = all(ports);
            list.extend(port.map(at));
            if list.is_empty() {
                list.push(Located { value: "any".to_owned(), ..near.clone() });
            }
            list
        };
        let mut tests = Vec::new();
        for raw in self.tests.unwrap_or_default() {
            let (from, to) = (at(raw.from), at(raw.to));
            tests.push(Test {
                name: raw.name.map(|w| w.0),
                ports: ports(raw.port, raw.ports, &from),
                from,
                to,
                except: all(raw.except),
                transitive: raw.transitive,
                expect: raw.expect.0,
            });
        }
        let mut zones = BTreeMap::new();
        for (name, raw) in self.zones {
            let zone = located(file, raw);
            let at = zone.clone_place(name.clone());
            let raw = zone.value;
            let zone = Zone {
                namespaces: all(raw.namespaces),
                namespace_selector: raw.namespace_selector.map(selector),
                pod_selector: raw.pod_selector.map(selector),
                cidrs: all(raw.cidrs),
                endpoints: all(raw.endpoints),
                at,
            };
            let nothing = zone.namespaces.is_empty()
                && zone.namespace_selector.is_none()
                && zone.pod_selector.is_none()
                && zone.cidrs.is_empty()
                && zone.endpoints.is_empty();
            if nothing {
                let problem = Problem::new(format!("zone `{name}` says nothing")).help(
                    "a zone has `namespaces`, `namespaceSelector`, `podSelector`, `cidrs` or `endpoints`",
                );
                problems.push(zone.at.problem(problem));
            }
            zones.insert(name, zone);
        }
        let mut allow = Vec::new();
        for raw in self.allow {
            let (from, to) = (at(raw.from), at(raw.to));
            for zone in [&from, &to] {
                if !zones.contains_key(&zone.value) {
                    let names: Vec<String> = zones.keys().map(|z| format!("`{z}`")).collect();
                    let problem = Problem::new(format!("there is no zone `{}`", zone.value));
                    problems.push(
                        zone.problem(problem.help(format!("the zones are {}", names.join(", ")))),
                    );
                }
            }
            allow.push(Allow { ports: ports(raw.port, raw.ports, &from), from, to });
        }
        let presets = all(self.presets);
        for preset in &presets {
            if super::preset::find(&preset.value).is_none() {
                let names: Vec<String> =
                    super::preset::PRESETS.iter().map(|(n, _)| format!("`{n}`")).collect();
                let problem = Problem::new(format!("there is no preset `{}`", preset.value));
                problems.push(
                    preset.problem(problem.help(format!("the presets are {}", names.join(", ")))),
                );
            }
        }
        if tests.is_empty() && zones.is_empty() && presets.is_empty() {
            problems.push(Problem::new("the file asserts nothing").at(file).help(HELP));
        }
        if problems.is_empty() { Ok(File { tests, zones, allow, presets }) } else { Err(problems) }
    }
}

impl<T> Located<T> {
    fn clone_place<U>(&self, value: U) -> Located<U> {
        Located { value, file: self.file.clone(), line: self.line, column: self.column }
    }
}

fn located<T>(file: &str, spanned: Spanned<T>) -> Located<T> {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let (line, column) = (spanned.referenced.line(), spanned.referenced.column());
    Located {
        value: spanned.value,
        file: file.to_owned(),
        line: number(line),
        column: number(column),
    }
}

fn selector(raw: RawSelector) -> Selector {
    let labels = raw.match_labels.into_iter().map(|(key, value)| Requirement {
        key: key.into(),
        operator: Operator::In,
        values: vec![value.0.into()],
    });
    let expressions = raw.match_expressions.into_iter().map(|r| Requirement {
        key: r.key.into(),
        operator: match r.operator {
            RawOperator::In => Operator::In,
            RawOperator::NotIn => Operator::NotIn,
            RawOperator::Exists => Operator::Exists,
            RawOperator::DoesNotExist => Operator::DoesNotExist,
        },
        values: r.values.into_iter().map(|w| w.0.into()).collect(),
    });
    Selector::new(labels.chain(expressions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fallgate_manifest::InputKind;

    fn parse(text: &str) -> Result<File, Vec<Problem>> {
        File::parse(&Text {
            name: "a.yaml".into(),
            bytes: text.as_bytes().to_vec(),
            kind: InputKind::File,
            gaps: Vec::new(),
        })
    }

    #[test]
    fn a_typo_is_told_with_its_place_and_the_known_fields() {
        let problems =
            parse("tests:\n  - from: a/b\n    to: c/d\n    expects: denied\n").unwrap_err();
        let [problem] = &*problems else { panic!("{problems:?}") };
        assert_eq!(problem.place, "a.yaml:4:5", "{problem:?}");
        assert!(problem.message.contains("expects"), "{problem:?}");
        assert!(problem.message.contains("transitive"), "{problem:?}");
        for (text, place) in [
            ("tests:\n  - from: a/b\n    to: c/d\n    expect: maybe\n", "a.yaml:4:13"),
            ("tests: [\n", "a.yaml:"),
            ("zones:\n  a: {}\n", "a.yaml:2:"),
            ("zones:\n  a: {namespaces: [x]}\nallow:\n  - {from: a, to: b}\n", "a.yaml:4:19"),
            ("presets: [no]\n", "a.yaml:1:11"),
            ("tests: []\n", "a.yaml"),
        ] {
            let problems = parse(text).unwrap_err();
            assert!(problems[0].place.starts_with(place), "{text}: {problems:?}");
        }
    }

    #[test]
    fn ports_are_words_or_numbers() {
        let file = parse(
            "tests:\n  - {from: a/b, to: c/d, port: 443, ports: [53/udp, 80], expect: allowed}\n",
        )
        .unwrap();
        let ports: Vec<&str> = file.tests[0].ports.iter().map(|p| p.value.as_str()).collect();
        assert_eq!(ports, ["53/udp", "80", "443"]);
        assert_eq!(file.tests[0].name(), "a/b -> c/d 53/udp, 80, 443");
    }
}
