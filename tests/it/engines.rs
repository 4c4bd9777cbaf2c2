//! Each engine of the object store asked for each thing that one of them lacks, and under each profile: what it lacks is
//! refused with the reason, what it has is made. tests/engines.txt holds what a profile comes to (`UPDATE=1` writes it).

use std::fs;

use lakegen::catalog::Catalog;
use lakegen::node::Node;

use crate::compiled::{self, PROFILES};

/// The words of tests/lacks.toml, each with how it is asked for.
fn words() -> toml::Table {
    fs::read_to_string(compiled::tests().join("lacks.toml")).unwrap().parse().unwrap()
}

fn engines(catalog: &Catalog) -> &Node {
    let facts = catalog.components["object-store"].manifest.get("facts");
    facts.and_then(|facts| facts.get("engines")).expect("the object store has engines")
}

fn lacks(engine: &Node) -> &Node {
    engine.get("lacks").expect("an engine says what it lacks")
}

fn said<'t>(words: &'t toml::Table, word: &str, key: &str) -> &'t str {
    words[word].get(key).and_then(|text| text.as_str()).unwrap_or_default()
}

/// What is told of a lakehouse; nothing where it is built.
fn told(catalog: &Catalog, text: &str, profile: &str) -> Vec<String> {
    let outcome = compiled::try_compile(catalog, &compiled::input(text, profile), &["compose"]);
    outcome.err().map(|diags| compiled::told(&diags)).unwrap_or_default()
}

#[test]
fn what_an_engine_lacks_is_refused_with_its_reason() {
    let (catalog, words) = (compiled::load(Some("wiki")), words());
    let mut wrong = Vec::new();
    for engine in engines(&catalog).entries() {
        let (name, lacks) = (&engine.key, lacks(&engine.node));
        let unknown = lacks.entries().iter().filter(|lack| !words.contains_key(&*lack.key));
        wrong.extend(unknown.map(|lack| format!("{name} lacks {}, and tests/lacks.toml does not ask for it", lack.key)));
        for word in words.keys() {
            let others = words.keys().filter(|other| *other != word && lacks.get(other).is_some());
            let instead: Vec<&str> = others.map(|other| said(&words, other, "instead")).collect();
            let (ask, with) = (said(&words, word, "ask"), said(&words, word, "with"));
            let text = format!(
                "lakehouse.name = \"lake\"\n[components.object-store]\nengine = \"{name}\"\n{ask}\n{}\n{with}\n",
                instead.join("\n")
            );
            let told = told(&catalog, &text, "development");
            let is_right = match lacks.get(word).and_then(|reason| reason.as_str()) {
                Some(reason) => told
                    .iter()
                    .any(|said| said.starts_with("L0503") && said.contains(&format!("engine = {name}")) && said.contains(reason)),
                None => told.is_empty(),
            };
            wrong.extend((!is_right).then(|| format!("{name} asked for {word}: {told:#?}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_word_is_asked_for_that_every_engine_has() {
    let catalog = compiled::load(None);
    let is_lacked = |word: &&String| engines(&catalog).entries().iter().any(|engine| lacks(&engine.node).get(word).is_some());
    let words = words();
    let idle: Vec<&String> = words.keys().filter(|word| !is_lacked(word)).collect();
    assert!(idle.is_empty(), "no engine lacks {idle:?}");
}

#[test]
fn each_engine_under_each_profile_is_made_or_says_what_it_lacks() {
    let catalog = compiled::load(None);
    let mut lines = String::new();
    for profile in PROFILES {
        for engine in engines(&catalog).entries() {
            let text = format!("lakehouse.name = \"lake\"\n[components.object-store]\nengine = \"{}\"\n", engine.key);
            let told = told(&catalog, &text, profile);
            let head = format!("{profile} {}", engine.key);
            lines += &if told.is_empty() { format!("{head}: made\n") } else { String::new() };
            let message = |said: &String| said.rsplit_once(" at ").map_or(said.clone(), |(message, _)| message.to_owned());
            told.iter().for_each(|said| lines += &format!("{head}: {}\n", message(said)));
        }
    }
    let path = compiled::tests().join("engines.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &lines).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(lines == expected, "look at these, then run with UPDATE=1:\n{lines}");
}
