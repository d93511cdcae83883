//! `metadata`: names, labels and owners.

use fallgate_model::{Labels, METADATA_NAME, Namespace, Str};

use super::stray::{IF_LABEL, Left, Strays};
use super::{Known, Reader};
use crate::context::{At, Context, nearest, shown};
use crate::item::{Content, Owner};
use crate::tree::{Entry, Kind, Node, Value};
use crate::validate;

/// What identifies an object, and its labels.
pub(crate) struct Meta {
    pub(crate) namespace: Str,
    pub(crate) name: Str,
    pub(crate) labels: Labels,
}

const FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// A text of the metadata as far as it is one, to say what the object is
/// before anything is validated.
pub(crate) fn text<'n>(object: &'n Node<'_>, key: &str) -> &'n str {
    let meta = object.get("metadata");
    let text = meta.and_then(|m| m.get(key)).and_then(|n| n.text()).unwrap_or_default();
    if text.is_empty() && key == "name" {
        let generated = meta.and_then(|m| m.get("generateName")).and_then(|n| n.text());
        return generated.unwrap_or_default();
    }
    text
}

/// The namespace of an object of a namespaced kind; `None` when it may be
/// another one, because nothing says it and something cannot be understood.
pub(crate) fn certain_namespace<'n>(object: &'n Node<'_>) -> Option<&'n str> {
    let Value::Map(entries) = &object.get("metadata")?.value else { return None };
    let namespace = match object.get("metadata")?.get("namespace") {
        Some(node) if !node.is_null() => node.text()?,
        _ if entries.iter().any(|e| !FIELDS.contains(&&*e.key)) => return None,
        _ => "",
    };
    match namespace {
        "" => Some("default"),
        namespace => validate::dns_label(namespace).is_none().then_some(namespace),
    }
}

/// Reads and validates; `None` when the object has no usable name, namespace or
/// labels.
///
/// Where a field is misspelt, a policy is not valid; and what carries labels
/// that policies select by may have others than are known. Of a workload these
/// labels are its template's, and what is said here of them is only whether
/// some slipped to where the object has its own fields.
pub(super) fn read(ctx: &mut Context<'_>, object: &Node<'_>, known: &Known) -> Option<Meta> {
    let at = At::ROOT.key("metadata");
    let node = object.get("metadata");
    let policy = known.reader.is_policy();
    let Some(node) = node else {
        if let Some(entry) = misspelt(object, "metadata") {
            // Those of a policy are all looked at later.
            if !policy {
                ctx.unknown_field(entry, &At::ROOT, &["metadata"]);
                ctx.set_failed(true);
            }
            return None;
        }
        let message = "`metadata.name` is missing";
        ctx.error(&at, object.offset, "missing-name", message, "");
        return None;
    };
    let namespaced = known.namespaced;
    let labelled = known.reader.is_labelled();
    let strays = Strays::of(known.reader, known.kind);
    // Of a policy all fields are looked at later.
    let mut slipped = !policy && strays.object(ctx, object, left(object, known));
    let fields = ctx.fields(node, &at)?;
    let (mut name, mut generated, mut namespace) = (None, None, None);
    let mut labels = Some(Labels::default());
    let mut valid = true;
    for entry in fields {
        let at = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            "name" => {
                let text = ctx.string(value, &at);
                valid &= text.is_some();
                name = text.map(|t| (t, value.offset));
            }
            "generateName" => generated = ctx.string(value, &at).map(|t| (t, value.offset)),
            "namespace" => {
                let text = ctx.string(value, &at);
                valid &= text.is_some();
                namespace = text.map(|t| (t, value.offset));
            }
            "labels" => labels = read_labels(ctx, value, &at),
            "annotations" if labelled => slipped |= below_annotations(ctx, value, &at),
            key if FIELDS.contains(&key) => {}
            _ if policy => {
                ctx.unknown_field(entry, &At::ROOT.key("metadata"), &FIELDS);
                valid &= ctx.lenient;
            }
            _ => stray(ctx, entry, &At::ROOT.key("metadata"), &strays, labelled, &mut slipped),
        }
    }
    let given = name.filter(|(text, _)| !text.is_empty());
    let generated = generated.filter(|(text, _)| !text.is_empty());
    let name = match (given, generated) {
        (Some((text, offset)), _) => {
            if let Some(fault) = validate::subdomain(text) {
                let message = format!("the name `{}` {fault}", shown(text));
                ctx.error(&at.key("name"), offset, "invalid-name", message, "");
                valid = false;
            }
            text
        }
        (None, Some((text, _))) => text,
        (None, None) => {
            if valid {
                ctx.error(&at, node.offset, "missing-name", "`metadata.name` is missing", "");
            }
            return None;
        }
    };
    let namespace = match namespace.filter(|(text, _)| namespaced && !text.is_empty()) {
        Some((text, offset)) => {
            if let Some(fault) = validate::dns_label(text) {
                let message = format!("the namespace `{}` {fault}", shown(text));
                ctx.error(&at.key("namespace"), offset, "invalid-name", message, "");
                valid = false;
            }
            text
        }
        None if namespaced => "default",
        None => "",
    };
    let (name, namespace) = (ctx.str(name), ctx.str(namespace));
    let mut labels = labels?;
    labels.open |= slipped;
    valid.then_some(Meta { namespace, name, labels })
}

