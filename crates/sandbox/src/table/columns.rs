//! Which columns `kubectl get` shows of built-in kinds. A trailing `*` marks columns only wide output shows.

use serde_json::Value;

use super::cells::{self, count, field, plain};
use super::human::age;
use super::workload_cells as workload;
use super::{Cell, Column};

type Compute = fn(&Value) -> Value;

/// The first column of everything.
pub(super) fn name() -> Column {
    column("Name:name", |value| value["metadata"]["name"].clone())
}

/// The columns of a collection.
pub(super) fn of(collection: &str) -> Vec<Column> {
    if collection == "/events" {
        return [
            ("Last Seen", cells::event_last_seen as Compute),
            ("Type", plain!("type")),
            ("Reason", plain!("reason")),
            ("Object", cells::event_object),
            ("Subobject*", plain!("involvedObject", "fieldPath")),
            ("Source*", cells::event_source),
            ("Message", cells::event_message),
            ("First Seen*", cells::event_first_seen),
            ("Count*", cells::event_count),
            ("Name:name*", plain!("metadata", "name")),
        ]
        .into_iter()
        .map(|(head, compute)| column(head, compute))
        .collect();
    }
    let mut list = vec![name()];
    list.extend(rest(collection).iter().map(|(head, compute)| column(head, *compute)));
    list
}

