//! `lakegen connections`: manifests in, who may talk to whom out.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::{AnswerArgs, Talk, standard_input};
use crate::check::{self, Admission, Options, Tables, World};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::Host;
use crate::inputs::Inputs;
use crate::network::{self, Ends, Network};
use crate::report::Summary;

/// Tell who may talk to whom under the network policies in some files
#[derive(Args)]
#[command(after_help = "\
A workload is namespace/name[Kind], the outside a range of addresses. What a machine itself sends to its pods always passes.

Examples:
  lakegen connections out/production/k3s                       every connection
  lakegen connections --to prefect/postgresql deploy/          who reaches the database
  lakegen connections --from web --to 8.8.8.8 --explain .      which policy lets it out, or does not
  lakegen connections --format json deploy/ | jq .             for programs
  helm template . | lakegen connections --format mermaid -")]
pub(super) struct ConnectionsArgs {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// How it is told
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Only what these may reach: a workload, namespace/name or name, or an address
    #[arg(long, value_name = "END")]
    from: Vec<String>,
    /// Only who may reach these
    #[arg(long, value_name = "END")]
    to: Vec<String>,
    /// Also say which policy decides, and where nothing passes
    #[arg(long)]
    explain: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Mermaid,
}

pub(super) fn run(
    host: &dyn Host,
    args: &ConnectionsArgs,
    talk: &Talk<'_>,
    diags: &mut Diagnostics,
) -> Result<Summary, Reported> {
    let tables = Tables::load();
    let options = Options::reading();
    let inputs = Inputs::gather(host, &args.paths, &standard_input, diags)?;
    let kinds = check::kinds(options.version, &[&inputs], diags);
    let world = World { options: &options, kinds: &kinds, tables, inputs: &inputs, admission: &Admission::default() };
    let index = check::index(&world, diags);
    diags.checkpoint()?;
    let network = Network::of(&index.network);
    let ends = Ends { from: args.from.clone(), to: args.to.clone(), is_explained: args.explain };
    for name in network::strangers(&network, &ends) {
        let titles: Vec<String> = network.workloads.iter().map(network::Pod::title).collect();
        let diagnostic = diags.error(Code::BadArgument, format!("{name} is no workload of these files, and no address"));
        diagnostic.suggest(name, titles.iter().map(String::as_str));
    }
    diags.checkpoint()?;
    let connections = network::connections(&network, &ends);
    let text = match args.format {
        Format::Text => network::text(&network, &connections),
        Format::Json => network::to_json(&network, &connections, args.explain),
        Format::Mermaid => network::mermaid(&connections),
    };
    talk.answer(&text, diags)?;
    Ok(Summary { files: inputs.files.len(), objects: index.objects.len(), ..Summary::default() })
}
