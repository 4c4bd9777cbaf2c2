//! Every query of rules and dashboards asks for metrics that an enabled component gives, by the catalogue in
//! schemas/metrics, with functions that fit their types; every alert points to a page that is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use lakegen::diagnostic::Diagnostics;
use lakegen::document::{Document, Format};
use lakegen::graph::{self, Graph};
use lakegen::lakehouse;
use lakegen::promql::{self, Expr, Kind};
use lakegen::yaml::{self, Limits};
use rayon::prelude::*;
use serde_json::Value;

use crate::compiled::{self, CATALOG, OWN, PROFILES};

const MODES: [&str; 3] = ["compose", "k3s-local", "k3s"];

/// A metric's type and the labels it has of its own.
type Catalogue = BTreeMap<String, (String, BTreeSet<String>)>;

/// What Prometheus adds to everything that it asks, and the operator's way of finding pods.
const TARGET_LABELS: &[&str] =
    &["job", "instance", "namespace", "pod", "container", "__name__", "alertname", "alertstate", "severity", "component"];
/// What Prometheus makes itself.
const OWN_SERIES: &[&str] =
    &["up", "ALERTS", "scrape_samples_post_metric_relabeling", "scrape_samples_scraped", "scrape_duration_seconds"];

#[test]
fn every_query_asks_for_what_an_enabled_component_gives() {
    let pairs: Vec<(&str, &str)> = PROFILES.iter().flat_map(|profile| MODES.map(|mode| (*profile, mode))).collect();
    let wrong: Vec<String> = pairs.par_iter().flat_map(|(profile, mode)| check(profile, mode)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everything wrong with the queries of one output.
fn check(profile: &str, mode: &str) -> Vec<String> {
    let documents = compiled::documents(&CATALOG, OWN, profile, mode);
    let known = catalogue(&graph(profile, mode));
    let rules = rules(&documents);
    assert!(rules.len() > 5, "{profile} {mode}: {} rules", rules.len());
    let recorded: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["record"].as_str()).collect();
    let from_rules = rules.iter().filter_map(|rule| rule["expr"].as_str().map(str::to_owned));
    let queries: Vec<String> = from_rules.chain(panels(&documents)).collect();
    let faults = queries.iter().flat_map(|query| faults(query, &known, &recorded));
    faults.map(|fault| format!("{profile} {mode}: {fault}")).collect()
}

fn graph(profile: &str, mode: &str) -> Graph {
    let input = compiled::input(OWN, profile);
    let lakehouse = lakehouse::read(&CATALOG, &input, &mut Diagnostics::default()).expect("the lakehouse is whole");
    graph::build(&lakehouse, CATALOG.mode(mode).unwrap(), &mut Diagnostics::default()).expect("it connects")
}

/// The metrics of all exporters that somebody asks.
fn catalogue(graph: &Graph) -> Catalogue {
    let asked = graph.connections.iter().filter_map(|connection| connection.offer.node.get("tell")?.get("exports").cloned());
    let exporters: BTreeSet<String> = asked
        .flat_map(|exports| exports.items().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>())
        .collect();
    exporters.iter().flat_map(|exporter| metrics(exporter)).collect()
}

fn metrics(exporter: &str) -> Catalogue {
    let path = root().join(format!("schemas/metrics/{exporter}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{exporter} has no list of metrics: {}", path.display()));
    let table: toml::Table = text.parse().unwrap();
    let kinds = table.into_iter().filter_map(|(kind, rows)| Some((kind, rows.as_table()?.clone())));
    let rows = kinds.flat_map(|(kind, rows)| rows.into_iter().map(move |(name, labels)| (name, (kind.clone(), labels))));
    let labels =
        |labels: toml::Value| labels.as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned()).collect();
    rows.map(|(name, (kind, own))| (name, (kind, labels(own)))).collect()
}

/// All rules of an output: of objects, of files, and of files in ConfigMaps.
fn rules(documents: &[Document]) -> Vec<Value> {
    let mut groups = Vec::new();
    for document in documents {
        let value = document.node.to_json();
        match value["kind"].as_str() {
            Some("PrometheusRule") => groups.extend(value["spec"]["groups"].as_array().unwrap().clone()),
            Some("ConfigMap") => {
                for (name, text) in value["data"].as_object().into_iter().flatten().filter(|(name, _)| name.contains("-rules-")) {
                    groups.extend(parsed(name, text.as_str().unwrap())["groups"].as_array().unwrap().clone());
                }
            }
            _ if document.format == Format::Text && document.path.contains("-rules-") => {
                groups.extend(parsed(&document.path, value.as_str().unwrap())["groups"].as_array().unwrap().clone());
            }
            _ => {}
        }
    }
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn parsed(name: &str, text: &str) -> Value {
    let stream = yaml::read(text, &Limits::default());
    assert!(stream.errors.is_empty(), "{name} is no YAML");
    stream.documents[0].root.to_node(&lakegen::source::Source::new(name, text), &"test".into()).to_json()
}

/// The queries of all dashboards that Prometheus is asked.
fn panels(documents: &[Document]) -> Vec<String> {
    crate::dashboards::dashboards(documents)
        .iter()
        .flat_map(|(_, dashboard)| dashboard["panels"].as_array().unwrap().clone())
        .filter(|panel| panel["datasource"]["type"] == "prometheus")
        .flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default())
        .map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", "5m").replace("$__range", "1h"))
        .collect()
}

