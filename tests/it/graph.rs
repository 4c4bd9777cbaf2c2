//! The pictures of a graph: whole, well-formed whatever things are called, and in the drawing nothing upon anything else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lakegen::catalog;
use lakegen::diagnostic::Diagnostics;
use lakegen::graph::picture::{self, Format};
use lakegen::graph::{self, Connection, Graph, Offer, Secret};
use lakegen::host::{Host, Memory};
use lakegen::lakehouse::{self, Input};
use lakegen::layers;
use lakegen::node::{Data, Entry, Node};
use lakegen::source::Source;
use serde_json::Value;

/// Namespace, kind, name and component; `people` come to the ports that follow.
const WORKLOADS: &str = "\
    prefect stateful prefect-postgres postgres
    prefect stateful valkey valkey
    prefect job prefect-migrate prefect 
    prefect service prefect-server prefect 4200
    prefect service prefect-services prefect
    prefect job prefect-pools prefect
    prefect service prefect-worker-general prefect
    prefect service prefect-worker-s5cmd prefect
    prefect service prefect-exporter prefect
    storage stateful store minio 9001
    storage job store-init minio
    transfer service s5cmd-executor s5cmd
    testing job bench bench
    monitoring stateful prometheus prometheus 9090
    monitoring stateful alertmanager prometheus 9093
    monitoring service grafana grafana 3000
    monitoring service otel otel
    monitoring service jaeger jaeger 16686";

/// From, to, port, interface; `~` does not wait.
const CONNECTIONS: &str = "\
    prefect-migrate prefect-postgres 5432 postgresql
    prefect-server prefect-postgres 5432 postgresql
    prefect-services prefect-postgres 5432 postgresql
    prefect-server valkey 6379 redis
    prefect-services valkey 6379 redis
    prefect-server prefect-migrate - schema
    prefect-services prefect-migrate - schema
    prefect-pools prefect-server 4200 prefect-api
    prefect-worker-general prefect-server 4200 prefect-api
    prefect-worker-s5cmd prefect-server 4200 prefect-api
    prefect-exporter prefect-server 4200 prefect-api
    prefect-worker-general prefect-pools - work-pools
    prefect-worker-s5cmd prefect-pools - work-pools
    prefect-worker-s5cmd s5cmd-executor 8080 transfers
    bench s5cmd-executor 8080 transfers
    s5cmd-executor prefect-server 4200 prefect-api ~
    s5cmd-executor store 9000 s3
    prefect-worker-s5cmd store 9000 s3
    prefect-worker-general store 9000 s3
    bench store 9000 s3
    store-init store 9000 s3
    s5cmd-executor store-init - buckets
    bench store-init - buckets
    store store 9000 s3 ~
    prefect-postgres store 9000 s3 ~
    prometheus prefect-server 4200 metrics ~
    prometheus prefect-exporter 8000 metrics ~
    prometheus store 9000 metrics ~
    prometheus s5cmd-executor 8080 metrics ~
    prometheus prefect-postgres 9187 metrics ~
    prometheus valkey 9121 metrics ~
    prometheus otel 8888 metrics ~
    prometheus alertmanager 9093 alerts
    grafana prometheus 9090 prometheus
    grafana jaeger 16686 traces
    otel jaeger 4317 otlp
    prefect-server otel 4317 otlp ~
    prefect-worker-general otel 4317 otlp ~
    prefect-worker-s5cmd otel 4317 otlp ~
    s5cmd-executor otel 4317 otlp ~";

const HOSTILE: &[&str] = &[
    "\"]; end\nsubgraph x[\"",
    "</text><script>alert(1)</script>",
    "'\"&amp;&<>",
    "\\N\\\" -> w0; \\",
    "%%{init: {}}%% `md` **b** #quot; |x|",
    "]]>\u{0}\u{1b}[31m\u{202e}\u{ffff}\u{2028}",
    "a -->|b| c ((d)) {{e}} click w0 call f()",
    "<!-- -- --> <?x?> <![CDATA[",
    "データ基盤 é ß",
    "",
];

