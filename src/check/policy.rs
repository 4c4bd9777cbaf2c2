//! The family `policy`: objects under the policies that were asked for, and what is wrong with policies themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kinds::Known;
use super::{Document, Kinds, Object, Scope, World};
use crate::cel::Type;
use crate::diagnostic::{Code, Diagnostics, Refusal, Severity};
use crate::inputs::Inputs;
use crate::policy::{
    self, Action, Decision, Expression, Namespace, Operation, Origin, Place, Request, Resource, Seen, Set, User, Verdict,
};
use crate::source::Source;
use crate::structural::{Path, Typer};
use crate::yaml::{self, Limits, Yaml};

/// What requests are decided by.
#[derive(Default)]
pub struct Admission {
    pub set: Set,
    pub namespaces: BTreeMap<String, Arc<Namespace>>,
}

impl Admission {
    /// Adds the policies, bindings and params of a text.
    pub fn add(&mut self, source: &Arc<Source>, kinds: &Kinds, diags: &mut Diagnostics) {
        each(source, diags, &mut |root, origin| {
            let resource = kinds.resource(root);
            self.set.add(root, resource.is_namespaced, origin, kinds.functions());
        });
    }

    pub fn add_all(&mut self, inputs: &Inputs<'_>, kinds: &Kinds, diags: &mut Diagnostics) {
        for file in 0..inputs.files.len() {
            if let Ok(source) = inputs.read(file, diags) {
                self.add(&source, kinds, diags);
            }
        }
    }

    /// Looks through what will be judged for Namespaces and for what can be a param of the policies.
    pub fn look_around(&mut self, inputs: &Inputs<'_>, kinds: &Kinds, diags: &mut Diagnostics) {
        let wanted: Vec<_> = self.set.policies.iter().filter_map(|policy| policy.params.clone()).collect();
        for file in 0..inputs.files.len() {
            let Ok(source) = inputs.read(file, diags) else { continue };
            let is_wanted = |word: &str| source.text.contains(word);
            if !is_wanted("Namespace") && !wanted.iter().any(|kind| is_wanted(&kind.kind)) {
                continue;
            }
            // What cannot be read is told when it is judged.
            each(&source, &mut Diagnostics::default(), &mut |root, origin| {
                let text = |name: &str| root.get(name).and_then(Yaml::as_str).unwrap_or_default();
                let name = root.get("metadata").and_then(|metadata| metadata.get("name")?.as_str());
                if let ("v1", "Namespace", Some(name)) = (text("apiVersion"), text("kind"), name) {
                    self.namespaces.insert(name.to_owned(), Arc::new(Namespace::read(root)));
                }
                if wanted.iter().any(|kind| kind.api_version == text("apiVersion") && kind.kind == text("kind")) {
                    self.set.add(root, kinds.resource(root).is_namespaced, origin, kinds.functions());
                }
            });
        }
    }
}

/// Every object of a text, items of Lists too.
fn each(source: &Arc<Source>, diags: &mut Diagnostics, visit: &mut dyn FnMut(&Yaml<'_>, &Origin<'_>)) {
    let stream = yaml::read(&source.text, &Limits::default());
    stream.errors.iter().for_each(|error| error.report(source, diags));
    for document in &stream.documents {
        let root = Path::ROOT;
        let origin = |path| Origin { source, start: 0, document: document.index, path };
        let items = document.root.get("items").filter(|_| document.root.get("kind").and_then(Yaml::as_str) == Some("List"));
        let within = root.field("items");
        match items {
            Some(items) => items.items().iter().enumerate().for_each(|(at, item)| visit(item, &origin(within.item(at)))),
            None => visit(&document.root, &origin(root)),
        }
    }
}

