//! The cluster as the engine sees it: without what grants have opened.

use std::cell::RefCell;
use std::collections::BTreeMap;

use fallgate_access::{Assess, Case, Facts, Planned, Refusal, World};
use fallgate_api::AccessGrant;
use fallgate_api::names::label;
use fallgate_cluster::{LiveInput, Page};
use fallgate_engine::Engine;
use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::Dialect;
use serde_json::{Value, json};

/// A cluster to judge requests on, and the answers that were worked out on it.
pub struct Ground {
    /// What it was made of.
    pages: Vec<Page>,
    engine: Engine,
    facts: Facts,
    plans: RefCell<BTreeMap<String, Result<Planned, Refusal>>>,
    growths: RefCell<BTreeMap<String, Option<String>>>,
}

impl Ground {
    /// Reads what was listed.
    pub fn of(live: LiveInput) -> Ground {
        Ground::read(live, None)
    }

    /// The same, but an earlier one with its answers where nothing has changed.
    pub(crate) fn after(live: LiveInput, before: Option<Ground>) -> Ground {
        Ground::read(live, before)
    }

    fn read(live: LiveInput, before: Option<Ground>) -> Ground {
        let mut facts = Facts::default();
        let pages = live.pages.into_iter();
        let mut pages: Vec<Page> = pages.map(|page| take(&mut facts, page)).collect();
        // What is missing is a part of what there is.
        let gaps = live.gaps.iter().map(|gap| json!([gap.resource, gap.namespace, gap.reason]));
        let gaps: Value = gaps.collect();
        pages.push(Page { resource: String::new(), text: gaps.to_string().into_bytes() });
        if let Some(before) = before.filter(|before| before.pages == pages) {
            return before;
        }
        let inputs: Vec<Input<'_>> = pages
            .iter()
            .filter(|page| !page.resource.is_empty())
            .map(|page| Input {
                name: page.resource.as_str().into(),
                text: &page.text,
                kind: InputKind::Live,
            })
            .collect();
        let mut reading = fallgate_manifest::read(&inputs, &ReadOptions::default());
        let opaque = live.gaps.into_iter().filter_map(|gap| gap.opaque);
        reading.cluster.opaque.extend(opaque);
        Ground {
            pages,
            engine: Engine::new(reading.cluster, Dialect::default()),
            facts,
            plans: RefCell::default(),
            growths: RefCell::default(),
        }
    }

    /// What requests are judged on.
    pub fn world(&self) -> World<'_> {
        let Facts { baselines, workloads, .. } = &self.facts;
        World { engine: &self.engine, baselines, workloads }
    }

    /// Forgets the answers to questions that nobody asks any more, where they
    /// have become many.
    pub(crate) fn tidy(&self) {
        const MANY: usize = 10_000;
        if self.plans.borrow().len() > MANY || self.growths.borrow().len() > MANY {
            self.plans.borrow_mut().clear();
            self.growths.borrow_mut().clear();
        }
    }
}

impl Assess for Ground {
    fn plan(&self, case: &Case<'_>) -> Result<Planned, Refusal> {
        // Everything that a plan depends on; a request's status is no part of it.
        let question = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            case.config,
            case.policy,
            case.request.metadata.namespace,
            case.request.spec,
            case.narrowings
        );
        if let Some(known) = self.plans.borrow().get(&question) {
            return known.clone();
        }
        let answer = self.world().plan(case);
        self.plans.borrow_mut().insert(question, answer.clone());
        answer
    }

    fn growth(&self, grant: &AccessGrant) -> Option<String> {
        let uid = grant.metadata.uid.clone().unwrap_or_default();
        if let Some(known) = self.growths.borrow().get(&uid) {
            return known.clone();
        }
        let answer = self.world().growth(grant);
        self.growths.borrow_mut().insert(uid, answer.clone());
        answer
    }
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

/// Takes in a page, and gives it back without what is ours and without what
/// differs from one listing to the next. What is no list stays as it is: the
/// reader says what is wrong with it.
fn take(facts: &mut Facts, page: Page) -> Page {
    let Ok(mut list) = serde_json::from_slice::<Value>(&page.text) else { return page };
    let (group, kind) = kind(&page.resource);
    if let Some(Value::Array(items)) = list.get_mut("items") {
        for item in items.iter_mut() {
            facts.see(group, kind, item);
            if let Some(Value::Object(metadata)) = item.get_mut("metadata") {
                metadata.remove("managedFields");
                metadata.remove("resourceVersion");
            }
        }
        if matches!(kind, "Job" | "NetworkPolicy") {
            let granted =
                |item: &Value| item.pointer("/metadata/labels")?.get(label::GRANT).cloned();
            items.retain(|item| granted(item).is_none());
        }
        // Its resourceVersion is that of the whole cluster.
        if let Some(metadata) = list.get_mut("metadata") {
            *metadata = json!({});
        }
    }
    Page { text: list.to_string().into_bytes(), ..page }
}

/// The group and kind of what a page lists, where facts are taken from it.
fn kind(resource: &str) -> (&'static str, &'static str) {
    match resource {
        "apps/v1/daemonsets" => ("apps", "DaemonSet"),
        "apps/v1/deployments" => ("apps", "Deployment"),
        "apps/v1/replicasets" => ("apps", "ReplicaSet"),
        "apps/v1/statefulsets" => ("apps", "StatefulSet"),
        "batch/v1/cronjobs" => ("batch", "CronJob"),
        "batch/v1/jobs" => ("batch", "Job"),
        "networking.k8s.io/v1/networkpolicies" => ("networking.k8s.io", "NetworkPolicy"),
        "v1/pods" => ("", "Pod"),
        "v1/replicationcontrollers" => ("", "ReplicationController"),
        _ => ("", ""),
    }
}