fn text(text: &str) -> Arc<Node> {
    Node::derived("a test", text.into(), [])
}

fn table(entries: &[(&str, Arc<Node>)]) -> Arc<Node> {
    let entries = entries.iter().map(|(key, node)| Entry { key: (*key).into(), node: node.clone() });
    Node::derived("a test", Data::Map(entries.collect()), [])
}

/// A graph of so many services, which have nothing to do with each other; the tests make of it what they need.
fn blank(count: usize) -> Graph {
    let host = Memory::default();
    let component = "summary = \"just something\"\nnamespace = \"blank\"\n";
    // What a real workload must say changes with the catalog; these say only what is drawn.
    let schema = r#"{ "type": "array", "items": { "type": "object", "additionalProperties": true } }"#;
    let workload = |number: usize| format!("- {{ role: r{number}, kind: service }}\n");
    let workloads: String = (0..count).map(workload).collect();
    let files = [
        ("/catalog/templates/components/t-blank/component.toml", component),
        ("/catalog/templates/components/t-blank/workloads.yaml.j2", &workloads),
        ("/catalog/schemas/workload.json", schema),
        ("/catalog/templates/modes/t-mode/mode.toml", "summary = \"makes nothing\"\n"),
        ("/catalog/profiles/t-profile.toml", "summary = \"for tests\"\nmodes = [\"t-mode\"]\n"),
    ];
    for (path, text) in files {
        host.make_folders(Path::new(path).parent().unwrap()).unwrap();
        host.create(Path::new(path), text.as_bytes(), false).unwrap();
    }
    let mut diags = Diagnostics::default();
    let graph = (|| {
        let catalog = catalog::load(&host, Some(Path::new("/catalog")), &mut diags)?;
        let file = Source::new("lakehouse.toml", "[lakehouse]\nname = \"lake\"\n[components.t-blank]\n");
        let input = Input { file, profile: "t-profile".to_owned(), sets: Vec::new() };
        let lakehouse = lakehouse::read(&catalog, &input, &mut diags)?;
        graph::build(&lakehouse, lakehouse.modes[0], &mut diags)
    })();
    let told: Vec<String> = diags.iter().map(|found| found.message.clone()).collect();
    graph.unwrap_or_else(|_| panic!("{told:#?}"))
}

fn offer(port: Option<i64>, interface: &str, edge: &str) -> Offer {
    let node = table(&[("edge", text(edge)), ("protocol", text("tcp"))]);
    let port = port.map(|port| Node::derived("a test", port.into(), []));
    Offer { instance: 0, page: 0, name: text(interface), interface: text(interface), role: String::new(), port, host: None, node }
}

fn connect(graph: &mut Graph, from: usize, to: usize, offer: Offer, waits: bool) {
    let index = graph.connections.len();
    graph.workloads[from].makes.push(index);
    graph.workloads[to].takes.push(index);
    let need = table(&[("purpose", text("to work"))]);
    graph.connections.push(Connection { from, to, offer, need, need_name: "other".to_owned(), waits });
}

/// A platform as it is used, as many times as wanted.
fn platform(times: usize) -> Graph {
    let lines: Vec<Vec<&str>> = WORKLOADS.lines().map(|line| line.split_whitespace().collect()).collect();
    let mut graph = blank(lines.len() * times);
    for time in 0..times {
        let name = |name: &str| if time == 0 { name.to_owned() } else { format!("{name}-{time}") };
        let start = time * lines.len();
        let mut known = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            known.insert(line[2], start + at);
            let workload = &mut graph.workloads[start + at];
            (workload.namespace, workload.component, workload.name) = (text(&name(line[0])), text(&name(line[3])), name(line[2]));
            workload.node = table(&[("kind", text(line[1]))]);
            let edge = line.get(4).map(|port| offer(port.parse().ok(), "ui", &name(line[2])));
            workload.offers.extend(edge);
        }
        for line in CONNECTIONS.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
            connect(&mut graph, known[line[0]], known[line[1]], offer(line[2].parse().ok(), line[3], ""), line.get(4).is_none());
        }
    }
    graph
}

