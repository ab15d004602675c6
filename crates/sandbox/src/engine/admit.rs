//! What the API writes into objects of a few kinds at admission, beyond defaults: a namespace's finalizer, service
//! addresses, selectors of Jobs, service accounts of Pods. No field manager owns it.

use serde_json::{Map, Value, json};

use super::Engine;
use super::meta::{edit_metadata, meta_text};
use crate::kinds::Kind;

impl Engine {
    /// On creation.
    pub(super) fn admit(&self, kind: &Kind, value: &mut Value) {
        match kind.collection.as_ref() {
            "/namespaces" => {
                value["spec"] = json!({"finalizers": ["kubernetes"]});
                value["status"] = json!({"phase": "Active"});
            }
            "/services" => self.give_addresses(value, None),
            "/pods" => pod(value),
            "/events" if kind.group.is_empty() => event(value),
            "/persistentvolumeclaims" => self.claim(value),
            "batch/jobs" => job_selector(value),
            "apps/daemonsets" => {
                edit_metadata(value, |metadata| {
                    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
                    annotations["deprecated.daemonset.template.generation"] = "1".into();
                });
            }
            _ => {}
        }
    }

    /// On changes.
    pub(super) fn admit_change(&self, kind: &Kind, current: &Value, value: &mut Value) {
        if kind.collection.as_ref() == "/services" {
            self.give_addresses(value, Some(current));
        }
    }

    /// Cluster addresses and node ports; those a service has stay.
    fn give_addresses(&self, value: &mut Value, current: Option<&Value>) {
        let seed = format!("{}/{}", meta_text(value, "namespace"), meta_text(value, "name"));
        let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) else { return };
        let kind = spec.get("type").and_then(Value::as_str).unwrap_or("ClusterIP").to_owned();
        if kind == "ExternalName" {
            return;
        }
        if let Some(current) = current {
            for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                let missing = spec.get(name).is_none_or(|given| given.is_null() || given == "");
                if missing && let Some(kept) = current["spec"].get(name) {
                    spec.insert(name.into(), kept.clone());
                }
            }
        }
        if spec.get("clusterIP").and_then(Value::as_str).unwrap_or_default().is_empty() {
            spec.insert("clusterIP".into(), self.free_address(&seed).into());
        }
        let address = spec.get("clusterIP").cloned().unwrap_or_default();
        spec.entry("clusterIPs").or_insert_with(|| json!([address]));
        spec.entry("ipFamilies").or_insert_with(|| json!(["IPv4"]));
        spec.entry("ipFamilyPolicy").or_insert_with(|| "SingleStack".into());
        if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            let old: Vec<Value> =
                current.and_then(|c| c["spec"]["ports"].as_array()).cloned().unwrap_or_default();
            for (index, port) in
                spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
            {
                if port["nodePort"].as_i64().unwrap_or(0) == 0 {
                    let known =
                        old.iter().find(|o| o["port"] == port["port"] && o["protocol"] == port["protocol"]);
                    let given = known
                        .and_then(|known| known["nodePort"].as_i64())
                        .unwrap_or_else(|| 30_000 + i64::from(hash(&format!("{seed}/{index}")) % 2_768));
                    port["nodePort"] = given.into();
                }
            }
        }
    }

    /// An address of the service network that no service has.
    fn free_address(&self, seed: &str) -> String {
        let taken: std::collections::HashSet<Box<str>> = if self.store.count("/services") > 4096 {
            // Looking at all of them for every new one would be slow; a clash harms nobody here.
            std::collections::HashSet::new()
        } else {
            self.store
                .snapshot("/services", "")
                .records
                .iter()
                .flat_map(|service| service.fields.iter())
                .filter(|(name, _)| &**name == "spec.clusterIP")
                .map(|(_, address)| address.clone())
                .collect()
        };
        let start = hash(seed);
        let address = |offset: u32| {
            let number = start.wrapping_add(offset);
            format!("10.96.{}.{}", (number >> 8) % 256, 2 + number % 250)
        };
        (0..1000).map(address).find(|ip| !taken.contains(ip.as_str())).unwrap_or_else(|| address(0))
    }

    fn claim(&self, value: &mut Value) {
        edit_metadata(value, |metadata| {
            let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(list) = finalizers.as_array_mut()
                && !list.iter().any(|finalizer| finalizer == "kubernetes.io/pvc-protection")
            {
                list.push("kubernetes.io/pvc-protection".into());
            }
        });
        if value["spec"].get("storageClassName").is_none() {
            let default =
                self.store.snapshot("storage.k8s.io/storageclasses", "").records.into_iter().find(|class| {
                    class.value()["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"]
                        == "true"
                });
            if let Some(class) = default {
                value["spec"]["storageClassName"] = class.name().into();
            }
        }
    }
}

fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Service account, priority and tolerations, as the admission plugins of a real cluster write them. The volume
/// with the account's token is left out: there is no token.
fn pod(value: &mut Value) {
    let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let account = spec
        .get("serviceAccountName")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .unwrap_or("default")
        .to_owned();
    spec.insert("serviceAccountName".into(), account.clone().into());
    spec.insert("serviceAccount".into(), account.into());
    spec.entry("priority").or_insert_with(|| 0.into());
    spec.entry("preemptionPolicy").or_insert_with(|| "PreemptLowerPriority".into());
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let Some(list) = tolerations.as_array_mut() else { return };
        if !list.iter().any(|toleration| toleration["key"] == key) {
            list.push(
                json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
            );
        }
    }
}

/// Go writes an event's times and reporter even when nobody gave them.
fn event(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    map.entry("source").or_insert_with(|| json!({}));
    for field in ["eventTime", "firstTimestamp", "lastTimestamp"] {
        map.entry(field).or_insert(Value::Null);
    }
    for field in ["reportingComponent", "reportingInstance"] {
        map.entry(field).or_insert_with(|| "".into());
    }
}

/// A Job selects its Pods by its own uid.
fn job_selector(value: &mut Value) {
    if value["spec"]["manualSelector"] == true {
        return;
    }
    let uid = meta_text(value, "uid").to_owned();
    let name = meta_text(value, "name").to_owned();
    let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) else { return };
    spec.insert("selector".into(), json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    let Some(template) = spec.get_mut("template") else { return };
    edit_metadata(template, |metadata| {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            add(
                labels,
                &[
                    ("batch.kubernetes.io/controller-uid", &uid),
                    ("batch.kubernetes.io/job-name", &name),
                    ("controller-uid", &uid),
                    ("job-name", &name),
                ],
            );
        }
    });
    // A real API server labels the Job too, as its template, when it has no labels of its own.
    let labels = template["metadata"]["labels"].clone();
    edit_metadata(value, |metadata| metadata.entry("labels").or_insert(labels).is_null());
}

fn add(labels: &mut Map<String, Value>, pairs: &[(&str, &str)]) {
    for (name, value) in pairs {
        labels.insert((*name).to_owned(), (*value).into());
    }
}
