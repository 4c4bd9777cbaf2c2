//! Whether a policy or a binding is about a request: selectors, rules that leave out, rules that take in.

use super::Selector;
use super::request::{Request, Resource};
use crate::yaml::{Data, Yaml};

#[derive(Clone, Debug)]
pub struct Matching {
    namespaces: Selector,
    objects: Selector,
    excluded: Vec<Rule>,
    pub rules: Vec<Rule>,
    /// Other versions of the same resource count too.
    is_equivalent: bool,
}

/// Each list takes the request if one of its entries does; `*` takes all.
#[derive(Clone, Debug)]
pub struct Rule {
    pub groups: Vec<String>,
    pub versions: Vec<String>,
    pub resources: Vec<String>,
    operations: Vec<String>,
    scope: String,
    names: Vec<String>,
}

impl Matching {
    /// A part that is not written asks for nothing.
    pub fn read(yaml: Option<&Yaml<'_>>) -> Matching {
        let get = |name: &str| yaml.and_then(|yaml| yaml.get(name));
        let selector = |name: &str| get(name).map(Selector::read).unwrap_or_default();
        let rules = |name: &str| get(name).map_or(&[][..], Yaml::items).iter().map(Rule::read).collect();
        Matching {
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
            excluded: rules("excludeResourceRules"),
            rules: rules("resourceRules"),
            is_equivalent: get("matchPolicy").and_then(Yaml::as_str) != Some("Exact"),
        }
    }

    /// The resource as which the request is taken, if it is.
    pub fn matches(&self, request: &Request) -> Result<Option<Resource>, String> {
        // The API server tells of a wrong selector only where nothing else leaves the request out.
        let (namespaces, objects) = (self.fits_namespace(request), self.fits_object(request));
        if namespaces == Ok(false) || objects == Ok(false) || self.of(&self.excluded, request).is_some() {
            return Ok(None);
        }
        let matched = if self.rules.is_empty() { Some(request.resource.clone()) } else { self.of(&self.rules, request) };
        match (matched, namespaces, objects) {
            (None, _, _) => Ok(None),
            (_, Err(error), _) | (_, _, Err(error)) => Err(error),
            (matched, Ok(_), Ok(_)) => Ok(matched),
        }
    }

    /// What belongs to no namespace is never left out for one; a Namespace is chosen by its own labels.
    fn fits_namespace(&self, request: &Request) -> Result<bool, String> {
        match request.namespace_labels() {
            Some(labels) if !self.namespaces.is_empty() => self.namespaces.fits(&labels),
            _ => Ok(true),
        }
    }

    fn fits_object(&self, request: &Request) -> Result<bool, String> {
        if self.objects.is_empty() {
            return Ok(true);
        }
        for labels in [&request.labels, &request.old_labels].into_iter().flatten() {
            if self.objects.fits(labels)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn of(&self, rules: &[Rule], request: &Request) -> Option<Resource> {
        if rules.iter().any(|rule| rule.takes(request, &request.resource)) {
            return Some(request.resource.clone());
        }
        let others = request.resource.equivalents.iter().filter(|_| self.is_equivalent);
        for (group, version) in others {
            let as_other = Resource { group: group.clone(), version: version.clone(), ..request.resource.clone() };
            if rules.iter().any(|rule| rule.takes(request, &as_other)) {
                return Some(as_other);
            }
        }
        None
    }
}

impl Rule {
    fn read(yaml: &Yaml<'_>) -> Rule {
        let list = |name: &str| {
            let items = yaml.get(name).map_or(&[][..], Yaml::items).iter();
            items.filter_map(Yaml::as_str).map(str::to_owned).collect()
        };
        let scope = match yaml.get("scope").map(|scope| &scope.data) {
            Some(Data::Str(scope)) => scope.to_string(),
            _ => "*".to_owned(),
        };
        Rule {
            groups: list("apiGroups"),
            versions: list("apiVersions"),
            resources: list("resources"),
            operations: list("operations"),
            scope,
            names: list("resourceNames"),
        }
    }

    fn takes(&self, request: &Request, resource: &Resource) -> bool {
        self.takes_resource(resource, &request.subresource)
            // The API server takes no rule without operations: one that is not for it means all of them.
            && (self.operations.is_empty() || has(&self.operations, request.operation.name()))
            && (self.names.is_empty() || self.names.contains(&request.name))
            && match &*self.scope {
                "Cluster" => !resource.is_namespaced,
                "Namespaced" => resource.is_namespaced,
                _ => true,
            }
    }

    /// Whether the rule is about a resource, whatever is done with it.
    pub fn takes_resource(&self, resource: &Resource, subresource: &str) -> bool {
        let is_named = |pattern: &String| {
            let (name, inner) = pattern.split_once('/').unwrap_or((pattern, ""));
            (name == "*" || name == resource.name) && (inner == "*" || inner == subresource)
        };
        has(&self.groups, &resource.group) && has(&self.versions, &resource.version) && self.resources.iter().any(is_named)
    }
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|known| known == "*" || known == wanted)
}
