//! The rules in CEL of a kind: compiled once for all of its objects, and held against one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::typed::{self, Typer};
use super::{Arena, CompileError, Fault, Name, Path, Ref, Rule, Shape, Shapes, compile};
use crate::cel::{self, COST_LIMIT, Env, Program, Type, Value, Version};
use crate::diagnostic::Code;
use crate::yaml::{Mark, Yaml};

/// What all rules may cost for one object on the API server.
const BUDGET: u64 = 10_000_000;
/// The API server leaves out messages that are longer.
const MAX_MESSAGE: usize = 5 << 10;
/// Deeper than any definition is.
const MAX_DEPTH: usize = 100;

/// The rules of a shape and of all within it. What has none has no entry.
#[derive(Default)]
pub struct Rules {
    own: Vec<Compiled>,
    properties: Vec<(Name, Rules)>,
    items: Option<Box<Rules>>,
    values: Option<Box<Rules>>,
}

struct Compiled {
    rule: Rule,
    program: Result<Program, Issue>,
    message: Option<Program>,
}

/// Why a rule can never be evaluated.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The field of the rule that is at fault.
    pub field: &'static str,
    /// What is wrong, and the character in the text where it is.
    pub found: Vec<cel::Issue>,
}

impl Rules {
    pub fn of(shapes: &dyn Shapes, root: Ref, version: Version) -> Rules {
        Compiler { shapes, typer: Typer::new(shapes), version }.rules(root, true, "self", MAX_DEPTH)
    }

    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.properties.is_empty() && self.items.is_none() && self.values.is_none()
    }

    /// Everything that the rules have against an object, which is sound in all else.
    pub fn judge(&self, shapes: &dyn Shapes, root: Ref, object: &Yaml<'_>, path: &Path<'_>) -> Vec<Fault> {
        let value = typed::value(shapes, shapes.shape(root), object, true);
        let mut judge = Judge { left: BUDGET, faults: Vec::new() };
        judge.rules(self, &value, Place { yaml: Some(object), mark: object.mark }, path);
        judge.faults
    }

    /// The rules that do not compile, however deep, by the pointer to the shape that they stand in.
    pub fn issues(&self) -> Vec<(&Rule, &Issue)> {
        let mut issues: Vec<(&Rule, &Issue)> =
            self.own.iter().filter_map(|one| Some((&one.rule, one.program.as_ref().err()?))).collect();
        let inner = self.properties.iter().map(|(_, rules)| rules).chain(self.items.as_deref()).chain(self.values.as_deref());
        issues.extend(inner.flat_map(Rules::issues));
        issues
    }
}

/// What is wrong with the rules of a definition's schema, with the value that is at fault and its pointer.
pub fn of_definition<'y>(
    schema: &'y Yaml<'y>,
    pointer: &str,
    version: Version,
) -> Result<Vec<(String, &'y Yaml<'y>, Issue)>, CompileError> {
    let mut arena = Arena::default();
    let root = compile(schema, &mut arena)?;
    let rules = Rules::of(&arena, root, version);
    let mut found = Vec::new();
    rules.locate(schema, pointer, &mut found);
    Ok(found)
}

impl Rules {
    fn locate<'y>(&self, schema: &'y Yaml<'y>, pointer: &str, found: &mut Vec<(String, &'y Yaml<'y>, Issue)>) {
        const WORD: &str = "x-kubernetes-validations";
        let written = schema.get(WORD).map_or(&[][..], Yaml::items);
        for (at, (one, yaml)) in self.own.iter().zip(written).enumerate() {
            if let Err(issue) = &one.program {
                let field = issue.field;
                found.push((format!("{pointer}/{WORD}/{at}/{field}"), yaml.get(field).unwrap_or(yaml), issue.clone()));
            }
        }
        for (name, rules) in &self.properties {
            let pointer = format!("{pointer}/properties/{}", crate::node::escape(name));
            schema.get("properties").and_then(|p| p.get(name)).into_iter().for_each(|s| rules.locate(s, &pointer, found));
        }
        for (word, rules) in [("items", &self.items), ("additionalProperties", &self.values)] {
            if let (Some(rules), Some(inner)) = (rules, schema.get(word)) {
                rules.locate(inner, &format!("{pointer}/{word}"), found);
            }
        }
    }
}