/// What an object has of labels that something goes by, its own or its
/// template's.
fn left(object: &Node<'_>, known: &Known) -> Left {
    match known.reader {
        Reader::Workload => Left::of(Some(object)).max(Left::of(template_of(object, known.kind))),
        reader if reader.is_labelled() => Left::of(Some(object)),
        _ => Left::Nowhere,
    }
}

/// The pod template of a workload.
pub(super) fn template_of<'n, 't>(object: &'n Node<'t>, kind: &str) -> Option<&'n Node<'t>> {
    let spec = object.get("spec")?;
    match kind {
        "CronJob" => spec.get("jobTemplate")?.get("spec")?.get("template"),
        _ => spec.get("template"),
    }
}

/// The field that was meant to be this one.
fn misspelt<'n, 't>(node: &'n Node<'t>, key: &str) -> Option<&'n Entry<'t>> {
    let Value::Map(entries) = &node.value else { return None };
    let near = |entry: &&Entry<'_>| entry.key != key && nearest(&entry.key, &[key]).is_some();
    entries.iter().find(near)
}

/// The labels in the metadata of a template, where nothing else is read.
pub(super) fn template(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    strays: &Strays,
) -> Option<Labels> {
    let mut labels = Some(Labels::default());
    let mut slipped = false;
    for entry in ctx.fields(node, at)? {
        match &*entry.key {
            "labels" => labels = read_labels(ctx, &entry.value, &at.key("labels")),
            "annotations" => {
                slipped |= below_annotations(ctx, &entry.value, &at.key("annotations"));
            }
            key if FIELDS.contains(&key) => {}
            _ => stray(ctx, entry, at, strays, true, &mut slipped),
        }
    }
    let mut labels = labels?;
    labels.open |= slipped;
    Some(labels)
}

/// Reports a field that no metadata has, and notes whether it could be labels
/// or one of them, if it is those of pods or of what else policies select by.
fn stray(
    ctx: &mut Context<'_>,
    entry: &Entry<'_>,
    at: &At<'_>,
    strays: &Strays,
    labelled: bool,
    slipped: &mut bool,
) {
    let near = nearest(&entry.key, &FIELDS);
    let scalar = matches!(entry.value.value, Value::Scalar(_, kind) if kind != Kind::Null);
    match strays.meant(entry).filter(|(name, _)| labelled || *name != "labels") {
        Some(("spec", _)) => {
            ctx.stray_field(entry, at, "give `spec` the indentation of `metadata`".to_owned());
        }
        Some(read) => *slipped |= strays.report(ctx, entry, at, &FIELDS, read),
        // Labels that lost their indentation are one slip, however many.
        None if labelled && scalar && near.is_none() && *slipped => {}
        None if labelled && scalar && near.is_none() => {
            *slipped = ctx.stray_labels(entry, at, IF_LABEL.to_owned());
        }
        None => {
            let message = format!("there is no field `{}` in metadata", shown(&entry.key));
            let help = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
            ctx.warning(&at.key(&entry.key), entry.offset, "unknown-field", message, help);
        }
    }
}

