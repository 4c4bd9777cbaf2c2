//! The documents of policies and bindings in, compiled policies out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::request::{NAMESPACE, REQUEST};
use super::selector::labels;
use super::{Action, Binding, Expression, Matching, Param, ParamKind, ParamRef, Place, Policy, Set, Validation, Wrong};
use crate::cel::{self, Env, Field, Object, Type, Value, Version};
use crate::source::Source;
use crate::structural::Path;
use crate::yaml::Yaml;

/// What an object is to this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Policy,
    Binding,
    Other,
}

pub fn kind_of(root: &Yaml<'_>) -> Kind {
    let text = |name: &str| root.get(name).and_then(Yaml::as_str).unwrap_or_default();
    match (text("apiVersion").starts_with("admissionregistration.k8s.io/"), text("kind")) {
        (true, "ValidatingAdmissionPolicy") => Kind::Policy,
        (true, "ValidatingAdmissionPolicyBinding") => Kind::Binding,
        _ => Kind::Other,
    }
}

/// Where the object stands that is read.
#[derive(Clone)]
pub struct Origin<'o> {
    pub source: &'o Arc<Source>,
    /// Of the text that the marks count from.
    pub start: u32,
    pub document: u32,
    pub path: Path<'o>,
}

impl Set {
    /// Adds an object: a policy, a binding, or else what may be a param.
    pub fn add(&mut self, root: &Yaml<'_>, is_namespaced: bool, origin: &Origin<'_>, version: Version) {
        match kind_of(root) {
            Kind::Policy => self.policies.push(policy(root, origin, version)),
            Kind::Binding => self.bindings.push(binding(root)),
            Kind::Other => self.params.push(param(root, is_namespaced)),
        }
    }
}

fn text(yaml: &Yaml<'_>, name: &str) -> String {
    yaml.get(name).and_then(Yaml::as_str).unwrap_or_default().to_owned()
}

fn name_of(root: &Yaml<'_>) -> String {
    root.get("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default()
}

fn param(root: &Yaml<'_>, is_namespaced: bool) -> Param {
    let namespace = root.get("metadata").map(|metadata| text(metadata, "namespace")).filter(|name| !name.is_empty());
    let namespace = is_namespaced.then(|| namespace.unwrap_or_else(|| "default".to_owned()));
    let (api_version, kind) = (text(root, "apiVersion"), text(root, "kind"));
    Param { api_version, kind, namespace, name: name_of(root), labels: labels(root), value: Value::from_yaml(root) }
}

fn binding(root: &Yaml<'_>) -> Binding {
    let spec = root.get("spec");
    let get = |name: &str| spec.and_then(|spec| spec.get(name));
    let actions = get("validationActions").map_or(&[][..], Yaml::items).iter();
    Binding {
        name: name_of(root),
        policy: spec.map(|spec| text(spec, "policyName")).unwrap_or_default(),
        actions: actions.filter_map(|action| Action::parse(action.as_str()?)).collect(),
        matching: get("matchResources").map(|yaml| Matching::read(Some(yaml))),
        params: get("paramRef").map(ParamRef::read),
    }
}

pub fn policy(root: &Yaml<'_>, origin: &Origin<'_>, version: Version) -> Policy {
    let spec_path = origin.path.field("spec");
    let spec = root.get("spec");
    let get = |name: &str| spec.and_then(|spec| spec.get(name));
    let params = get("paramKind").map(|kind| ParamKind { api_version: text(kind, "apiVersion"), kind: text(kind, "kind") });
    let mut reader = Reader { origin, env: environment(version, params.is_some()), path: spec_path };
    // Conditions are asked before there are variables.
    let before = reader.env.clone();
    let variables = reader.variables(get("variables"));
    let named = |list: Option<&Yaml<'_>>, env: &Env, field: &'static str, (key, word): (&str, &str), of: &[Type]| {
        let path = spec_path.field(field);
        let items = list.map_or(&[][..], Yaml::items).iter().enumerate();
        items.map(|(at, item)| (text(item, key), reader.expression(item, word, &path.item(at), of, env))).collect()
    };
    let conditions = named(get("matchConditions"), &before, "matchConditions", ("name", "expression"), &[Type::Bool]);
    let audit =
        named(get("auditAnnotations"), &reader.env, "auditAnnotations", ("key", "valueExpression"), &[Type::String, Type::Null]);
    Policy {
        name: name_of(root),
        place: reader.place(root.get("kind").unwrap_or(root), origin.path.pointer()),
        fails_open: get("failurePolicy").and_then(Yaml::as_str) == Some("Ignore"),
        matching: Matching::read(get("matchConstraints")),
        validations: reader.validations(get("validations")),
        params,
        variables,
        conditions,
        audit,
    }
}

/// What every expression of a policy may name.
pub fn environment(version: Version, has_params: bool) -> Env {
    let mut env = Env::new(version)
        .with("object", Type::Dyn)
        .with("oldObject", Type::Dyn)
        .with("request", REQUEST.clone())
        .with("namespaceObject", NAMESPACE.clone())
        .with("authorizer", Type::opaque("kubernetes.authorization.Authorizer"))
        .with("authorizer.requestResource", Type::opaque("kubernetes.authorization.ResourceCheck"))
        .with("variables", Object::of("kubernetes.variables", &[]));
    if has_params {
        env = env.with("params", Type::Dyn);
    }
    env
}

/// The same with a variable of the policy, whose type is that of its expression.
pub fn with_variable(env: &mut Env, name: &str, of: Type) {
    let mut fields = match env.variables.get("variables") {
        Some(Type::Object(known)) => known.fields.clone(),
        _ => BTreeMap::new(),
    };
    fields.insert(name.into(), Field { key: name.into(), of: of.clone() });
    env.variables.insert("variables".into(), Type::Object(Arc::new(Object { name: "kubernetes.variables".into(), fields })));
    env.variables.insert(format!("variables.{name}").into(), of);
}

struct Reader<'r> {
    origin: &'r Origin<'r>,
    env: Env,
    path: Path<'r>,
}

