//! The one door to jsonschema: a schema and a value in, findings in the user's words out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::node::{Data, Entry, Node, Number};
use crate::types::Types;

/// A compiled schema with the text it was made from, for suggestions and descriptions.
pub struct Schema {
    validator: Validator,
    json: Value,
}

/// A large schema, of which a value touches little: to compile the rest would take longer than all else.
pub struct Shape {
    json: Value,
    /// What in it can ask for a key that is not there.
    asking: OnceLock<Option<Value>>,
}

/// Parts of shapes that were compiled, by their text: many values touch the same.
#[derive(Default)]
pub struct Parts(Mutex<BTreeMap<String, Arc<Validator>>>);

/// What is checked: one layer, which need not be whole, or the sum of all, of which only what is missing is new.
#[derive(Clone, Copy)]
pub enum Check {
    /// With the code for a key that does not exist.
    Layer(Code),
    /// A layer that could not be read whole: its keys may stand in the wrong table, so only values are judged.
    Torn,
    Whole,
    /// Both at once, of what is whole by itself; with the code for a key that does not exist.
    All(Code),
}

impl Schema {
    pub fn compile(json: Value) -> Schema {
        Schema::try_compile(json).expect("every schema is made from checked catalog files")
    }

    /// Whether a catalog file's schema is one at all.
    pub fn try_compile(json: Value) -> Result<Schema, String> {
        let validator = validator(&json)?;
        Ok(Schema { validator, json })
    }

    pub fn check(&self, node: &Node, check: Check, diags: &mut Diagnostics) {
        hold(node, &self.validator, &self.json, check, diags);
    }
}

impl Shape {
    pub fn new(json: Value) -> Shape {
        Shape { json, asking: OnceLock::new() }
    }

    pub fn check(&self, node: &Node, check: Check, parts: &Parts, diags: &mut Diagnostics) {
        let part = match check {
            Check::Whole => {
                self.asking.get_or_init(|| asking(&self.json)).as_ref().and_then(|rules| asking(&touched(rules, node)))
            }
            _ => Some(touched(&self.json, node)),
        };
        if let Some(part) = part {
            hold(node, &parts.compiled(&part), &self.json, check, diags);
        }
    }
}

impl Parts {
    fn compiled(&self, part: &Value) -> Arc<Validator> {
        let mut known = self.0.lock().expect("no thread panics with it");
        let compile = || Arc::new(validator(part).expect("every schema is made from checked catalog files"));
        known.entry(part.to_string()).or_insert_with(compile).clone()
    }
}

fn validator(json: &Value) -> Result<Validator, String> {
    // The plain engine compiles a pattern in a fraction of the time, and never runs away on a value.
    let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(PatternOptions::regex());
    options.build(json).map_err(|error| error.to_string())
}

/// The rules that a value comes to: those of the keys it has, without what only people read.
fn touched(rules: &Value, node: &Node) -> Value {
    let Some(words) = rules.as_object() else { return rules.clone() };
    let is_named = |entry: &Entry| words.get("properties").is_some_and(|named| named.get(&*entry.key).is_some());
    let mut part = Map::new();
    for (word, rule) in words {
        match word.as_str() {
            "properties" => {
                let of = |entry: &Entry| Some((entry.key.to_string(), touched(rule.get(&*entry.key)?, &entry.node)));
                part.insert(word.clone(), Value::Object(node.entries().iter().filter_map(of).collect()));
            }
            "additionalProperties" if node.entries().iter().all(is_named) => {}
            "items" if node.items().is_empty() => {}
            "description" | "default" | "examples" | "title" | "$schema" => {}
            word if word.starts_with("x-") => {}
            _ => drop(part.insert(word.clone(), rule.clone())),
        }
    }
    Value::Object(part)
}

/// What of some rules can say that a key is missing, if anything can.
fn asking(rules: &Value) -> Option<Value> {
    let words = rules.as_object()?;
    let mut part = Map::new();
    for (word, rule) in words {
        match word.as_str() {
            "properties" => {
                let below = |(key, rule): (&String, &Value)| Some((key.clone(), asking(rule)?));
                let named: Map<String, Value> = rule.as_object()?.iter().filter_map(below).collect();
                part.extend((!named.is_empty()).then(|| (word.clone(), Value::Object(named))));
            }
            "items" | "additionalProperties" => part.extend(asking(rule).map(|rule| (word.clone(), rule))),
            "required" | "dependentRequired" | "if" | "then" | "else" | "allOf" | "anyOf" | "oneOf" | "not" => {
                part.insert(word.clone(), rule.clone());
            }
            _ => {}
        }
    }
    // Other keys are those that have no rules of their own.
    if let (true, Some(named)) = (part.contains_key("additionalProperties"), words.get("properties").and_then(Value::as_object)) {
        let asked = part.entry("properties").or_insert_with(|| json!({})).as_object_mut().expect("it was made so above");
        for key in named.keys() {
            asked.entry(key).or_insert(true.into());
        }
    }
    (!part.is_empty()).then_some(Value::Object(part))
}

