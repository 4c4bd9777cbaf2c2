//! Diagnostics in, the JSON of CLI.md out: one document, or one line for each finding.

use serde_json::{Value, json};

use super::{Summary, positions::Positions};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, PodSecurity, Refusal, Subject};

pub(super) fn document(diags: &Diagnostics, summary: &Summary) -> String {
    let positions = Positions::of(diags);
    // Each finding becomes a value when it is written, not all of them at once.
    let mut out = pretty(&json!({ "lakegen": version(), "summary": counts(summary) }));
    out.truncate(out.len() - "\n}\n".len());
    out.push_str(",\n  \"findings\": [");
    for (at, d) in diags.iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        let lines = pretty(&finding(d, &positions));
        out.push_str(&lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"));
    }
    out + if diags.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" }
}

pub(super) fn lines(diags: &Diagnostics, summary: &Summary) -> String {
    let positions = Positions::of(diags);
    let mut out: String = diags.iter().map(|d| escaped(&finding(d, &positions).to_string()) + "\n").collect();
    out.push_str(&escaped(&json!({ "lakegen": version(), "summary": counts(summary) }).to_string()));
    out + "\n"
}

pub(super) fn pretty(value: &Value) -> String {
    escaped(&serde_json::to_string_pretty(value).expect("a value of strings and numbers is JSON")) + "\n"
}

pub(super) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn counts(summary: &Summary) -> Value {
    let Summary { files, objects, errors, warnings, notes, excepted, unknown_kinds } = summary;
    json!({
        "files": files, "objects": objects, "errors": errors, "warnings": warnings, "notes": notes,
        "excepted": excepted, "unknown_kinds": unknown_kinds,
    })
}

fn finding(d: &Diagnostic, positions: &Positions) -> Value {
    let places: Vec<Value> = d.places.iter().map(|place| self::place(place, positions)).collect();
    json!({
        "code": d.code.id(), "family": d.code.family(), "severity": d.severity.name(),
        "message": d.message, "help": d.help, "places": places,
        "object": d.object.as_deref().map(object),
        "pod_security": d.pod_security.as_deref().map(pod_security), "policy": d.policy.as_deref().map(refusal),
    })
}

fn object(subject: &Subject) -> Value {
    let Subject { api_version, kind, namespace, name } = subject;
    json!({ "apiVersion": api_version, "kind": kind, "namespace": namespace, "name": name })
}

fn pod_security(broken: &PodSecurity) -> Value {
    let PodSecurity { level, version, reason, detail } = broken;
    json!({ "level": level, "version": version, "reason": reason, "detail": detail })
}

fn refusal(refusal: &Refusal) -> Value {
    let Refusal { policy, binding, decision, action, reason, expression } = refusal;
    json!({
        "policy": policy, "binding": binding, "decision": decision, "action": action, "reason": reason, "expression": expression,
    })
}

fn place(place: &Place, positions: &Positions) -> Value {
    let (start, end) = positions.range(&place.span);
    json!({
        "file": place.span.source.name,
        "line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column,
        "document": place.document, "pointer": place.pointer, "label": place.label,
    })
}

/// JSON may hold such characters as they are, but people print JSON to terminals. They can only stand in strings.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            _ if super::is_hidden(c) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            _ => out.push(c),
        }
    }
    out
}