/// Reports labels that stand below the annotations, and says whether there are
/// any: an annotation of this name would be a text.
fn below_annotations(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> bool {
    let Value::Map(entries) = &node.value else { return false };
    let nested = |e: &&Entry<'_>| e.key == "labels" && matches!(e.value.value, Value::Map(_));
    let Some(entry) = entries.iter().find(nested) else { return false };
    ctx.stray_labels(entry, at, "give `labels` the indentation of `annotations`".to_owned())
}

/// Labels; `None` when one of them is not valid.
pub(crate) fn read_labels(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Labels> {
    let fields = ctx.fields(node, at)?;
    let mut known: Vec<(Str, Str)> = Vec::with_capacity(fields.len());
    let mut valid = true;
    for entry in fields {
        match label(ctx, &entry.key, entry.offset, &entry.value, at) {
            Some(pair) => known.push(pair),
            None => valid = false,
        }
    }
    if !known.is_sorted_by(|a, b| a.0 < b.0) {
        known.sort_by(|a, b| a.0.cmp(&b.0));
        // The last of repeated keys wins; without repetition nothing moves.
        known.reverse();
        known.dedup_by(|a, b| a.0 == b.0);
        known.reverse();
    }
    valid.then_some(Labels { known, unvalued: Vec::new(), open: false })
}

/// One label, or one pair of `matchLabels`.
pub(crate) fn label(
    ctx: &mut Context<'_>,
    key: &str,
    offset: u32,
    value: &Node<'_>,
    at: &At<'_>,
) -> Option<(Str, Str)> {
    let at = at.key(key);
    let mut valid = true;
    if let Some(fault) = validate::label_key(key) {
        let message = format!("the label key `{}` {fault}", shown(key));
        ctx.error(&at, offset, "invalid-label", message, "");
        valid = false;
    }
    let text = ctx.string(value, &at)?;
    if let Some(fault) = validate::label_value(text) {
        let message = format!("the label value `{}` {fault}", shown(text));
        ctx.error(&at, value.offset, "invalid-label", message, "");
        valid = false;
    }
    valid.then(|| (ctx.str(key), ctx.str(text)))
}

/// The owner that controls the object.
pub(crate) fn owner(ctx: &mut Context<'_>, object: &Node<'_>) -> Option<Owner> {
    let references = object.get("metadata")?.get("ownerReferences")?;
    let controls = |n: &&Node<'_>| {
        matches!(
            n.get("controller").map(|c| &c.value),
            Some(Value::Scalar(_, crate::tree::Kind::Bool(true)))
        )
    };
    let reference = references.items().iter().find(controls)?;
    let kind = reference.get("kind").and_then(|n| n.text())?;
    let name = reference.get("name").and_then(|n| n.text())?;
    Some(Owner { kind: ctx.str(kind), name: ctx.str(name) })
}

/// An annotation that has a text.
pub(crate) fn annotation<'n>(object: &'n Node<'_>, key: &str) -> Option<&'n str> {
    object.get("metadata")?.get("annotations")?.get(key)?.text()
}

/// A Namespace.
pub(crate) fn namespace(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
) -> Option<Content> {
    let Meta { name, mut labels, .. } = head?;
    if let Some(fault) = validate::dns_label(&name) {
        let message = format!("the name `{name}` {fault}");
        let at = node.get("metadata").and_then(|m| m.get("name")).map_or(node.offset, |n| n.offset);
        ctx.error(&At::ROOT.key("metadata").key("name"), at, "invalid-name", message, "");
        return None;
    }
    if let Some(value) = labels.get(METADATA_NAME)
        && *value != name
    {
        let said = node
            .get("metadata")
            .and_then(|m| m.get("labels"))
            .and_then(|l| l.get(METADATA_NAME))
            .map_or(node.offset, |n| n.offset);
        let message = format!("the API server sets this label to `{name}`, not to `{value}`");
        let (meta, help) = (At::ROOT.key("metadata"), "remove the label");
        let at = meta.key("labels");
        ctx.error(&at.key(METADATA_NAME), said, "metadata-name-label", message, help);
        // The name that the API server would insist on is certain.
        ctx.set_failed(false);
    }
    let key = ctx.str(METADATA_NAME);
    labels.set(key, name.clone());
    Some(Content::Namespace(Namespace { name, labels, origin: ctx.origin(node.offset) }))
}
