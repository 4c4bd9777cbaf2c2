//! Diagnostics in, SARIF 2.1.0 out: what code scanning reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{full_text, json::pretty, json::version, positions::Positions};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Severity};
use crate::source::Span;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(diags: &Diagnostics) -> String {
    let codes: Vec<Code> = diags.iter().map(|d| d.code).collect::<BTreeSet<_>>().into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code, diags)).collect();
    pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lakegen", "version": version(), "semanticVersion": version(),
                "informationUri": env!("CARGO_PKG_REPOSITORY"), "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results(diags, &codes),
        }],
    }))
}

fn rule(code: Code, diags: &Diagnostics) -> Value {
    let worst = diags.iter().filter(|d| d.code == code).map(|d| d.severity).max().unwrap_or(Severity::Error);
    json!({
        "id": code.id(),
        "name": format!("{code:?}"),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.explanation() },
        "help": { "text": format!("{}\n\nlakegen explain-code {}", code.explanation(), code.id()) },
        "defaultConfiguration": { "level": worst.name() },
        "properties": { "tags": [code.family()] },
    })
}

/// Code scanning keeps no more of one upload.
const MOST: usize = 5_000;

/// In the order of all formats; the worst first where the last ones would be lost.
fn results(diags: &Diagnostics, codes: &[Code]) -> Vec<Value> {
    let positions = Positions::of(diags);
    let mut sorted: Vec<&Diagnostic> = diags.iter().collect();
    if sorted.len() > MOST {
        sorted.sort_by_key(|d| std::cmp::Reverse(d.severity));
    }
    let mut seen = BTreeMap::new();
    sorted.into_iter().map(|d| result(d, codes, &positions, &mut seen)).collect()
}

fn result(d: &Diagnostic, codes: &[Code], positions: &Positions, seen: &mut BTreeMap<u64, u32>) -> Value {
    let place = |(at, place)| location(at, place, positions);
    let places: Vec<Value> = d.places.iter().enumerate().map(place).collect();
    let (first, related) = places.split_at(places.len().min(1));
    // Code scanning refuses the whole upload for one result without a location.
    let first = if first.is_empty() { json!([nowhere()]) } else { first.into() };
    let print = fingerprint(d, positions);
    let times = seen.entry(print).and_modify(|times| *times += 1).or_insert(1);
    let mut result = json!({
        "ruleId": d.code.id(),
        "ruleIndex": codes.binary_search(&d.code).ok(),
        "level": d.severity.name(),
        "message": message(&full_text(d)),
        "locations": first,
        // The only name that code scanning knows.
        "partialFingerprints": { "primaryLocationLineHash": format!("{print:016x}:{times}") },
    });
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn location(at: usize, place: &Place, positions: &Positions) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(&place.span.source.name) } });
    if !place.span.source.text.is_empty() {
        physical["region"] = region(&place.span, positions);
    }
    let mut location = json!({ "id": at, "physicalLocation": physical });
    if let Some(pointer) = place.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": pointer }]);
    }
    if !place.label.is_empty() {
        location["message"] = message(&place.label);
    }
    location
}

fn nowhere() -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": "lakehouse.toml" } } })
}

fn region(span: &Span, positions: &Positions) -> Value {
    let (start, end) = positions.range(span);
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

/// In a message `[text](target)` is a link, and what a person wrote must not become one.
fn message(text: &str) -> Value {
    json!({ "text": text.replace("](", "\\](") })
}

/// A finding stays the same while its line moves: all but the number of the line goes in. (FNV-1a)
fn fingerprint(d: &Diagnostic, positions: &Positions) -> u64 {
    let (file, line) = d.places.first().map_or(("", ""), |place| (place.span.source.name.as_str(), line_of(place, positions)));
    let parts = [d.code.id(), file, line, &d.message];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn line_of<'a>(place: &Place, positions: &Positions<'a>) -> &'a str {
    let lines = positions.lines(&place.span.source);
    let line = lines.position(place.span.start as usize).line;
    let text = lines.text[lines.line(line)].trim();
    &text[..text.floor_char_boundary(1000)]
}

/// A relative reference from the root of the repository, or the address of a file elsewhere.
fn uri(name: &str) -> String {
    let path = name.replace('\\', "/");
    let encoded: String = path.trim_start_matches("./").bytes().map(encode).collect();
    match path.as_bytes() {
        [b'/', ..] => format!("file://{encoded}"),
        [letter, b':', b'/', ..] if letter.is_ascii_alphabetic() => format!("file:///{encoded}"),
        _ => encoded,
    }
}

fn encode(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}
