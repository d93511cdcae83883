//! Assertions about who may reach whom: what `fallgate test` reads and checks.

mod file;
mod matrix;
mod preset;
mod transitive;

use std::rc::Rc;

use fallgate_engine::Verdict;

use crate::answer::{Answer, Asker, Example, Order, Question};
use crate::endpoint::{EndpointSpec, Member};
use crate::failure::Problem;
use crate::port::PortSpec;

pub(crate) use file::{File, Located};
pub(crate) use transitive::Graph;

/// What one assertion came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Its name, or what it says.
    pub(crate) name: String,
    /// Where it is written: file and line.
    pub(crate) place: (String, usize),
    /// What was expected.
    pub(crate) expect: Verdict,
    /// The worst verdict that was found.
    pub(crate) verdict: Verdict,
    /// The connection that has it; of a path, its last hop.
    pub(crate) example: Option<Example>,
    /// What there is to say besides.
    pub(crate) reason: Option<String>,
    /// The hops of a path, where it is one.
    pub(crate) path: Vec<Member>,
}

impl Outcome {
    pub(crate) fn pass(&self) -> bool {
        self.verdict == self.expect
    }
}

/// The verdicts that make an assertion fail go first: the definite opposite,
/// then unknown, then what is expected.
pub(crate) fn order(expect: Verdict) -> Order {
    match expect {
        Verdict::Allowed => [Verdict::Denied, Verdict::Unknown, Verdict::Allowed],
        Verdict::Denied => [Verdict::Allowed, Verdict::Unknown, Verdict::Denied],
        Verdict::Unknown => [Verdict::Allowed, Verdict::Denied, Verdict::Unknown],
    }
}

/// Checks the assertions of files, one after another.
pub(crate) struct Checker<'c> {
    asker: Asker<'c>,
    graph: std::cell::OnceCell<Graph>,
}

impl<'c> Checker<'c> {
    pub(crate) fn new(asker: Asker<'c>) -> Checker<'c> {
        Checker { asker, graph: std::cell::OnceCell::new() }
    }

    pub(crate) fn asker(&self) -> &Asker<'c> {
        &self.asker
    }

    fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| Graph::new(self.asker.context, self.asker.index()))
    }

    /// Checks everything in a file, in its order: tests, then the matrix of
    /// zones, then presets. `each` says whether to go on.
    pub(crate) fn check(
        &self,
        file: &File,
        each: &mut dyn FnMut(Outcome) -> bool,
    ) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        // What cannot be asked is told before anything is answered.
        let mut tests = Vec::new();
        for test in &file.tests {
            match self.resolve(test) {
                Ok(resolved) => tests.push((test, resolved)),
                Err(mut found) => problems.append(&mut found),
            }
        }
        let matrix = matrix::resolve(file, &self.asker, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        for (test, questions) in tests {
            if !each(self.run(test, &questions)) {
                return Ok(());
            }
        }
        for outcome in matrix.check(&self.asker) {
            if !each(outcome) {
                return Ok(());
            }
        }
        for preset in &file.presets {
            for outcome in preset::check(&self.asker, preset) {
                if !each(outcome) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The questions of an assertion, one for each of its ports.
    fn resolve(&self, test: &file::Test) -> Result<Vec<Question>, Vec<Problem>> {
        let one = |problem: Problem| vec![problem];
        let namespace = self.asker.context.namespace.as_deref();
        let endpoint = |text: &Located<String>| {
            EndpointSpec::parse(&text.value, namespace).map_err(|p| text.problem(p))
        };
        let (from, to) = match (endpoint(&test.from), endpoint(&test.to)) {
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => return Err([from.err(), to.err()].into_iter().flatten().collect()),
        };
        let mut except = Vec::new();
        for text in &test.except {
            let spec = endpoint(text).map_err(one)?;
            except.extend(self.asker.sources(&spec).map_err(|p| one(text.problem(p)))?);
        }
        let several = |spec: &EndpointSpec| {
            matches!(
                spec,
                EndpointSpec::Everything
                    | EndpointSpec::Internet
                    | EndpointSpec::Cidr(_)
                    | EndpointSpec::Namespace(_)
            )
        };
        let members = self.asker.sources(&from).map_err(|p| one(test.from.problem(p)))?;
        // Exceptions are taken from where several come from, else from where they go.
        let (members, without) = if several(&from) || !several(&to) {
            (self.asker.index().without(members, &except), Vec::new())
        } else {
            (members, except)
        };
        if members.is_empty() {
            let problem = Problem::new(format!("nothing is left of `{from}` without `except`"));
            return Err(one(test.from.problem(problem)));
        }
        let mut questions = Vec::new();
        for text in &test.ports {
            let port = PortSpec::parse(&text.value).map_err(|p| one(text.problem(p)))?;
            let mut question =
                self.asker.question_of(members.clone(), &without, &to, &port).map_err(|p| {
                    let about_port = p.message.contains("no port");
                    one(if about_port { text.problem(p) } else { test.to.problem(p) })
                })?;
            if question.to.is_empty() && question.service.is_none() {
                let problem = Problem::new(format!("nothing is left of `{to}` without `except`"));
                return Err(one(test.to.problem(problem)));
            }
            if questions.is_empty() {
                questions.push(question);
            } else {
                // The sources are the same for every port.
                if let Some(first) = questions.first() {
                    question.from = Rc::clone(&first.from);
                }
                questions.push(question);
            }
        }
        Ok(questions)
    }

    fn run(&self, test: &file::Test, questions: &[Question]) -> Outcome {
        let order = order(test.expect);
        let mut worst: Option<(usize, Answer, Vec<Member>)> = None;
        for question in questions {
            let (answer, path) = if test.transitive {
                self.graph().ask(&self.asker, question, order)
            } else {
                (self.asker.ask(question, order), Vec::new())
            };
            let rank = order.iter().position(|v| *v == answer.verdict).unwrap_or(0);
            if worst.as_ref().is_none_or(|(known, ..)| rank < *known) {
                worst = Some((rank, answer, path));
            }
            if rank == 0 {
                break;
            }
        }
        if let Some((_, Answer { example: Some(example), .. }, _)) = &mut worst {
            example.only &= questions.len() == 1;
        }
        let (verdict, example, reason, path) = match worst {
            Some((_, a, path)) => (a.verdict, a.example, a.reason, path),
            None => (Verdict::Unknown, None, None, Vec::new()),
        };
        Outcome {
            name: test.name(),
            place: test.from.place(),
            expect: test.expect,
            verdict,
            example,
            reason,
            path,
        }
    }
}

#[cfg(test)]
mod tests {
    use fallgate_manifest::InputKind;

    use super::*;
    use crate::args::Global;
    use crate::context::Context;
    use crate::input::Text;

    fn text(name: &str, bytes: String) -> Text {
        Text {
            name: name.into(),
            bytes: bytes.into_bytes(),
            kind: InputKind::File,
            gaps: Vec::new(),
        }
    }

    fn outcomes(cluster: &str, assertions: &str) -> Vec<Outcome> {
        let texts = vec![text("cluster.yaml", cluster.to_owned())];
        let context = Context::of_texts(&Global::default(), texts).unwrap();
        let file = File::parse(&text("tests.yaml", assertions.to_owned())).unwrap();
        let mut outcomes = Vec::new();
        Checker::new(Asker::new(&context))
            .check(&file, &mut |outcome| {
                outcomes.push(outcome);
                true
            })
            .unwrap();
        outcomes
    }

    /// The verdicts of an evaluator that is no part of this project.
    #[test]
    fn independent_verdicts_agree() {
        let cases = include_str!("../../../../spec/cases/verdicts.jsonl");
        let mut checked = 0;
        for line in cases.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let cluster = serde_json::json!(
                {"apiVersion": "v1", "kind": "List", "items": case["objects"]}
            );
            let tests = serde_json::json!({"tests": case["tests"]});
            for outcome in outcomes(&cluster.to_string(), &tests.to_string()) {
                assert!(outcome.pass(), "{}: {outcome:?}", case["name"]);
                checked += 1;
            }
        }
        assert!(checked > 10_000, "{checked}");
    }

    const CHAIN: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: x}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
- {apiVersion: v1, kind: Pod, metadata: {name: front, namespace: a, labels: {app: front}}, status: {podIP: 10.0.0.1}}
- {apiVersion: v1, kind: Pod, metadata: {name: middle, namespace: a, labels: {app: middle}}, status: {podIP: 10.0.0.2}}
- {apiVersion: v1, kind: Pod, metadata: {name: back, namespace: a, labels: {app: back}}, status: {podIP: 10.0.0.3}}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: middle, namespace: a}
  spec:
    podSelector: {matchLabels: {app: middle}}
    policyTypes: [Ingress]
    ingress: [{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 80}]}]
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: back, namespace: a}
  spec:
    podSelector: {matchLabels: {app: back}}
    policyTypes: [Ingress]
    ingress: [{from: [{podSelector: {matchLabels: {app: middle}}}], ports: [{port: 5432}]}]
