//! The checks of the Pod Security Standards: a pod in, what it may not do out, in the words of the API server.

use std::collections::BTreeSet;

use super::words::{Setters, containers, forms, names, quoted};
use super::{Failure, Row};
use crate::check::pod::{Container, Owner, Pod, field, flag, items, number, text};
use crate::yaml::{Data, Yaml};

pub(super) type Check = for<'y> fn(&Pod<'y>, &Row<'_>) -> Option<Failure<'y>>;

/// By the names of schemas/pod-security.toml.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("apparmor", apparmor),
    ("added-capabilities", added_capabilities),
    ("host-namespaces", host_namespaces),
    ("host-paths", host_paths),
    ("host-ports", host_ports),
    ("hosts-of-probes", hosts_of_probes),
    ("privileged", privileged),
    ("proc-mounts", proc_mounts),
    ("selinux", selinux),
    ("seccomp-annotations", seccomp_annotations),
    ("seccomp", seccomp),
    ("sysctls", sysctls),
    ("host-processes", host_processes),
    ("escalation", escalation),
    ("capabilities", capabilities),
    ("volumes", volumes),
    ("root", root),
    ("root-user", root_user),
    ("seccomp-everywhere", seccomp_everywhere),
];

fn is(value: Option<&Yaml<'_>>, flag: bool) -> bool {
    value.is_some_and(|value| value.data == Data::Bool(flag))
}

fn is_forbidden(value: Option<&Yaml<'_>>, row: &Row<'_>) -> bool {
    value.is_some_and(|value| !row.allows(value.as_str().unwrap_or_default()))
}

fn apparmor<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
    const TYPE: &str = "securityContext.appArmorProfile.type";
    let mut set = Setters::everywhere(pod, TYPE, |value| is_forbidden(value, row));
    // Of a pod itself the API server writes the annotation into the field that takes its place, before it judges.
    let is_written = |one: &Container<'_>| {
        let is_its =
            |(key, value): (&str, &Yaml<'_>)| key.strip_prefix(PREFIX) == Some(one.name) && value.as_str() == Some("unconfined");
        let is_new = field(one.yaml, "securityContext.appArmorProfile").is_none() && text(pod.spec, TYPE) != Some("Unconfined");
        pod.is_itself && pod.text("os.name") != Some("windows") && is_new && pod.annotations().any(is_its)
    };
    let is_bad = |one: &&Container<'y>| is_written(one) || is_forbidden(field(one.yaml, TYPE), row);
    set.containers = pod.containers.iter().filter(is_bad).map(|one| one.name).collect();
    set.values.extend(pod.containers.iter().any(is_written).then(|| "Unconfined".to_owned()));
    let mut setters: Vec<String> = set.words().into_iter().collect();
    let mut annotations: Vec<String> = Vec::new();
    for (key, value) in pod.annotations().filter(|(key, _)| key.starts_with(PREFIX)) {
        let profile = value.as_str().unwrap_or_default();
        if !profile.is_empty() && profile != "runtime/default" && !profile.starts_with("localhost/") {
            annotations.push(format!("{key}={profile:?}"));
            set.spot(Owner::Annotation(key), "", value.mark);
        }
    }
    annotations.sort();
    if !annotations.is_empty() {
        setters.push(forms(annotations.len(), "annotation", "annotations").to_owned());
    }
    let values: Vec<String> = set.values.iter().cloned().chain(annotations).collect();
    let reason = forms(values.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    let detail = || format!("{} must not set AppArmor profile type to {}", setters.join(" and "), quoted(&values));
    set.failure(reason, detail)
}

fn added_capabilities<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    let set = capabilities_beyond(pod, row);
    let detail = || {
        let (who, what) = (containers(&set.containers), quoted(&set.values));
        format!("{who} must not include {what} in securityContext.capabilities.add")
    };
    set.failure("non-default capabilities", detail)
}