/// Holds a value against rules that are compiled; `json` is all of them.
fn hold(node: &Node, rules: &Validator, json: &Value, check: Check, diags: &mut Diagnostics) {
    let instance = node.to_json();
    // Nearly always all is well, and to hear so takes a fraction of the time.
    if rules.is_valid(&instance) {
        return;
    }
    for error in rules.iter_errors(&instance) {
        report(&error, node, json, check, diags);
    }
}

fn report(error: &ValidationError<'_>, node: &Node, json: &Value, check: Check, diags: &mut Diagnostics) {
    use ValidationErrorKind as Kind;
    let pointer = error.instance_path().to_string();
    let rule = rule_of(&error.schema_path().to_string(), json);
    let at = node.nearest(&pointer);
    let unknown = match (check, error.kind()) {
        (Check::Whole | Check::All(_), Kind::Required { property }) => return missing(property, at, rule, diags),
        (Check::Whole, _) | (_, Kind::Required { .. }) | (Check::Torn, Kind::AdditionalProperties { .. }) => return,
        (Check::Layer(unknown) | Check::All(unknown), _) => unknown,
        (Check::Torn, _) => Code::UnknownKey,
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().for_each(|key| unknown_key(key, at, rule, unknown, diags));
        }
        Kind::Type { kind } => wrong_type(kind, at, rule, diags),
        Kind::Pattern { .. } if rule.get("x-type").is_some() => wrong_form(at, rule, diags),
        Kind::PropertyNames { error } => {
            let key = error.instance().as_str().unwrap_or_default();
            let span = at.get(key).and_then(|value| value.key_span());
            let message = format!("{key} cannot be a name here: {}", reason(error));
            diags.error(Code::BadValue, message).at_some(span, "this key");
        }
        _ => {
            let message = format!("{} {}", show(at), reason(error));
            let diagnostic = diags.error(Code::BadValue, message).at_some(at.span(), describe(rule));
            if let Kind::Enum { options } = error.kind() {
                let choices: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
                diagnostic.suggest(&plain(&at.to_json()), choices.iter().map(String::as_str));
            }
        }
    }
}

/// The schema that holds the keyword which failed.
fn rule_of<'s>(schema_path: &str, json: &'s Value) -> &'s Value {
    let parent = schema_path.rsplit_once('/').map_or("", |(parent, _)| parent);
    json.pointer(parent).unwrap_or(&Value::Null)
}

fn unknown_key(key: &str, table: &Node, rule: &Value, code: Code, diags: &mut Diagnostics) {
    let span = table.get(key).and_then(|value| value.key_span());
    let known = rule["properties"].as_object().into_iter().flat_map(Map::keys).map(String::as_str);
    let message = match code {
        Code::OverrideWithoutMatch => format!("{key} overrides nothing: there is no such key"),
        _ => format!("there is no key {key} here"),
    };
    diags.error(code, message).at_some(span, "not known").suggest(key, known);
}

fn missing(property: &Value, table: &Node, rule: &Value, diags: &mut Diagnostics) {
    let key = property.as_str().unwrap_or_default();
    // A key that was misspelt has been told as an unknown one, with this one as the cure.
    let is_misspelt = |other: &Entry| rule["properties"].get(&*other.key).is_none() && nearest(&other.key, &[key]).is_some();
    if table.entries().iter().any(is_misspelt) {
        return;
    }
    let diagnostic = diags.error(Code::MissingKey, format!("the key {key} is missing"));
    diagnostic.at_some(table.key_span(), "in this table");
    if let Some(summary) = rule["properties"][key]["description"].as_str() {
        diagnostic.help(format!("{key}: {summary}"));
    }
}

fn wrong_type(kind: &TypeKind, at: &Node, rule: &Value, diags: &mut Diagnostics) {
    let wanted = match kind {
        TypeKind::Single(kind) => article(&kind.to_string()),
        TypeKind::Multiple(_) => "another type".to_owned(),
    };
    let lacks_unit = matches!(at.data, Data::Number(_)) && rule["x-units"] == json!(true);
    match rule["x-summary"].as_str() {
        Some(summary) if lacks_unit => {
            diags
                .error(Code::WrongUnit, format!("{} has no unit", show(at)))
                .at_some(at.span(), describe(rule))
                .help(format!("write {summary}"));
        }
        summary => {
            let wanted = summary.map_or(wanted, str::to_owned);
            diags.error(Code::WrongType, format!("expected {wanted}, found {}", at.kind())).at_some(at.span(), describe(rule));
        }
    }
}