fn small() -> Graph {
    let mut graph = blank(4);
    for (workload, (name, kind)) in
        graph.workloads.iter_mut().zip([("store", "stateful"), ("trino", "service"), ("init", "job"), ("ui", "service")])
    {
        workload.name = name.to_owned();
        workload.component = text(name);
        workload.node = table(&[("kind", text(kind))]);
    }
    graph.workloads[3].offers.push(offer(Some(80), "http", "ui"));
    connect(&mut graph, 1, 0, offer(Some(9000), "s3", ""), true);
    connect(&mut graph, 2, 0, offer(Some(9000), "s3", ""), true);
    connect(&mut graph, 1, 2, offer(None, "buckets", ""), true);
    connect(&mut graph, 3, 1, offer(Some(8080), "trino", ""), true);
    graph
}

fn hostile() -> Graph {
    let mut graph = blank(HOSTILE.len());
    for (at, name) in HOSTILE.iter().enumerate() {
        let long = format!("{name}{}", "x".repeat(10 * at * at));
        let workload = &mut graph.workloads[at];
        (workload.name, workload.component, workload.namespace) = (long.clone(), text(name), text(&long));
        workload.offers.push(offer(Some(80), name, name));
    }
    for (at, name) in HOSTILE.iter().enumerate() {
        connect(&mut graph, at, (at + 1) % HOSTILE.len(), offer(Some(1), name, ""), at + 1 < HOSTILE.len());
        connect(&mut graph, at, at, offer(None, name, ""), false);
    }
    graph.secrets.push(Secret {
        name: text(HOSTILE[0]),
        component: text(HOSTILE[1]),
        namespace: text(HOSTILE[2]),
        node: table(&[]),
        external: None,
        names: Vec::new(),
        files: Vec::new(),
    });
    graph
}

fn graphs() -> Vec<(&'static str, Graph)> {
    vec![
        ("small", small()),
        ("platform", platform(1)),
        ("double", platform(2)),
        ("hostile", hostile()),
        ("single", blank(12)),
        ("none", empty()),
    ]
}

fn empty() -> Graph {
    let mut graph = blank(1);
    graph.workloads.clear();
    graph
}

fn draw(graph: &Graph, format: Format) -> String {
    picture::draw(graph, &layers::nothing(), format)
}

#[test]
fn a_format_is_found_by_its_name() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.name()), Some(*format));
    }
    assert_eq!(Format::parse("png"), None);
}

#[test]
fn the_same_graph_gives_the_same_picture() {
    for ((name, one), (_, other)) in graphs().iter().zip(&graphs()) {
        for format in Format::ALL {
            assert_eq!(draw(one, *format), draw(other, *format), "{name} as {}", format.name());
        }
    }
}

#[test]
fn json_tells_everything_and_no_secret() {
    for (name, graph) in graphs() {
        let value: Value = serde_json::from_str(&draw(&graph, Format::Json)).unwrap();
        let names: Vec<&str> =
            value["workloads"].as_array().unwrap().iter().map(|workload| workload["name"].as_str().unwrap()).collect();
        assert!(names.iter().copied().eq(graph.workloads.iter().map(|workload| workload.name.as_str())), "{name}: {names:?}");
        assert_eq!(value["connections"].as_array().unwrap().len(), graph.connections.len(), "{name}");
        assert_eq!(value["secrets"].as_array().unwrap().len(), graph.secrets.len(), "{name}");
    }
    let mut graph = small();
    let keys = table(&[("password", Node::derived("a test", 32.into(), [])), ("user", text("adalbert"))]);
    graph.secrets.push(Secret {
        name: text("store-root"),
        component: text("store"),
        namespace: text("blank"),
        node: table(&[("keys", keys)]),
        external: None,
        names: Vec::new(),
        files: Vec::new(),
    });
    let told = draw(&graph, Format::Json);
    assert!(!told.contains("adalbert"), "{told}");
    let value: Value = serde_json::from_str(&told).unwrap();
    let secret =
        serde_json::json!({ "name": "store-root", "component": "store", "namespace": "blank", "keys": ["password", "user"] });
    assert_eq!(value["secrets"], serde_json::json!([secret]));
    let connection = serde_json::json!({
        "from": "trino", "from_namespace": "blank", "to": "init", "to_namespace": "blank", "port": null, "protocol": "tcp",
        "interface": "buckets", "need": "other", "purpose": "to work", "waits": true,
    });
    assert_eq!(value["connections"][2], connection);
    assert_eq!(value["workloads"][3]["ports"], serde_json::json!([{ "name": "http", "port": 80, "protocol": "tcp" }]));
    assert_eq!(value["networks"], serde_json::json!(["store", "trino"]));
}

