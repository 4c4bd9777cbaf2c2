//! How fast YAML is read and printed, beside the events of the parser alone: `cargo bench --bench yaml`.
//!
//! To read is to go from text to the tree with every scalar resolved; giving the tree's memory back is not timed.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use granit_parser::{Options, Parser};
use lakegen::node::Node;
use lakegen::source::Source;
use lakegen::yaml::{Limits, print, print_json, read};

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = yaml
}

fn yaml(criterion: &mut Criterion) {
    let text = corpus(400);
    let nodes = nodes(&text);
    let json: String = nodes.iter().map(print_json).collect();
    let mut group = criterion.benchmark_group("yaml");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("events", |bencher| bencher.iter(|| events(black_box(&text))));
    group.bench_function("read", |bencher| bencher.iter_with_large_drop(|| read(black_box(&text), &Limits::default())));
    group
        .bench_function("print", |bencher| bencher.iter(|| nodes.iter().map(|node| print(black_box(node)).len()).sum::<usize>()));
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("read-json", |bencher| bencher.iter_with_large_drop(|| read(black_box(&json), &Limits::default())));
    group.finish();
}

fn nodes(text: &str) -> Vec<Node> {
    let source = Source::new("corpus", text);
    let documents = read(text, &Limits::default()).documents;
    documents.iter().map(|document| document.root.to_node(&source, &"corpus".into())).collect()
}

fn events(text: &str) -> usize {
    let mut options = Options::default();
    options.set_emit_comments(false);
    Parser::new_from_str_with_options(text, options).inspect(|event| assert!(event.is_ok(), "the corpus is YAML")).count()
}

/// Deployments, Services and ConfigMaps as a generator writes them, about 6 kB a set.
fn corpus(sets: usize) -> String {
    let mut text = String::new();
    for i in 0..sets {
        for part in [deployment(i), service(i), config_map(i)] {
            text.push_str("---\n");
            text.push_str(&part);
        }
    }
    text
}

fn deployment(i: usize) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\n{}spec:\n  replicas: {}\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: app-{i}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: app-{i}\n    spec:\n      securityContext:\n        runAsNonRoot: true\n        fsGroup: 1000\n      containers:\n",
        metadata(i),
        i % 5
    );
    for container in 0..3 {
        let _ = write!(
            text,
            "      - name: container-{container}\n        image: \"registry.example.com/team/app-{container}:1.{i}.0\"\n        args: [\"--listen=0.0.0.0:8080\", --verbose]\n        env:\n"
        );
        for variable in 0..10 {
            let _ = write!(text, "        - name: VARIABLE_{variable}\n          value: \"{}\"\n", variable * i);
        }
        text.push_str("        ports:\n        - name: http\n          containerPort: 8080\n          protocol: TCP\n        resources:\n          requests: {cpu: 100m, memory: 128Mi}\n          limits:\n            memory: 256Mi\n        readinessProbe:\n          httpGet:\n            path: /ready\n            port: http\n          initialDelaySeconds: 5\n");
    }
    text
}

fn service(i: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Service\n{}spec:\n  type: ClusterIP\n  selector:\n    app.kubernetes.io/name: app-{i}\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n    protocol: TCP\n  - name: metrics # scraped\n    port: 9090\n    targetPort: 9090\n",
        metadata(i)
    )
}

fn config_map(i: usize) -> String {
    let mut text = format!("apiVersion: v1\nkind: ConfigMap\n{}data:\n", metadata(i));
    for file in 0..3 {
        let _ = writeln!(text, "  file-{file}.properties: |");
        for line in 0..20 {
            let _ = writeln!(text, "    some.setting.number-{line} = value of {line} in {file}");
        }
    }
    text
}

fn metadata(i: usize) -> String {
    format!(
        "metadata:\n  name: app-{i}\n  namespace: lakehouse\n  labels:\n    app.kubernetes.io/name: app-{i}\n    app.kubernetes.io/part-of: lakehouse\n  annotations:\n    example.com/checksum: 0f1e2d3c4b5a69788796a5b4c3d2e1f0\n"
    )
}
