//! An object in, what others may want of it and what it wants of others out.

use super::hosts;
use super::table::{Form, Makes, Row, Select as SelectRow, Table};
use super::walk::{each, first, name};
use super::{Kept, Label, Link, Made, Part, Port, Select, Selector, Serves, Spot, Term, What};
use crate::check::pod::{Owner, Pod, field, items, number, text};
use crate::check::{Entry, Object, World};
use crate::yaml::{Data, Yaml};

pub(in crate::check) fn keep(object: &Object<'_>, world: &World<'_>, entry: &mut Entry) {
    let mut kept = Kept { pointer: object.path.pointer(), ..Kept::default() };
    let (table, kind) = (&world.tables.links, kind(object));
    if let Some([links, selects, makes]) = table.by_kind.get(&kind) {
        rows(&mut kept, table, links, (object.root, &object.path.pointer()), object);
        kept.selects = selects.iter().filter_map(|at| select(table, &table.selects[*at], object)).collect();
        kept.made = makes.iter().flat_map(|at| made(&table.makes[*at], object)).collect();
    }
    if let Some(pod) = Pod::of(object, world.tables) {
        let base = pod.pointer(Owner::Pod, "");
        if let Some([links, ..]) = table.by_kind.get("pod") {
            rows(&mut kept, table, links, (pod.spec, &base), object);
        }
        kept.labels = labels(pod.metadata);
        kept.ports = Some(pod.containers.iter().flat_map(|one| ports(one.yaml, "ports", "containerPort")).collect());
        hosts::of_pod(&pod, object, &mut kept);
    }
    match kind.as_str() {
        "Service." => service(object, &mut kept),
        "ConfigMap." => {
            kept.keys = keys(object, &["data", "binaryData"]);
            hosts::of_map(object, &mut kept);
        }
        "Secret." if text(object.root, "type") != Some("kubernetes.io/service-account-token") => {
            kept.keys = keys(object, &["data", "stringData"]);
        }
        of if of == table.subsets => {
            let named = items(object.root, "spec.subsets").iter().filter_map(|subset| text(subset, "name"));
            kept.keys = Some(named.map(str::to_owned).collect());
        }
        "Ingress.networking.k8s.io" => {
            let mut backends: Vec<String> = Vec::new();
            for way in ["spec/rules/*/http/paths/*/backend/service/name", "spec/defaultBackend/service/name"] {
                each(object.root, way, "", &mut |yaml, _| backends.extend(name(yaml)));
            }
            kept.keys = Some(backends);
        }
        "StatefulSet.apps" => kept.replicas = Some(number(object.root, "spec.replicas").unwrap_or(1)),
        _ => {}
    }
    entry.links = (!kept.is_empty()).then(|| Box::new(kept));
}

fn kind(object: &Object<'_>) -> String {
    format!("{}.{}", object.subject.kind, object.group())
}

fn service(object: &Object<'_>, kept: &mut Kept) {
    kept.labels = labels(object.root.get("metadata"));
    kept.is_headless = text(object.root, "spec.clusterIP") == Some("None");
    let is_external = text(object.root, "spec.type") == Some("ExternalName");
    let found: Vec<Port> = field(object.root, "spec").map_or_else(Vec::new, |spec| ports(spec, "ports", "port"));
    kept.ports = Some(found).filter(|ports| !ports.is_empty() && !is_external);
}

fn ports(yaml: &Yaml<'_>, list: &str, field: &str) -> Vec<Port> {
    let one = |port: &Yaml<'_>| Port { name: text(port, "name").map(str::to_owned), number: number(port, field) };
    items(yaml, list).iter().map(one).collect()
}

/// None where nobody can know: what is empty may be filled by somebody else.
fn keys(object: &Object<'_>, maps: &[&str]) -> Option<Vec<String>> {
    let entries = maps.iter().filter_map(|map| field(object.root, map)).flat_map(|map| map.entries());
    let keys: Vec<String> = entries.map(|entry| entry.key.name.to_string()).collect();
    (!keys.is_empty()).then_some(keys)
}

fn labels(metadata: Option<&Yaml<'_>>) -> Vec<Label> {
    metadata.and_then(|metadata| field(metadata, "labels")).map_or_else(Vec::new, pairs)
}

