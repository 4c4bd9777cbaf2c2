//! Any text as an expression: refused with a place in it, or computed within bounds; never a panic.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use lakegen::cel::{self, COST_LIMIT, Env, Type, Value, Version};
use libfuzzer_sys::fuzz_target;

static VARIABLES: LazyLock<BTreeMap<Arc<str>, Value>> = LazyLock::new(|| {
    let object = r#"{"spec": {"replicas": 3, "names": ["a", "b"], "limit": "1500Mi", "ratio": 0.5, "nothing": null}, "labels": {"app": "web"}}"#;
    let object = Value::from_json(&serde_json::from_str(object).expect("JSON"));
    BTreeMap::from([("object".into(), object.clone()), ("self".into(), object), ("x".into(), Value::Int(1))])
});

fuzz_target!(|text: &str| {
    let env = Env::new(Version { major: 1, minor: 36 });
    let env = VARIABLES.keys().fold(env, |env, name| env.with(name, Type::Dyn));
    match cel::compile(text, &env) {
        Ok(program) => {
            let outcome = program.eval(&*VARIABLES, COST_LIMIT);
            if let Ok(value) = outcome.value {
                // What is too large to print is refused.
                let _ = value.to_typed_json();
                let _ = value.to_plain_json();
            }
        }
        Err(issues) => {
            assert!(!issues.is_empty(), "refused without a word");
            assert!(issues.iter().all(|issue| issue.at <= text.chars().count()), "a place outside of the text");
            let _ = cel::in_words(&issues, text).to_string();
        }
    }
});
