//! The dashboards that are generated load and can be read: ids of their own, no panel over another, units, descriptions, and a
//! datasource that a person can change. What is promised is drawn as a threshold.

use std::collections::BTreeSet;

use lakegen::document::{Document, Format};
use serde_json::{Value, json};

use crate::compiled::{self, CATALOG, OWN, PROFILES};

const MODES: [&str; 3] = ["compose", "k3s-local", "k3s"];
/// Types of panels that Grafana 13 has, of those that are in use here.
const KINDS: &[&str] = &["timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "row"];
/// Units as Grafana calls them, of those that are in use here.
const UNITS: &[&str] = &["short", "percentunit", "bytes", "Bps", "s", "ops", "reqps", "cps"];

/// The dashboards of an output by their file's name: of files beside a compose file, and of ConfigMaps.
pub fn dashboards(documents: &[Document]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for document in documents {
        let value = document.node.to_json();
        if document.format == Format::Text && document.path.contains("dashboards-") && document.path.ends_with(".json") {
            found.push((document.path.clone(), value.as_str().unwrap().to_owned()));
        }
        let entries = value["data"].as_object().filter(|_| value["kind"] == "ConfigMap").into_iter().flatten();
        let entries = entries.filter(|(name, _)| name.contains("dashboards-") && name.ends_with(".json"));
        found.extend(entries.map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned())));
    }
    found.into_iter().map(|(name, text)| (name, serde_json::from_str(&text).expect("a dashboard is JSON"))).collect()
}

#[test]
fn every_dashboard_can_be_read() {
    for (profile, mode) in PROFILES.iter().flat_map(|profile| MODES.map(|mode| (*profile, mode))) {
        let made = dashboards(&compiled::documents(&CATALOG, OWN, profile, mode));
        assert!(made.len() >= if profile == "development" { 2 } else { 5 }, "{profile} {mode}: {}", made.len());
        let uids: BTreeSet<&str> = made.iter().map(|(_, dashboard)| dashboard["uid"].as_str().unwrap()).collect();
        assert_eq!(uids.len(), made.len(), "each has a uid of its own");
        for (name, dashboard) in &made {
            let faults = faults(dashboard);
            assert!(faults.is_empty(), "{profile} {mode} {name}: {faults:#?}");
        }
    }
}

/// A page with a panel for each of thousands would be read by nobody, and taken by no API server.
#[test]
fn all_of_a_kind_share_their_panels() {
    let more = r#"
[components.prefect.uses]
messages = "valkey"
[components.cache]
is = "valkey"
[components.spare]
is = "valkey"
exporter = { enabled = false }
"#;
    let more = format!("{OWN}{more}");
    let [one, several] = [OWN, &*more].map(|text| {
        let made = dashboards(&compiled::documents(&CATALOG, text, "production", "k3s"));
        made.iter().flat_map(|(_, dashboard)| dashboard["panels"].as_array().unwrap().clone()).collect::<Vec<Value>>()
    });
    assert_eq!(one.len(), several.len(), "no panel more");
    let memory = several.iter().find(|panel| panel["title"] == "Memory of Valkey").expect("its panel");
    let asked = memory["targets"][0]["expr"].as_str().unwrap();
    assert!(asked.contains(r#"{job=~"valkey-metrics|cache-metrics"}"#), "each that has an exporter: {asked}");
}

fn faults(dashboard: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(what.to_owned());
        }
    };
    expect(dashboard["schemaVersion"].as_i64().is_some_and(|version| version >= 41), "schemaVersion");
    expect(dashboard["uid"].as_str().is_some_and(|uid| !uid.is_empty() && uid.len() <= 40), "uid");
    expect(dashboard["title"].as_str().is_some_and(|title| !title.is_empty()), "title");
    expect(dashboard["description"].as_str().is_some_and(|text| !text.is_empty()), "description");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    expect(
        variables.iter().any(|variable| variable["type"] == "datasource" && variable["name"] == "datasource"),
        "no datasource",
    );
    let panels = dashboard["panels"].as_array().unwrap();
    expect(!panels.is_empty(), "no panels");
    let lines = panels.iter().any(|panel| panel["type"] == "logs");
    let asked = variables.iter().any(|variable| variable["query"] == "loki" && variable["name"] == "logs");
    expect(lines == asked, "no Loki");
    let ids: BTreeSet<i64> = panels.iter().filter_map(|panel| panel["id"].as_i64()).collect();
    expect(ids.len() == panels.len(), "two panels of one id");
    for (index, panel) in panels.iter().enumerate() {
        let title = panel["title"].as_str().unwrap_or_default();
        faults.extend(panel_faults(panel).into_iter().map(|fault| format!("{title}: {fault}")));
        let over = panels[..index].iter().filter(|other| overlap(&place(panel), &place(other)));
        faults.extend(over.map(|other| format!("{title} lies over {}", other["title"])));
    }
    faults
}

fn panel_faults(panel: &Value) -> Vec<String> {
    if panel["type"] == "logs" { lines_faults(panel) } else { measured_faults(panel) }
}

/// What programs print has neither unit nor threshold, and is asked of Loki, in its own language.
fn lines_faults(panel: &Value) -> Vec<String> {
    let source = json!({ "type": "loki", "uid": "${logs}" });
    let targets = panel["targets"].as_array().unwrap();
    let [x, _, width, height] = place(panel);
    let checks = [
        (panel["title"].as_str().is_some_and(|title| !title.is_empty()), "title"),
        (panel["description"].as_str().is_some_and(|text| text.len() > 15), "description"),
        (panel["datasource"] == source && targets.iter().all(|target| target["datasource"] == source), "datasource"),
        (targets.len() == 1 && targets[0]["expr"].as_str().is_some_and(|expr| expr.starts_with("{namespace=~")), "queries"),
        (targets[0]["queryType"] == "range" && targets[0]["maxLines"].as_i64().is_some_and(|most| most <= 1000), "lines"),
        (width > 0 && height > 0 && x >= 0 && x + width <= 24, "place"),
    ];
    checks.iter().filter(|(holds, _)| !holds).map(|(_, what)| (*what).to_owned()).collect()
}

