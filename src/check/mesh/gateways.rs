//! Gateways: routes that are bound to them, ports that Services open, certificates.

use super::choose::is_usual;
use super::hosts::covers;
use super::subsets::{labels, pods, takes};
use super::{Mesh, Thing};
use crate::check::pod::{field, number, text};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::host::Date;
use crate::network::{Labels, Pod};
use crate::yaml::Yaml;
use crate::{cel, certificate};

pub(super) fn check(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    for route in mesh.of("route") {
        for (name, pointer) in route.at("spec/gateways/*") {
            bound(mesh, route, (name, pointer), found);
        }
        claims(mesh, route, found);
    }
    for gateway in mesh.of("gateway") {
        ports(mesh, gateway, found);
        for (server, pointer) in gateway.at("spec/servers/*") {
            credential(mesh, gateway, (server, pointer), found);
        }
    }
    shared(mesh, found);
}

/// The gateway that a name among those of a route means.
pub(super) fn named<'m>(mesh: &'m Mesh<'_>, route: &Thing<'_>, name: &str) -> Option<&'m Thing<'m>> {
    let (namespace, name) = name.split_once('/').unwrap_or((route.namespace(), name));
    let namespace = if namespace == "." { route.namespace() } else { namespace };
    let all = mesh.of("gateway").iter().chain(mesh.of("listener"));
    all.filter(|gateway| gateway.namespace() == namespace && gateway.name() == name)
        .max_by_key(|gateway| mesh.world.inputs.nearness(gateway.entry.file, route.entry.file))
}

fn bound(mesh: &Mesh<'_>, route: &Thing<'_>, (yaml, pointer): (&Yaml<'_>, String), found: &mut Diagnostics) {
    let Some(name) = yaml.as_str().filter(|name| *name != mesh.says("everywhere") && !name.contains(super::routes::FILLED))
    else {
        return;
    };
    let place = (yaml.mark, pointer);
    if name.contains(mesh.says("internal")) {
        let message = "a gateway that the mesh makes for itself is no place for routes";
        let diagnostic = mesh.tell(found, (Severity::Warning, Code::MeshGateway), message, route, place, "this gateway");
        diagnostic.help("bind an HTTPRoute to the Gateway of the Gateway API");
        return;
    }
    let Some(gateway) = named(mesh, route, name) else {
        let message = format!("no Gateway{} is called {name}", mesh.among());
        let diagnostic = mesh.tell(found, (mesh.missing(false), Code::MeshGateway), message, route, place, "asked for here");
        if mesh.is_complete {
            let known: Vec<String> = mesh.of("gateway").iter().map(Thing::title).collect();
            diagnostic.suggest(name, known.iter().map(String::as_str));
        }
        return;
    };
    let hosts = route.texts("spec/hosts/*");
    if !hosts.is_empty() && !hosts.iter().any(|host| offers(gateway, route, host)) {
        let message = format!("no server of the Gateway {} takes {}", gateway.title(), hosts.join(" or "));
        let diagnostic = mesh.tell(found, (mesh.between(), Code::MeshGateway), message, route, place, "bound here");
        mesh.beside(diagnostic, gateway.entry, "this Gateway");
    }
}

/// Whether a server of a gateway takes a host of a route.
fn offers(gateway: &Thing<'_>, route: &Thing<'_>, host: &str) -> bool {
    let listeners = gateway.at("spec/listeners/*");
    let names = listeners.iter().map(|(listener, _)| text(listener, "hostname").unwrap_or("*"));
    names.chain(gateway.texts("spec/servers/*/hosts/*")).any(|offered| {
        let (namespace, name) = offered.split_once('/').unwrap_or(("*", offered));
        let is_from = match namespace {
            "*" => true,
            "." => gateway.namespace() == route.namespace(),
            other => other == route.namespace(),
        };
        is_from && (covers(name, host) || covers(host, name))
    })
}

/// Which pods a gateway is for.
pub(super) fn selector(gateway: &Thing<'_>) -> Labels {
    labels(field(&gateway.root, "spec.selector"))
}

fn ports(mesh: &Mesh<'_>, gateway: &Thing<'_>, found: &mut Diagnostics) {
    let selector = selector(gateway);
    let own: Vec<&Pod> = pods(mesh, None, &selector).collect();
    let Some(open) = open(mesh, &selector, &own) else { return };
    for (port, pointer) in gateway.at("spec/servers/*/port/number") {
        let Some(number) = port.to_int().filter(|number| !open.contains(number)) else { continue };
        let severity = if own.is_empty() { Severity::Note } else { mesh.between() };
        let whose = if own.is_empty() {
            "the Service of the gateway that comes with the mesh does not"
        } else {
            "no Service of its pods does"
        };
        let message = format!("the Gateway listens on {number}, and {whose}");
        let diagnostic = mesh.tell(found, (severity, Code::MeshGatewayPort), message, gateway, (port.mark, pointer), "this port");
        diagnostic.help(format!("open are {}", open.iter().map(i128::to_string).collect::<Vec<_>>().join(", ")));
    }
}

/// The ports that Services open of some pods; none where nobody knows.
fn open(mesh: &Mesh<'_>, selector: &Labels, own: &[&Pod]) -> Option<Vec<i128>> {
    if own.is_empty() && is_usual(mesh, selector) {
        let ports = mesh.table().get("usual")?.get("ports")?;
        return Some(ports.items().iter().filter_map(|port| port.as_int()).collect());
    }
    let serves = |service: &&Thing<'_>| {
        let wanted = labels(field(&service.root, "spec.selector"));
        !wanted.is_empty() && own.iter().any(|pod| pod.namespace == service.namespace() && takes(&wanted, &pod.labels))
    };
    let mut open = Vec::new();
    for service in mesh.of("service").iter().filter(serves) {
        for (port, _) in service.at("spec/ports/*") {
            open.extend(number(port, "port"));
            open.extend(number(port, "targetPort"));
        }
    }
    (!open.is_empty()).then_some(open)
}