/// Containers that add capabilities which they may not.
fn capabilities_beyond<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Setters<'y> {
    const ADDED: &str = "securityContext.capabilities.add";
    let mut set = Setters::default();
    for container in &pod.containers {
        let mut forbidden = items(container.yaml, ADDED).iter().filter(|added| is_forbidden(Some(added), row)).peekable();
        if forbidden.peek().is_some() {
            set.containers.push(container.name);
        }
        for added in forbidden {
            set.values.insert(added.as_str().unwrap_or_default().to_owned());
            set.spot(container.owner(), ADDED, added.mark);
        }
    }
    set
}

fn host_namespaces<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let mut set = Setters::default();
    let mut found: Vec<String> = Vec::new();
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(value) = field(pod.spec, name).filter(|value| is(Some(value), true)) {
            found.push(format!("{name}=true"));
            set.spot(Owner::Pod, name, value.mark);
        }
    }
    set.failure("host namespaces", || found.join(", "))
}

fn host_paths<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let mut set = Setters::default();
    let mut found: Vec<&str> = Vec::new();
    for (at, volume) in items(pod.spec, "volumes").iter().enumerate() {
        if let Some(path) = field(volume, "hostPath") {
            found.push(text(volume, "name").unwrap_or_default());
            set.spot(Owner::Volume(at), "hostPath", path.mark);
        }
    }
    set.failure("hostPath volumes", || format!("{} {}", forms(found.len(), "volume", "volumes"), quoted(&found)))
}

fn host_ports<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    // In the network of its machine a pod has the ports of the machine; a template says so only when a pod is made of it.
    let is_in_host = pod.is_itself && pod.flag("hostNetwork") == Some(true);
    let mut set = Setters::default();
    for container in &pod.containers {
        let before = set.spots.len();
        for port in items(container.yaml, "ports") {
            let given = number(port, "hostPort").filter(|port| *port != 0);
            let is_made = is_in_host && container.list != "ephemeralContainers";
            let Some(taken) = given.or_else(|| number(port, "containerPort").filter(|_| is_made)) else { continue };
            set.values.insert(taken.to_string());
            set.spot(container.owner(), "ports", field(port, "hostPort").map_or(port.mark, |value| value.mark));
        }
        if set.spots.len() > before {
            set.containers.push(container.name);
        }
    }
    set.failure("hostPort", || {
        let (who, use_) = (containers(&set.containers), forms(set.containers.len(), "uses", "use"));
        let ports: Vec<&str> = set.values.iter().map(String::as_str).collect();
        format!("{who} {use_} {} {}", forms(ports.len(), "hostPort", "hostPorts"), ports.join(", "))
    })
}

/// Where a container may name a host that is asked.
const HOSTS: [&str; 10] = [
    "livenessProbe.httpGet.host",
    "livenessProbe.tcpSocket.host",
    "readinessProbe.httpGet.host",
    "readinessProbe.tcpSocket.host",
    "startupProbe.httpGet.host",
    "startupProbe.tcpSocket.host",
    "lifecycle.postStart.httpGet.host",
    "lifecycle.postStart.tcpSocket.host",
    "lifecycle.preStop.httpGet.host",
    "lifecycle.preStop.tcpSocket.host",
];

fn hosts_of_probes<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let mut set = Setters::default();
    let mut who: BTreeSet<&str> = BTreeSet::new();
    for container in &pod.containers {
        for path in HOSTS {
            let Some(host) = text(container.yaml, path).filter(|host| !host.is_empty()) else { continue };
            who.insert(container.name);
            set.values.insert(host.to_owned());
            set.spot(container.owner(), path, field(container.yaml, path).map_or_else(|| container.head(), |value| value.mark));
        }
    }
    let who: Vec<&str> = who.into_iter().collect();
    set.failure("probe or lifecycle host", || {
        let hosts = forms(set.values.len(), "probe or lifecycle host", "probe or lifecycle hosts");
        format!("{} {} {hosts} {}", containers(&who), forms(who.len(), "uses", "use"), quoted(&set.values))
    })
}

fn privileged<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let set = Setters::of_containers(pod, "securityContext.privileged", |value| is(value, true));
    set.failure("privileged", || format!("{} must not set securityContext.privileged=true", containers(&set.containers)))
}

