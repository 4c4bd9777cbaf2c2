//! The params that a binding names.

use super::{Binding, Param, Policy, Request, Selector};
use crate::yaml::Yaml;

/// The kind that a policy takes its params of.
#[derive(Clone, Debug)]
pub struct ParamKind {
    pub api_version: String,
    pub kind: String,
}

/// Which of them a binding means.
#[derive(Clone, Debug)]
pub struct ParamRef {
    name: String,
    namespace: String,
    selector: Option<Selector>,
    denies_without: bool,
}

impl ParamRef {
    pub fn read(yaml: &Yaml<'_>) -> ParamRef {
        let text = |name: &str| yaml.get(name).and_then(Yaml::as_str).unwrap_or_default().to_owned();
        ParamRef {
            name: text("name"),
            namespace: text("namespace"),
            selector: yaml.get("selector").map(Selector::read),
            denies_without: text("parameterNotFoundAction") == "Deny",
        }
    }
}

/// With which params a policy is asked that nothing binds: each one there is, or else none.
pub fn unbound<'s>(policy: &Policy, params: &'s [Param]) -> Vec<Option<&'s Param>> {
    let fits = |param: &&Param| policy.params.as_ref().is_some_and(|kind| param.is(kind));
    let found: Vec<Option<&Param>> = params.iter().filter(fits).map(Some).collect();
    if found.is_empty() { vec![None] } else { found }
}

/// With which params a policy is asked under a binding; with none at all it is not asked.
pub fn collect<'s>(
    policy: &Policy,
    binding: &Binding,
    params: &'s [Param],
    request: &Request,
) -> Result<Vec<Option<&'s Param>>, String> {
    let (Some(kind), Some(wanted)) = (&policy.params, &binding.params) else { return Ok(vec![None]) };
    let mut of_kind = params.iter().filter(|param| param.is(kind)).peekable();
    let is_namespaced = of_kind.peek().is_some_and(|param| param.namespace.is_some());
    let namespace = match (is_namespaced, &*wanted.namespace, &*request.namespace) {
        (false, "", _) => None,
        (false, _, _) if of_kind.peek().is_some() => {
            return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned());
        }
        (true, "", "") => {
            return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".to_owned());
        }
        (_, "", own) => Some(own),
        (_, named, _) => Some(named),
    };
    let here = of_kind.filter(|param| param.namespace.as_deref() == namespace);
    let found: Vec<Option<&Param>> = match (&*wanted.name, &wanted.selector) {
        ("", None) => return Err("one of name or selector must be provided".to_owned()),
        ("", Some(selector)) => {
            let mut found = Vec::new();
            for param in here {
                found.extend(selector.fits(&param.labels)?.then_some(Some(param)));
            }
            found
        }
        (_, Some(_)) => return Err("paramRef.name and paramRef.selector are mutually exclusive".to_owned()),
        (name, None) => here.filter(|param| param.name == name).map(Some).collect(),
    };
    if found.is_empty() && wanted.denies_without {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
    }
    Ok(found)
}

impl Param {
    pub fn is(&self, kind: &ParamKind) -> bool {
        self.api_version == kind.api_version && self.kind == kind.kind
    }
}
