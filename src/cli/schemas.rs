//! `lakegen schemas`: the kinds that `validate` knows, and what their fields are.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::output::{AnswerArgs, Talk};
use crate::check::{Kinds, Known, Minor};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::reported;
use crate::report::Summary;
use crate::structural::{KindRow, Shape, Shapes};

/// Show the kinds that `validate` knows, and their fields
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen schemas list                                  every kind, its versions of Kubernetes, its source
  lakegen schemas show Deployment                       the fields of a kind
  lakegen schemas show Deployment spec.template.spec    … of a part of it; items of lists are meant without saying so
  lakegen schemas show Cluster spec.bootstrap           … also of an operator")]
pub(super) struct SchemasArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

#[derive(Subcommand)]
enum What {
    /// Every kind
    List,
    /// The fields of one
    Show(ShowArgs),
}

#[derive(Args)]
struct ShowArgs {
    /// The name of the kind
    kind: String,
    /// A part of it, such as spec.template
    field: Option<String>,
    /// Where several API versions have it
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// The version of Kubernetes [default: 1.36]
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<String>,
}

pub(super) fn run(args: &SchemasArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let text = match &args.what {
        What::List => list(&Kinds::of(Minor::DEFAULT)),
        What::Show(args) => show(args, diags)?,
    };
    talk.answer(&text, diags)?;
    Ok(Summary::default())
}

fn list(kinds: &Kinds) -> String {
    let mut out = String::new();
    for row in kinds.rows() {
        let versions = kinds.versions_of(&row).join(" ");
        let _ = writeln!(out, "{:<44} {:<36} {:<26} {}", row.api_version, row.kind, versions, row.source);
    }
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn show(args: &ShowArgs, diags: &mut Diagnostics) -> Result<String, Reported> {
    let version = args.kubernetes_version.as_deref().map_or(Some(Minor::DEFAULT), Minor::parse);
    let Some(version) = version else {
        diags.error(Code::BadArgument, "that is no version of Kubernetes").help("write it as 1.36");
        return Err(reported(diags));
    };
    let kinds = Kinds::of(version);
    let is_meant = |row: &KindRow| {
        row.kind.eq_ignore_ascii_case(&args.kind) && args.api_version.as_ref().is_none_or(|version| *version == row.api_version)
    };
    let found: Vec<KindRow> = kinds.rows().filter(is_meant).collect();
    let mut out = String::new();
    for row in &found {
        let Known::Kind(kind) = kinds.find(row.api_version, row.kind) else { continue };
        let _ = writeln!(out, "{} {}, {}", row.api_version, row.kind, row.source);
        match part(kind.shapes, kind.shapes.shape(kind.root), args.field.as_deref().unwrap_or_default()) {
            Some(shape) => fields(kind.shapes, shape, &mut out),
            None => out.push_str("  has no such field\n"),
        }
    }
    if out.is_empty() {
        let names = kinds.names();
        let diagnostic = diags.error(Code::BadArgument, format!("no schema is known of {}", args.kind));
        diagnostic.suggest(&args.kind, names).help("`lakegen schemas list` prints the kinds that are known");
        return Err(reported(diags));
    }
    Ok(out)
}

/// What stands below a way of fields.
fn part<'s>(shapes: &'s dyn Shapes, root: &'s Shape, way: &str) -> Option<&'s Shape> {
    let mut shape = inner(shapes, root);
    for step in way.split('.').filter(|step| !step.is_empty()) {
        let next = shape.property(step).map(|property| property.shape).or(shape.values)?;
        shape = inner(shapes, shapes.shape(next));
    }
    Some(shape)
}

/// The items of a list in its place.
fn inner<'s>(shapes: &'s dyn Shapes, shape: &'s Shape) -> &'s Shape {
    shape.items.map_or(shape, |items| inner(shapes, shapes.shape(items)))
}

fn fields(shapes: &dyn Shapes, shape: &Shape, out: &mut String) {
    if shape.properties.is_empty() {
        let _ = writeln!(out, "  {}", words(shapes, shape));
    }
    for property in &shape.properties {
        let is_required = shape.required.contains(&property.name);
        let required = if is_required && property.default.is_none() { ", required" } else { "" };
        let default = property.default.as_ref().map_or_else(String::new, |default| format!(", {} by default", default.words()));
        let _ = writeln!(out, "  {:<32} {}{required}{default}", property.name, words(shapes, shapes.shape(property.shape)));
    }
}

/// `a list of maps`, `one of Always, Never`
fn words(shapes: &dyn Shapes, shape: &Shape) -> String {
    let choices: Vec<String> = shape.choices.iter().map(|choice| choice.words()).collect();
    if !choices.is_empty() {
        return format!("one of {}", choices.join(", "));
    }
    if let Some(format) = shape.format {
        return format.words().to_owned();
    }
    match (shape.items, shape.values) {
        (Some(items), _) => format!("a list, each {}", words(shapes, shapes.shape(items))),
        (_, Some(values)) => format!("a map, each value {}", words(shapes, shapes.shape(values))),
        _ if shape.types.is_any() => "anything".to_owned(),
        _ => shape.types.words(),
    }
}
