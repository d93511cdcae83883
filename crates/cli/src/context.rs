use std::cell::{OnceCell, RefCell};
use std::mem::ManuallyDrop;

use fallgate_engine::{Engine, Snapshot};
use fallgate_manifest::{ReadOptions, Reading};
use fallgate_model::{Cluster, Diagnostic, Dialect, Opaque, Origin, Severity, SourceId, Sources};

use crate::args::Global;
use crate::endpoint::{Absent, Index};
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::input::{self, Text};
use crate::output::Printer;
use crate::wire;

/// The cluster that a command answers about, and what there is to say about
/// how it was read.
pub(crate) struct Context {
    /// The cluster with everything in it worked out.
    pub(crate) snapshot: Snapshot,
    /// The engine, for questions about a cluster with one more pod.
    pub(crate) engine: RefCell<Engine>,
    /// What was read, without the objects, which the engine has.
    pub(crate) reading: Reading,
    /// The namespace of names that have none.
    pub(crate) namespace: Option<String>,
    texts: Vec<Text>,
    index: OnceCell<Index>,
}

impl Context {
    /// Reads the input that the global options name. The program ends when the
    /// answer is given, and then the system takes the memory back at once, which
    /// is faster than taking a large cluster apart object by object.
    pub(crate) fn read(global: &Global) -> Result<ManuallyDrop<Context>, Failure> {
        Context::read_from(global, &input::sources(global)?).map(ManuallyDrop::new)
    }

    /// Reads other sources than `-f` names, with everything else as the global
    /// options say.
    pub(crate) fn read_from(
        global: &Global,
        sources: &[input::Source],
    ) -> Result<Context, Failure> {
        let texts = input::read(sources, global)?;
        Context::of_texts(global, texts)
    }

    /// The same for texts that are there already.
    pub(crate) fn of_texts(global: &Global, texts: Vec<Text>) -> Result<Context, Failure> {
        Context::of_changed(global, texts, |_| {})
    }

    /// The same of another cluster than the texts have: `change` is made before
    /// anything is worked out, and before what the options change.
    pub(crate) fn of_changed(
        global: &Global,
        texts: Vec<Text>,
        change: impl FnOnce(&mut Cluster),
    ) -> Result<Context, Failure> {
        let inputs: Vec<_> = texts.iter().map(Text::as_input).collect();
        let mut reading = fallgate_manifest::read(&inputs, &ReadOptions::default());
        let mut texts = texts;
        for (at, text) in (0..).zip(&texts) {
            let origin = Origin { source: SourceId(at), ..Origin::default() };
            for gap in &text.gaps {
                reading.diagnostics.push(Diagnostic { origin, ..gap.diagnostic.clone() });
                let opaque = gap.opaque.iter().cloned();
                reading.cluster.opaque.extend(opaque.map(|o| Opaque { origin, ..o }));
            }
        }
        // Nothing at all is a pipe that broke or a wrong file, not a cluster in
        // which nothing is allowed.
        if reading.objects.is_empty()
            && reading.ignored.is_empty()
            && reading.diagnostics.is_empty()
        {
            return Err(Problem::new("the input has no Kubernetes object")
                .help("name files with manifests, or pipe in what `kubectl get -o yaml` prints")
                .into());
        }
        change(&mut reading.cluster);
        crate::overlay::apply(global, &mut reading, &mut texts)?;
        let cluster = std::mem::take(&mut reading.cluster);
        let engine = Engine::new(cluster, dialect(global));
        Ok(Context {
            snapshot: engine.snapshot(),
            engine: RefCell::new(engine),
            reading,
            namespace: global.live.namespace.clone(),
            texts,
            index: OnceCell::new(),
        })
    }

    /// Endpoints by what users call them.
    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.snapshot, self.absent()))
    }

    /// What is in the input and still no endpoint.
    fn absent(&self) -> Vec<Absent> {
        let completed = self.reading.completed.iter().map(|object| Absent {
            object: object.clone(),
            why: "has completed, so nothing has its address for certain".to_owned(),
            help: "ask about its workload, or about a pod that runs".to_owned(),
        });
        let refused = self.reading.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let refused = refused.filter_map(|d| {
            let place = self.sources().locate(d.origin);
            Some(Absent {
                object: d.object.clone()?,
                why: format!("was not read: {}", d.message),
                help: format!("correct it at {place}"),
            })
        });
        completed.chain(refused).collect()
    }

    /// What was read, as it was.
    pub(crate) fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// Where positions point to.
    pub(crate) fn sources(&self) -> &Sources {
        &self.reading.sources
    }

    /// Whether something in the input was not evaluated.
    pub(crate) fn incomplete(&self) -> bool {
        self.reading.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether something that is or places endpoints was left out, or may have
    /// been: then even an answer about every endpoint is not about all of them.
    pub(crate) fn lost_endpoints(&self) -> bool {
        self.reading.diagnostics.iter().any(|d| {
            let policy = |kind: &str| kind.ends_with("Policy") || kind.is_empty();
            // Without an object it is a text that is no YAML, or a list that the
            // server did not give.
            d.severity == Severity::Error
                && d.object.as_ref().is_none_or(|object| !policy(&object.kind))
        })
    }

    /// How a command that lists what there is ends: see [`Exit`].
    pub(crate) fn listed(&self, exit: Exit) -> Exit {
        if self.incomplete() { exit.and(Exit::Incomplete) } else { exit }
    }

    /// Shows errors and warnings about the input on standard error; for human
    /// output, since machine-readable output carries them.
    pub(crate) fn show_diagnostics(&self, printer: &mut Printer) {
        printer.diagnostics(&self.reading.diagnostics, self.sources(), |name| {
            self.texts.iter().find(|t| *t.name == *name).map(|t| &*t.bytes)
        });
    }

    /// A JSON document of a command.
    pub(crate) fn document<T>(&self, schema: &'static str, body: T) -> wire::Document<T> {
        wire::Document {
            schema,
            dialect: self.snapshot.dialect().to_string(),
            input: self.wire_input(),
            body,
            diagnostics: self.wire_diagnostics(),
        }
    }

    /// What was read, as JSON has it.
    pub(crate) fn wire_input(&self) -> wire::Input {
        let counts = |map: &std::collections::BTreeMap<fallgate_model::Str, usize>| {
            map.iter().map(|(kind, count)| (kind.to_string(), *count)).collect()
        };
        let mut sources: Vec<String> =
            self.sources().names().iter().map(ToString::to_string).collect();
        // A list that came in pages is one source.
        sources.dedup();
        wire::Input {
            sources,
            objects: counts(&self.reading.objects),
            ignored: counts(&self.reading.ignored),
        }
    }

    /// The diagnostics, as JSON has them.
    pub(crate) fn wire_diagnostics(&self) -> Vec<wire::Diagnostic> {
        let sources = self.sources();
        self.reading.diagnostics.iter().map(|d| wire::Diagnostic::new(sources, d)).collect()
    }
}

/// The dialect that the options ask for.
pub(crate) fn dialect(global: &Global) -> Dialect {
    let mut dialect = global.dialect.clone().unwrap_or_default();
    dialect.pod_cidrs.clone_from(&global.pod_cidr);
    dialect
}
