//! A structural schema, read from the OpenAPI form.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Number, Value};

use super::error::FieldError;
use super::rules::RuleSet;
use super::{format, rules, validate};
use crate::expression::{Object, Scalar, Shape, Type, pattern};

/// The schema of one value.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) kind: Option<Kind>,
    pub(super) nullable: bool,
    pub(super) int_or_string: bool,
    /// Unknown fields are kept.
    pub(super) preserves: bool,
    /// The value is a whole object, with `kind` and `metadata`.
    pub(super) embedded: bool,
    pub(super) properties: BTreeMap<String, Property>,
    pub(super) additional: Option<Additional>,
    pub(super) items: Option<Box<Node>>,
    pub(super) list_type: ListType,
    /// Whether a map is one value, whose parts have no identity of their own.
    pub(super) atomic_map: bool,
    pub(super) default: Option<Value>,
    pub(super) checks: Checks,
    pub(super) rules: RuleSet,
}

/// What a value must be besides of its type.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) required: Vec<String>,
    pub(super) one_of_values: Option<Vec<Value>>,
    pub(super) format: Option<String>,
    pub(super) pattern: Option<Regex>,
    pub(super) pattern_source: String,
    pub(super) minimum: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    pub(super) multiple_of: Option<Number>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) min_properties: Option<u64>,
    pub(super) max_properties: Option<u64>,
    pub(super) all_of: Vec<Node>,
    pub(super) any_of: Vec<Node>,
    pub(super) one_of: Vec<Node>,
    pub(super) not: Option<Box<Node>>,
}

#[derive(Debug)]
pub(super) struct Bound {
    pub(super) number: Number,
    pub(super) exclusive: bool,
}

#[derive(Debug)]
pub(super) struct Property {
    pub(super) node: Node,
    /// The name in expressions; none where expressions cannot name it.
    escaped: Option<String>,
}

/// The schema of the values of a map.
#[derive(Debug)]
pub(super) enum Additional {
    Any,
    Of(Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// What makes an element of a list the same element in an update.
#[derive(Debug, Default, PartialEq)]
pub(super) enum ListType {
    /// Nothing: the list is one value.
    #[default]
    Atomic,
    /// Its value.
    Set,
    /// These fields.
    Map(Vec<String>),
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
        }
    }
}

impl Node {
    /// The schema of a field of an object, named or additional.
    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        match (self.properties.get(name), &self.additional) {
            (Some(property), _) => Some(&property.node),
            (None, Some(Additional::Of(node))) => Some(node),
            _ => None,
        }
    }

    /// The name of the type in errors of rules, which is all that they show of
    /// the value.
    pub(super) fn type_name(&self) -> &'static str {
        self.kind.map_or("", Kind::name)
    }
}

impl Shape for Node {
    fn property(&self, name: &str) -> Option<(&str, &dyn Shape)> {
        let (name, property) = self.properties.get_key_value(name)?;
        Some((property.escaped.as_deref().unwrap_or(name), &property.node))
    }

    fn element(&self) -> Option<&dyn Shape> {
        match (&self.items, &self.additional) {
            (Some(items), _) => Some(&**items),
            (None, Some(Additional::Of(node))) => Some(&**node),
            _ => None,
        }
    }

    fn scalar(&self) -> Scalar {
        match (self.kind, self.checks.format.as_deref()) {
            _ if self.int_or_string => Scalar::Plain,
            (Some(Kind::Number), _) => Scalar::Double,
            (Some(Kind::String), Some("date-time" | "datetime")) => Scalar::Timestamp,
            (Some(Kind::String), Some("date")) => Scalar::Date,
            _ => Scalar::Plain,
        }
    }

    fn sort(&self, elements: &mut Vec<&Value>) {
        if self.list_type != ListType::Atomic {
            elements.sort_by_cached_key(|element| element.to_string());
        }
    }
}