impl Reader<'_> {
    fn place(&self, yaml: &Yaml<'_>, pointer: String) -> Place {
        let start = self.origin.start;
        let mark = crate::yaml::Mark { start: yaml.mark.start + start, end: yaml.mark.end + start };
        Place { span: mark.span(self.origin.source), document: self.origin.document, pointer }
    }

    /// Each sees those before it.
    fn variables(&mut self, list: Option<&Yaml<'_>>) -> Vec<(String, Expression)> {
        let path = self.path;
        let path = path.field("variables");
        let mut variables = Vec::new();
        for (at, item) in list.map_or(&[][..], Yaml::items).iter().enumerate() {
            let name = text(item, "name");
            let expression = self.expression(item, "expression", &path.item(at), &[], &self.env);
            let of = expression.program.as_ref().map_or(Type::Dyn, |program| program.of.clone());
            with_variable(&mut self.env, &name, of);
            variables.push((name, expression));
        }
        variables
    }

    fn validations(&self, list: Option<&Yaml<'_>>) -> Vec<Validation> {
        let path = self.path.field("validations");
        // A message is for everybody, and so not made of what one may do.
        let mut env = self.env.clone();
        env.variables.retain(|name, _| !name.starts_with("authorizer"));
        let mut validations = Vec::new();
        for (at, item) in list.map_or(&[][..], Yaml::items).iter().enumerate() {
            let path = path.item(at);
            let has_expression = !text(item, "messageExpression").is_empty();
            let message = || self.expression(item, "messageExpression", &path, &[Type::String], &env);
            let reason = Some(text(item, "reason")).filter(|reason| !reason.is_empty());
            validations.push(Validation {
                condition: self.expression(item, "expression", &path, &[Type::Bool], &self.env),
                message: text(item, "message"),
                message_expression: has_expression.then(message),
                reason: reason.unwrap_or_else(|| "Invalid".to_owned()),
            });
        }
        validations
    }

    fn expression(&self, item: &Yaml<'_>, field: &str, path: &Path<'_>, wanted: &[Type], env: &Env) -> Expression {
        let text = text(item, field);
        let place = self.place(item.get(field).unwrap_or(item), path.field(field).pointer());
        let program = compile(&text, env, wanted);
        Expression { text, place, program }
    }
}

/// An expression of one of some types; of any where none is named.
pub fn compile(text: &str, env: &Env, wanted: &[Type]) -> Result<cel::Program, Wrong> {
    let program = cel::compile(text, env)
        .map_err(|issues| Wrong { message: format!("compilation failed: {}", cel::in_words(&issues, text)), issues })?;
    if wanted.is_empty() || wanted.contains(&program.of) {
        return Ok(program);
    }
    let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let message = match &names[..] {
        [name] => format!("must evaluate to {name} but got {}", program.of),
        names => format!("must evaluate to one of [{}] but got {}", names.join(" "), program.of),
    };
    Err(Wrong { issues: vec![cel::Issue { at: 0, message: message.clone() }], message })
}