struct Compiler<'s> {
    shapes: &'s dyn Shapes,
    typer: Typer<'s>,
    version: Version,
}

impl Compiler<'_> {
    fn rules(&mut self, at: Ref, is_whole: bool, name: &str, depth: usize) -> Rules {
        let shape: &Shape = self.shapes.shape(at);
        let mut rules = Rules::default();
        if depth == 0 {
            return rules;
        }
        if !shape.rules.is_empty() {
            // What nothing is said of has no rules on the API server either.
            let of = self.typer.of(at, is_whole, name).unwrap_or(Type::Dyn);
            rules.own = shape.rules.iter().map(|rule| self.rule(rule, shape, &of)).collect();
        }
        for property in &shape.properties {
            rules.properties.extend(
                self.inner(property.shape, &format!("{name}.{}", property.name), depth)
                    .map(|found| (property.name.clone(), found)),
            );
        }
        rules.items = shape.items.and_then(|items| self.inner(items, &format!("{name}.@idx"), depth)).map(Box::new);
        rules.values = shape.values.and_then(|values| self.inner(values, &format!("{name}.@elem"), depth)).map(Box::new);
        rules
    }

    /// Definitions that others refer to are those of Kubernetes itself, which says no rules in CEL.
    fn inner(&mut self, at: Ref, name: &str, depth: usize) -> Option<Rules> {
        let Ref::Shape(_) = at else { return None };
        Some(self.rules(at, false, name, depth - 1)).filter(|rules| !rules.is_empty())
    }

    fn rule(&mut self, rule: &Rule, shape: &Shape, of: &Type) -> Compiled {
        let old = if rule.optional_old_self { Type::optional(of.clone()) } else { of.clone() };
        let mut env = Env::new(self.version).with("self", of.clone()).with("oldSelf", old);
        let items = shape.property(&rule.each).and_then(|list| self.shapes.shape(list.shape).items);
        if let Some(item) = items {
            env = env.with("item", self.typer.of(item, false, "item").unwrap_or(Type::Dyn));
        }
        let program = compile_to(&rule.rule, &env, &Type::Bool, "rule");
        let message = Some(&rule.message_expression).filter(|text| !text.is_empty());
        let message = message.map(|text| compile_to(text, &env, &Type::String, "messageExpression")).transpose();
        match message {
            Ok(message) => Compiled { rule: rule.clone(), program, message },
            Err(issue) => Compiled { rule: rule.clone(), program: program.and(Err(issue)), message: None },
        }
    }
}

fn compile_to(text: &str, env: &Env, wanted: &Type, field: &'static str) -> Result<Program, Issue> {
    let program = cel::compile(text, env).map_err(|found| Issue { field, found })?;
    if program.of == *wanted {
        return Ok(program);
    }
    let message = format!("must evaluate to {}, not to {}", wanted.name(), program.of);
    Err(Issue { field, found: vec![cel::Issue { at: 0, message }] })
}

struct Judge {
    /// Of the budget.
    left: u64,
    faults: Vec<Fault>,
}

/// What the expressions of a rule see.
type Variables = BTreeMap<Arc<str>, Value>;

/// Where a value was written; what is there by default was not.
#[derive(Clone, Copy)]
struct Place<'p, 'y> {
    yaml: Option<&'p Yaml<'y>>,
    /// Of the nearest that was.
    mark: Mark,
}

impl<'p, 'y> Place<'p, 'y> {
    fn within(self, inner: impl FnOnce(&'p Yaml<'y>) -> Option<&'p Yaml<'y>>) -> Place<'p, 'y> {
        let yaml = self.yaml.and_then(inner);
        Place { yaml, mark: yaml.map_or(self.mark, |yaml| yaml.mark) }
    }

    /// A whole map or list is pointed at where it begins.
    fn head(self) -> Mark {
        self.yaml.map_or(self.mark, super::judge::head)
    }
}

