//! How long it takes to compile a lakehouse in memory, whole and stage by stage: `cargo bench --bench compile`.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lakegen::catalog::{self, Catalog, Mode};
use lakegen::diagnostic::Diagnostics;
use lakegen::document::{self, Document};
use lakegen::host::Memory;
use lakegen::lakehouse::{self, Input, Lakehouse};
use lakegen::source::Source;
use lakegen::{compile, graph, plan};

const SMALL: &str = "[lakehouse]\nname = \"bench\"\n";
const MANY: usize = 1_000;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = everything, one_profile, many_components, stages
}

/// What a person waits for: the catalog read, every profile compiled for every mode, all of it printed.
fn everything(criterion: &mut Criterion) {
    criterion.bench_function("every profile × every mode, with the catalog", |bencher| {
        bencher.iter(|| {
            let catalog = load();
            catalog.profiles.keys().map(|profile| bytes(&catalog, SMALL, profile)).sum::<usize>()
        });
    });
}

fn one_profile(criterion: &mut Criterion) {
    let catalog = load();
    let mut group = criterion.benchmark_group("profile");
    for profile in catalog.profiles.keys() {
        for mode in catalog.public_modes() {
            let only = [mode.name.clone()];
            group.bench_function(format!("{profile}/{}", mode.name), |bencher| {
                bencher.iter(|| print(&documents(&catalog, SMALL, profile, &only)));
            });
        }
    }
    group.finish();
}

fn many_components(criterion: &mut Criterion) {
    let catalog = load();
    let text = many(MANY);
    let mut group = criterion.benchmark_group("1,000 components");
    group.throughput(Throughput::Elements(MANY as u64)).sample_size(10);
    for mode in catalog.public_modes() {
        let only = [mode.name.clone()];
        group.bench_function(&mode.name, |bencher| {
            bencher.iter(|| print(&documents(&catalog, &text, "development", &only)));
        });
    }
    group.finish();
}

/// Each stage of the pipeline alone, on a thousand components and on the modes as they are.
fn stages(criterion: &mut Criterion) {
    criterion.bench_function("stage/catalog", |bencher| bencher.iter_with_large_drop(load));
    let catalog = load();
    let input = input(&many(MANY), "development");
    let lakehouse = read(&catalog, &input);
    for mode in catalog.public_modes() {
        stages_of(criterion, &input, &lakehouse, mode);
    }
}

fn stages_of(criterion: &mut Criterion, input: &Input, lakehouse: &Lakehouse<'_>, mode: &Mode) {
    let graph = graph::build(lakehouse, mode, &mut Diagnostics::default()).expect("the bench's lakehouse connects");
    let units =
        || plan::plan(lakehouse, &graph, mode, &graph.scope, &mut Diagnostics::default()).expect("its paths are different");
    let documents =
        document::render(lakehouse, &units(), &|document, _| document, &mut Diagnostics::default()).expect("it renders");
    let mut group = criterion.benchmark_group(format!("stage/1,000 components/{}", mode.name));
    group.throughput(Throughput::Elements(MANY as u64)).sample_size(10);
    group.bench_function("read", |bencher| bencher.iter_with_large_drop(|| read(lakehouse.catalog, input).instances.len()));
    group.bench_function("graph", |bencher| {
        bencher.iter_with_large_drop(|| graph::build(lakehouse, mode, &mut Diagnostics::default()));
    });
    group.bench_function("plan", |bencher| bencher.iter_with_large_drop(units));
    group.bench_function("render", |bencher| {
        bencher.iter_batched(
            units,
            |units| document::render(lakehouse, &units, &|document, _| document, &mut Diagnostics::default()),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("print", |bencher| bencher.iter(|| print(&documents)));
    group.finish();
}

fn load() -> Catalog {
    catalog::load(&Memory::default(), None, &mut Diagnostics::default()).expect("the built-in catalog is sound")
}

fn input(text: &str, profile: &str) -> Input {
    Input { file: Source::new("lakehouse.toml", text), profile: profile.to_owned(), sets: Vec::new() }
}

fn read<'c>(catalog: &'c Catalog, input: &Input) -> Lakehouse<'c> {
    lakehouse::read(catalog, input, &mut Diagnostics::default()).expect("the bench's lakehouse is sound")
}

/// The documents of some modes; of every mode where none is named.
fn documents(catalog: &Catalog, text: &str, profile: &str, modes: &[String]) -> Vec<Document> {
    let outputs = compile(catalog, &input(text, profile), modes, &mut Diagnostics::default());
    outputs.expect("the bench's lakehouse compiles").into_iter().flat_map(|output| output.documents).collect()
}

fn bytes(catalog: &Catalog, text: &str, profile: &str) -> usize {
    let modes: Vec<String> = catalog.public_modes().map(|mode| mode.name.clone()).collect();
    print(&documents(catalog, text, profile, &modes))
}

fn print(documents: &[Document]) -> usize {
    documents.iter().map(|document| black_box(document).print().len()).sum()
}

/// A lakehouse with one component many times; Prefect says which of them it uses.
fn many(count: usize) -> String {
    let mut text = format!("{SMALL}[components.prefect.uses]\nmessages = \"valkey\"\n");
    for number in 0..count {
        let _ = writeln!(text, "[components.cache-{number}]\nis = \"valkey\"");
    }
    text
}
