//! One build at a time: a folder in, the right to write into it out.

use std::time::Duration;

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Lock, reported};

use super::root::{LOCK, OURS, Root};

const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until nobody else writes into the folder. The lock ends with its holder, however that ends.
pub(super) fn take(root: &Root<'_>, tell: &mut dyn FnMut(&str), diags: &mut Diagnostics) -> Result<Lock, Reported> {
    if let Err(error) = root.host.make_folders(&root.join(OURS)) {
        root.unwritable(OURS, &error, diags);
        return Err(reported(diags));
    }
    for attempt in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        match root.host.try_lock(&root.join(LOCK)) {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) if attempt == 0 => tell(&format!("waiting for another lakegen that writes into {}", root.path.display())),
            Ok(None) => {}
            Err(error) => {
                root.unwritable(LOCK, &error, diags);
                return Err(reported(diags));
            }
        }
        root.host.wait(PAUSE);
    }
    let message = format!("another lakegen has been writing into {} for {} seconds", root.path.display(), PATIENCE.as_secs());
    diags
        .error(Code::Busy, message)
        .at(&root.span(LOCK), "held here")
        .help("wait for it, end it, or take another folder with --out");
    Err(reported(diags))
}
