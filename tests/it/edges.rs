//! People reach a page only by way of who stands before it, and what is taken out of the graph is gone from every file.

use serde_json::Value;

use crate::compiled::{self, CATALOG, OWN};

fn objects(text: &str, profile: &str, mode: &str) -> Vec<(String, Value)> {
    let documents = compiled::documents(&CATALOG, text, profile, mode);
    documents.iter().map(|document| (document.path.clone(), document.node.to_json())).collect()
}

/// The Services that people are led to: of an Ingress, of a route, or of a page that nothing stands before.
fn doors(objects: &[(String, Value)]) -> Vec<String> {
    let mut found = Vec::new();
    for (_, object) in objects.iter().filter(|(_, object)| matches!(object["kind"].as_str(), Some("Ingress" | "HTTPRoute"))) {
        let text = object.to_string();
        let names = text.match_indices("\"name\":\"").map(|(at, key)| &text[at + key.len()..]);
        let names = names.map(|rest| rest.split('"').next().unwrap_or_default());
        let is_service = |name: &&str| objects.iter().any(|(_, o)| o["kind"] == "Service" && o["metadata"]["name"] == *name);
        found.extend(names.filter(is_service).map(str::to_owned));
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn whoever_asks_people_stands_before_every_page() {
    for (profile, mode) in [("staging", "k3s-local"), ("production", "k3s-local")] {
        let doors = doors(&objects(OWN, profile, mode));
        assert!(doors.len() >= 3 && doors.iter().all(|door| door.starts_with("login-")), "{profile} {mode}: {doors:?}");
        let without = format!("{OWN}\n[components.login]\nenabled = false\n");
        let open = self::doors(&objects(&without, profile, mode));
        assert_eq!(open.len(), doors.len(), "{open:?}");
        assert!(open.iter().all(|door| !door.contains("login")), "{open:?}");
    }
}

/// The edge of a page is in no other policy than that of who stands before it.
#[test]
fn nobody_outside_reaches_a_page_itself() {
    let objects = objects(OWN, "production", "k3s-local");
    let policies = objects.iter().filter(|(_, object)| object["kind"] == "NetworkPolicy");
    let open = policies.filter(|(_, policy)| policy["spec"]["ingress"].to_string().contains("traefik"));
    let open: Vec<&str> = open.map(|(_, policy)| policy["metadata"]["name"].as_str().unwrap()).collect();
    assert!(open.len() >= 3 && open.iter().all(|name| name.starts_with("login-") || *name == "acme"), "{open:?}");
}

#[test]
fn what_is_taken_out_is_gone_from_every_file() {
    for (component, word) in [("grafana", "grafana"), ("login", "oauth2"), ("alertmanager", "alertmanager")] {
        for (profile, mode) in [("staging", "k3s-local"), ("production", "compose"), ("production", "k3s")] {
            let without = format!("{OWN}\n[components.{component}]\nenabled = false\n");
            let left = objects(&without, profile, mode);
            let left: Vec<&String> = left
                .iter()
                // The makers of one program give others their name.
                .filter(|(path, o)| o.to_string().replace("grafana/loki", "").contains(word) || path.contains(word))
                .map(|(path, _)| path)
                .collect();
            assert!(left.is_empty(), "{component} is off, and {profile} {mode} still tells of it: {left:?}");
        }
    }
}
