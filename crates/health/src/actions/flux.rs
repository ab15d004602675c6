//! Flux's kinds: reconcile, suspend and resume.

use object::Object;
use serde_json::Value;

use super::{Offer, offer, patched};

pub(super) fn offers(object: &Object) -> Vec<Offer> {
    let reconciles = matches!(
        object.kind(),
        "HelmRelease"
            | "ImageRepository"
            | "ImageUpdateAutomation"
            | "Kustomization"
            | "Receiver"
            | "Bucket"
            | "GitRepository"
            | "HelmChart"
            | "HelmRepository"
            | "OCIRepository"
    );
    let suspends = reconciles || matches!(object.kind(), "Alert" | "Provider");
    if !suspends {
        return Vec::new();
    }
    let suspended = object.get(&["spec", "suspend"]).and_then(Value::as_bool).unwrap_or_default();
    let mut offers = vec![
        offer("suspend", "Suspend", "fa fa-fw fa-pause", !suspended, |object, _| {
            patched(object, |object| {
                object.set(&["spec", "suspend"], Value::from(true));
            })
        }),
        offer("resume", "Resume", "fa fa-fw fa-play", suspended, |object, _| {
            patched(object, |object| {
                object.set(&["spec", "suspend"], Value::from(false));
            })
        }),
    ];
    if reconciles {
        offers.push(offer("reconcile", "Reconcile", "fa fa-fw fa-sync", !suspended, |object, invocation| {
            patched(object, |object| {
                object.set_annotation("reconcile.fluxcd.io/requestedAt", &invocation.now);
            })
        }));
    }
    offers
}
