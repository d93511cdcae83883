//! Bodies in the binary form of the API.
//!
//! `kubectl` writes what it makes of its own arguments (`auth can-i`,
//! `create namespace`) in no other. What is read is what stands in the table
//! below; anything else is refused, and can be written as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// One field of a message.
struct Field {
    number: u64,
    name: &'static str,
    kind: Kind,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Bytes,
    Flag,
    Number,
    Message(&'static str),
    /// Only the server writes it.
    Ignored,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Written whether it is set or not: empty is not set.
    Plain,
    /// Written where it is set.
    Optional,
    Repeated,
    /// From texts.
    Map,
}

const fn field(number: u64, name: &'static str, kind: Kind, shape: Shape) -> Field {
    Field { number, name, kind, shape }
}

const fn text(number: u64, name: &'static str) -> Field {
    field(number, name, Kind::Text, Shape::Plain)
}

const fn texts(number: u64, name: &'static str) -> Field {
    field(number, name, Kind::Text, Shape::Repeated)
}

const fn text_map(number: u64, name: &'static str) -> Field {
    field(number, name, Kind::Text, Shape::Map)
}

const fn flag(number: u64, name: &'static str) -> Field {
    field(number, name, Kind::Flag, Shape::Optional)
}

const fn message(number: u64, name: &'static str, of: &'static str) -> Field {
    field(number, name, Kind::Message(of), Shape::Optional)
}

const fn messages(number: u64, name: &'static str, of: &'static str) -> Field {
    field(number, name, Kind::Message(of), Shape::Repeated)
}

const fn ignored(number: u64) -> Field {
    field(number, "", Kind::Ignored, Shape::Plain)
}

const METADATA: Field = message(1, "metadata", "ObjectMeta");

/// The messages, with the numbers of their `generated.proto`.
const MESSAGES: &[(&str, &[Field])] = &[
    (
        "ObjectMeta",
        &[
            text(1, "name"),
            text(2, "generateName"),
            text(3, "namespace"),
            ignored(4),
            text(5, "uid"),
            text(6, "resourceVersion"),
            ignored(7),
            ignored(8),
            text_map(11, "labels"),
            text_map(12, "annotations"),
            messages(13, "ownerReferences", "OwnerReference"),
            texts(14, "finalizers"),
        ],
    ),
    (
        "OwnerReference",
        &[
            text(1, "kind"),
            text(3, "name"),
            text(4, "uid"),
            text(5, "apiVersion"),
            flag(6, "controller"),
            flag(7, "blockOwnerDeletion"),
        ],
    ),
    ("SelfSubjectReview", &[METADATA, ignored(2)]),
    (
        "SelfSubjectAccessReview",
        &[METADATA, message(2, "spec", "SelfSubjectAccessReviewSpec"), ignored(3)],
    ),
    (
        "SelfSubjectAccessReviewSpec",
        &[
            message(1, "resourceAttributes", "ResourceAttributes"),
            message(2, "nonResourceAttributes", "NonResourceAttributes"),
        ],
    ),
    (
        "ResourceAttributes",
        &[
            text(1, "namespace"),
            text(2, "verb"),
            text(3, "group"),
            text(4, "version"),
            text(5, "resource"),
            text(6, "subresource"),
            text(7, "name"),
        ],
    ),
    ("NonResourceAttributes", &[text(1, "path"), text(2, "verb")]),
    (
        "SelfSubjectRulesReview",
        &[METADATA, message(2, "spec", "SelfSubjectRulesReviewSpec"), ignored(3)],
    ),
    ("SelfSubjectRulesReviewSpec", &[text(1, "namespace")]),
    ("TokenRequest", &[METADATA, message(2, "spec", "TokenRequestSpec"), ignored(3)]),
    (
        "TokenRequestSpec",
        &[
            texts(1, "audiences"),
            message(3, "boundObjectRef", "BoundObjectReference"),
            field(4, "expirationSeconds", Kind::Number, Shape::Optional),
        ],
    ),
    (
        "BoundObjectReference",
        &[text(1, "kind"), text(2, "apiVersion"), text(3, "name"), text(4, "uid")],
    ),
    ("Namespace", &[METADATA, message(2, "spec", "NamespaceSpec"), ignored(3)]),
    ("NamespaceSpec", &[texts(1, "finalizers")]),
    (
        "ConfigMap",
        &[
            METADATA,
            text_map(2, "data"),
            field(3, "binaryData", Kind::Bytes, Shape::Map),
            flag(4, "immutable"),
        ],
    ),
    (
        "Secret",
        &[
            METADATA,
            field(2, "data", Kind::Bytes, Shape::Map),
            text(3, "type"),
            text_map(4, "stringData"),
            flag(5, "immutable"),
        ],
    ),
    ("ServiceAccount", &[METADATA, flag(4, "automountServiceAccountToken")]),
    ("Role", &[METADATA, messages(2, "rules", "PolicyRule")]),
    (
        "ClusterRole",
        &[
            METADATA,
            messages(2, "rules", "PolicyRule"),
            message(3, "aggregationRule", "AggregationRule"),
        ],
    ),
    ("AggregationRule", &[messages(1, "clusterRoleSelectors", "LabelSelector")]),
    ("LabelSelector", &[text_map(1, "matchLabels")]),
    (
        "PolicyRule",
        &[
            texts(1, "verbs"),
            texts(2, "apiGroups"),
            texts(3, "resources"),
            texts(4, "resourceNames"),
            texts(5, "nonResourceURLs"),
        ],
    ),
    ("RoleBinding", BINDING),
    ("ClusterRoleBinding", BINDING),
    ("Subject", &[text(1, "kind"), text(2, "apiGroup"), text(3, "name"), text(4, "namespace")]),
    ("RoleRef", &[text(1, "apiGroup"), text(2, "kind"), text(3, "name")]),
];

const BINDING: &[Field] =
    &[METADATA, messages(2, "subjects", "Subject"), message(3, "roleRef", "RoleRef")];

/// Reads an object; the error says what is not understood.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    let body = body.strip_prefix(b"k8s\0").ok_or("the prefix of the binary form is missing")?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut envelope = Reader(body);
    while let Some((number, value)) = envelope.next()? {
        match (number, value) {
            (1, Wire::Slice(names)) => {
                let mut names = Reader(names);
                while let Some((number, value)) = names.next()? {
                    match number {
                        1 => api_version = value.text()?,
                        2 => kind = value.text()?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Slice(slice)) => raw = slice,
            _ => {}
        }
    }
    if !MESSAGES.iter().any(|(name, _)| *name == kind) {
        return Err(format!("a {kind} is not read in binary form, only as JSON or YAML"));
    }
    let mut object = object(raw, &kind)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

fn object(bytes: &[u8], message: &str) -> Result<Map<String, Value>, String> {
    let fields = MESSAGES.iter().find(|(name, _)| *name == message).map(|(_, fields)| *fields);
    let fields = fields.ok_or_else(|| format!("the message {message} is not known"))?;
    let mut object = Map::new();
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        let field = fields.iter().find(|field| field.number == number);
        let field = field.ok_or_else(|| format!("field {number} of {message} is not known"))?;
        if matches!(field.kind, Kind::Ignored) {
            continue;
        }
        let name = field.name.to_owned();
        match field.shape {
            Shape::Map => {
                let (mut key, mut value) = (String::new(), Value::from(""));
                let mut entry = Reader(wire.slice()?);
                while let Some((number, wire)) = entry.next()? {
                    match number {
                        1 => key = wire.text()?,
                        _ => value = read_one(field.kind, wire)?,
                    }
                }
                if let Value::Object(map) =
                    object.entry(name).or_insert_with(|| Value::Object(Map::new()))
                {
                    map.insert(key, value);
                }
            }
            Shape::Repeated => {
                let value = read_one(field.kind, wire)?;
                if let Value::Array(list) =
                    object.entry(name).or_insert_with(|| Value::Array(Vec::new()))
                {
                    list.push(value);
                }
            }
            Shape::Plain | Shape::Optional => {
                let value = read_one(field.kind, wire)?;
                if field.shape == Shape::Optional || value != "" {
                    object.insert(name, value);
                }
            }
        }
    }
    Ok(object)
}

fn read_one(kind: Kind, wire: Wire<'_>) -> Result<Value, String> {
    Ok(match kind {
        Kind::Text => wire.text()?.into(),
        Kind::Bytes => STANDARD.encode(wire.slice()?).into(),
        Kind::Flag => (wire.number()? != 0).into(),
        // Negative numbers are written as the same bits.
        Kind::Number => wire.number()?.cast_signed().into(),
        Kind::Message(of) => Value::Object(object(wire.slice()?, of)?),
        Kind::Ignored => Value::Null,
    })
}

/// A value as it is on the wire.
enum Wire<'a> {
    Number(u64),
    Slice(&'a [u8]),
}

impl<'a> Wire<'a> {
    fn number(&self) -> Result<u64, String> {
        match self {
            Wire::Number(number) => Ok(*number),
            Wire::Slice(_) => Err("bytes in the place of a number".to_owned()),
        }
    }

    fn slice(&self) -> Result<&'a [u8], String> {
        match self {
            Wire::Slice(slice) => Ok(slice),
            Wire::Number(_) => Err("a number in the place of bytes".to_owned()),
        }
    }

    fn text(&self) -> Result<String, String> {
        let text = std::str::from_utf8(self.slice()?).map_err(|error| error.to_string())?;
        Ok(text.to_owned())
    }
}

/// What is left of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next field: its number and value.
    fn next(&mut self) -> Result<Option<(u64, Wire<'a>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|error| error.to_string())?;
                let (slice, rest) = self.0.split_at_checked(length).ok_or("it ends early")?;
                self.0 = rest;
                Wire::Slice(slice)
            }
            other => return Err(format!("the wire type {other} is not known")),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or("it ends early")?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number has too many bytes".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slice(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend(bytes);
        out
    }

    fn whole(version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let names = [slice(1, version.as_bytes()), slice(2, kind.as_bytes())].concat();
        [b"k8s\0".to_vec(), slice(1, &names), slice(2, raw), slice(3, b""), slice(4, b"")].concat()
    }

    #[test]
    fn an_object_is_read_as_it_would_be_from_json() {
        // As the encoder of the API does, with what is empty and what the server sets.
        let metadata = [
            slice(1, b"m"),
            slice(2, b""),
            slice(3, b""),
            slice(8, b""),
            slice(11, &[slice(1, b"app"), slice(2, b"db")].concat()),
        ];
        let raw = [
            slice(1, &metadata.concat()),
            slice(2, &[slice(1, b"k"), slice(2, b"v")].concat()),
            slice(2, &[slice(1, b"empty"), slice(2, b"")].concat()),
            slice(3, &[slice(1, b"b"), slice(2, &[0, 255])].concat()),
            vec![4 << 3, 0],
        ];
        assert_eq!(
            read(&whole("v1", "ConfigMap", &raw.concat())).unwrap(),
            json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "m", "labels": {"app": "db"}},
                "data": {"k": "v", "empty": ""},
                "binaryData": {"b": "AP8="},
                "immutable": false,
            })
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let error = |body: &[u8]| read(body).unwrap_err();
        assert_eq!(error(b"{}"), "the prefix of the binary form is missing");
        assert!(error(&whole("v1", "Pod", b"")).starts_with("a Pod is not read in binary form"));
        let unknown = slice(9, b"x");
        assert_eq!(error(&whole("v1", "ConfigMap", &unknown)), "field 9 of ConfigMap is not known");
        let whole = whole("v1", "ConfigMap", &slice(1, &slice(1, b"m")));
        for end in 4..whole.len() {
            // Nothing panics, wherever it ends.
            let _ = read(&whole[..end]);
        }
        assert_eq!(error(b"k8s\0\x0a\x05ab"), "it ends early");
        assert_eq!(
            error(b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            "a number has too many bytes"
        );
        assert_eq!(error(b"k8s\0\x0d1234"), "the wire type 5 is not known");
    }
}