fn faults(query: &str, known: &Catalogue, recorded: &BTreeSet<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    for (function, name, labels) in series(query) {
        if recorded.contains(&*name) || OWN_SERIES.contains(&&*name) {
            continue;
        }
        let mut parts = ["_bucket", "_sum", "_count"].iter().filter_map(|end| name.strip_suffix(end));
        let base = parts.find(|base| known.get(*base).is_some_and(|(kind, _)| kind == "histogram" || kind == "summary"));
        let Some((kind, own)) = known.get(base.unwrap_or(&name)) else {
            faults.push(format!("nobody gives {name}: {query}"));
            continue;
        };
        let rises = kind == "counter" || base.is_some();
        if ["rate", "increase", "irate"].contains(&&*function) && !rises {
            faults.push(format!("{function} of {name}, which is a {kind}: {query}"));
        }
        if ["deriv", "predict_linear", "delta", "quantile_over_time"].contains(&&*function) && rises {
            faults.push(format!("{function} of {name}, which only rises: {query}"));
        }
        let strange =
            labels.iter().filter(|label| !own.contains(*label) && !TARGET_LABELS.contains(&&***label) && *label != "le");
        faults.extend(strange.map(|label| format!("{name} has no label {label}: {query}")));
    }
    faults
}

/// Each series that a query names, with the function right around it and the labels it is chosen by.
fn series(query: &str) -> Vec<(String, String, Vec<String>)> {
    let expr = promql::parse(query).unwrap_or_else(|error| panic!("{query}: {}", error.message));
    let mut found = Vec::new();
    collect(&expr, "", &mut found);
    found
}

fn collect(expr: &Expr, around: &str, found: &mut Vec<(String, String, Vec<String>)>) {
    let around = match &expr.kind {
        Kind::Call { function, .. } => function.name,
        Kind::Range { .. } => around,
        Kind::Selector(selector) => {
            let labels = selector.matchers.iter().map(|matcher| matcher.label.clone()).filter(|label| label != "__name__");
            let name = selector.metric().unwrap_or_else(|| panic!("a query names its metrics")).to_owned();
            return found.push((around.to_owned(), name, labels.collect()));
        }
        _ => "",
    };
    expr.children().into_iter().for_each(|child| collect(child, around, found));
}

#[test]
fn what_is_wrong_with_a_query_is_seen() {
    let known = metrics("redis-exporter");
    let check = |query: &str| faults(query, &known, &BTreeSet::new());
    assert_eq!(
        check("sum by (job) (rate(redis_commands_total{cmd=\"get\"}[5m])) / on (job) max(redis_up) > 0.5"),
        Vec::<String>::new()
    );
    assert!(check("redis_upp == 0")[0].starts_with("nobody gives redis_upp"));
    assert!(check("rate(redis_up[5m])")[0].starts_with("rate of redis_up, which is a gauge"));
    assert!(check("redis_up{cmd=\"get\"}")[0].starts_with("redis_up has no label cmd"));
}

/// Every alert says how bad it is and what is wrong, and where to read on; the page has a heading for it.
#[test]
fn every_alert_points_to_a_page() {
    let mut seen = BTreeSet::new();
    for profile in PROFILES {
        for rule in MODES.iter().flat_map(|mode| rules(&compiled::documents(&CATALOG, OWN, profile, mode))) {
            let Some(alert) = rule["alert"].as_str() else { continue };
            let severity = rule["labels"]["severity"].as_str().unwrap();
            assert!(["critical", "warning", "none"].contains(&severity), "{alert} is {severity}");
            assert!(rule["annotations"]["summary"].as_str().is_some_and(|summary| summary.len() > 15), "{alert}");
            let url = rule["annotations"]["runbook_url"].as_str().unwrap();
            let (page, heading) = url.rsplit_once('/').unwrap().1.split_once('#').unwrap();
            assert_eq!(heading, alert.to_lowercase());
            seen.insert((page.to_owned(), alert.to_owned()));
        }
    }
    for (page, alert) in &seen {
        let text = fs::read_to_string(root().join("docs/runbooks").join(page)).unwrap_or_else(|_| panic!("no page {page}"));
        assert!(text.lines().any(|line| line == format!("## {alert}")), "{page} says nothing of {alert}");
    }
    assert!(seen.len() > 30, "{}", seen.len());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