/// A text without what is between quotes, and what was between them.
fn unquoted(text: &str, escapes: bool) -> (String, Vec<String>) {
    let (mut outside, mut inside) = (String::new(), Vec::new());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        outside.push(c);
        if c != '"' {
            continue;
        }
        let mut quoted = String::new();
        loop {
            match chars.next().expect("every quote is closed") {
                '"' => break,
                '\\' if escapes => quoted.extend(['\\', chars.next().expect("a sign is escaped")]),
                c => quoted.push(c),
            }
        }
        inside.push(quoted);
    }
    (outside, inside)
}

#[test]
fn no_name_breaks_out_of_mermaid() {
    let (outside, inside) = unquoted(&draw(&hostile(), Format::Mermaid), false);
    for line in outside.lines() {
        let words = ["flowchart LR", "people", "subgraph n", "end", "w", "classDef "];
        assert!(words.iter().any(|word| line.trim_start().starts_with(word)), "{line}");
        let is_mine = |c: char| c.is_ascii_alphanumeric() || " ()[]\"-.>|:,".contains(c);
        assert!(line.chars().all(is_mine), "{line}");
    }
    for text in inside {
        let is_safe = |c: char| c.is_alphanumeric() || " ./:-#;\u{fffd}".contains(c);
        assert!(!text.is_empty() && text.chars().all(is_safe), "{text}");
    }
}

#[test]
fn no_name_breaks_out_of_dot() {
    let (outside, inside) = unquoted(&draw(&hostile(), Format::Dot), true);
    assert_eq!(outside.matches('{').count(), outside.matches('}').count());
    assert_eq!(outside.matches('{').count(), HOSTILE.len() + 1, "the graph and its clusters");
    for line in outside.lines() {
        assert!(["alert", "init", "click", "CDATA"].iter().all(|word| !line.contains(word)), "{line}");
    }
    assert!(inside.iter().all(|text| text.chars().all(|c| !c.is_control())));
}

#[test]
fn wires_look_like_what_they_are() {
    let [mermaid, dot] = [Format::Mermaid, Format::Dot].map(|format| draw(&small(), format));
    for line in
        ["w1 -->|\"9000 s3\"| w0", "w1 -.->|\"buckets\"| w2", "people -->|\"80 http\"| w3", "w0[(\"store\")]", "w2([\"init\"])"]
    {
        assert!(mermaid.contains(line), "{line} in\n{mermaid}");
    }
    assert!(dot.contains("w1 -> w2 [label=\"buckets\", tooltip=\"trino → init: buckets, to work\", style=dashed]"), "{dot}");
    assert!(dot.contains("people -> w3 [label=\"80 http\""), "{dot}");
}

/// One element: its name and attributes.
type Element = (String, BTreeMap<String, String>);

/// Reads XML as strictly as we write it; fails where it is not well-formed.
fn elements(xml: &str) -> Vec<Element> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let mut rest = xml;
    while let Some((text, after)) = rest.split_once('<') {
        check_text(text);
        let (tag, after) = after.split_once('>').expect("every tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let is_closed = tag.ends_with('/');
        let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
        if !is_closed {
            open.push(name.to_owned());
        }
        found.push((name.to_owned(), self::attributes(attributes)));
    }
    check_text(rest);
    assert!(open.is_empty(), "{open:?}");
    found
}

fn check_text(text: &str) {
    assert!(
        !text.contains('>') && text.chars().all(|c| c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')),
        "{text}"
    );
    for reference in text.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| reference.starts_with(known)), "{reference}");
    }
}

