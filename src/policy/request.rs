//! An admission request: what is asked, by whom, and the values and types that expressions see of it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::selector::{Labels, labels};
use crate::cel::{Object, Type, Value};
use crate::yaml::{Data, Yaml};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

/// A kind of objects as requests name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub group: String,
    pub version: String,
    pub kind: String,
    /// The plural.
    pub name: String,
    pub is_namespaced: bool,
    /// Groups and versions that serve the same objects.
    pub equivalents: Vec<(String, String)>,
    /// The parts that expressions see empty where nobody wrote them: the API server's own kinds have them always.
    pub always: Vec<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub struct User {
    pub username: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub operation: Operation,
    pub resource: Resource,
    pub subresource: String,
    pub name: String,
    /// Of a Namespace its own name; empty for what belongs to none.
    pub namespace: String,
    pub user: User,
    pub object: Value,
    pub old: Value,
    pub labels: Option<Labels>,
    pub old_labels: Option<Labels>,
    /// The Namespace that the object is in; without one only its name is known.
    within: Option<Arc<Namespace>>,
    /// As the policy sees it, where it was written in another version.
    seen: Option<Resource>,
}

impl Resource {
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// What is known of a Namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    value: Value,
    labels: Labels,
}

impl Namespace {
    pub fn read(yaml: &Yaml<'_>) -> Namespace {
        Namespace { value: namespace_value(yaml), labels: labels(yaml) }
    }
}

impl Request {
    /// `old` is the object that is there; of one that is to be deleted there is nothing else.
    pub fn new(
        operation: Operation,
        resource: Resource,
        object: Option<&Yaml<'_>>,
        old: Option<&Yaml<'_>>,
        within: Option<Arc<Namespace>>,
        user: User,
    ) -> Request {
        let written = object.or(old);
        let text = |name: &str| {
            let found = written.and_then(|yaml| yaml.get("metadata")?.get(name)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let name = text("name");
        let namespace = match (resource.is_namespaced, &*text("namespace")) {
            (true, "") => "default".to_owned(),
            (true, namespace) => namespace.to_owned(),
            (false, _) if is_namespace(&resource) => name.clone(),
            (false, _) => String::new(),
        };
        let value = |yaml: Option<&Yaml<'_>>| yaml.map_or(Value::Null, |yaml| placed(yaml, &resource, &namespace));
        Request {
            operation,
            subresource: String::new(),
            user,
            object: value(object),
            old: value(old),
            labels: object.map(labels),
            old_labels: old.map(labels),
            within,
            seen: None,
            name,
            namespace,
            resource,
        }
    }

    /// The same, as a policy sees it whose rules name another version.
    pub fn seen_as(&self, resource: &Resource) -> Request {
        let mut request = self.clone();
        if *resource != self.resource {
            let api_version = resource.api_version();
            request.object = with_version(&self.object, &api_version);
            request.old = with_version(&self.old, &api_version);
        }
        request.seen = Some(resource.clone());
        request
    }

    /// Policies do not judge what makes policies.
    pub fn is_exempt(&self) -> bool {
        const KINDS: [&str; 6] = [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ];
        self.resource.group == "admissionregistration.k8s.io" && KINDS.contains(&&*self.resource.kind)
    }

    /// The labels by which a selector of namespaces chooses; none where it has no say.
    pub fn namespace_labels(&self) -> Option<Labels> {
        if self.namespace.is_empty() {
            return None;
        }
        let is_own = is_namespace(&self.resource) && matches!(self.operation, Operation::Create | Operation::Update);
        let mut labels =
            if is_own { self.labels.clone() } else { self.within.as_ref().map(|known| known.labels.clone()) }.unwrap_or_default();
        labels.entry("kubernetes.io/metadata.name".to_owned()).or_insert_with(|| self.namespace.clone());
        Some(labels)
    }

    /// The value of `namespaceObject`: null for what is in no namespace.
    pub fn namespace_object(&self) -> Value {
        if !self.resource.is_namespaced {
            return Value::Null;
        }
        self.within.as_ref().map(|known| known.value.clone()).unwrap_or_else(|| {
            let labels = Value::table(vec![("kubernetes.io/metadata.name", Value::string(&self.namespace))]);
            let metadata = Value::table(vec![("name", Value::string(&self.namespace)), ("labels", labels)]);
            Value::table(vec![("metadata", metadata)])
        })
    }

    /// The value of `request`. What is empty is left out, as in the JSON of an AdmissionRequest.
    pub fn value(&self) -> Value {
        let seen = self.seen.as_ref().unwrap_or(&self.resource);
        let of = |last: &str, value: &str, resource: &Resource| {
            let text = Value::string;
            Value::table(vec![("group", text(&resource.group)), ("version", text(&resource.version)), (last, text(value))])
        };
        let mut fields = vec![
            ("kind", of("kind", &seen.kind, seen)),
            ("resource", of("resource", &seen.name, seen)),
            ("requestKind", of("kind", &self.resource.kind, &self.resource)),
            ("requestResource", of("resource", &self.resource.name, &self.resource)),
            ("operation", Value::string(self.operation.name())),
            ("userInfo", self.user.value()),
            ("dryRun", Value::Bool(false)),
            ("options", self.operation.options()),
        ];
        let texts = [
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("subResource", &self.subresource),
            ("requestSubResource", &self.subresource),
        ];
        fields.extend(texts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key, Value::string(text))));
        Value::table(fields)
    }
}