/// Reads the schema of a version, and says what is wrong with it.
pub(super) fn read(schema: &Value, path: &str, errors: &mut Vec<FieldError>) -> Node {
    let mut reader = Reader { errors, path: path.to_owned(), uncorrelated: None };
    let mut node = reader.node(schema, Place::Root);
    reader.rules(schema, &mut node, true);
    reader.defaults(&node);
    node
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Field,
    Item,
    /// Under `allOf` and the like, where nothing is declared.
    Nested,
}

struct Reader<'e> {
    errors: &'e mut Vec<FieldError>,
    path: String,
    /// The innermost list or map around the place at hand whose elements have
    /// no identity over an update.
    uncorrelated: Option<String>,
}

/// Keywords that say nothing about a value.
const REMARKS: [&str; 4] = ["description", "title", "example", "externalDocs"];

const KEYWORDS: [&str; 35] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "nullable",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "type",
    "uniqueItems",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
    "id",
    "$schema",
];

/// Keywords that declare something, which a nested schema may not.
const DECLARATIONS: [&str; 12] = [
    "additionalProperties",
    "default",
    "description",
    "nullable",
    "title",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
];

impl Reader<'_> {
    /// Does something one step further down.
    fn at<T>(&mut self, step: &str, what: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let result = what(self);
        self.path.truncate(length);
        result
    }

    fn path(&self, step: &str) -> String {
        format!("{}{step}", self.path)
    }

    fn forbid(&mut self, keyword: &str, why: &str) {
        let path = self.path(&format!(".{keyword}"));
        self.errors.push(FieldError::forbidden(&path, why));
    }

    fn invalid(&mut self, keyword: &str, value: &Value, why: &str) {
        let path = self.path(&format!(".{keyword}"));
        self.errors.push(FieldError::invalid(&path, value, why));
    }

    fn require(&mut self, keyword: &str, why: &str) {
        let path = self.path(&format!(".{keyword}"));
        self.errors.push(FieldError::required(&path, why));
    }

    fn node(&mut self, schema: &Value, place: Place) -> Node {
        let Some(keywords) = schema.as_object() else {
            let path = self.path.clone();
            self.errors.push(FieldError::invalid(&path, schema, "must be a schema"));
            return Node::default();
        };
        for keyword in keywords.keys().map(String::as_str) {
            if !KEYWORDS.contains(&keyword) && !REMARKS.contains(&keyword) {
                self.forbid(keyword, "this keyword is not supported");
            }
            if place == Place::Nested && DECLARATIONS.contains(&keyword) {
                // The one exception is how the server writes an int-or-string.
                let plain = ["integer", "string"].map(Value::from);
                if !(keyword == "type" && plain.contains(&schema["type"])) {
                    self.forbid(keyword, "must be undefined to be structural");
                }
            }
        }
        let flag = |name: &str| schema[name] == true;
        let mut node = Node {
            nullable: flag("nullable"),
            int_or_string: flag("x-kubernetes-int-or-string"),
            preserves: flag("x-kubernetes-preserve-unknown-fields"),
            embedded: flag("x-kubernetes-embedded-resource"),
            atomic_map: schema["x-kubernetes-map-type"] == "atomic",
            kind: self.kind(schema),
            list_type: self.list_type(schema),
            ..Node::default()
        };
        if schema["type"].is_null() && !node.int_or_string && !node.preserves {
            match place {
                Place::Root => self.require("type", "must not be empty at the root"),
                Place::Field => {
                    self.require("type", "must not be empty for specified object fields")
                }
                Place::Item => self.require("type", "must not be empty for specified array items"),
                Place::Nested => {}
            }
        }
        if place == Place::Root && node.kind.is_some_and(|kind| kind != Kind::Object) {
            self.invalid("type", &schema["type"], "must be object at the root");
        }
        self.children(schema, &mut node, place);
        node.checks = self.checks(schema, &node, place);
        if let Some(default) = schema.get("default") {
            node.default = Some(default.clone());
        }
        node
    }

    fn kind(&mut self, schema: &Value) -> Option<Kind> {
        let kinds =
            [Kind::Object, Kind::Array, Kind::String, Kind::Integer, Kind::Number, Kind::Boolean];
        match &schema["type"] {
            Value::Null => None,
            name => {
                let kind = kinds.into_iter().find(|kind| *name == kind.name());
                if kind.is_none() {
                    self.invalid("type", name, "is not a type of a structural schema");
                }
                kind
            }
        }
    }

    fn list_type(&mut self, schema: &Value) -> ListType {
        let keys = &schema["x-kubernetes-list-map-keys"];
        let list_type = &schema["x-kubernetes-list-type"];
        if !keys.is_null() && *list_type != "map" {
            self.invalid(
                "x-kubernetes-list-type",
                list_type,
                "must be map if x-kubernetes-list-map-keys is non-empty",
            );
        }
        if !list_type.is_null() && schema["type"] != "array" {
            self.invalid(
                "type",
                &schema["type"],
                "must be array if x-kubernetes-list-type is specified",
            );
        }
        match list_type.as_str() {
            None if list_type.is_null() => ListType::Atomic,
            Some("atomic") => ListType::Atomic,
            Some("set") => ListType::Set,
            Some("map") => {
                let keys: Vec<String> = texts(keys);
                if keys.is_empty() {
                    let why = "must not be empty if x-kubernetes-list-type is map";
                    self.require("x-kubernetes-list-map-keys", why);
                }
                let items = &schema["items"];
                for key in &keys {
                    let property = &items["properties"][key];
                    let required = texts(&items["required"]).contains(key);
                    if property.is_null() {
                        let why = "entries must all be names of item properties";
                        self.invalid("x-kubernetes-list-map-keys", &keys.clone().into(), why);
                    } else if !required && property.get("default").is_none() {
                        self.require(
                            &format!("items.properties[{key}].default"),
                            "this property is in x-kubernetes-list-map-keys, so it must have a \
                             default or be a required property",
                        );
                    }
                }
                ListType::Map(keys)
            }
            _ => {
                self.invalid("x-kubernetes-list-type", list_type, "must be atomic, set or map");
                ListType::Atomic
            }
        }
    }

    fn children(&mut self, schema: &Value, node: &mut Node, place: Place) {
        let inner = |of: Place| if place == Place::Nested { Place::Nested } else { of };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if place == Place::Root && name == "metadata" {
                self.metadata(property);
            }
            let node_of = self.at(&format!(".properties[{name}]"), |reader| {
                reader.node(property, inner(Place::Field))
            });
            let property = Property { node: node_of, escaped: escape(name) };
            node.properties.insert(name.clone(), property);
        }
        match &schema["additionalProperties"] {
            Value::Null => {}
            _ if !node.properties.is_empty() => {
                self.forbid(
                    "additionalProperties",
                    "additionalProperties and properties are mutual exclusive",
                );
            }
            Value::Bool(true) => node.additional = Some(Additional::Any),
            Value::Bool(false) => {
                self.forbid("additionalProperties", "additionalProperties cannot be set to false");
            }
            _ if place == Place::Root => {
                self.forbid("additionalProperties", "must not be used at the root");
            }
            of => {
                let of =
                    self.at(".additionalProperties", |reader| reader.node(of, inner(Place::Field)));
                node.additional = Some(Additional::Of(Box::new(of)));
            }
        }
        match &schema["items"] {
            Value::Null if node.kind == Some(Kind::Array) => {
                self.require("items", "must be specified");
            }
            Value::Null => {}
            items => {
                let items = self.at(".items", |reader| reader.node(items, inner(Place::Item)));
                node.items = Some(Box::new(items));
            }
        }
    }

    fn metadata(&mut self, schema: &Value) {
        let names = schema["properties"].as_object().into_iter().flatten();
        let only_names =
            names.into_iter().all(|(name, _)| name == "name" || name == "generateName");
        let known = ["type", "properties", "description"];
        let bare = schema
            .as_object()
            .is_some_and(|keywords| keywords.keys().all(|k| known.contains(&k.as_str())));
        if !only_names || !bare {
            self.forbid(
                "properties[metadata]",
                "must not specify anything other than name and generateName, but metadata is \
                 implicitly specified",
            );
        }
    }

    fn checks(&mut self, schema: &Value, node: &Node, place: Place) -> Checks {
        if schema["uniqueItems"] == true {
            self.forbid(
                "uniqueItems",
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            );
        }
        let bound = |limit: &str, exclusive: &str| {
            let number = schema[limit].as_number()?.clone();
            Some(Bound { number, exclusive: schema[exclusive] == true })
        };
        let size = |keyword: &str| schema[keyword].as_u64();
        let mut checks = Checks {
            required: texts(&schema["required"]),
            one_of_values: schema["enum"].as_array().cloned(),
            format: self.format(schema),
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            multiple_of: schema["multipleOf"].as_number().cloned(),
            min_length: size("minLength"),
            max_length: size("maxLength"),
            min_items: size("minItems"),
            max_items: size("maxItems"),
            min_properties: size("minProperties"),
            max_properties: size("maxProperties"),
            ..Checks::default()
        };
        if let Some(source) = schema["pattern"].as_str() {
            match pattern(source) {
                Ok(pattern) => checks.pattern = Some(pattern),
                Err(why) => {
                    let why = format!("must be a valid regular expression, but isn't: {why}");
                    self.invalid("pattern", &schema["pattern"], &why);
                }
            }
            source.clone_into(&mut checks.pattern_source);
        }
        let nested = |reader: &mut Self, keyword: &str| -> Vec<Node> {
            let schemas = schema[keyword].as_array().into_iter().flatten().enumerate();
            schemas
                .map(|(at, schema)| {
                    reader.at(&format!(".{keyword}[{at}]"), |reader| {
                        let nested = reader.node(schema, Place::Nested);
                        if !(place == Place::Nested || node.int_or_string) {
                            reader.complete(&nested, node);
                        }
                        nested
                    })
                })
                .collect()
        };
        checks.all_of = nested(self, "allOf");
        checks.any_of = nested(self, "anyOf");
        checks.one_of = nested(self, "oneOf");
        if let Some(schema) = schema.get("not") {
            let not = self.at(".not", |reader| reader.node(schema, Place::Nested));
            checks.not = Some(Box::new(not));
        }
        checks
    }

    fn format(&mut self, schema: &Value) -> Option<String> {
        let name = schema["format"].as_str()?;
        if schema["type"] == "string"
            && format::UNSUPPORTED.contains(&format::normal(name).as_str())
        {
            self.forbid("format", "this format is not simulated");
        }
        let counts = match schema["type"].as_str() {
            Some("integer") => matches!(name, "int32" | "int64"),
            Some("number") => matches!(name, "float" | "double"),
            Some("string") | None => format::KNOWN.contains(&format::normal(name).as_str()),
            Some(_) => false,
        };
        counts.then(|| name.to_owned())
    }

    /// What a nested schema speaks of is declared outside of it.
    fn complete(&mut self, nested: &Node, declared: &Node) {
        for (name, property) in &nested.properties {
            match declared.field(name) {
                Some(node) => self.complete(&property.node, node),
                None if declared.preserves => {}
                None => {
                    let why = format!("because it is not defined in properties[{name}]");
                    self.require(&format!("properties[{name}]"), &why);
                }
            }
        }
        if let (Some(nested), Some(items)) = (&nested.items, &declared.items) {
            self.complete(nested, items);
        }
    }

    /// Compiles the rules of a schema and of all below it.
    fn rules(&mut self, schema: &Value, node: &mut Node, root: bool) {
        let at = self.path(".x-kubernetes-validations");
        let list = schema["x-kubernetes-validations"].as_array().map(Vec::as_slice);
        if let Some(list) = list.filter(|list| !list.is_empty()) {
            let of = expression_type(node, root);
            node.rules =
                rules::compile(list, node, of, self.uncorrelated.as_deref(), &at, self.errors);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for (at, nested) in schema[keyword].as_array().into_iter().flatten().enumerate() {
                if !nested["x-kubernetes-validations"].is_null() {
                    let step = format!("{keyword}[{at}].x-kubernetes-validations");
                    self.forbid(&step, "must be empty to be structural");
                }
            }
        }
        let before = self.uncorrelated.clone();
        if node.kind == Some(Kind::Object) && node.atomic_map {
            self.uncorrelated.get_or_insert_with(|| self.path.clone());
        }
        for (name, property) in &mut node.properties {
            let schema = &schema["properties"][name];
            let embedded = property.node.embedded;
            self.at(&format!(".properties[{name}]"), |reader| {
                reader.rules(schema, &mut property.node, embedded);
            });
        }
        if let Some(Additional::Of(of)) = &mut node.additional {
            let embedded = of.embedded;
            self.at(".additionalProperties", |reader| {
                reader.rules(&schema["additionalProperties"], of, embedded);
            });
        }
        if let Some(items) = &mut node.items {
            if !matches!(node.list_type, ListType::Map(_)) {
                self.uncorrelated.get_or_insert_with(|| self.path.clone());
            }
            let embedded = items.embedded;
            self.at(".items", |reader| reader.rules(&schema["items"], items, embedded));
        }
        self.uncorrelated = before;
    }

    /// A default is a value of its own schema.
    fn defaults(&mut self, node: &Node) {
        if let Some(default) = &node.default {
            let mut pruned = default.clone();
            let unknown = super::defaults::prune(node, &mut pruned);
            for error in validate::validate(node, default, None) {
                self.invalid("default", default, &error.message);
            }
            if !unknown.is_empty() {
                self.invalid("default", default, "must not have unknown fields");
            }
        }
        for (name, property) in &node.properties {
            self.at(&format!(".properties[{name}]"), |reader| reader.defaults(&property.node));
        }
        if let Some(Additional::Of(of)) = &node.additional {
            self.at(".additionalProperties", |reader| reader.defaults(of));
        }
        if let Some(items) = &node.items {
            self.at(".items", |reader| reader.defaults(items));
        }
    }
}

