//! Which objects of an application are meant: by `--resource` filters, or by labels of what is in Git.

use serde_json::{Value, json};
use types::{Application, ResourceStatus};

use super::local::parse;
use crate::error::Error;

/// A `--resource` filter: GROUP:KIND:[NAMESPACE/]NAME, `*` for any, a leading `!` for all but it.
struct ResourceFilter<'a> {
    negated: bool,
    group: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> ResourceFilter<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let (negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let parts: Vec<&str> = rest.split(':').collect();
        let [group, kind, name] = parts[..] else {
            let message =
                format!("--resource {text:?}: expected GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME");
            return Err(Error::Usage(message));
        };
        let (namespace, name) =
            name.split_once('/').map_or((None, name), |(namespace, name)| (Some(namespace), name));
        Ok(Self { negated, group, kind, namespace, name })
    }

    fn matches(&self, resource: &ResourceStatus) -> bool {
        let fits = |pattern: &str, value: &str| types::glob::matches(pattern, value);
        fits(self.group, &resource.group)
            && fits(self.kind, &resource.kind)
            && fits(self.name, &resource.name)
            && self.namespace.is_none_or(|namespace| fits(namespace, &resource.namespace))
    }
}

/// The objects of an application that the filters leave.
pub(super) fn selected<'a>(
    filters: &[String],
    application: &'a Application,
) -> Result<Vec<&'a ResourceStatus>, Error> {
    let filters: Vec<ResourceFilter<'_>> =
        filters.iter().map(|filter| ResourceFilter::parse(filter)).collect::<Result<_, _>>()?;
    let positive = filters.iter().any(|filter| !filter.negated);
    Ok(application
        .status
        .resources
        .iter()
        .filter(|resource| {
            let wanted =
                !positive || filters.iter().any(|filter| !filter.negated && filter.matches(resource));
            wanted && !filters.iter().any(|filter| filter.negated && filter.matches(resource))
        })
        .collect())
}

/// As [`selected`], in the form that a sync takes.
pub(super) fn selected_for_sync(filters: &[String], application: &Application) -> Result<Vec<Value>, Error> {
    let selected = selected(filters, application)?;
    Ok(selected
        .into_iter()
        .map(|resource| {
            json!({"group": resource.group, "kind": resource.kind, "name": resource.name,
                "namespace": resource.namespace})
        })
        .collect())
}

/// The objects among manifests that have all these labels, in the form that a sync takes.
pub(super) fn labeled(manifests: &[String], labels: &[String]) -> Result<Vec<Value>, Error> {
    let wanted: Vec<(&str, &str)> =
        labels.iter().map(|text| super::spec_flags::pair("label", text)).collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for text in manifests {
        let object = parse(text)?;
        let metadata = &object["metadata"];
        if wanted.iter().all(|(name, value)| metadata["labels"][name].as_str() == Some(*value)) {
            let version = object["apiVersion"].as_str().unwrap_or_default();
            let group = version.split_once('/').map_or("", |(group, _)| group);
            found.push(json!({"group": group, "kind": object["kind"], "name": metadata["name"],
                "namespace": metadata["namespace"].as_str().unwrap_or_default()}));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> Application {
        serde_json::from_value(json!({"status": {"sync": {"status": "OutOfSync"}, "resources": [
            {"group": "apps", "kind": "Deployment", "namespace": "a", "name": "web"},
            {"group": "apps", "kind": "Deployment", "namespace": "b", "name": "web"},
            {"kind": "Service", "namespace": "a", "name": "web"},
        ]}}))
        .unwrap()
    }

    #[test]
    fn resources_are_chosen_by_filters() {
        let count = |filters: &[&str]| {
            let filters: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
            selected(&filters, &application()).map(|resources| resources.len())
        };
        assert_eq!(count(&["apps:Deployment:web"]).unwrap(), 2);
        assert_eq!(count(&["apps:Deployment:a/web"]).unwrap(), 1);
        assert_eq!(count(&["*:Service:*"]).unwrap(), 1);
        assert_eq!(count(&["!*:Service:*"]).unwrap(), 2);
        assert_eq!(count(&["*:*:*", "!apps:*:b/*"]).unwrap(), 2);
        assert!(count(&["Deployment"]).is_err());
    }
}
