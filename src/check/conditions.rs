//! Rules of tables in CEL, for objects of Kubernetes and for other documents: one value in, the findings of those that do not hold out.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::links::walk;
use super::pod::{Pod, head};
use super::{Document, Minor, Object, World};
use crate::cel::{self, COST_LIMIT, Env, Program, Type, Value, Version};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::Node;
use crate::yaml::{Data, Mark, Yaml};

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
    Code::WorkflowTwice,
    Code::WorkflowInjection,
    Code::WorkflowMoves,
    Code::WorkflowAction,
    Code::CloudField,
];

/// The kind whose rules are for the pods of every kind.
const PODS: &str = "pod";

/// The rules by the kinds and contents that they are for.
pub struct Conditions {
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

impl Conditions {
    pub fn read<'n>(rows: impl Iterator<Item = &'n Arc<Node>>) -> Conditions {
        let mut by_kind: BTreeMap<String, Vec<Arc<Rule>>> = BTreeMap::new();
        for row in rows {
            let rule = Arc::new(Rule::read(row));
            for kind in row.texts("of") {
                by_kind.entry(kind.to_owned()).or_default().push(rule.clone());
            }
        }
        Conditions { by_kind }
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
            severity: Severity::named(row.text("severity")).expect("a built-in rule has a severity"),
            says: row.text("says").to_owned(),
            help: row.get("help").and_then(|help| help.as_str()).map(str::to_owned),
        }
    }
}

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let rules = &world.tables.conditions;
    let mut tell = |rule: &Rule, mark: Mark, pointer: String| {
        let diagnostic = object.report(found, (rule.severity, rule.code), rule.says.clone(), (mark, "here"), pointer);
        diagnostic.help.clone_from(&rule.help);
    };
    let own = rules.of(&format!("{}.{}", object.subject.kind, object.group()));
    judge(own, object.root, &object.path.pointer(), &mut tell);
    if let Some(pod) = Pod::of(object, world.tables) {
        judge(rules.of(PODS), pod.root, &pod.pointer, &mut tell);
    }
}

pub(super) fn document(document: &Document<'_>, content: &str, world: &World<'_>, found: &mut Diagnostics) {
    judge(world.tables.conditions.of(content), document.root, "", &mut |rule, mark, pointer| {
        let diagnostic = document.report(found, (rule.severity, rule.code), rule.says.clone(), (mark, "here"), pointer);
        diagnostic.help.clone_from(&rule.help);
    });
}

fn judge(rules: &[Arc<Rule>], root: &Yaml<'_>, pointer: &str, tell: &mut dyn FnMut(&Rule, Mark, String)) {
    if rules.is_empty() {
        return;
    }
    let whole = LazyCell::new(|| Value::from_yaml(root));
    for rule in rules {
        walk::each(root, &rule.at, pointer, &mut |yaml, pointer| {
            let object = if rule.program.uses("object") { whole.clone() } else { Value::Null };
            let variables: BTreeMap<Arc<str>, Value> =
                [("self".into(), Value::from_yaml(yaml)), ("object".into(), object)].into();
            // What is not of the form that a rule asks for is told of its schema.
            if let Ok(Value::Bool(false)) = rule.program.eval(&variables, COST_LIMIT).value {
                let mark = if matches!(yaml.data, Data::Map(_)) { head(yaml) } else { yaml.mark };
                tell(rule, mark, pointer);
            }
        });
    }
}
