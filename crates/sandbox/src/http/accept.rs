//! Content negotiation: which of the answer's forms a client's `Accept` header asks for first.

/// A form in which an answer can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// `as=Table`: columns and rows, for `kubectl get`.
    Table,
    /// `as=PartialObjectMetadata` and `as=PartialObjectMetadataList`.
    Metadata,
    /// Aggregated discovery, `apidiscovery.k8s.io/v2`.
    DiscoveryV2,
    /// Aggregated discovery in its beta version.
    DiscoveryV2Beta1,
}

/// Picks the first form that the API can give; `None` if there is none.
pub(crate) fn negotiate(accept: &str, discovery: bool) -> Option<Form> {
    if accept.trim().is_empty() {
        return Some(Form::Json);
    }
    accept.split(',').find_map(|clause| form(clause, discovery))
}

fn form(clause: &str, discovery: bool) -> Option<Form> {
    let mut parts = clause.split(';').map(str::trim);
    let media = parts.next()?;
    if !matches!(media, "application/json" | "*/*" | "application/*") {
        return None;
    }
    let (mut transform, mut group, mut version) = ("", "", "");
    for part in parts {
        match part.split_once('=') {
            Some(("as", value)) => transform = value,
            Some(("g", value)) => group = value,
            Some(("v", value)) => version = value,
            _ => {}
        }
    }
    match (transform, group, version) {
        ("", _, _) => Some(Form::Json),
        ("Table", "meta.k8s.io", "v1") => Some(Form::Table),
        ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => Some(Form::Metadata),
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") if discovery => Some(Form::DiscoveryV2),
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2beta1") if discovery => {
            Some(Form::DiscoveryV2Beta1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_can_be_given_wins() {
        for (accept, form) in [
            ("", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("application/vnd.kubernetes.protobuf,application/json", Some(Form::Json)),
            ("application/vnd.kubernetes.protobuf", None),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Some(Form::Table)),
            ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Some(Form::Json)),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Some(Form::Metadata)),
        ] {
            assert_eq!(negotiate(accept, false), form, "{accept}");
        }
        let both = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        assert_eq!(negotiate(both, true), Some(Form::DiscoveryV2));
        assert_eq!(negotiate(both, false), Some(Form::Json));
    }
}
