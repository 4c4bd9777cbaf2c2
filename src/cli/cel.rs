//! `lakegen cel`: one expression, or one a line, and what comes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::output::{self, AnswerArgs, Talk};
use crate::cel::{self, COST_LIMIT, Env, Type, Value, Version};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host, reported};
use crate::report::Summary;
use crate::source::{Source, Span};

const MAX_BATCH_BYTES: u64 = 256 << 20;

/// Compute an expression of CEL as the API server would
#[derive(Args)]
#[command(after_help = "\
The functions are those of the API server: the standard ones, optional values, comprehensions with two variables, the
libraries of Kubernetes. There is no authorizer to ask offline.

With --batch each line holds {\"expr\": \"…\", \"vars\": {…}}, and each answer is one line, in order:
{\"value\": V, \"type\": \"…\"}, or {\"error\": \"compile\" or \"eval\", \"message\": \"…\"}.

Examples:
  lakegen cel '[1, 2, 3].all(x, x > 0)'
  lakegen cel 'quantity(limit).isGreaterThan(quantity(\"1Gi\"))' --vars '{\"limit\": \"1500Mi\"}'
  lakegen cel --batch expressions.jsonl")]
pub(super) struct CelArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// The expression
    #[arg(value_name = "EXPR", required_unless_present = "batch", conflicts_with = "batch")]
    expr: Option<String>,
    /// Variables, as a JSON object
    #[arg(long, value_name = "JSON", conflicts_with = "batch")]
    vars: Option<String>,
    /// A file with one expression a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Whether the value is plain JSON, or says the type of each part
    #[arg(long, value_name = "FORMAT", default_value = "human", conflicts_with = "batch")]
    format: AnswerFormat,
    /// Tell what it costs on the API server, too
    #[arg(long)]
    cost: bool,
    /// The version of Kubernetes whose functions there are
    #[arg(long, value_name = "VERSION", default_value = "1.36")]
    kubernetes_version: Version,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum AnswerFormat {
    Human,
    Json,
}

pub(super) fn run(host: &dyn Host, args: &CelArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    if let Some(path) = &args.batch {
        batch(host, path, args, talk, diags)?;
        return Ok(Summary::default());
    }
    let expr = args.expr.as_deref().unwrap_or_default();
    let vars = match serde_json::from_str(args.vars.as_deref().unwrap_or("{}")) {
        Ok(Json::Object(vars)) => Json::Object(vars),
        _ => {
            diags.error(Code::BadArgument, "--vars is not a JSON object");
            return Err(reported(diags));
        }
    };
    let answer = compute(expr, &vars, args.kubernetes_version);
    match &answer {
        _ if args.format == AnswerFormat::Json => talk.answer(&format!("{}\n", answer.to_json(args.cost)), diags)?,
        Answer::Value(value, _, cost) => match value.to_plain_json() {
            Ok(value) => {
                talk.answer(&format!("{value}\n"), diags)?;
                if args.cost {
                    talk.say(&format!("cost {cost} of {COST_LIMIT}"));
                }
            }
            Err(fault) => fail(expr, &fault.message, diags),
        },
        _ => {}
    }
    match answer {
        Answer::Value(..) => {}
        Answer::Issues(issues) => issues.iter().for_each(|issue| report(expr, issue, diags)),
        Answer::Fault(message) => fail(expr, &message, diags),
    }
    diags.checkpoint()?;
    Ok(Summary::default())
}

fn batch(host: &dyn Host, path: &Path, args: &CelArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<(), Reported> {
    let source = match path.to_str() {
        Some("-") => output::standard_input(diags)?,
        _ => host::source(host, path, MAX_BATCH_BYTES, diags)?,
    };
    let mut answers = String::new();
    for line in source.text.lines() {
        let _ = writeln!(answers, "{}", row(line, args));
    }
    talk.answer(&answers, diags)
}

enum Answer {
    Value(Value, Type, u64),
    Issues(Vec<cel::Issue>),
    Fault(String),
}

fn compute(expr: &str, vars: &Json, version: Version) -> Answer {
    let vars: BTreeMap<Arc<str>, Value> =
        vars.as_object().into_iter().flatten().map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect();
    let env = vars.keys().fold(Env::new(version), |env, name| env.with(name, Type::Dyn));
    let program = match cel::compile(expr, &env) {
        Ok(program) => program,
        Err(issues) => return Answer::Issues(issues),
    };
    let outcome = program.eval(&vars, COST_LIMIT);
    match outcome.value {
        Ok(value) => Answer::Value(value, program.of, outcome.cost),
        Err(fault) => Answer::Fault(fault.message.into_owned()),
    }
}

fn row(line: &str, args: &CelArgs) -> Json {
    let Ok(row) = serde_json::from_str::<Json>(line) else {
        return json!({"error": "compile", "message": "the line is not JSON"});
    };
    let expr = row["expr"].as_str().unwrap_or_default();
    match compute(expr, &row["vars"], args.kubernetes_version) {
        Answer::Issues(issues) => json!({"error": "compile", "message": cel::in_words(&issues, expr).to_string()}),
        answer => answer.to_json(args.cost),
    }
}

impl Answer {
    fn to_json(&self, with_cost: bool) -> Json {
        match self {
            Answer::Value(value, of, cost) => match value.to_typed_json() {
                Ok(value) if with_cost => json!({"value": value, "type": of.to_string(), "cost": cost}),
                Ok(value) => json!({"value": value, "type": of.to_string()}),
                Err(fault) => json!({"error": "eval", "message": fault.message}),
            },
            Answer::Issues(issues) => {
                let messages: Vec<&str> = issues.iter().map(|issue| &*issue.message).collect();
                json!({"error": "compile", "message": messages.join("; ")})
            }
            Answer::Fault(message) => json!({"error": "eval", "message": message}),
        }
    }
}

fn fail(expr: &str, message: &str, diags: &mut Diagnostics) {
    let source = Source::new("expression", expr);
    diags.error(Code::FailingExpression, message).at(&Span::new(&source, 0..expr.len()), "this expression");
}

fn report(expr: &str, issue: &cel::Issue, diags: &mut Diagnostics) {
    let source = Source::new("expression", expr);
    let start = expr.char_indices().nth(issue.at).map_or(expr.len(), |(at, _)| at);
    let end = expr[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    diags.error(Code::BadExpression, issue.message.clone()).at(&Span::new(&source, start..end), "here");
}