fn pairs(labels: &Yaml<'_>) -> Vec<Label> {
    labels
        .entries()
        .iter()
        .map(|entry| (entry.key.name.to_string(), entry.value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn spot(object: &Object<'_>, yaml: &Yaml<'_>, pointer: String) -> Spot {
    let span = object.document.span(yaml.mark);
    Spot { start: span.start, end: span.end, pointer }
}

fn rows(kept: &mut Kept, table: &Table, rows: &[usize], (root, pointer): (&Yaml<'_>, &str), object: &Object<'_>) {
    for row in rows.iter().map(|at| &table.links[*at]) {
        each(root, &row.at, pointer, &mut |yaml, pointer| {
            each(yaml, &row.name, "", &mut |named, at| kept.links.extend(link(row, yaml, &pointer, (named, at), object)));
        });
    }
}

fn link(row: &Row, yaml: &Yaml<'_>, pointer: &str, (named, named_at): (&Yaml<'_>, String), object: &Object<'_>) -> Option<Link> {
    let is_set = |way: &str| first(yaml, way).is_some_and(|(yaml, _)| yaml.data == Data::Bool(true));
    if !row.when.is_empty() && !is_set(&row.when) || !row.unless.is_empty() && is_set(&row.unless) {
        return None;
    }
    let own = object.subject.namespace.clone();
    let said = first(yaml, &row.namespace).filter(|_| !row.namespace.is_empty()).and_then(|(yaml, _)| name(yaml));
    let (mut namespace, mut target) = (said.or(own), name(named)?);
    if row.but.contains(&target) || target.contains(['$', '{', '<', '*']) {
        return None;
    }
    match row.form {
        Form::Name => {}
        Form::Path => {
            if let Some((before, after)) = target.split_once('/') {
                (namespace, target) = (Some(before.to_owned()), after.to_owned());
            }
        }
        Form::Dotted => {
            if let Some((before, after)) = target.split_once('.') {
                (namespace, target) = (Some(after.to_owned()), before.to_owned());
            }
        }
    }
    let kind = target_kind(row, yaml)?;
    let is_optional = !row.optional.is_empty() && is_set(&row.optional);
    let mut parts: Vec<Part> = Vec::new();
    let no_way = String::new();
    let key = row.keys.iter().find(|way| first(yaml, way).is_some()).unwrap_or(&no_way);
    for (what, way) in [(What::Key, key), (What::Port, &row.port)] {
        if !way.is_empty() {
            each(yaml, way, pointer, &mut |yaml, pointer| {
                let meant = name(yaml).filter(|name| !row.but.contains(name));
                let part = meant.map(|name| Part { what, name, spot: spot(object, yaml, pointer) });
                // Of alternatives the first is meant.
                parts.extend(part.filter(|_| what != What::Port || parts.iter().all(|part| part.what != What::Port)));
            });
        }
    }
    let spot = spot(object, named, format!("{pointer}{named_at}"));
    let serves = serves(row, object);
    Some(Link { kind, namespace, name: target, is_optional, parts, serves, spot })
}

fn serves(row: &Row, object: &Object<'_>) -> Option<Serves> {
    let besides = first(object.root, &row.besides).filter(|_| !row.besides.is_empty());
    let besides = besides.map_or_else(Vec::new, |(labels, _)| pairs(labels));
    let is_asked = row.serves.is_some() || row.headless.is_some();
    is_asked.then_some(Serves { finds: row.serves, is_headless: row.headless, besides })
}

/// `Deployment.apps`; none where the kind is not followed.
fn target_kind(row: &Row, yaml: &Yaml<'_>) -> Option<String> {
    let (kind, group) = row.to.split_once('.').unwrap_or(("", ""));
    let said = |way: &str| if way.is_empty() { None } else { name(first(yaml, way)?.0) };
    let kind = said(&row.kind).unwrap_or_else(|| kind.to_owned());
    if kind.is_empty() || !row.only.is_empty() && !row.only.contains(&kind) {
        return None;
    }
    // A field that says an API version has its group before the slash.
    let core = || first(yaml, &row.group).is_some_and(|(yaml, _)| yaml.as_str() == Some(""));
    let group = match said(&row.group) {
        // The group that is said to be empty is that of Services; one that is not said is the usual one.
        None if !row.group.is_empty() && core() => String::new(),
        None => group.to_owned(),
        Some(version) if row.group == "apiVersion" => {
            version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned())
        }
        Some(group) => group,
    };
    Some(format!("{kind}.{group}"))
}

fn select(table: &Table, row: &SelectRow, object: &Object<'_>) -> Option<Select> {
    let (yaml, at) = first(object.root, &row.at)?;
    let mut selector = if row.is_plain { plain(yaml) } else { selector(yaml) };
    selector.terms.retain(|term| !table.late.iter().any(|late| late == term.key()));
    if row.is_plain && selector.terms.is_empty() {
        return None;
    }
    let pointer = object.path.pointer();
    let mut ports: Vec<Part> = Vec::new();
    if !row.ports.is_empty() {
        each(object.root, &row.ports, &pointer, &mut |yaml, pointer| {
            let text = yaml.as_str().filter(|text| !text.is_empty() && text.parse::<u32>().is_err());
            ports.extend(text.map(|text| Part { what: What::Port, name: text.to_owned(), spot: spot(object, yaml, pointer) }));
        });
    }
    let namespaces = (!row.namespaces.is_empty()).then(|| first(object.root, &row.namespaces)).flatten();
    let namespaces = match namespaces {
        Some((yaml, _)) if crate::check::pod::flag(yaml, "any") == Some(true) => None,
        Some((yaml, _)) if !items(yaml, "matchNames").is_empty() => {
            Some(items(yaml, "matchNames").iter().filter_map(name).collect())
        }
        _ => Some(object.subject.namespace.iter().cloned().collect()),
    };
    Some(Select { finds: row.finds.clone(), selector, namespaces, ports, spot: spot(object, yaml, format!("{pointer}{at}")) })
}

fn plain(yaml: &Yaml<'_>) -> Selector {
    let term =
        |e: &crate::yaml::Entry<'_>| Term::In(e.key.name.to_string(), vec![e.value.as_str().unwrap_or_default().to_owned()]);
    Selector { terms: yaml.entries().iter().map(term).collect() }
}

fn selector(yaml: &Yaml<'_>) -> Selector {
    let mut selector = field(yaml, "matchLabels").map_or_else(Selector::default, plain);
    for expression in items(yaml, "matchExpressions") {
        let key = text(expression, "key").unwrap_or_default().to_owned();
        let values = items(expression, "values").iter().filter_map(name).collect();
        selector.terms.push(match text(expression, "operator").unwrap_or_default() {
            "NotIn" => Term::NotIn(key, values),
            "Exists" => Term::Exists(key),
            "DoesNotExist" => Term::Absent(key),
            _ => Term::In(key, values),
        });
    }
    selector
}

fn made(row: &Makes, object: &Object<'_>) -> Vec<Made> {
    let filled = |form: &str| fill(form, object);
    let is_open = row.open.iter().any(|way| first(object.root, way).is_some());
    let mut keys = row.keys.clone();
    if !row.keys_at.is_empty() {
        each(object.root, &row.keys_at, "", &mut |yaml, _| keys.extend(name(yaml)));
    }
    let ports = row.ports.iter().map(|(name, number)| Port { name: Some(name.clone()), number: Some(*number) });
    let ports: Vec<Port> = ports.collect();
    let labels = row.labels.iter().filter_map(|(key, form)| Some((key.clone(), filled(form)?)));
    let labels: Vec<Label> = labels.collect();
    let one = |name: String| Made {
        kind: row.kind.clone(),
        name,
        keys: (!is_open && !keys.is_empty()).then(|| keys.clone()),
        ports: (!ports.is_empty()).then(|| ports.clone()),
        labels: labels.clone(),
    };
    row.names.iter().filter_map(|form| filled(form)).map(one).collect()
}

/// `{name}-app`, or `{spec/target/name|name}` for what the object says there, else its name.
fn fill(form: &str, object: &Object<'_>) -> Option<String> {
    let Some((before, (inner, after))) = form.split_once('{').and_then(|(b, rest)| Some((b, rest.split_once('}')?))) else {
        return Some(form.to_owned());
    };
    let value = inner.split('|').find_map(|way| match way {
        "name" => object.subject.name.clone(),
        way => name(first(object.root, way)?.0),
    })?;
    Some(format!("{before}{value}{after}"))
}