#[rustfmt::skip]
fn rest(collection: &str) -> &'static [(&'static str, Compute)] {
    match collection {
        "/pods" => &[("Ready", workload::pod_ready), ("Status", workload::pod_status), ("Restarts", workload::pod_restarts), ("Age", age),
            ("IP*", field!("status", "podIP")), ("Node*", field!("spec", "nodeName")), ("Nominated Node*", field!("status", "nominatedNodeName")),
            ("Readiness Gates*", |_| "<none>".into())],
        "/services" => &[("Type", plain!("spec", "type")), ("Cluster-IP", cells::cluster_ip), ("External-IP", cells::external_ip),
            ("Port(s)", cells::service_ports), ("Age", age), ("Selector*", cells::service_selector)],
        "/persistentvolumeclaims" => &[("Status", cells::claim_status), ("Volume", plain!("spec", "volumeName")), ("Capacity", cells::claim_capacity),
            ("Access Modes", cells::claim_modes), ("StorageClass", plain!("spec", "storageClassName")), ("VolumeAttributesClass", |_| "<unset>".into()),
            ("Age", age), ("VolumeMode*", plain!("spec", "volumeMode"))],
        "/persistentvolumes" => &[("Capacity", plain!("spec", "capacity", "storage")), ("Access Modes", cells::volume_modes),
            ("Reclaim Policy", plain!("spec", "persistentVolumeReclaimPolicy")), ("Status", cells::claim_status), ("Claim", cells::volume_claim),
            ("StorageClass", plain!("spec", "storageClassName")), ("VolumeAttributesClass", |_| "<unset>".into()), ("Reason", plain!("status", "reason")),
            ("Age", age), ("VolumeMode*", plain!("spec", "volumeMode"))],
        "/configmaps" => &[("Data:string", cells::config_data), ("Age", age)],
        "/secrets" => &[("Type", plain!("type")), ("Data", |value| cells::size(&value["data"])), ("Age", age)],
        "/serviceaccounts" => &[("Age", age)],
        "/namespaces" => &[("Status", plain!("status", "phase")), ("Age", age)],
        "/nodes" => &[("Status", cells::node_status), ("Roles", cells::node_roles), ("Age", age), ("Version", plain!("status", "nodeInfo", "kubeletVersion")),
            ("Internal-IP*", cells::node_internal_ip), ("External-IP*", |_| "<none>".into()), ("OS-Image*", plain!("status", "nodeInfo", "osImage")),
            ("Kernel-Version*", plain!("status", "nodeInfo", "kernelVersion")), ("Container-Runtime*", plain!("status", "nodeInfo", "containerRuntimeVersion"))],
        "/endpoints" => &[("Endpoints", |_| "<none>".into()), ("Age", age)],
        "/replicationcontrollers" => &[("Desired:integer", count!("spec", "replicas")), ("Current:integer", count!("status", "replicas")),
            ("Ready:integer", count!("status", "readyReplicas")), ("Age", age), ("Containers*", workload::containers), ("Images*", workload::images),
            ("Selector*", cells::service_selector)],
        "apps/deployments" => &[("Ready", workload::deployment_ready), ("Up-to-date", count!("status", "updatedReplicas")),
            ("Available", count!("status", "availableReplicas")), ("Age", age), ("Containers*", workload::containers), ("Images*", workload::images),
            ("Selector*", workload::selector)],
        "apps/replicasets" => &[("Desired:integer", count!("spec", "replicas")), ("Current:integer", count!("status", "replicas")),
            ("Ready:integer", count!("status", "readyReplicas")), ("Age", age), ("Containers*", workload::containers), ("Images*", workload::images),
            ("Selector*", workload::selector)],
        "apps/statefulsets" => &[("Ready", workload::deployment_ready), ("Age", age), ("Containers*", workload::containers), ("Images*", workload::images)],
        "apps/daemonsets" => &[("Desired:integer", count!("status", "desiredNumberScheduled")), ("Current:integer", count!("status", "currentNumberScheduled")),
            ("Ready:integer", count!("status", "numberReady")), ("Up-to-date:integer", count!("status", "updatedNumberScheduled")),
            ("Available:integer", count!("status", "numberAvailable")), ("Node Selector", workload::node_selector), ("Age", age),
            ("Containers*", workload::containers), ("Images*", workload::images), ("Selector*", workload::selector)],
        "apps/controllerrevisions" => &[("Controller", cells::controller), ("Revision", count!("revision")), ("Age", age)],
        "batch/jobs" => &[("Status", workload::job_status), ("Completions", workload::job_completions), ("Duration", workload::job_duration), ("Age", age),
            ("Containers*", workload::containers), ("Images*", workload::images), ("Selector*", workload::selector)],
        "batch/cronjobs" => &[("Schedule", plain!("spec", "schedule")), ("Timezone", field!("spec", "timeZone")), ("Suspend:boolean", workload::cron_suspended),
            ("Active:integer", |value| cells::size(&value["status"]["active"])), ("Last Schedule", workload::cron_last), ("Age", age),
            ("Containers*", workload::cron_containers), ("Images*", workload::cron_images), ("Selector*", |_| "<none>".into())],
        "networking.k8s.io/ingresses" => &[("Class", field!("spec", "ingressClassName")), ("Hosts", cells::ingress_hosts), ("Address", cells::ingress_address),
            ("Ports", cells::ingress_ports), ("Age", age)],
        "networking.k8s.io/networkpolicies" => &[("Pod-Selector", cells::pod_selector), ("Age", age)],
        "networking.k8s.io/ingressclasses" => &[("Controller", plain!("spec", "controller")), ("Parameters", |_| "<none>".into()), ("Age", age)],
        "policy/poddisruptionbudgets" => &[("Min Available", cells::min_available), ("Max Unavailable", cells::max_unavailable),
            ("Allowed Disruptions:integer", count!("status", "disruptionsAllowed")), ("Age", age)],
        "autoscaling/horizontalpodautoscalers" => &[("Reference", cells::scale_reference), ("Targets", cells::scale_targets), ("MinPods", cells::scale_minimum),
            ("MaxPods", count!("spec", "maxReplicas")), ("Replicas", count!("status", "currentReplicas")), ("Age", age)],
        "discovery.k8s.io/endpointslices" => &[("AddressType", plain!("addressType")), ("Ports", cells::slice_ports), ("Endpoints", cells::slice_endpoints), ("Age", age)],
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings" => &[("Role", cells::role), ("Age", age),
            ("Users*", |value| cells::subjects(value, "User")), ("Groups*", |value| cells::subjects(value, "Group")),
            ("ServiceAccounts*", |value| cells::subjects(value, "ServiceAccount"))],
        "storage.k8s.io/storageclasses" => &[("Provisioner", plain!("provisioner")), ("ReclaimPolicy", plain!("reclaimPolicy")),
            ("VolumeBindingMode", plain!("volumeBindingMode")), ("AllowVolumeExpansion", |value| (value["allowVolumeExpansion"] == true).into()), ("Age", age)],
        "coordination.k8s.io/leases" => &[("Holder", plain!("spec", "holderIdentity")), ("Age", age)],
        "scheduling.k8s.io/priorityclasses" => &[("Value:integer", count!("value")), ("Global-Default:boolean", |value| (value["globalDefault"] == true).into()),
            ("Age", age), ("PreemptionPolicy", plain!("preemptionPolicy"))],
        "admissionregistration.k8s.io/mutatingwebhookconfigurations" | "admissionregistration.k8s.io/validatingwebhookconfigurations" =>
            &[("Webhooks:integer", |value| cells::size(&value["webhooks"])), ("Age", age)],
        "apiregistration.k8s.io/apiservices" => &[("Service", cells::api_service), ("Available", |_| "True".into()), ("Age", age)],
        "node.k8s.io/runtimeclasses" => &[("Handler", plain!("handler")), ("Age", age)],
        _ => &[("Created At:date", plain!("metadata", "creationTimestamp"))],
    }
}

/// `Head`, `Head:type` or `Name:name` (a string with format `name`), with `*` for wide output.
fn column(head: &str, compute: Compute) -> Column {
    let wide = head.ends_with('*');
    let (name, kind) =
        head.trim_end_matches('*').split_once(':').unwrap_or((head.trim_end_matches('*'), "string"));
    let (kind, format) = if kind == "name" { ("string", "name") } else { (kind, "") };
    Column {
        name: name.to_owned(),
        kind: kind.to_owned(),
        format: format.to_owned(),
        description: String::new(),
        priority: i64::from(wide),
        cell: Cell::Computed(compute),
    }
}