impl Kinds {
    /// How requests name what an object is; of a kind that nothing is known of, as Kubernetes guesses.
    pub fn resource(&self, root: &Yaml<'_>) -> Resource {
        let text = |name: &str| root.get(name).and_then(Yaml::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let known = match self.find(api_version, kind) {
            Known::Kind(known) | Known::OtherVersion(known) | Known::Outside(known) => Some(known),
            _ => None,
        };
        let others = self.versions_beside(group, version, kind);
        Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            name: known.map_or_else(|| policy::guessed(kind), |known| known.plural.to_owned()),
            is_namespaced: known.is_none_or(|known| known.scope == Scope::Namespace),
            equivalents: others.into_iter().map(|version| (group.to_owned(), version)).collect(),
            always: known.map_or_else(Vec::new, |known| known.parts()),
        }
    }
}

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    if policy::kind_of(object.root) == policy::Kind::Policy {
        sound(object, world, found);
    }
    let admission = world.admission;
    if admission.set.policies.is_empty()
        || object.subject.kind.is_empty()
        || matches!(object.known, Known::List | Known::Nameless)
    {
        return;
    }
    let resource = world.kinds.resource(object.root);
    let within = object.subject.namespace.as_ref().and_then(|name| admission.namespaces.get(name)).cloned();
    let request = Request::new(Operation::Create, resource, Some(object.root), None, within, User::default());
    for decision in policy::decide(&admission.set, &request) {
        if decision.is_against() {
            tell(object, &decision, world, found);
        }
    }
}

fn tell(object: &Object<'_>, decision: &Decision, world: &World<'_>, found: &mut Diagnostics) {
    let action = decision.action().unwrap_or(Action::Audit);
    let severity = match action {
        Action::Deny => Severity::Error,
        Action::Warn => Severity::Warning,
        Action::Audit => Severity::Note,
    };
    let code = if decision.verdict == Verdict::Error { Code::PolicyFails } else { Code::PolicyDenies };
    let (mark, label) = (object.head(), "this object");
    let diagnostic = object.report(found, (severity, code), decision.message.clone(), (mark, label), object.path.pointer());
    if let Some(Place { span, document, pointer }) =
        decision.place.as_ref().filter(|place| world.inputs.is_of_a_user(&place.span.source))
    {
        diagnostic.within(span, "by this rule", *document, pointer.clone());
    }
    let by = decision.binding.as_ref().map_or_else(String::new, |binding| format!(", bound by {binding}"));
    diagnostic.note(format!("the policy is {}{by}", decision.policy));
    diagnostic.policy = Some(Box::new(Refusal {
        policy: decision.policy.clone(),
        binding: decision.binding.clone(),
        decision: decision.verdict.name(),
        action: action.name(),
        reason: decision.reason.clone(),
        expression: decision.expression,
    }));
}

/// What is wrong with the expressions of a policy, whatever they are asked about.
fn sound(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let origin = object.document.origin(object.path);
    let mut set = Set::default();
    set.add(object.root, false, &origin, world.kinds.functions());
    let Some(policy) = set.policies.first() else { return };
    let messages = policy.validations.iter().filter_map(|validation| validation.message_expression.as_ref());
    let expressions = policy.variables.iter().chain(&policy.conditions).chain(&policy.audit).map(|(_, expression)| expression);
    for expression in expressions.chain(policy.validations.iter().map(|validation| &validation.condition)).chain(messages) {
        for issue in expression.program.as_ref().err().map_or(&[][..], |wrong| &wrong.issues) {
            report(object, expression, issue.at, (Severity::Error, Code::BadExpression), issue.message.clone(), found);
        }
    }
    let resources = world.kinds.resources();
    let mut seen: Vec<Seen> = Vec::new();
    for resource in policy::named(policy, resources.iter()) {
        let api_version = resource.api_version();
        if let Known::Kind(kind) = world.kinds.find(&api_version, &resource.kind) {
            let of = Typer::new(kind.shapes).of(kind.root, true, &resource.kind).unwrap_or(Type::Dyn);
            seen.push(Seen { resource: resource.clone(), of });
        }
    }
    let env = policy::environment(world.kinds.functions(), policy.params.is_some());
    for lint in policy::lint(policy, &env, &seen, None) {
        for issue in &lint.issues {
            let message = format!("{}: {}", lint.resource.kind, issue.message);
            report(object, lint.expression, issue.at, (Severity::Warning, Code::PolicyTypes), message, found);
        }
    }
}

fn report(
    object: &Object<'_>,
    expression: &Expression,
    at: usize,
    kind: (Severity, Code),
    message: String,
    found: &mut Diagnostics,
) {
    let pointer = expression.place.pointer.clone();
    let yaml = object.document.root.pointer(&pointer);
    let mark = yaml.map_or(object.head(), |yaml| object.document.within_text(yaml, &expression.text, at));
    object.report(found, kind, message, (mark, "here"), pointer);
}

impl<'t> Document<'t> {
    fn origin(&self, path: Path<'t>) -> Origin<'t> {
        Origin { source: self.source, start: self.start, document: self.number, path }
    }
}