impl Judge {
    fn rules(&mut self, rules: &Rules, value: &Value, place: Place<'_, '_>, path: &Path<'_>) {
        if matches!(value, Value::Null) {
            return;
        }
        for one in &rules.own {
            self.rule(one, value, place, path);
        }
        match value {
            Value::Map(map) => {
                for (name, inner) in &rules.properties {
                    if let Some(value) = map.field(name) {
                        self.rules(inner, value, place.within(|yaml| yaml.get(name)), &path.field(name));
                    }
                }
                for (key, value) in rules.values.iter().flat_map(|_| map.entries()) {
                    let name = key.as_str().unwrap_or_default();
                    let inner = rules.values.as_deref().expect("there are entries only where there are rules");
                    self.rules(inner, value, place.within(|yaml| yaml.get(name)), &path.field(name));
                }
            }
            Value::List(items) => {
                for (at, value) in items.iter().enumerate() {
                    if let Some(inner) = &rules.items {
                        self.rules(inner, value, place.within(|yaml| yaml.items().get(at)), &path.item(at));
                    }
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, one: &Compiled, value: &Value, place: Place<'_, '_>, path: &Path<'_>) {
        let Ok(program) = &one.program else { return };
        // What compares with an object that was is not asked of a new one, unless it says that it can do without.
        if program.uses("oldSelf") && !one.rule.optional_old_self || self.left == 0 {
            return;
        }
        let old = if one.rule.optional_old_self { Value::Optional(None) } else { Value::Null };
        let mut variables: Variables = BTreeMap::from([(Arc::from("self"), value.clone()), (Arc::from("oldSelf"), old)]);
        let each = &*one.rule.each;
        if each.is_empty() {
            return self.hold((one, program), &variables, place, path);
        }
        let list = if let Value::Map(map) = value { map.field(each) } else { None };
        let Some(Value::List(items)) = list else { return };
        for (at, item) in items.iter().enumerate() {
            variables.insert(Arc::from("item"), item.clone());
            let place = place.within(|yaml| yaml.get(each)?.items().get(at));
            self.hold((one, program), &variables, place, &path.field(each).item(at));
        }
    }

    fn hold(&mut self, (one, program): (&Compiled, &Program), variables: &Variables, place: Place<'_, '_>, path: &Path<'_>) {
        let outcome = program.eval(variables, COST_LIMIT.min(self.left));
        self.left = self.left.saturating_sub(outcome.cost);
        let text = one.rule.rule.trim();
        match outcome.value {
            Ok(Value::Bool(true)) => {}
            Ok(_) => {
                let message = one.message(variables).unwrap_or_else(|| format!("failed rule: {text}"));
                let help = (!message.contains(text)).then(|| format!("the definition of the kind asks for `{text}`"));
                self.fault(&message, help, one, place, path);
            }
            Err(fault) => self.fault(&format!("{} evaluating rule: {text}", fault.message), None, one, place, path),
        }
    }

    fn fault(&mut self, message: &str, help: Option<String>, one: &Compiled, place: Place<'_, '_>, path: &Path<'_>) {
        let message = format!("{}: {message}", path.name());
        let (steps, mut pointer, mut place) = (steps(&one.rule.field_path), path.pointer(), place);
        for step in &steps {
            pointer = format!("{pointer}/{}", crate::node::escape(step));
            place = place.within(|yaml| yaml.get(step));
        }
        self.faults.push(Fault {
            code: Code::RuleOfDefinition,
            message,
            help,
            mark: place.head(),
            label: "here",
            pointer,
            first: None,
        });
    }
}

impl Compiled {
    /// What the definition says of a broken rule, if anything that the API server would pass on.
    fn message(&self, variables: &Variables) -> Option<String> {
        let computed = self.message.as_ref().and_then(|program| program.eval(variables, COST_LIMIT).value.ok());
        let computed = computed.as_ref().and_then(Value::as_str).map(str::trim);
        let computed = computed.filter(|text| !text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains('\n'));
        let written = Some(self.rule.message.trim()).filter(|text| !text.is_empty());
        computed.or(written).map(str::to_owned)
    }
}

/// The fields of a path such as `.spec.ports` or `.metadata['a.b']`.
fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((name, after)) = rest.strip_prefix("['").and_then(|quoted| quoted.split_once("']")) {
            steps.push(name.replace("\\'", "'"));
            rest = after;
            continue;
        }
        let inner = rest.strip_prefix('.').unwrap_or(rest);
        let end = inner.find(['.', '[']).unwrap_or(inner.len());
        steps.push(inner[..end].to_owned());
        rest = if end == 0 && !inner.starts_with("['") { "" } else { &inner[end..] };
    }
    steps.retain(|step| !step.is_empty());
    steps
}