";

    #[test]
    fn a_path_over_several_hops_is_found_and_shown() {
        let outcomes = outcomes(
            CHAIN,
            "tests:
  - {from: internet, to: a/back, port: 5432, expect: denied}
  - {from: internet, to: a/back, port: 5432, transitive: true, expect: denied}
  - {from: internet, to: a/back, port: 80, transitive: true, expect: denied}
  - {from: a/back, to: a/middle, transitive: true, expect: allowed}
",
        );
        let passes: Vec<bool> = outcomes.iter().map(Outcome::pass).collect();
        assert_eq!(passes, [true, false, true, true], "{outcomes:?}");
        assert_eq!(outcomes[1].path.len(), 4, "{outcomes:?}");
    }

    #[test]
    fn what_a_matrix_does_not_list_must_be_denied() {
        let zones = "zones:
  front: {endpoints: [a/front]}
  middle: {namespaceSelector: {matchLabels: {team: x}}, podSelector: {matchLabels: {app: middle}}}
";
        let listed = format!(
            "{zones}allow: [{{from: front, to: middle, ports: [80]}}, {{from: middle, to: front}}]\n"
        );
        let found = outcomes(CHAIN, &listed);
        assert!(found.iter().all(Outcome::pass), "{found:?}");
        let found =
            outcomes(CHAIN, &format!("{zones}allow: [{{from: front, to: middle, ports: [80]}}]\n"));
        let failed: Vec<&str> =
            found.iter().filter(|o| !o.pass()).map(|o| o.name.as_str()).collect();
        assert_eq!(failed, ["zones: middle -> front, nothing"]);
    }

    #[test]
    fn presets_find_what_is_open() {
        let found =
            outcomes(CHAIN, "presets: [default-deny, metadata-endpoint, system-namespaces]\n");
        let verdicts: Vec<(&str, bool)> =
            found.iter().map(|o| (o.name.as_str(), o.pass())).collect();
        assert_eq!(
            verdicts,
            [
                ("default-deny: a/back", false),
                ("default-deny: a/front", false),
                ("default-deny: a/middle", false),
                ("metadata-endpoint: the metadata service is out of reach", false),
                ("system-namespaces: system namespaces are out of reach", true),
            ]
        );
    }

    #[test]
    fn an_exception_is_taken_from_where_several_come_from() {
        let found = outcomes(
            CHAIN,
            "tests:
  - {from: '*', except: [a/middle], to: a/back, expect: denied}
  - {from: a/front, to: a/*, except: [a/front, a/back], port: 80, expect: allowed}
  - {from: '*', to: a/back, port: 5432, expect: denied}
",
        );
        let passes: Vec<bool> = found.iter().map(Outcome::pass).collect();
        assert_eq!(passes, [true, true, false], "{found:?}");
    }
}