impl User {
    fn value(&self) -> Value {
        let list = |list: &[String]| Value::list(list.iter().map(|text| Value::string(text)).collect());
        let mut fields = vec![("username", Value::string(&self.username))];
        if !self.uid.is_empty() {
            fields.push(("uid", Value::string(&self.uid)));
        }
        if !self.groups.is_empty() {
            fields.push(("groups", list(&self.groups)));
        }
        if !self.extra.is_empty() {
            fields.push(("extra", Value::table(self.extra.iter().map(|(key, values)| (&**key, list(values))).collect())));
        }
        Value::table(fields)
    }
}

impl Operation {
    const ALL: [Operation; 4] = [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect];

    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }

    pub fn parse(name: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.name().eq_ignore_ascii_case(name))
    }

    fn options(self) -> Value {
        let kind = match self {
            Operation::Create => "CreateOptions",
            Operation::Update => "UpdateOptions",
            Operation::Delete => "DeleteOptions",
            Operation::Connect => return Value::Null,
        };
        Value::table(vec![("apiVersion", Value::string("meta.k8s.io/v1")), ("kind", Value::string(kind))])
    }
}

fn is_namespace(resource: &Resource) -> bool {
    resource.group.is_empty() && resource.name == "namespaces"
}

/// The plural of a kind that nothing is known of, as Kubernetes guesses it.
pub fn guessed(kind: &str) -> String {
    let name = kind.to_lowercase();
    match name.chars().last() {
        Some('s') if name.ends_with("endpoints") => name,
        Some('s') => format!("{name}es"),
        Some('y') => format!("{}ies", &name[..name.len() - 1]),
        _ => format!("{name}s"),
    }
}

/// An object as it comes to a policy: with the parts that it always has, and the namespace that it goes to.
fn placed(yaml: &Yaml<'_>, resource: &Resource, namespace: &str) -> Value {
    let missing = resource.always.iter().filter(|name| yaml.get(name).is_none_or(|part| part.data == Data::Null));
    let empty = |_: &Value| Value::map(Vec::new());
    let value = missing.fold(Value::from_yaml(yaml), |value, name| replaced(&value, name, empty));
    let metadata = yaml.get("metadata");
    let has_namespace = metadata.is_some_and(|metadata| metadata.get("namespace").is_some());
    if !resource.is_namespaced || has_namespace || !metadata.is_some_and(|metadata| matches!(metadata.data, Data::Map(_))) {
        return value;
    }
    replaced(&value, "metadata", |metadata| replaced(metadata, "namespace", |_| Value::string(namespace)))
}