/// Keys of a Secret with a certificate, in the order in which they are read.
const KEYS: [[&str; 2]; 2] = [["tls.crt", "tls.key"], ["cert", "key"]];
const TLS: [&str; 3] = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"];

fn credential(mesh: &Mesh<'_>, gateway: &Thing<'_>, (server, pointer): (&Yaml<'_>, String), found: &mut Diagnostics) {
    let Some(name) = field(server, "tls.credentialName") else { return };
    let mode = text(server, "tls.mode").unwrap_or_default();
    let Some(wanted) =
        name.as_str().filter(|name| TLS.contains(&mode) && !name.contains("://") && !name.contains(super::routes::FILLED))
    else {
        return;
    };
    let selector = selector(gateway);
    let spaces: Vec<&str> = match pods(mesh, None, &selector).next() {
        None if is_usual(mesh, &selector) => vec![mesh.says("root")],
        None => return,
        Some(_) => pods(mesh, None, &selector).map(|pod| pod.namespace.as_str()).collect(),
    };
    let is_it = |secret: &&Thing<'_>| secret.name() == wanted && spaces.contains(&secret.namespace());
    let place = (name.mark, format!("{pointer}/tls/credentialName"));
    match mesh.of("secret").iter().find(is_it) {
        Some(secret) => {
            if let Err(wrong) = usable(mesh, secret) {
                let message = format!("the Secret {} {wrong}", secret.title());
                let kind = (Severity::Warning, Code::MeshCredential);
                let diagnostic = mesh.tell(found, kind, message, gateway, place, "this certificate");
                mesh.beside(diagnostic, secret.entry, "this one");
            }
        }
        None if is_made(mesh, wanted, &spaces) => {}
        None => {
            let among = if mesh.is_complete { "there is no Secret" } else { "among the inputs is no Secret" };
            let message = format!("{among} {wanted} in {}, where the pods of the gateway are", spaces[0]);
            mesh.tell(found, (mesh.missing(false), Code::MeshCredential), message, gateway, place, "asked for here");
        }
    }
}

/// Somebody will make it.
fn is_made(mesh: &Mesh<'_>, name: &str, spaces: &[&str]) -> bool {
    let is_provided = mesh.world.options.provided.iter().any(|one| one.name == name && spaces.contains(&&*one.namespace));
    let makes = |entry: &&crate::check::Entry| {
        let is_here = entry.subject.namespace.as_deref().is_some_and(|own| spaces.contains(&own));
        is_here && entry.links.as_deref().is_some_and(|kept| kept.makes("Secret.", name))
    };
    is_provided || mesh.index.objects.iter().any(|entry| makes(&entry))
}

/// What is wrong with a certificate, as far as its text tells; a Secret that is empty is filled by somebody else.
fn usable(mesh: &Mesh<'_>, secret: &Thing<'_>) -> Result<(), String> {
    let value = |key: &str| {
        let plain = secret.root.get("stringData").and_then(|data| data.get(key)?.as_str()).map(|text| text.as_bytes().to_vec());
        plain.or_else(|| cel::from_base64(secret.root.get("data")?.get(key)?.as_str()?))
    };
    if ["data", "stringData"].iter().all(|map| secret.root.get(map).is_none_or(|map| map.entries().is_empty())) {
        return Ok(());
    }
    let pair = KEYS.iter().find(|pair| pair.iter().all(|key| value(key).is_some()));
    let [chain, _] = pair.ok_or("has neither tls.crt and tls.key nor cert and key")?;
    let text = String::from_utf8(value(chain).unwrap_or_default()).unwrap_or_default();
    let end = certificate::ends_s(text.trim_start()).ok_or_else(|| format!("has no certificate under {chain}"))?;
    let end = Date::of_clock(end);
    match mesh.world.options.today {
        Some(today) if end < today => Err(format!("has a certificate that ended on {end}")),
        _ => Ok(()),
    }
}

/// One certificate on several gateways of the same pods.
fn shared(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    let gateways = mesh.of("gateway");
    for one in gateways {
        let own = selector(one);
        for (name, pointer) in one.at("spec/servers/*/tls/credentialName") {
            let is_same = |other: &&Thing<'_>| {
                !one.is(other)
                    && mesh.is_near(one.entry, other.entry)
                    && takes(&own, &selector(other))
                    && other.texts("spec/servers/*/tls/credentialName").contains(&name.as_str().unwrap_or_default())
            };
            if let Some(other) = gateways.iter().find(is_same) {
                let message = format!("the Gateway {} has this certificate too, for the same pods", other.title());
                let kind = (Severity::Warning, Code::MeshSharedCertificate);
                let diagnostic = mesh.tell(found, kind, message, one, (name.mark, pointer), "this certificate");
                mesh.beside(diagnostic, other.entry, "the other one");
            }
        }
    }
}

