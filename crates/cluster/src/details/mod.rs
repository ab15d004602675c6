//! What the resource tree shows of an object beyond identity and health, read from its content once: `pod` (Pods and
//! Nodes) and `network` (Services, routes and gateways). The results are kept by `cache`.

mod network;
mod pod;
#[cfg(test)]
mod tests;

use object::Object;
use types::settings::ResourceSettings;
use types::{InfoItem, ResourceNetworkingInfo};

use crate::cache::{Details, Interner, OtherDetails};

/// Annotations with this prefix hold links to show: `title|url` or only a URL.
pub(crate) const LINK_PREFIX: &str = "link.argocd.argoproj.io/";
/// With this annotation, no links are made from hosts and paths.
const IGNORE_DEFAULT_LINKS: &str = "argocd.argoproj.io/ignore-default-links";
/// The page under which another installation manages an Application.
const MANAGED_BY_URL: &str = "argocd.argoproj.io/managed-by-url";

/// Whether more than the metadata of a kind's objects is shown.
pub(crate) fn wanted(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(kind, "Pod" | "Node" | "Service"),
        "apps" => kind == "StatefulSet",
        "extensions" => matches!(kind, "Ingress" | "StatefulSet"),
        "networking.k8s.io" => kind == "Ingress",
        "networking.istio.io" => matches!(kind, "VirtualService" | "ServiceEntry"),
        "gateway.networking.k8s.io" => network::is_gateway_kind(kind),
        "argoproj.io" => kind == "Application",
        _ => false,
    }
}

/// Reads what is shown of an object.
pub(crate) fn read(object: &Object, settings: &ResourceSettings, interner: &Interner) -> Details {
    match (object.group(), object.kind()) {
        ("", "Pod") => return Details::Pod(Box::new(pod::pod(object, interner))),
        ("", "Node") => return Details::Node(Box::new(pod::node(object, settings, interner))),
        ("apps" | "extensions", "StatefulSet") => {
            let prefixes = claim_prefixes(object);
            if !prefixes.is_empty() {
                return Details::StatefulSet(prefixes);
            }
        }
        _ => {}
    }
    let mut info = Vec::new();
    for label in &settings.custom_labels {
        if let Some(value) = object.label(label) {
            info.push(InfoItem { name: label.clone(), value: value.to_owned() });
        }
    }
    let mut networking = network::read(object);
    if object.group() == "argoproj.io"
        && object.kind() == "Application"
        && let Some(url) = object.annotation(MANAGED_BY_URL)
    {
        info.push(InfoItem { name: "managed-by-url".to_owned(), value: url.to_owned() });
    }
    let links = links(object);
    if !links.is_empty() {
        let networking = networking.get_or_insert_with(ResourceNetworkingInfo::default);
        networking.external_urls.extend(links);
    }
    if info.is_empty() && networking.is_none() {
        return Details::None;
    }
    Details::Other(Box::new(OtherDetails { info, networking }))
}

/// The links in annotations, of which the URL is a web address.
fn links(object: &Object) -> Vec<String> {
    let links = object.annotations().iter().filter(|(key, _)| key.starts_with(LINK_PREFIX));
    links
        .filter_map(|(_, value)| value.as_str())
        .filter(|value| {
            let url = value.rsplit_once('|').map_or(*value, |(_, url)| url).trim();
            ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))
        })
        .map(str::to_owned)
        .collect()
}

fn claim_prefixes(object: &Object) -> Box<[Box<str>]> {
    let templates = object.get(&["spec", "volumeClaimTemplates"]).and_then(serde_json::Value::as_array);
    let names =
        templates.into_iter().flatten().filter_map(|template| template.pointer("/metadata/name")?.as_str());
    names.map(|name| format!("{name}-{}-", object.name()).into_boxed_str()).collect()
}