fn with_version(object: &Value, api_version: &str) -> Value {
    replaced(object, "apiVersion", |_| Value::string(api_version))
}

/// A map with another value under a key; what is no map stays as it is.
fn replaced(value: &Value, key: &str, make: impl Fn(&Value) -> Value) -> Value {
    let Value::Map(map) = value else { return value.clone() };
    let mut entries = map.entries().to_vec();
    match entries.iter_mut().find(|(known, _)| known.as_str() == Some(key)) {
        Some((_, value)) => *value = make(value),
        None => entries.push((Value::string(key), make(&Value::Null))),
    }
    Value::map(entries)
}

/// Of a Namespace expressions see what their type declares, its times as times.
fn namespace_value(yaml: &Yaml<'_>) -> Value {
    let time =
        |value: &Value| value.as_str().and_then(|text| Value::parsed(&Type::Timestamp, text)).unwrap_or_else(|| value.clone());
    let name = yaml.get("metadata").and_then(|metadata| metadata.get("name")?.as_str()).unwrap_or_default();
    let mut value = Value::from_yaml(yaml);
    value = replaced(&value, "metadata", |metadata| {
        let labels = |labels: &Value| {
            let empty = Value::map(Vec::new());
            let labels = if matches!(labels, Value::Map(_)) { labels } else { &empty };
            replaced(labels, "kubernetes.io/metadata.name", |known| match known {
                Value::Null => Value::string(name),
                known => known.clone(),
            })
        };
        let mut metadata = replaced(metadata, "labels", labels);
        for key in ["creationTimestamp", "deletionTimestamp"] {
            if let Value::Map(map) = &metadata
                && map.field(key).is_some()
            {
                metadata = replaced(&metadata, key, time);
            }
        }
        metadata
    });
    value
}

fn texts() -> Type {
    Type::list(Type::String)
}

/// The type of `request`.
pub static REQUEST: LazyLock<Type> = LazyLock::new(|| {
    let named =
        |name: &str, last: &str| Object::of(name, &[("group", Type::String), ("version", Type::String), (last, Type::String)]);
    let kind = named("kubernetes.GroupVersionKind", "kind");
    let resource = named("kubernetes.GroupVersionResource", "resource");
    let user =
        [("username", Type::String), ("uid", Type::String), ("groups", texts()), ("extra", Type::map(Type::String, texts()))];
    let fields = [
        ("kind", kind.clone()),
        ("resource", resource.clone()),
        ("subResource", Type::String),
        ("requestKind", kind),
        ("requestResource", resource),
        ("requestSubResource", Type::String),
        ("name", Type::String),
        ("namespace", Type::String),
        ("operation", Type::String),
        ("userInfo", Object::of("kubernetes.UserInfo", &user)),
        ("dryRun", Type::Bool),
        ("options", Type::Dyn),
    ];
    Object::of("kubernetes.AdmissionRequest", &fields)
});

/// The type of `namespaceObject`.
pub static NAMESPACE: LazyLock<Type> = LazyLock::new(|| {
    let table = || Type::map(Type::String, Type::String);
    let metadata = [
        ("name", Type::String),
        ("generateName", Type::String),
        ("namespace", Type::String),
        ("labels", table()),
        ("annotations", table()),
        ("UID", Type::String),
        ("creationTimestamp", Type::Timestamp),
        ("deletionGracePeriodSeconds", Type::Int),
        ("deletionTimestamp", Type::Timestamp),
        ("generation", Type::Int),
        ("resourceVersion", Type::String),
        ("finalizers", texts()),
    ];
    let fields = [
        ("metadata", Object::of("kubernetes.NamespaceMetadata", &metadata)),
        ("spec", Object::of("kubernetes.NamespaceSpec", &[("finalizers", texts())])),
        ("status", Object::of("kubernetes.NamespaceStatus", &[("phase", Type::String)])),
    ];
    Object::of("kubernetes.Namespace", &fields)
});
