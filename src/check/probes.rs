//! Probes of a pod in, those of a port that their container does not have out: the kubelet asks by the name, and finds none.

use super::pod::{Container, Pod, field, items, text};
use super::{Object, World};
use crate::diagnostic::{Code, Diagnostics, Severity};

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
const HANDLERS: [&str; 2] = ["httpGet", "tcpSocket"];

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let Some(pod) = Pod::of(object, world.tables) else { return };
    for container in &pod.containers {
        for (probe, handler) in PROBES.iter().flat_map(|probe| HANDLERS.iter().map(move |handler| (probe, handler))) {
            let path = format!("{probe}.{handler}.port");
            // A number need not be among the ports; a host of its own is asked there.
            let Some(port) = text(container.yaml, &path).filter(|port| port.parse::<u16>().is_err()) else { continue };
            if has(container, port) {
                continue;
            }
            let message =
                format!("the {probe} asks for the port {port}, and the container {} has none of this name", container.name);
            let mark = field(container.yaml, &path).map_or_else(|| container.head(), |port| port.mark);
            let pointer = pod.pointer(container.owner(), &path);
            let diagnostic = object.report(found, (Severity::Error, Code::BadProbe), message, (mark, "this name"), pointer);
            diagnostic.suggest(port, items(container.yaml, "ports").iter().filter_map(|port| text(port, "name")));
        }
    }
}

fn has(container: &Container<'_>, name: &str) -> bool {
    items(container.yaml, "ports").iter().any(|port| text(port, "name") == Some(name))
}
