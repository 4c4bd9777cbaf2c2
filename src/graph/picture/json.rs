//! The graph in, JSON out: who there is and who talks to whom, for scripts.

use serde_json::{Value, json};

use super::super::{Connection, Graph, Secret};
use crate::node::Node;

pub(super) fn draw(graph: &Graph, operators: &Node) -> String {
    let platform = &graph.describe().platform;
    let workloads = platform.get("workloads").map_or(&[][..], |workloads| workloads.items());
    let value = json!({
        "workloads": workloads.iter().map(|workload| self::workload(workload)).collect::<Value>(),
        "connections": graph.connections.iter().map(|connection| self::connection(graph, connection)).collect::<Value>(),
        "secrets": graph.secrets.iter().map(secret).collect::<Value>(),
        "networks": get(platform, "networks"),
        "operators": operators.items().iter().map(|one| one.to_json()).collect::<Value>(),
    });
    format!("{value:#}\n")
}

fn workload(node: &Node) -> Value {
    let list = |key: &str, of: fn(&Node) -> Value| -> Value {
        node.get(key).map_or(&[][..], |list| list.items()).iter().map(|item| of(item)).collect()
    };
    json!({
        "name": get(node, "name"),
        "component": get(node, "component"),
        "namespace": get(node, "namespace"),
        "kind": get(node, "kind"),
        "wave": get(node, "wave"),
        "labels": get(node, "labels"),
        "ports": list("ports", port),
        "scrape": list("scrape", scrape),
    })
}

fn port(node: &Node) -> Value {
    json!({ "name": get(node, "name"), "port": get(node, "port"), "protocol": get(node, "protocol") })
}

fn scrape(node: &Node) -> Value {
    let mut scrape = json!({ "port": get(node, "port") });
    if let Some(path) = node.get("path") {
        scrape["path"] = path.to_json();
    }
    scrape
}

fn connection(graph: &Graph, connection: &Connection) -> Value {
    let [from, to] = [connection.from, connection.to].map(|end| &graph.workloads[end]);
    json!({
        "from": from.name,
        "from_namespace": from.namespace.to_json(),
        "to": to.name,
        "to_namespace": to.namespace.to_json(),
        "port": connection.offer.port.as_ref().map(|port| port.to_json()),
        "protocol": get(&connection.offer.node, "protocol"),
        "interface": connection.offer.interface.to_json(),
        "need": connection.need_name,
        "purpose": connection.need.text("purpose"),
        "waits": connection.waits && connection.from != connection.to,
    })
}

/// A secret's keys by name; what they hold is not told, though some of it is none.
fn secret(secret: &Secret) -> Value {
    let keys = secret.node.get("keys").map_or(&[][..], |keys| keys.entries());
    json!({
        "name": secret.name.to_json(),
        "component": secret.component.to_json(),
        "namespace": secret.namespace.to_json(),
        "keys": keys.iter().map(|key| &*key.key).collect::<Value>(),
    })
}

fn get(node: &Node, key: &str) -> Value {
    node.get(key).map_or(Value::Null, |node| node.to_json())
}