/// A string that does not have the form of its type.
fn wrong_form(at: &Node, rule: &Value, diags: &mut Diagnostics) {
    let summary = rule["x-summary"].as_str().unwrap_or_default();
    let code = if rule["x-units"] == json!(true) { Code::WrongUnit } else { Code::BadValue };
    let diagnostic = diags.error(code, format!("{} is not {summary}", show(at)));
    diagnostic.at_some(at.span(), describe(rule));
}

fn describe(rule: &Value) -> &str {
    rule["description"].as_str().unwrap_or("here")
}

fn show(node: &Node) -> String {
    match &node.data {
        Data::Seq(_) | Data::Map(_) => node.kind().to_owned(),
        Data::Number(Number::Int(n)) => n.to_string(),
        _ => node.to_json().to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn article(kind: &str) -> String {
    match kind {
        "object" => "a table".to_owned(),
        "array" => "a list".to_owned(),
        "integer" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}

/// Why a value is refused, to stand behind the value.
fn reason(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    match error.kind() {
        Kind::Minimum { limit } => format!("is less than the minimum of {limit}"),
        Kind::Maximum { limit } => format!("is more than the maximum of {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("is not a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("is shorter than {limit}"),
        Kind::MaxLength { limit } => format!("is longer than {limit} characters"),
        Kind::MinItems { limit } => format!("has fewer than {limit} items"),
        Kind::MaxItems { limit } => format!("has more than {limit} items"),
        Kind::UniqueItems => "has an item twice".to_owned(),
        Kind::Enum { .. } => "is none of the choices".to_owned(),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::Pattern { pattern } => format!("does not match {pattern}"),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => "has none of the forms that are allowed here".to_owned(),
        Kind::OneOfMultipleValid { .. } => "has more than one of the forms, of which one is allowed".to_owned(),
        _ => error.to_string(),
    }
}

/// The language of options as JSON Schema: named types written out, tables closed unless they say otherwise.
pub fn expand(node: &Node, types: &Types) -> Value {
    match &node.data {
        Data::Map(_) => Value::Object(expand_map(node, types)),
        Data::Seq(items) => items.iter().map(|item| expand(item, types)).collect(),
        _ => node.to_json(),
    }
}

fn expand_map(node: &Node, types: &Types) -> Map<String, Value> {
    let mut out = Map::new();
    for entry in node.entries() {
        match (&*entry.key, entry.node.as_str().and_then(|name| types.get(name).map(|kind| (name, kind)))) {
            ("type", Some((name, kind))) => {
                out.extend(kind.schema(name).as_object().cloned().unwrap_or_default());
                out.insert("x-units".to_owned(), kind.has_units().into());
            }
            ("default" | "enum" | "const" | "examples", _) => drop(out.insert(entry.key.to_string(), entry.node.to_json())),
            ("properties", _) => {
                let properties = entry.node.entries().iter().map(|p| (p.key.to_string(), expand(&p.node, types)));
                out.insert("properties".to_owned(), Value::Object(properties.collect()));
            }
            (key, _) => drop(out.insert(key.to_owned(), expand(&entry.node, types))),
        }
    }
    if out.contains_key("properties") && !out.contains_key("additionalProperties") {
        out.insert("additionalProperties".to_owned(), false.into());
    }
    out
}

/// The defaults of a schema laid under a value, however deep; each default keeps the place where the schema gives it.
pub fn with_defaults(schema: &Node, value: &Arc<Node>) -> Arc<Node> {
    match &value.data {
        Data::Seq(items) => match schema.get("items") {
            Some(item_schema) => {
                let items = items.iter().map(|item| with_defaults(item_schema, item)).collect();
                Arc::new(Node { data: Data::Seq(items), origin: value.origin.clone() })
            }
            None => value.clone(),
        },
        Data::Map(entries) => {
            let properties = schema.get("properties");
            let others = schema.get("additionalProperties").filter(|others| !others.entries().is_empty());
            let under = |key: &str| properties.and_then(|properties| properties.get(key)).or(others);
            let mut all: Vec<Entry> = entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    node: under(&entry.key).map_or_else(|| entry.node.clone(), |schema| with_defaults(schema, &entry.node)),
                })
                .collect();
            for property in properties.map_or(&[][..], |properties| properties.entries()) {
                if let Some(default) = property.node.get("default").filter(|_| value.get(&property.key).is_none()) {
                    all.push(Entry { key: property.key.clone(), node: with_defaults(&property.node, default) });
                }
            }
            Arc::new(Node { data: Data::Map(all), origin: value.origin.clone() })
        }
        _ => value.clone(),
    }
}

/// The schema of a closed table with these properties.
pub fn object_of(properties: Arc<Node>) -> Arc<Node> {
    let entries = vec![
        Entry { key: "type".into(), node: Node::derived("a table", "object".into(), []) },
        Entry { key: "properties".into(), node: properties },
    ];
    Node::derived("a table", Data::Map(entries), [])
}