fn attributes(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"").expect("a value in quotes");
        let (value, after) = after.split_once('"').expect("a quote is closed");
        check_text(value);
        assert!(all.insert(key.to_owned(), value.to_owned()).is_none(), "{key} twice in {text}");
        rest = after.trim_start();
    }
    all
}

/// Left, top, right, bottom.
type Area = [f64; 4];

fn areas(elements: &[Element], class: &str) -> Vec<Area> {
    let rects = elements
        .iter()
        .filter(|(name, attributes)| name == "rect" && attributes.get("class").is_some_and(|found| found == class));
    let area = |attributes: &BTreeMap<String, String>| {
        let [x, y, width, height] = ["x", "y", "width", "height"].map(|key| attributes[key].parse::<f64>().unwrap());
        [x, y, x + width, y + height]
    };
    rects.map(|(_, attributes)| area(attributes)).collect()
}

fn meet(one: &Area, other: &Area) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

/// The areas of the pieces of a line: straight ones, and curves with the corners that hold them.
fn pieces(path: &str) -> Vec<Area> {
    let mut pieces = Vec::new();
    let (mut x, mut y) = (0.0, 0.0);
    let spaced: String = path.chars().map(|c| if c.is_ascii_uppercase() { format!(" {c} ") } else { c.to_string() }).collect();
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap().parse::<f64>().unwrap();
        let to = match word {
            "M" => (next(), next()),
            "H" => (next(), y),
            "V" => (x, next()),
            "C" => [(next(), next()), (next(), next()), (next(), next())][2],
            other => panic!("{other} in {path}"),
        };
        if word != "M" {
            pieces.push([to.0.min(x), to.1.min(y), to.0.max(x), to.1.max(y)]);
        }
        (x, y) = to;
    }
    pieces
}

#[test]
fn in_the_drawing_nothing_is_upon_anything_else() {
    for (name, graph) in graphs() {
        let elements = elements(&draw(&graph, Format::Svg));
        let [boxes, tags] = ["box", "tag"].map(|class| areas(&elements, class));
        let people = usize::from(
            graph.workloads.iter().any(|workload| workload.offers.iter().any(|offer| !offer.node.text("edge").is_empty())),
        );
        assert_eq!(boxes.len(), graph.workloads.len() + people, "{name}");
        let all: Vec<&Area> = boxes.iter().chain(&tags).collect();
        for (at, one) in all.iter().enumerate() {
            let upon = all[at + 1..].iter().find(|other| meet(one, other));
            assert!(upon.is_none(), "{name}: {one:?} and {upon:?}");
        }
        let wires =
            elements.iter().filter(|(_, attributes)| attributes.get("class").is_some_and(|class| class.starts_with("wire")));
        for path in wires.map(|(_, attributes)| &attributes["d"]) {
            let through = pieces(path).into_iter().find(|piece| boxes.iter().any(|area| meet(piece, area)));
            assert!(through.is_none(), "{name}: {path} runs through a box");
        }
    }
}

#[test]
fn titles_tell_what_a_line_is() {
    let svg = draw(&platform(1), Format::Svg);
    for title in [
        "prefect-server → prefect-postgres: 5432 postgresql, to work",
        "people → grafana: 3000 ui, as grafana",
        "store: stateful workload of minio in storage, wave 0",
    ] {
        assert!(svg.contains(&format!("<title>{title}</title>")), "{title}");
    }
}

#[test]
fn thousands_of_workloads_are_drawn() {
    let mut chain = blank(5_000);
    for at in 1..5_000 {
        connect(&mut chain, at, at - 1, offer(Some(80), "http", ""), true);
        connect(&mut chain, at, 0, offer(Some(81), "hub", ""), false);
    }
    for graph in [platform(5_000 / WORKLOADS.lines().count()), chain] {
        let boxes = draw(&graph, Format::Svg).matches("<rect class=\"box\"").count();
        assert!(boxes >= graph.workloads.len(), "{boxes}");
    }
}
