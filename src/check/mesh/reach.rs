//! Routes of one object in their order: what an earlier one takes never comes to a later one.

use super::{Mesh, Thing};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::yaml::{Data, Yaml};

/// The lists of routes, each tried from its beginning.
const LISTS: [&str; 3] = ["http", "tcp", "tls"];
/// What a match is called decides nothing.
const NAMES: [&str; 2] = ["name", "statPrefix"];

pub(super) fn check(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    for route in mesh.of("route") {
        for list in LISTS {
            self::list(mesh, route, list, found);
        }
    }
}

/// A condition with the number of its route.
type Taken<'y> = (usize, Option<&'y Yaml<'y>>);

fn list(mesh: &Mesh<'_>, route: &Thing<'_>, list: &str, found: &mut Diagnostics) {
    let mut taken: Vec<Taken<'_>> = Vec::new();
    for (number, (rule, pointer)) in route.at(&format!("spec/{list}/*")).into_iter().enumerate() {
        let matches = rule.get("match").map_or(&[][..], Yaml::items);
        let mut lost = Vec::new();
        for (at, one) in matches.iter().enumerate() {
            if let Some((by, _)) =
                taken.iter().find(|(by, before)| before.is_none_or(|before| covers(before, one, *by == number)))
            {
                lost.push((at, *by));
            }
            taken.push((number, Some(one)));
        }
        let by_all = taken.iter().find(|(by, before)| *by < number && before.is_none_or(is_empty));
        let (rule_is_lost, by) = match by_all {
            Some((by, _)) => (true, *by),
            None => (!matches.is_empty() && lost.len() == matches.len() && lost.iter().all(|(_, by)| *by < number), number),
        };
        if rule_is_lost {
            let by = lost.first().map_or(by, |(_, by)| *by);
            let message = format!("this route is never reached: {list} route {} takes all that it is for", by + 1);
            let mark = crate::check::pod::head(rule);
            mesh.tell(found, (Severity::Warning, Code::MeshUnreached), message, route, (mark, pointer), "this route");
        } else {
            for (at, by) in lost {
                let message = format!("this match is never reached: {list} route {} takes all that it is for", by + 1);
                let place = (crate::check::pod::head(&matches[at]), format!("{pointer}/match/{at}"));
                mesh.tell(found, (Severity::Note, Code::MeshUnreached), message, route, place, "this match");
            }
        }
        if matches.is_empty() {
            taken.push((number, None));
        }
    }
}

fn is_empty(condition: &Yaml<'_>) -> bool {
    condition.entries().iter().all(|entry| NAMES.contains(&&*entry.key.name))
}

/// Whether each request of the second is one of the first. Within a route, one path beside those that begin as it does is often written
/// to be clear.
fn covers(wide: &Yaml<'_>, narrow: &Yaml<'_>, is_one_route: bool) -> bool {
    let asked = wide.entries().iter().filter(|entry| !NAMES.contains(&&*entry.key.name));
    asked.into_iter().all(|entry| {
        let Some(other) = narrow.get(&entry.key.name) else {
            return matches!(&entry.value.data, Data::Map(inner) if inner.is_empty());
        };
        match &*entry.key.name {
            "headers" | "queryParams" | "sourceLabels" => {
                entry.value.entries().iter().all(|one| other.get(&one.key.name) == Some(&one.value))
            }
            "uri" => entry.value == *other || begins(&entry.value, other, is_one_route),
            _ => entry.value == *other,
        }
    }) && !says(narrow, wide, "ignoreUriCase")
}

/// The narrower one has a condition that makes it wider.
fn says(narrow: &Yaml<'_>, wide: &Yaml<'_>, word: &str) -> bool {
    narrow.get(word).is_some() && narrow.get(word) != wide.get(word)
}

fn begins(wide: &Yaml<'_>, narrow: &Yaml<'_>, is_one_route: bool) -> bool {
    let text = |yaml: &Yaml<'_>, word: &str| yaml.get(word).and_then(Yaml::as_str).map(str::to_owned);
    let Some(begin) = text(wide, "prefix") else { return false };
    let exact = text(narrow, "exact").filter(|_| !is_one_route);
    text(narrow, "prefix").or(exact).is_some_and(|path| path.starts_with(&begin))
}
