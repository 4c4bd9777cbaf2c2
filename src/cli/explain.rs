//! `lakegen explain`: where a value of an output came from, and what a line of the input reaches.

use std::path::Path;

use clap::Args;

use super::InputArgs;
use super::output::{FindingArgs, Talk};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::document::Document;
use crate::host::{Host, reported};
use crate::report::Summary;
use crate::{compile, origin};

/// Show where a value came from: every layer, the winner, the template and its line
#[derive(Args)]
#[command(after_help = "\
Examples:
  lakegen explain --mode compose docker-compose.yaml /services/valkey/image
  lakegen explain out/production/k3s-local/prefect-prod/deployment-prefect-server.yaml /spec/replicas
  lakegen explain --reverse lakehouse.toml:12     every field that depends on line 12")]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    pub(super) findings: FindingArgs,
    /// The file of the output, or the end of its path
    #[arg(value_name = "FILE", required_unless_present = "reverse")]
    file: Option<String>,
    /// A JSON pointer into it; empty for the whole document
    #[arg(value_name = "POINTER", default_value = "")]
    pointer: String,
    /// List every output field that depends on this line
    #[arg(long, value_name = "FILE:LINE", conflicts_with = "file")]
    reverse: Option<String>,
    /// Only this mode [default: every mode of the profile]
    #[arg(long = "mode", value_name = "MODE")]
    modes: Vec<String>,
}

pub(super) fn run(host: &dyn Host, args: &ExplainArgs, talk: &Talk<'_>, diags: &mut Diagnostics) -> Result<Summary, Reported> {
    let catalog = args.input.catalog(host, diags)?;
    let input = args.input.input(host, diags)?;
    let asked = args.mode_in_path(&catalog);
    let outputs = compile(&catalog, &input, &asked, diags)?;
    let text = match &args.reverse {
        Some(place) => reverse(&outputs, place, &input.file.name, diags)?,
        None => {
            let documents: Vec<&Document> = outputs.iter().flat_map(|output| &output.documents).collect();
            forward(&documents, args.file.as_deref().unwrap_or_default(), &args.pointer, diags)?
        }
    };
    talk.answer(&text, diags)?;
    Ok(Summary::default())
}

impl ExplainArgs {
    /// A path such as out/production/compose/x names its mode.
    fn mode_in_path(&self, catalog: &crate::catalog::Catalog) -> Vec<String> {
        if !self.modes.is_empty() {
            return self.modes.clone();
        }
        let parts = self.file.as_deref().unwrap_or_default().split('/');
        parts.filter(|part| catalog.mode(part).is_some()).map(str::to_owned).take(1).collect()
    }
}

fn forward(documents: &[&Document], file: &str, pointer: &str, diags: &mut Diagnostics) -> Result<String, Reported> {
    let fits = |document: &&&Document| {
        file == document.path || file.ends_with(&format!("/{}", document.path)) || document.path.ends_with(&format!("/{file}"))
    };
    let found: Vec<&&Document> = documents.iter().filter(fits).collect();
    let [document] = &found[..] else {
        let message = match found.len() {
            0 => format!("no output of this profile is called {file}"),
            _ => format!("{file} is the end of {} paths: name a mode, or more of the path", found.len()),
        };
        let known = documents.iter().map(|document| document.path.as_str());
        diags.error(Code::Unreadable, message).suggest(file, known);
        return Err(reported(diags));
    };
    let Some(text) = origin::explain(document, pointer) else {
        let deepest = document.node.nearest(pointer);
        let keys = deepest.entries().iter().map(|entry| &*entry.key);
        let last = pointer.rsplit('/').next().unwrap_or_default();
        diags.error(Code::Unreadable, format!("{} has nothing at {pointer}", document.path)).suggest(last, keys);
        return Err(reported(diags));
    };
    Ok(text)
}

fn reverse(outputs: &[crate::Output], place: &str, config: &str, diags: &mut Diagnostics) -> Result<String, Reported> {
    let parsed = place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
    let Some((file, line)) = parsed else {
        diags.error(Code::BadSet, format!("{place} is no FILE:LINE")).help("for example lakehouse.toml:12");
        return Err(reported(diags));
    };
    // The file may be named as it is found, or by its last part.
    let same = Path::new(config).file_name() == Path::new(file).file_name() && Path::new(config).ends_with(file);
    let file = if same { config } else { file };
    let mut text = String::new();
    for output in outputs {
        for (path, pointer) in origin::reverse(&output.documents, file, line) {
            text.push_str(format!("{}/{path} {pointer}", output.mode).trim_end());
            text.push('\n');
        }
    }
    Ok(text)
}