fn measured_faults(panel: &Value) -> Vec<String> {
    let defaults = &panel["fieldConfig"]["defaults"];
    let source = |value: &Value| *value == json!({ "type": "prometheus", "uid": "${datasource}" });
    let targets = panel["targets"].as_array().unwrap();
    let refs: BTreeSet<&str> = targets.iter().filter_map(|target| target["refId"].as_str()).collect();
    let [x, _, width, height] = place(panel);
    let steps = defaults["thresholds"]["steps"].as_array().unwrap();
    let values: Vec<f64> = steps.iter().skip(1).filter_map(|step| step["value"].as_f64()).collect();
    let checks = [
        (panel["title"].as_str().is_some_and(|title| !title.is_empty()), "title"),
        (panel["description"].as_str().is_some_and(|text| text.len() > 15), "description"),
        (panel["type"].as_str().is_some_and(|kind| KINDS.contains(&kind)), "type"),
        (defaults["unit"].as_str().is_some_and(|unit| UNITS.contains(&unit)), "unit"),
        (source(&panel["datasource"]) && targets.iter().all(|target| source(&target["datasource"])), "datasource"),
        (!targets.is_empty() && refs.len() == targets.len(), "queries"),
        (targets.iter().all(|target| target["legendFormat"].as_str().is_some_and(|text| !text.is_empty())), "legend"),
        (width > 0 && height > 0 && x >= 0 && x + width <= 24, "place"),
        (steps[0]["value"].is_null() && values.len() + 1 == steps.len() && values.is_sorted(), "thresholds"),
    ];
    checks.iter().filter(|(holds, _)| !holds).map(|(_, what)| (*what).to_owned()).collect()
}

fn place(panel: &Value) -> [i64; 4] {
    ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_i64().unwrap_or(-1))
}

fn overlap(one: &[i64; 4], other: &[i64; 4]) -> bool {
    let apart = |side: usize| one[side] + one[side + 2] <= other[side] || other[side] + other[side + 2] <= one[side];
    !apart(0) && !apart(1)
}

#[test]
fn what_is_wrong_with_a_dashboard_is_seen() {
    let documents = compiled::documents(&CATALOG, OWN, "staging", "compose");
    let (_, good) = dashboards(&documents).into_iter().find(|(name, _)| name.contains("workflows")).unwrap();
    let broken = |pointer: &str, value: Value| {
        let mut dashboard = good.clone();
        *dashboard.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        faults(&dashboard)
    };
    assert_eq!(faults(&good), Vec::<String>::new());
    for (pointer, value, said) in [
        ("/panels/1/id", good["panels"][0]["id"].clone(), "two panels of one id"),
        ("/panels/1/gridPos", good["panels"][0]["gridPos"].clone(), "lies over"),
        ("/panels/0/fieldConfig/defaults/unit", json!("furlongs"), "unit"),
        ("/panels/0/type", json!("graph"), "type"),
        ("/panels/0/datasource/uid", json!("prometheus"), "datasource"),
        ("/templating/list", json!([]), "no datasource"),
        ("/uid", json!(""), "uid"),
    ] {
        let found = broken(pointer, value);
        assert!(found.iter().any(|fault| fault.contains(said)), "{pointer}: {found:?}");
    }
}

/// Where lines are kept, each page ends with those of what it is about; a page of nothing else is not made.
#[test]
fn every_page_shows_lines() {
    for (profile, mode) in [("staging", "k3s-local"), ("production", "k3s"), ("development", "k3s-local")] {
        let made = dashboards(&compiled::documents(&CATALOG, OWN, profile, mode));
        for (name, dashboard) in &made {
            let kinds: Vec<&str> =
                dashboard["panels"].as_array().unwrap().iter().map(|panel| panel["type"].as_str().unwrap()).collect();
            let lines = kinds.iter().filter(|kind| **kind == "logs").count();
            assert_eq!(lines, usize::from(profile != "development"), "{profile} {mode} {name}");
            assert!(kinds.len() > lines && (lines == 0 || kinds.last() == Some(&"logs")), "{profile} {mode} {name}");
        }
    }
    let mut broken = dashboards(&compiled::documents(&CATALOG, OWN, "production", "k3s"))[0].1.clone();
    let last = broken["panels"].as_array().unwrap().len() - 1;
    broken["panels"][last]["datasource"]["uid"] = json!("loki");
    assert!(faults(&broken).iter().any(|fault| fault.contains("datasource")));
    broken["templating"]["list"].as_array_mut().unwrap().pop();
    assert!(faults(&broken).iter().any(|fault| fault == "no Loki"));
}

/// A promise that changes moves its threshold.
#[test]
fn a_target_is_a_threshold() {
    let with = |promise: &str| {
        let text = format!("{OWN}\n[targets]\napi_latency_p95 = \"{promise}\"\n");
        let made = dashboards(&compiled::documents(&CATALOG, &text, "staging", "compose"));
        made.iter().map(|(_, dashboard)| dashboard.to_string()).collect::<String>()
    };
    assert!(with("350ms").contains("\"value\":0.35") && !with("200ms").contains("\"value\":0.35"));
}
