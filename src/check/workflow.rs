//! The family `workflow`: a workflow of GitHub Actions in, what its expressions name that is not there out, and what schemas/workflow.toml
//! says of its jobs and steps.

use super::links::walk;
use super::pod::{items, text};
use super::{Document, World, conditions, files};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::Node;
use crate::structural::{CRON, CronField};
use crate::yaml::{Data, Yaml};

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    files::document(document, world, found);
    conditions::document(document, "workflow", world, found);
    let table = &world.tables.workflow;
    for way in table.texts("crons") {
        walk::each(document.root, way, "", &mut |cron, pointer| self::cron(document, cron, pointer, found));
    }
    let scope = Scope { document, table, job: None };
    scope.texts(document.root, "", true, found);
    for entry in document.root.get("jobs").map_or(&[][..], |jobs| jobs.entries()) {
        let pointer = format!("/jobs/{}", crate::node::escape(&entry.key.name));
        Scope { document, table, job: Some(&entry.value) }.texts(&entry.value, &pointer, false, found);
    }
}

/// Where an expression stands decides what it may name.
struct Scope<'s> {
    document: &'s Document<'s>,
    table: &'s Node,
    job: Option<&'s Yaml<'s>>,
}

/// A name in an expression: `steps.build.outputs` as its words, and where it begins.
struct Named<'t> {
    words: Vec<&'t str>,
    at: usize,
    is_call: bool,
}

impl Scope<'_> {
    /// Every text below a value; at the head of a file the jobs are left for later.
    fn texts(&self, yaml: &Yaml<'_>, pointer: &str, is_head: bool, found: &mut Diagnostics) {
        if let Data::Str(text) = &yaml.data {
            return self.text(yaml, text, pointer, found);
        }
        for (at, item) in yaml.items().iter().enumerate() {
            self.texts(item, &format!("{pointer}/{at}"), false, found);
        }
        for entry in yaml.entries().iter().filter(|entry| !is_head || entry.key.name != "jobs") {
            self.texts(&entry.value, &format!("{pointer}/{}", crate::node::escape(&entry.key.name)), false, found);
        }
    }

    fn text(&self, yaml: &Yaml<'_>, text: &str, pointer: &str, found: &mut Diagnostics) {
        for (start, _) in text.match_indices("${{") {
            let from = start + "${{".len();
            match text[from..].find("}}") {
                Some(length) => self.expression(yaml, text, from..from + length, pointer, found),
                None => self.tell(found, (yaml, text, start..start + 3), pointer, "an expression begins here and has no end"),
            }
        }
        if pointer.ends_with("/if") && !text.contains("${{") {
            self.expression(yaml, text, 0..text.len(), pointer, found);
        }
    }

    fn expression(&self, yaml: &Yaml<'_>, text: &str, range: std::ops::Range<usize>, pointer: &str, found: &mut Diagnostics) {
        for named in names(&text[range.clone()]) {
            if let Some(message) = self.wrong(&named) {
                let at = range.start + named.at;
                self.tell(found, (yaml, text, at..at + named.words[0].len()), pointer, &message);
            }
        }
    }

    fn wrong(&self, named: &Named<'_>) -> Option<String> {
        let first = named.words[0];
        let knows = |list: &str| self.table.texts(list).any(|known| known.eq_ignore_ascii_case(first));
        if named.is_call {
            return (!knows("functions")).then(|| format!("no function is called {first}"));
        }
        if !knows("contexts") {
            return Some(format!("{first} is no context: a text stands in single quotes"));
        }
        let (second, job) = (named.words.get(1).filter(|word| !word.is_empty())?, self.job?);
        let is_it = |name: &&str| name.eq_ignore_ascii_case(second);
        match first {
            "needs" => {
                let needs = job.get("needs").map_or_else(Vec::new, Yaml::texts);
                (!needs.iter().any(|(name, _)| is_it(name))).then(|| format!("this job does not need {second}"))
            }
            "steps" => {
                let mut ids = items(job, "steps").iter().filter_map(|step| text(step, "id"));
                (!ids.any(|id| is_it(&id))).then(|| format!("no step of this job has the id {second}"))
            }
            _ => None,
        }
    }

    fn tell(
        &self,
        found: &mut Diagnostics,
        (yaml, text, range): (&Yaml<'_>, &str, std::ops::Range<usize>),
        pointer: &str,
        message: &str,
    ) {
        let mark = self.document.within(yaml, text, range);
        let code = (Severity::Error, Code::WorkflowName);
        self.document.report(found, code, message, (mark, "in this expression"), pointer.to_owned());
    }
}

/// The names of an expression, without what stands in quotes or after a dot, and without numbers and words.
fn names(text: &str) -> Vec<Named<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        if c == '\'' {
            at += 1 + text[at + 1..].find('\'').map_or(text.len() - at - 1, |end| end + 1);
        } else if is_word(c) {
            let words: Vec<&str> = text[at..].split(|c| !is_word(c) && c != '.').next().unwrap_or_default().split('.').collect();
            let length = words.iter().map(|word| word.len() + 1).sum::<usize>() - 1;
            let before = text[..at].chars().next_back();
            let is_value = c.is_ascii_digit() || c == '-' || ["true", "false", "null", "NaN", "Infinity"].contains(&words[0]);
            if before != Some('.') && !is_value {
                let is_call = words.len() == 1 && text[at + length..].trim_start().starts_with('(');
                found.push(Named { words, at, is_call });
            }
            at += length;
        } else {
            at += c.len_utf8();
        }
    }
    found
}

fn cron(document: &Document<'_>, yaml: &Yaml<'_>, pointer: String, found: &mut Diagnostics) {
    let Some(text) = yaml.as_str().filter(|text| !text.contains("${{")) else { return };
    let fields: Vec<&str> = text.split_whitespace().collect();
    // A `?` is for other programs.
    let takes = |of: &CronField, part: &str| !part.starts_with('?') && of.takes(part);
    let bad = CRON.iter().zip(&fields).find(|(of, field)| !field.split(',').all(|part| takes(of, part)));
    let message = match bad {
        _ if fields.len() != CRON.len() => format!("a time has five fields, and this one has {}", fields.len()),
        Some((of, field)) => format!("{field} is no {}: {} to {}", of.name, of.least, of.most),
        None => return,
    };
    document.report(found, (Severity::Error, Code::WorkflowTime), message, (yaml.mark, "this time"), pointer);
}
