//! Certificates that lie beside the output: which there must be in, files out, made once and renewed when somebody says so.

use std::io;
use std::path::{Path, PathBuf};

use super::{Done, Made, make_folder, put};
use crate::certificate::{self, Authority, Issued, RANDOM_BYTES};
use crate::host::{Content, Found, Host};

const MAX_FILE_BYTES: u64 = 1 << 20;
const DAY_S: u64 = 86_400;
/// What ends within so many days is told, and renewed.
pub const SOON_DAYS: u64 = 30;

/// A certificate that some program shows, its key, and the authority by which others know it.
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub authority: PathBuf,
    /// Under which its program is reached.
    pub names: Vec<String>,
}

/// Makes what is missing; a pair of which one half is there is told, for the other half cannot fit.
pub(super) fn init(host: &dyn Host, pair: &Pair, done: &mut Done) -> io::Result<()> {
    match (look(host, &pair.certificate)?, look(host, &pair.key)?) {
        (Some(certificate), Some(_)) => {
            done.kept += 2;
            done.ending += usize::from(is_ending(host, &certificate, SOON_DAYS));
        }
        (None, None) => {
            let issued = issue(host, &authority(host, pair)?, pair)?;
            put(host, &pair.key, issued.key.as_bytes())?;
            put(host, &pair.certificate, issued.certificate.as_bytes())?;
            done.written += 2;
        }
        (there, _) => {
            let left = if there.is_some() { &pair.certificate } else { &pair.key };
            return Err(io::Error::other(format!("its other half {} is there: remove it, or put yours here", left.display())));
        }
    }
    if look(host, &pair.authority)?.is_some() {
        done.kept += 1;
        return Ok(());
    }
    put(host, &pair.authority, authority(host, pair)?.pem.certificate.as_bytes())?;
    done.written += 1;
    Ok(())
}

/// Puts a new certificate in the place of one that ends soon, or of any; whether it did.
pub(super) fn renew(host: &dyn Host, pair: &Pair, is_all: bool) -> io::Result<bool> {
    match look(host, &pair.certificate)? {
        Some(certificate) if is_all || is_ending(host, &certificate, SOON_DAYS) => {}
        _ => return Ok(false),
    }
    let authority = lasting(host, pair, authority(host, pair)?)?;
    let issued = issue(host, &authority, pair)?;
    replace(host, &pair.key, &issued.key)?;
    replace(host, &pair.certificate, &issued.certificate)?;
    replace(host, &pair.authority, &authority.pem.certificate)?;
    Ok(true)
}

/// The one authority of a folder of secrets, made when the first certificate is. No container reads its key.
fn authority(host: &dyn Host, pair: &Pair) -> io::Result<Authority> {
    make_folder(host, &pair.certificate)?;
    let (certificate, key) = (beside(pair, "authority.crt"), beside(pair, "authority.key"));
    match (look(host, &certificate)?, look(host, &key)?) {
        (Some(known), Some(secret)) => Authority::read(&known, &secret)
            .ok_or_else(|| io::Error::other(format!("{} and its key are no authority", certificate.display()))),
        (None, None) => {
            let made = retry(host, |random| Authority::new("lakegen", random, host.clock_s()))?;
            put(host, &key, made.pem.key.as_bytes())?;
            put(host, &certificate, made.pem.certificate.as_bytes())?;
            Ok(made)
        }
        _ => Err(io::Error::other(format!("{} or its key is missing: put it back, or remove the other", certificate.display()))),
    }
}

/// An authority that ends before a new certificate would is renewed first, with the key it has.
fn lasting(host: &dyn Host, pair: &Pair, authority: Authority) -> io::Result<Authority> {
    if !is_ending(host, &authority.pem.certificate, certificate::LEAF_DAYS) {
        return Ok(authority);
    }
    let made = retry(host, |random| authority.renewed(random, host.clock_s()))?;
    replace(host, &beside(pair, "authority.crt"), &made.pem.certificate)?;
    Ok(made)
}

fn issue(host: &dyn Host, authority: &Authority, pair: &Pair) -> io::Result<Issued> {
    retry(host, |random| authority.issue(&pair.names, random, host.clock_s()))
}

/// Not every number is a key: one draw of four billion is none.
fn retry<T, E: std::fmt::Display>(host: &dyn Host, make: impl Fn(&[u8]) -> Result<T, E>) -> io::Result<T> {
    let first = make(&host.random(RANDOM_BYTES)?);
    first.or_else(|_| make(&host.random(RANDOM_BYTES)?).map_err(|error| io::Error::other(error.to_string())))
}

fn is_ending(host: &dyn Host, pem: &str, days: u64) -> bool {
    certificate::ends_s(pem).is_some_and(|ends| ends < host.clock_s() + days * DAY_S)
}

fn beside(pair: &Pair, name: &str) -> PathBuf {
    pair.certificate.with_file_name(name)
}

fn look(host: &dyn Host, path: &Path) -> io::Result<Option<String>> {
    match host.look(path, MAX_FILE_BYTES)? {
        Found::Nothing => Ok(None),
        Found::File(Content { bytes, .. }) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        _ => Err(io::Error::other("it is no file")),
    }
}

fn replace(host: &dyn Host, path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("fresh");
    if let Made::Kept = put(host, &fresh, text.as_bytes())? {
        host.remove_file(&fresh)?;
        put(host, &fresh, text.as_bytes())?;
    }
    host.rename(&fresh, path)
}