/// Routes by claims want somebody who checks them, on the pods of the gateway.
fn claims(mesh: &Mesh<'_>, route: &Thing<'_>, found: &mut Diagnostics) {
    let begins = |header: &&crate::yaml::Entry<'_>| header.key.name.starts_with(mesh.says("claims"));
    let matches = route.at("spec/http/*/match/*/headers");
    let Some((header, pointer)) = matches.iter().find_map(|(headers, at)| Some((headers.entries().iter().find(begins)?, at)))
    else {
        return;
    };
    let gateways: Vec<&Thing<'_>> = route.texts("spec/gateways/*").iter().filter_map(|name| named(mesh, route, name)).collect();
    let checks = |request: &Thing<'_>| {
        let wanted = labels(field(&request.root, "spec.selector.matchLabels"));
        !request.at("spec/targetRef|targetRefs").is_empty()
            || gateways.iter().any(|gateway| takes(&wanted, &selector(gateway)))
            || pods(mesh, None, &wanted).any(|pod| gateways.iter().any(|gateway| takes(&selector(gateway), &pod.labels)))
    };
    if gateways.is_empty() || mesh.of("request").iter().any(checks) {
        return;
    }
    let among = mesh.among();
    let message = format!("no RequestAuthentication{among} checks tokens on the gateway, so no request has this claim");
    let kind = (mesh.missing(!mesh.of("request").is_empty()), Code::MeshClaims);
    mesh.tell(found, kind, message, route, (header.key.mark, pointer.clone()), "this claim");
}
