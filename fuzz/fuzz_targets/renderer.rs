//! An arbitrary template as a component's, and arbitrary values for it: no panic, no endless loop, no runaway memory.
//!
//! What stands before the first U+0001 is the template, what stands before the next a part that it may use; the rest,
//! divided by further ones, are values.
#![no_main]

use std::sync::Arc;

use lakegen::catalog;
use lakegen::diagnostic::Diagnostics;
use lakegen::host::Memory;
use lakegen::lakehouse::Input;
use lakegen::source::Source;
use libfuzzer_sys::fuzz_target;

const COMPONENT: &str = r#"
summary = "Whatever the fuzzer says"
namespace = "fuzz"
[options]
text = { type = "string", default = "", description = "a text" }
words = { type = "array", items = { type = "string" }, default = [], description = "a list" }
table = { type = "object", additionalProperties = { type = "string" }, default = {}, description = "a table" }
number = { type = "integer", default = 3, description = "a number" }
[offers.thing]
interface = "thing"
port = 80
edge = "{{ name }}"
"#;

const MODE: &str = r#"
summary = "Whatever the fuzzer says"
[names]
namespace = "{{ group }}"
address = "{{ workload }}"
url = "http://{{ edge }}"
[options]
text = { type = "string", default = "", description = "a text" }
words = { type = "array", items = { type = "string" }, default = [], description = "a list" }
table = { type = "object", additionalProperties = { type = "string" }, default = {}, description = "a table" }
number = { type = "integer", default = 3, description = "a number" }
[[emit]]
each = "platform"
template = "fuzz.yaml.j2"
to = "fuzz.yaml"
[[emit]]
each = "platform"
template = "fuzz.sh.j2"
to = "fuzz.sh"
[[emit]]
each = "workload"
template = "fuzz.sql.j2"
to = "{{ workload.name }}.sql"
"#;

const WORKLOADS: &str = r#"
- kind: service
  image: a/b:1
  user: 1
  args: {{ options.words }}
  env: { TEXT: {{ options.text }} }
  resources: { cpu: 1m, memory: 1MiB, cpu_limit: "1", memory_limit: 2MiB }
"#;

fuzz_target!(|text: &str| {
    let mut parts = text.split('\u{1}');
    let (template, part) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let values: Vec<&str> = parts.collect();
    let host = Memory::default();
    let component = "/c/templates/components/fuzz";
    let mode = "/c/templates/modes/fuzz";
    host.put(format!("{component}/component.toml"), COMPONENT);
    host.put(format!("{component}/workloads.yaml.j2"), WORKLOADS);
    host.put(format!("{mode}/mode.toml"), MODE);
    for ending in ["yaml", "sh", "sql"] {
        host.put(format!("{mode}/fuzz.{ending}.j2"), template);
        host.put(format!("{mode}/part.{ending}.j2"), part);
    }
    let mut diags = Diagnostics::default();
    let Ok(catalog) = catalog::load(&host, Some("/c".as_ref()), &mut diags) else {
        assert!(!diags.is_empty(), "refused without a word");
        return;
    };
    let value = |index: usize| quoted(values.get(index).copied().unwrap_or("x"));
    let (text, word, other) = (value(0), value(1), quoted(&format!("{} 2", values.get(2).copied().unwrap_or_default())));
    let table = |name: &str| {
        let own = format!("text = {text}\nwords = [{word}, {other}]\nnumber = {}\n", values.len());
        format!(
            "[{name}]\n{own}[{name}.table]\n\" {word_in_key}\" = {text}\n\"other\" = {other}\n",
            word_in_key = &word[1..word.len() - 1]
        )
    };
    let file = format!("lakehouse.name = \"fuzz\"\n{}{}", table("fuzz"), table("components.fuzz"));
    let off = ["prefect", "object-store", "valkey", "postgresql"].map(|name| format!("components.{name}.enabled=false"));
    let input = Input { file: Source::new("lakehouse.toml", file), profile: "development".into(), sets: off.to_vec() };
    let compiled = lakegen::compile(&catalog, &input, &["fuzz".to_owned()], &mut diags);
    match compiled {
        Ok(outputs) => {
            for document in outputs.iter().flat_map(|output| &output.documents) {
                let printed = document.print();
                document.node.leaves(&mut |pointer, _| {
                    assert!(lakegen::origin::explain(document, pointer, lakegen::origin::NEAREST).is_some(), "{pointer:?} of {printed:?}");
                });
            }
        }
        Err(_) => assert!(!diags.is_empty(), "refused without a word"),
    }
});

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}