/// The type that expressions see; none where they do not see the value.
fn expression_type(node: &Node, root: bool) -> Option<Type> {
    if node.int_or_string {
        return Some(Type::Dyn);
    }
    match node.kind? {
        Kind::Boolean => Some(Type::BOOL),
        Kind::Integer => Some(Type::INT),
        Kind::Number => Some(Type::DOUBLE),
        Kind::String => match node.checks.format.as_deref().map(format::normal).as_deref() {
            // Of a type of their own on a real server. Here they can be compared
            // with their like, and no more.
            Some("byte") => Some(Type::Simple("bytes (as text)")),
            Some("date" | "datetime") => Some(Type::TIMESTAMP),
            _ => Some(Type::STRING),
        },
        Kind::Array => {
            let items = node.items.as_deref()?;
            Some(Type::list(expression_type(items, items.embedded)?))
        }
        Kind::Object => match &node.additional {
            Some(Additional::Of(of)) => Some(Type::map(expression_type(of, of.embedded)?)),
            _ => {
                let mut fields = BTreeMap::new();
                for property in node.properties.values() {
                    let of = expression_type(&property.node, property.node.embedded);
                    if let (Some(name), Some(of)) = (&property.escaped, of) {
                        fields.insert(name.clone(), of);
                    }
                }
                if root {
                    let names = [("name", Type::STRING), ("generateName", Type::STRING)];
                    fields.insert("apiVersion".to_owned(), Type::STRING);
                    fields.insert("kind".to_owned(), Type::STRING);
                    fields.insert("metadata".to_owned(), Type::object("object", names));
                }
                Some(Type::Object(Object { name: "object".to_owned(), fields }.into()))
            }
        },
    }
}

/// A field's name as expressions write it.
fn escape(name: &str) -> Option<String> {
    const RESERVED: [&str; 21] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b)) {
        return None;
    }
    let escaped = name.replace("__", "__underscores__");
    Some(escaped.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__"))
}

fn texts(value: &Value) -> Vec<String> {
    let texts: BTreeSet<&str> =
        value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.into_iter().map(str::to_owned).collect()
}
