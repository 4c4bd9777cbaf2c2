//! The values of secrets: which files a mode reads them from, and making those that are missing.
//!
//! No output holds a value. They lie beside it, in files that are made once and never written again; only certificates
//! end, and are renewed.

mod pairs;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::graph::Graph;
use crate::host::{self, Host, Kind};
use crate::node::{Data, Node, Number};
use crate::origin;
use crate::tree::path_problem;
use crate::types::hexadecimal;

pub use pairs::{Pair, SOON_DAYS};

/// One key of one secret, and the file that holds its value.
pub struct File {
    pub path: PathBuf,
    value: Value,
}

enum Value {
    /// As many bytes that nobody can guess, as hexadecimal digits.
    Random(usize),
    /// No secret, such as a user's name.
    Known(String),
    /// It opens somebody else's service: only the user has it.
    Yours,
}

#[derive(Default)]
pub struct Done {
    pub written: usize,
    pub kept: usize,
    /// The files that only the user can write.
    pub yours: Vec<PathBuf>,
    /// Certificates that end soon.
    pub ending: usize,
}

/// What lies beside an output.
#[derive(Default)]
pub struct Wanted {
    pub files: Vec<File>,
    pub pairs: Vec<Pair>,
}

/// The files of all secrets that some workload reads, below `root`.
pub fn files(graph: &Graph, root: &Path, diags: &mut Diagnostics) -> Result<Wanted, Reported> {
    let mut wanted = Wanted::default();
    for secret in &graph.secrets {
        let mut files = Vec::new();
        for file in &secret.files {
            let said = secret.node.get("keys").and_then(|keys| keys.get(&file.key));
            let value = if secret.external.is_some() { Value::Yours } else { said.map_or(Value::Yours, |node| value(node)) };
            // `./secrets/x` and `secrets/x` are one path to a person.
            let below = file.node.as_str().unwrap_or_default().trim_start_matches("./");
            if let Some(problem) = path_problem(below) {
                let span = origin::written(&file.node);
                if !diags.has_told(Code::UnsafePath, span.as_ref()) {
                    let message = format!("no secret is written to {below:?}: {problem}");
                    diags.error(Code::UnsafePath, message).at_some(span, "it would lie outside of the output folder");
                }
            }
            files.push(File { path: root.join(below), value });
        }
        match (secret.is_certificate() && secret.external.is_none(), files) {
            (false, mut files) => wanted.files.append(&mut files),
            (true, files) => wanted.pairs.extend(pair(files, &secret.names)),
        }
    }
    diags.checkpoint()?;
    Ok(wanted)
}

/// The three files of a certificate, in the order of its keys; none where somebody in the cluster makes it.
fn pair(files: Vec<File>, names: &[Arc<Node>]) -> Option<Pair> {
    let [authority, certificate, key] = <[File; 3]>::try_from(files).ok()?.map(|file| file.path);
    let own = ["localhost", "127.0.0.1"].map(str::to_owned);
    let names = names.iter().filter_map(|name| name.as_str().map(str::to_owned)).chain(own).collect();
    Some(Pair { certificate, key, authority, names })
}

fn value(node: &Node) -> Value {
    match &node.data {
        Data::Number(Number::Int(bytes)) => Value::Random(usize::try_from(*bytes).unwrap_or_default()),
        _ => Value::Known(node.as_str().unwrap_or_default().to_owned()),
    }
}

/// Makes what is missing; what is there stays as it is.
pub fn init(host: &dyn Host, wanted: &Wanted, diags: &mut Diagnostics) -> Result<Done, Reported> {
    let mut done = Done::default();
    for file in &wanted.files {
        match make(host, file) {
            Ok(Made::New) => done.written += 1,
            Ok(Made::Kept) => done.kept += 1,
            Ok(Made::Yours) => done.yours.push(file.path.clone()),
            Err(error) => return Err(cannot_write(&file.path, &error, diags)),
        }
    }
    for pair in &wanted.pairs {
        let made = pairs::init(host, pair, &mut done);
        made.map_err(|error| cannot_write(&pair.certificate, &error, diags))?;
    }
    Ok(done)
}

/// Puts new certificates in the place of those that end soon, or of all; how many they were.
pub fn renew(host: &dyn Host, wanted: &Wanted, is_all: bool, diags: &mut Diagnostics) -> Result<usize, Reported> {
    let mut renewed = 0;
    for pair in &wanted.pairs {
        let made = pairs::renew(host, pair, is_all);
        renewed += usize::from(made.map_err(|error| cannot_write(&pair.certificate, &error, diags))?);
    }
    Ok(renewed)
}

fn cannot_write(path: &Path, error: &std::io::Error, diags: &mut Diagnostics) -> Reported {
    diags.error(Code::CannotWrite, format!("{} cannot be written: {}", path.display(), host::words(error)));
    host::reported(diags)
}

enum Made {
    New,
    Kept,
    Yours,
}

fn make(host: &dyn Host, file: &File) -> std::io::Result<Made> {
    if host.kind(&file.path)?.is_some() {
        return Ok(Made::Kept);
    }
    let content = match &file.value {
        Value::Random(bytes) => hexadecimal(&host.random(*bytes)?),
        Value::Known(text) => text.clone(),
        Value::Yours => {
            make_folder(host, &file.path)?;
            return Ok(Made::Yours);
        }
    };
    make_folder(host, &file.path)?;
    put(host, &file.path, content.as_bytes())
}

/// Whole or not at all, and never over another: written under a name beside it, which then gets the right one too.
fn put(host: &dyn Host, path: &Path, bytes: &[u8]) -> std::io::Result<Made> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    if host.kind(&beside)? == Some(Kind::File) {
        host.remove_file(&beside)?;
    }
    host.create(&beside, bytes, false)?;
    let linked = host.link(&beside, path);
    host.remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Made::Kept),
        linked => linked.map(|()| Made::New),
    }
}

/// The folder of a secret: nobody else can enter it, and git passes it over.
fn make_folder(host: &dyn Host, path: &Path) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    if host.kind(folder)?.is_none() {
        folder.parent().map_or(Ok(()), |above| host.make_folders(above))?;
        host.make_private_folder(folder)?;
    }
    let ignored = folder.join(".gitignore");
    if host.kind(&ignored)?.is_none() {
        host.create(&ignored, b"*\n", false)?;
    }
    Ok(())
}
