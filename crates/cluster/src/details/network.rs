//! Where traffic goes: Services, Ingresses, Istio's and the Gateway API's kinds.

use std::collections::{BTreeMap, BTreeSet};

use object::Object;
use serde_json::Value;
use types::meta::LoadBalancerIngress;
use types::{ResourceNetworkingInfo, ResourceRef};

use super::IGNORE_DEFAULT_LINKS;

const ROUTES: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

pub(super) fn is_gateway_kind(kind: &str) -> bool {
    kind == "Gateway" || ROUTES.contains(&kind)
}

pub(super) fn read(object: &Object) -> Option<ResourceNetworkingInfo> {
    Some(match (object.group(), object.kind()) {
        ("", "Service") => service(object),
        ("extensions" | "networking.k8s.io", "Ingress") => ingress(object),
        ("networking.istio.io", "VirtualService") => virtual_service(object),
        ("networking.istio.io", "ServiceEntry") => service_entry(object),
        ("gateway.networking.k8s.io", "Gateway") => gateway(object),
        ("gateway.networking.k8s.io", kind) if ROUTES.contains(&kind) => route(object),
        _ => return None,
    })
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn labels(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn addresses(object: &Object) -> Vec<LoadBalancerIngress> {
    list(object.as_value(), "/status/loadBalancer/ingress")
        .iter()
        .map(|entry| LoadBalancerIngress {
            hostname: text(entry, "/hostname").to_owned(),
            ip: text(entry, "/ip").to_owned(),
        })
        .collect()
}

/// A set of references, each once and sorted.
#[derive(Default)]
struct References(BTreeMap<(String, String, String, String), ResourceRef>);

impl References {
    fn add(&mut self, group: &str, kind: &str, namespace: &str, name: &str) {
        if name.is_empty() {
            return;
        }
        let key = (group.to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned());
        self.0.entry(key).or_insert_with(|| ResourceRef {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..ResourceRef::default()
        });
    }

    fn into_list(self) -> Vec<ResourceRef> {
        self.0.into_values().collect()
    }
}

fn shows_links(object: &Object) -> bool {
    object.annotation(IGNORE_DEFAULT_LINKS) != Some("true")
}

fn service(object: &Object) -> ResourceNetworkingInfo {
    let is_balancer = object.get_str(&["spec", "type"]) == Some("LoadBalancer");
    ResourceNetworkingInfo {
        target_labels: labels(object.get(&["spec", "selector"])),
        ingress: if is_balancer { addresses(object) } else { Vec::new() },
        ..ResourceNetworkingInfo::default()
    }
}

fn ingress(object: &Object) -> ResourceNetworkingInfo {
    let (value, namespace) = (object.as_value(), object.namespace().unwrap_or_default());
    let mut targets = References::default();
    let mut add = |backend: Option<&Value>| {
        let Some(backend) = backend else { return };
        let current = text(backend, "/service/name");
        let name = if current.is_empty() { text(backend, "/serviceName") } else { current };
        targets.add("", "Service", namespace, name);
    };
    add(value.pointer("/spec/defaultBackend").or_else(|| value.pointer("/spec/backend")));
    let addresses = addresses(object);
    let first =
        addresses.first().map(|entry| if entry.hostname.is_empty() { &entry.ip } else { &entry.hostname });
    let first = first.cloned().unwrap_or_default();
    let mut urls = BTreeSet::new();
    for rule in list(value, "/spec/rules") {
        let stated = text(rule, "/host");
        let host = if stated.is_empty() { first.as_str() } else { stated };
        let secure = list(value, "/spec/tls").iter().any(|entry| {
            !text(entry, "/secretName").is_empty()
                || list(entry, "/hosts").iter().any(|name| name.as_str() == Some(stated))
        });
        let scheme = if secure { "https" } else { "http" };
        for path in list(rule, "/http/paths") {
            add(path.get("backend"));
            let stated = text(path, "/path");
            if !host.is_empty() {
                urls.insert(format!("{scheme}://{host}{}", stated.strip_suffix('*').unwrap_or(stated)));
            }
        }
    }
    ResourceNetworkingInfo {
        target_refs: targets.into_list(),
        ingress: addresses,
        external_urls: if shows_links(object) { urls.into_iter().collect() } else { Vec::new() },
        ..ResourceNetworkingInfo::default()
    }
}

fn virtual_service(object: &Object) -> ResourceNetworkingInfo {
    let own = object.namespace().unwrap_or_default();
    let mut targets = References::default();
    for route in list(object.as_value(), "/spec/http") {
        for destination in list(route, "/route") {
            let mut host = text(destination, "/destination/host").split('.');
            let name = host.next().unwrap_or_default();
            targets.add("", "Service", host.next().unwrap_or(own), name);
        }
    }
    ResourceNetworkingInfo { target_refs: targets.into_list(), ..ResourceNetworkingInfo::default() }
}

fn service_entry(object: &Object) -> ResourceNetworkingInfo {
    let mut targets = References::default();
    let selector = labels(object.get(&["spec", "workloadSelector", "labels"]));
    if !selector.is_empty() {
        let target = ResourceRef { kind: "Pod".to_owned(), ..ResourceRef::default() };
        targets.0.insert(Default::default(), target);
    }
    ResourceNetworkingInfo {
        target_labels: selector,
        target_refs: targets.into_list(),
        ..ResourceNetworkingInfo::default()
    }
}

fn gateway(object: &Object) -> ResourceNetworkingInfo {
    let value = object.as_value();
    let addresses: Vec<(bool, &str)> = list(value, "/status/addresses")
        .iter()
        .map(|address| (text(address, "/type") == "Hostname", text(address, "/value")))
        .filter(|(_, address)| !address.is_empty())
        .collect();
    let mut urls = BTreeSet::new();
    for listener in list(value, "/spec/listeners") {
        let scheme = match text(listener, "/protocol") {
            "HTTPS" | "TLS" => "https",
            "HTTP" => "http",
            _ => continue,
        };
        let port = listener.get("port").and_then(Value::as_u64).unwrap_or_default();
        let suffix = if matches!(port, 0 | 80 | 443) { String::new() } else { format!(":{port}") };
        let host = text(listener, "/hostname");
        if host.is_empty() {
            urls.extend(addresses.iter().map(|(_, address)| format!("{scheme}://{address}{suffix}")));
        } else {
            urls.insert(format!("{scheme}://{host}{suffix}"));
        }
    }
    ResourceNetworkingInfo {
        ingress: addresses
            .iter()
            .map(|(is_name, address)| {
                let address = (*address).to_owned();
                if *is_name {
                    LoadBalancerIngress { hostname: address, ..LoadBalancerIngress::default() }
                } else {
                    LoadBalancerIngress { ip: address, ..LoadBalancerIngress::default() }
                }
            })
            .collect(),
        external_urls: if shows_links(object) { urls.into_iter().collect() } else { Vec::new() },
        ..ResourceNetworkingInfo::default()
    }
}

fn route(object: &Object) -> ResourceNetworkingInfo {
    let (value, own) = (object.as_value(), object.namespace().unwrap_or_default());
    let mut targets = References::default();
    let mut add = |reference: &Value, default_group: &str, default_kind: &str| {
        let stated = |field: &str| reference.get(field).and_then(Value::as_str);
        targets.add(
            stated("group").unwrap_or(default_group),
            stated("kind").unwrap_or(default_kind),
            stated("namespace").unwrap_or(own),
            stated("name").unwrap_or_default(),
        );
    };
    for parent in list(value, "/spec/parentRefs") {
        add(parent, "gateway.networking.k8s.io", "Gateway");
    }
    for rule in list(value, "/spec/rules") {
        for backend in list(rule, "/backendRefs") {
            add(backend, "", "Service");
        }
    }
    ResourceNetworkingInfo { target_refs: targets.into_list(), ..ResourceNetworkingInfo::default() }
}
