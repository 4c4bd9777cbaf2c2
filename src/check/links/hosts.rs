//! Names of hosts in arguments, variables and configuration: those that say `.svc` name a Service, and perhaps a pod of it.

use super::{HostName, Kept, Spot};
use crate::check::Object;
use crate::check::pod::{Container, Pod, field, items};
use crate::node::escape;
use crate::yaml::{Style, Yaml};

pub(super) fn of_pod(pod: &Pod<'_>, object: &Object<'_>, kept: &mut Kept) {
    for container in &pod.containers {
        let at = |path: &str| pod.pointer(container.owner(), path);
        for list in ["command", "args"] {
            for (number, text) in items(container.yaml, list).iter().enumerate() {
                scan(text, &format!("{}/{number}", at(list)), object, kept);
            }
        }
        variables(container, &at("env"), object, kept);
    }
}

fn variables(container: &Container<'_>, pointer: &str, object: &Object<'_>, kept: &mut Kept) {
    for (number, variable) in items(container.yaml, "env").iter().enumerate() {
        if let Some(value) = field(variable, "value") {
            scan(value, &format!("{pointer}/{number}/value"), object, kept);
        }
    }
}

pub(super) fn of_map(object: &Object<'_>, kept: &mut Kept) {
    for entry in field(object.root, "data").map_or(&[][..], |data| data.entries()) {
        scan(&entry.value, &format!("{}/data/{}", kept.pointer, escape(&entry.key.name)), object, kept);
    }
}

fn is_host(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')
}

/// Finds every `….svc` of a text; what a program fills in is not looked at.
fn scan(yaml: &Yaml<'_>, pointer: &str, object: &Object<'_>, kept: &mut Kept) {
    let Some(text) = yaml.as_str().filter(|text| text.contains(".svc")) else { return };
    let span = object.document.span(yaml.mark);
    for (at, _) in text.match_indices(".svc") {
        let line_start = text[..at].rfind('\n').map_or(0, |start| start + 1);
        if text[line_start..].trim_start().starts_with(['#', ';']) || text[line_start..].trim_start().starts_with("//") {
            continue;
        }
        let Some(mut found) = host(text, at) else { continue };
        // In plain text on one line the place is known to the letter.
        let is_as_written = matches!(yaml.style, Style::Plain | Style::Quoted) && !text.contains(['\n', '\\', '"', '\'']);
        let shift = u32::from(yaml.style == Style::Quoted);
        found.spot = match is_as_written {
            true => Spot {
                start: span.start + shift + found.spot.start,
                end: span.start + shift + found.spot.end,
                pointer: pointer.to_owned(),
            },
            false => Spot { start: span.start, end: span.end, pointer: pointer.to_owned() },
        };
        if !kept.hosts.iter().any(|known| known.is_as(&found)) {
            kept.hosts.push(found);
        }
    }
}

/// The host around a `.svc`: pod or not, Service, namespace, port.
fn host(text: &str, at: usize) -> Option<HostName> {
    let start = text[..at].rfind(|c: char| !is_host(c)).map_or(0, |before| before + 1);
    let rest = &text[at + ".svc".len()..];
    let (rest, is_whole) = rest.strip_prefix(".cluster.local").map_or((rest, false), |rest| (rest, true));
    let rest = rest.strip_prefix('.').filter(|_| is_whole).unwrap_or(rest);
    if rest.starts_with(|c: char| is_host(c) || c.is_alphanumeric() || matches!(c, '_' | '$' | '{' | '%')) {
        return None;
    }
    let digits: String = rest.strip_prefix(':').unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let labels: Vec<&str> = text[start..at].split('.').collect();
    let before = &text[..start];
    const FILLED: [char; 10] = ['$', ')', '>', '%', '*', '_', '}', '{', '<', ']'];
    let is_filled = before.ends_with(|c: char| c.is_alphanumeric() || FILLED.contains(&c));
    let (pod, [service, namespace]) = match labels.as_slice() {
        [service, namespace] if !is_filled => (None, [*service, *namespace]),
        // `pod-{0...3}.service.namespace.svc`
        ["", service, namespace] => (Some(last_of(before)?), [*service, *namespace]),
        [pod, service, namespace] if !is_filled => (Some((*pod).to_owned()), [*service, *namespace]),
        _ => return None,
    };
    if [service, namespace].iter().any(|label| label.is_empty() || label.starts_with('-') || label.ends_with('-')) {
        return None;
    }
    let spot = Spot { start: start as u32, end: (text.len() - rest.len()) as u32, pointer: String::new() };
    let (service, namespace) = (service.to_owned(), namespace.to_owned());
    Some(HostName { pod, service, namespace, port: digits.parse().ok(), spot })
}

/// `a-{0...3}` means up to `a-3`.
fn last_of(before: &str) -> Option<String> {
    let (head, range) = before.strip_suffix('}')?.rsplit_once('{')?;
    let (_, last) = range.split_once("...").or_else(|| range.split_once(".."))?;
    let start = head.rfind(|c: char| !is_host(c)).map_or(0, |at| at + 1);
    last.bytes().all(|digit| digit.is_ascii_digit()).then(|| format!("{}{last}", &head[start..]))
}