fn proc_mounts<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    let set = Setters::of_containers(pod, "securityContext.procMount", |value| is_forbidden(value, row));
    set.failure("procMount", || {
        format!("{} must not set securityContext.procMount to {}", containers(&set.containers), quoted(&set.values))
    })
}

fn selinux<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    let mut set = Setters::default();
    let mut is_set = [false; 2];
    let owners = std::iter::once((Owner::Pod, "", pod.spec));
    let owners = owners.chain(pod.containers.iter().map(|one| (one.owner(), one.name, one.yaml)));
    for (owner, name, yaml) in owners {
        let before = set.spots.len();
        const TYPE: &str = "securityContext.seLinuxOptions.type";
        if let Some(value) = field(yaml, TYPE).filter(|value| value.as_str() != Some("") && is_forbidden(Some(value), row)) {
            set.values.insert(value.as_str().unwrap_or_default().to_owned());
            set.spot(owner, TYPE, value.mark);
        }
        for (at, path) in ["securityContext.seLinuxOptions.user", "securityContext.seLinuxOptions.role"].iter().enumerate() {
            if let Some(value) = field(yaml, path).filter(|value| value.as_str() != Some("")) {
                is_set[at] = true;
                set.spot(owner, path, value.mark);
            }
        }
        match owner {
            _ if set.spots.len() == before => {}
            Owner::Pod => set.is_pod = true,
            _ => set.containers.push(name),
        }
    }
    set.failure("seLinuxOptions", || {
        let types = format!("{} {}", forms(set.values.len(), "type", "types"), quoted(&set.values));
        let bad = [
            (!set.values.is_empty()).then_some(&*types),
            is_set[0].then_some("user may not be set"),
            is_set[1].then_some("role may not be set"),
        ];
        let bad: Vec<&str> = bad.into_iter().flatten().collect();
        format!("{} set forbidden securityContext.seLinuxOptions: {}", set.who(), bad.join("; "))
    })
}

fn seccomp_annotations<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    const POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
    const PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";
    let mut set = Setters::default();
    for (key, value) in pod.annotations() {
        let is_of = |name: &str| pod.containers.iter().any(|container| container.name == name);
        let profile = value.as_str().unwrap_or_default();
        let is_allowed = row.allows(profile) || profile.starts_with("localhost/");
        if (key == POD || key.strip_prefix(PREFIX).is_some_and(is_of)) && !is_allowed {
            set.values.insert(format!("{key}={profile:?}"));
            set.spot(Owner::Annotation(key), "", value.mark);
        }
    }
    let found: Vec<&str> = set.values.iter().map(String::as_str).collect();
    let detail = || format!("forbidden {} {}", forms(found.len(), "annotation", "annotations"), found.join(", "));
    set.failure("seccompProfile", detail)
}

const SECCOMP: &str = "securityContext.seccompProfile.type";

fn seccomp<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    let set = Setters::everywhere(pod, SECCOMP, |value| is_forbidden(value, row));
    set.failure("seccompProfile", || format!("{} must not set {SECCOMP} to {}", set.who(), quoted(&set.values)))
}

fn seccomp_everywhere<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    if let Some(failure) = seccomp(pod, row) {
        return Some(failure);
    }
    if field(pod.spec, SECCOMP).is_some() {
        return None;
    }
    let set = Setters::of_containers(pod, SECCOMP, |value| value.is_none());
    set.failure("seccompProfile", || {
        format!(r#"pod or {} must set {SECCOMP} to "RuntimeDefault" or "Localhost""#, containers(&set.containers))
    })
}

fn sysctls<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    const PATH: &str = "securityContext.sysctls";
    let mut set = Setters::default();
    let mut found: Vec<&str> = Vec::new();
    for sysctl in items(pod.spec, PATH) {
        let name = text(sysctl, "name").unwrap_or_default();
        if !row.allows(name) {
            found.push(name);
            set.spot(Owner::Pod, PATH, field(sysctl, "name").map_or(sysctl.mark, |name| name.mark));
        }
    }
    set.failure("forbidden sysctls", || found.join(", "))
}

