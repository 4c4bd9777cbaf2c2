//! An object in, the rules of the table in CEL held against it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cel::{self, COST_LIMIT, Env, Program, Type, Value, Version};
use crate::check::pod::{Pod, head};
use crate::check::walk;
use crate::check::{Minor, Object, World};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::Node;
use crate::yaml::{Data, Yaml};

/// What a rule of the table may tell.
const CODES: &[Code] = &[
    Code::MeshDeprecated,
    Code::MeshAddress,
    Code::MeshUser,
    Code::MeshInjection,
    Code::MeshProtocol,
    Code::MeshIneffective,
    Code::MeshFilter,
    Code::MeshWebhook,
    Code::MeshAnnotation,
];

/// The kind whose rules are for the pods of every kind.
const PODS: &str = "pod";

/// The rules by the kinds that they are for.
pub struct Rules {
    by_kind: BTreeMap<String, Vec<Arc<Rule>>>,
}

struct Rule {
    at: String,
    program: Program,
    code: Code,
    severity: Severity,
    says: String,
    help: Option<String>,
}

impl Rules {
    pub fn read(rows: &[Arc<Node>]) -> Rules {
        let mut by_kind: BTreeMap<String, Vec<Arc<Rule>>> = BTreeMap::new();
        for row in rows {
            let rule = Arc::new(Rule::read(row));
            for kind in row.texts("of") {
                by_kind.entry(kind.to_owned()).or_default().push(rule.clone());
            }
        }
        Rules { by_kind }
    }

    fn of(&self, kind: &str) -> &[Arc<Rule>] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }
}

impl Rule {
    fn read(row: &Node) -> Rule {
        let Minor { major, minor } = Minor::DEFAULT;
        let env = Env::new(Version { major, minor }).with("self", Type::Dyn).with("object", Type::Dyn);
        let code = CODES.iter().find(|code| code.id() == row.text("code"));
        Rule {
            at: row.text("at").to_owned(),
            program: cel::compile(row.text("rule"), &env)
                .unwrap_or_else(|_| panic!("a built-in rule compiles: {}", row.text("rule"))),
            code: *code.expect("a built-in rule has a code"),
            severity: *Severity::ALL
                .iter()
                .find(|one| one.name() == row.text("severity"))
                .expect("a built-in rule has a severity"),
            says: row.text("says").to_owned(),
            help: row.get("help").and_then(|help| help.as_str()).map(str::to_owned),
        }
    }
}

pub(in crate::check) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let rules = &world.tables.mesh_rules;
    let own = rules.of(&format!("{}.{}", object.subject.kind, object.group()));
    if !own.is_empty() {
        judge(own, object.root, &object.path.pointer(), object, found);
    }
    if let Some(pod) = Pod::of(object, world.tables) {
        judge(rules.of(PODS), pod.root, &pod.pointer, object, found);
    }
}

fn judge(rules: &[Arc<Rule>], root: &Yaml<'_>, pointer: &str, object: &Object<'_>, found: &mut Diagnostics) {
    let whole = Value::from_yaml(root);
    for rule in rules {
        walk::each(root, &rule.at, pointer, &mut |yaml, pointer| {
            let variables: BTreeMap<Arc<str>, Value> =
                [("self".into(), Value::from_yaml(yaml)), ("object".into(), whole.clone())].into();
            // What is not of the form that a rule asks for is told of its schema.
            if let Ok(Value::Bool(false)) = rule.program.eval(&variables, COST_LIMIT).value {
                let mark = if matches!(yaml.data, Data::Map(_)) { head(yaml) } else { yaml.mark };
                let place = (mark, "here");
                let diagnostic = object.report(found, (rule.severity, rule.code), rule.says.clone(), place, pointer);
                diagnostic.help.clone_from(&rule.help);
            }
        });
    }
}
