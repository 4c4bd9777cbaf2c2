//! `lakegen promql`: what a query gives, or what Prometheus would refuse in it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::batch;
use super::output::{AnswerArgs, FindingArgs, Talk};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Host, reported};
use crate::promql;
use crate::report::Summary;
use crate::source::{Source, Span};

/// Say what a PromQL expression gives, or what is wrong in it and where
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen promql 'sum by (job) (rate(http_requests_total[5m]))'
  echo '{\"expr\": \"rate(up)\"}' | lakegen promql --batch -     a line with \"ok\", \"type\" and \"metrics\", or \"message\", \"start\", \"end\"")]
pub(super) struct PromqlArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    #[command(flatten)]
    pub(super) findings: FindingArgs,
    /// The expression
    #[arg(value_name = "EXPR", required_unless_present = "batch")]
    expr: Option<String>,
    /// Answer each line of a file, {"expr": "…"}, with a line
    #[arg(long, value_name = "FILE", conflicts_with = "expr")]
    batch: Option<PathBuf>,
}

pub(super) fn run(host: &dyn Host, args: &PromqlArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    if let Some(path) = &args.batch {
        return batch::run(host, path, talk, answer, diags);
    }
    let text = args.expr.as_deref().unwrap_or_default();
    match promql::parse(text) {
        Ok(expr) => {
            let metrics = expr.metrics();
            let read = if metrics.is_empty() { String::new() } else { format!(" of {}", metrics.join(", ")) };
            talk.answer(&format!("{}{read}\n", expr.type_().name()), diags)?;
            Ok(Summary::default())
        }
        Err(error) => {
            let source = Source::new("expression", text);
            diags.error(Code::BadQuery, error.message).at(&Span::new(&source, error.at), "here");
            Err(reported(diags))
        }
    }
}

fn answer(asked: &Value) -> Value {
    let Some(text) = asked["expr"].as_str() else { return json!({"ok": false, "message": "no expr", "start": 0, "end": 0}) };
    match promql::parse(text) {
        Ok(expr) => json!({"ok": true, "type": expr.type_().name(), "metrics": expr.metrics()}),
        Err(error) => json!({"ok": false, "message": error.message, "start": error.at.start, "end": error.at.end}),
    }
}