fn host_processes<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let set = Setters::everywhere(pod, "securityContext.windowsOptions.hostProcess", |value| is(value, true));
    set.failure("hostProcess", || format!("{} must not set securityContext.windowsOptions.hostProcess=true", set.who()))
}

fn escalation<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let set = Setters::of_containers(pod, "securityContext.allowPrivilegeEscalation", |value| !is(value, false));
    set.failure("allowPrivilegeEscalation != false", || {
        format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&set.containers))
    })
}

fn capabilities<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    const DROPPED: &str = "securityContext.capabilities.drop";
    let drops_all = |one: &Container<'_>| items(one.yaml, DROPPED).iter().any(|dropped| dropped.as_str() == Some("ALL"));
    let mut set = Setters::default();
    for container in pod.containers.iter().filter(|container| !drops_all(container)) {
        set.containers.push(container.name);
        set.spot(container.owner(), DROPPED, field(container.yaml, DROPPED).map_or_else(|| container.head(), |list| list.mark));
    }
    let mut beyond = capabilities_beyond(pod, row);
    set.spots.append(&mut beyond.spots);
    set.failure("unrestricted capabilities", || {
        let drop = format!(r#"{} must set {DROPPED}=["ALL"]"#, containers(&set.containers));
        let (who, what) = (containers(&beyond.containers), quoted(&beyond.values));
        let add = format!("{who} must not include {what} in securityContext.capabilities.add");
        let parts = [(&set.containers, drop), (&beyond.containers, add)];
        let parts: Vec<String> = parts.into_iter().filter(|(who, _)| !who.is_empty()).map(|(_, words)| words).collect();
        parts.join("; ")
    })
}

fn volumes<'y>(pod: &Pod<'y>, row: &Row<'_>) -> Option<Failure<'y>> {
    let mut set = Setters::default();
    let mut found: Vec<&str> = Vec::new();
    for (at, volume) in items(pod.spec, "volumes").iter().enumerate() {
        // A volume that does not say what it is of is an empty folder.
        let mut kinds = volume.entries().iter().filter(|e| e.key.name != "name" && !matches!(e.value.data, Data::Null));
        if kinds.clone().any(|entry| row.allows(&entry.key.name)) {
            continue;
        }
        let Some(kind) = kinds.next() else { continue };
        found.push(text(volume, "name").unwrap_or_default());
        set.values.insert(kind.key.name.to_string());
        set.spot(Owner::Volume(at), "", kind.key.mark);
    }
    set.failure("restricted volume types", || {
        let (who, use_) = (names("volume", "volumes", &found), forms(found.len(), "uses", "use"));
        let types = forms(set.values.len(), "restricted volume type", "restricted volume types");
        format!("{who} {use_} {types} {}", quoted(&set.values))
    })
}

fn root<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    const PATH: &str = "securityContext.runAsNonRoot";
    let set = Setters::everywhere(pod, PATH, |value| is(value, false));
    let reason = "runAsNonRoot != true";
    if let Some(failure) = set.failure(reason, || format!("{} must not set {PATH}=false", set.who())) {
        return Some(failure);
    }
    if flag(pod.spec, PATH) == Some(true) {
        return None;
    }
    let set = Setters::of_containers(pod, PATH, |value| value.is_none());
    set.failure(reason, || format!("pod or {} must set {PATH}=true", containers(&set.containers)))
}

fn root_user<'y>(pod: &Pod<'y>, _: &Row<'_>) -> Option<Failure<'y>> {
    let is_root = |value: Option<&Yaml<'_>>| match value.map(|value| &value.data) {
        Some(Data::Number(number)) => number.to_int() == Some(0),
        _ => false,
    };
    let set = Setters::everywhere(pod, "securityContext.runAsUser", is_root);
    set.failure("runAsUser=0", || format!("{} must not set runAsUser=0", set.who()))
}
