//! Defaults that are the same for every value of a type. Facts of the Kubernetes API, release 1.36.

use serde_json::{Map, Value};

/// When a field counts as missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// When it is not there or null.
    Absent,
    /// Also when it is empty or zero, because the type cannot tell the difference.
    Zero,
}

/// A default.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Constant {
    Text(&'static str),
    Number(i64),
    Flag(bool),
    EmptyMap,
    OneText(&'static str),
}

impl Constant {
    pub(crate) fn to_value(self) -> Value {
        match self {
            Constant::Text(text) => Value::from(text),
            Constant::Number(number) => Value::from(number),
            Constant::Flag(flag) => Value::from(flag),
            Constant::EmptyMap => Value::Object(Map::new()),
            Constant::OneText(text) => Value::from(vec![text]),
        }
    }
}

use Constant::{EmptyMap, Flag, Number, OneText, Text};
use Presence::{Absent, Zero};

type Fields = &'static [(&'static str, Presence, Constant)];

/// The constants of a type, named without `io.k8s.`.
pub(super) fn of(name: &str) -> Fields {
    TABLE.iter().find(|(names, _)| names.contains(&name)).map_or(&[], |(_, fields)| fields)
}

/// Structures to be made, if missing, before the defaults inside them are filled in.
pub(super) const ROOTS: &[(&str, &[&[&str]])] = &[
    ("io.k8s.api.apps.v1.Deployment", &[&["spec", "strategy"]]),
    ("io.k8s.api.apps.v1.DaemonSet", &[&["spec", "updateStrategy"]]),
    ("io.k8s.api.core.v1.Namespace", &[&["status"]]),
    (
        "io.k8s.api.apps.v1.StatefulSet",
        &[&["spec", "updateStrategy"], &["spec", "persistentVolumeClaimRetentionPolicy"]],
    ),
];

const TABLE: &[(&[&str], Fields)] = &[
    (
        &["api.core.v1.Container", "api.core.v1.EphemeralContainer"],
        &[
            ("terminationMessagePath", Zero, Text("/dev/termination-log")),
            ("terminationMessagePolicy", Zero, Text("File")),
        ],
    ),
    (
        &["api.core.v1.PodSpec"],
        &[
            ("dnsPolicy", Zero, Text("ClusterFirst")),
            ("restartPolicy", Zero, Text("Always")),
            ("securityContext", Absent, EmptyMap),
            ("terminationGracePeriodSeconds", Absent, Number(30)),
            ("schedulerName", Zero, Text("default-scheduler")),
        ],
    ),
    (
        &["api.core.v1.Probe"],
        &[
            ("timeoutSeconds", Zero, Number(1)),
            ("periodSeconds", Zero, Number(10)),
            ("successThreshold", Zero, Number(1)),
            ("failureThreshold", Zero, Number(3)),
        ],
    ),
    (&["api.core.v1.HTTPGetAction"], &[("path", Zero, Text("/")), ("scheme", Zero, Text("HTTP"))]),
    (&["api.core.v1.GRPCAction"], &[("service", Absent, Text(""))]),
    (&["api.core.v1.FileKeySelector"], &[("optional", Absent, Flag(false))]),
    (
        &[
            "api.core.v1.SecretVolumeSource",
            "api.core.v1.ConfigMapVolumeSource",
            "api.core.v1.DownwardAPIVolumeSource",
            "api.core.v1.ProjectedVolumeSource",
        ],
        &[("defaultMode", Absent, Number(0o644))],
    ),
    (&["api.core.v1.ServiceAccountTokenProjection"], &[("expirationSeconds", Absent, Number(3600))]),
    (&["api.core.v1.HostPathVolumeSource"], &[("type", Absent, Text(""))]),
    (&["api.core.v1.AzureDiskVolumeSource"], &[("readOnly", Absent, Flag(false))]),
    (&["api.core.v1.ObjectFieldSelector"], &[("apiVersion", Zero, Text("v1"))]),
    (&["api.core.v1.Secret"], &[("type", Zero, Text("Opaque"))]),
    (
        &["api.core.v1.PersistentVolumeSpec"],
        &[
            ("persistentVolumeReclaimPolicy", Zero, Text("Retain")),
            ("volumeMode", Absent, Text("Filesystem")),
        ],
    ),
    (&["api.core.v1.PersistentVolumeClaimSpec"], &[("volumeMode", Absent, Text("Filesystem"))]),
    (&["api.core.v1.NamespaceStatus"], &[("phase", Zero, Text("Active"))]),
    (&["api.core.v1.EndpointPort"], &[("protocol", Zero, Text("TCP"))]),
    (
        &["api.apps.v1.DeploymentSpec"],
        &[
            ("replicas", Absent, Number(1)),
            ("revisionHistoryLimit", Absent, Number(10)),
            ("progressDeadlineSeconds", Absent, Number(600)),
        ],
    ),
    (&["api.apps.v1.DaemonSetSpec"], &[("revisionHistoryLimit", Absent, Number(10))]),
    (
        &["api.apps.v1.StatefulSetSpec"],
        &[
            ("podManagementPolicy", Zero, Text("OrderedReady")),
            ("replicas", Absent, Number(1)),
            ("revisionHistoryLimit", Absent, Number(10)),
        ],
    ),
    (
        &["api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy"],
        &[("whenDeleted", Zero, Text("Retain")), ("whenScaled", Zero, Text("Retain"))],
    ),
    (&["api.apps.v1.ReplicaSetSpec"], &[("replicas", Absent, Number(1))]),
    (
        &["api.batch.v1.CronJobSpec"],
        &[
            ("concurrencyPolicy", Zero, Text("Allow")),
            ("suspend", Absent, Flag(false)),
            ("successfulJobsHistoryLimit", Absent, Number(3)),
            ("failedJobsHistoryLimit", Absent, Number(1)),
        ],
    ),
    (&["api.batch.v1.PodFailurePolicyOnPodConditionsPattern"], &[("status", Zero, Text("True"))]),
    (
        &["api.autoscaling.v1.HorizontalPodAutoscalerSpec", "api.autoscaling.v2.HorizontalPodAutoscalerSpec"],
        &[("minReplicas", Absent, Number(1))],
    ),
    (
        &["api.storage.v1.StorageClass"],
        &[("reclaimPolicy", Absent, Text("Delete")), ("volumeBindingMode", Absent, Text("Immediate"))],
    ),
    (
        &["api.storage.v1.CSIDriverSpec"],
        &[
            ("attachRequired", Absent, Flag(true)),
            ("podInfoOnMount", Absent, Flag(false)),
            ("storageCapacity", Absent, Flag(false)),
            ("fsGroupPolicy", Absent, Text("ReadWriteOnceWithFSType")),
            ("volumeLifecycleModes", Absent, OneText("Persistent")),
            ("requiresRepublish", Absent, Flag(false)),
            ("seLinuxMount", Absent, Flag(false)),
        ],
    ),
    (&["api.networking.v1.NetworkPolicyPort"], &[("protocol", Absent, Text("TCP"))]),
    (&["api.networking.v1.IngressClassParametersReference"], &[("scope", Absent, Text("Cluster"))]),
    (
        &["api.admissionregistration.v1.ValidatingWebhook"],
        &[
            ("failurePolicy", Absent, Text("Fail")),
            ("matchPolicy", Absent, Text("Equivalent")),
            ("namespaceSelector", Absent, EmptyMap),
            ("objectSelector", Absent, EmptyMap),
            ("timeoutSeconds", Absent, Number(10)),
        ],
    ),
    (
        &["api.admissionregistration.v1.MutatingWebhook"],
        &[
            ("failurePolicy", Absent, Text("Fail")),
            ("matchPolicy", Absent, Text("Equivalent")),
            ("namespaceSelector", Absent, EmptyMap),
            ("objectSelector", Absent, EmptyMap),
            ("timeoutSeconds", Absent, Number(10)),
            ("reinvocationPolicy", Absent, Text("Never")),
        ],
    ),
    (
        &[
            "api.admissionregistration.v1.RuleWithOperations",
            "api.admissionregistration.v1.NamedRuleWithOperations",
        ],
        &[("scope", Absent, Text("*"))],
    ),
    (
        &[
            "api.admissionregistration.v1.ServiceReference",
            "apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference",
            "kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference",
        ],
        &[("port", Absent, Number(443))],
    ),
    (
        &[
            "api.admissionregistration.v1.ValidatingAdmissionPolicySpec",
            "api.admissionregistration.v1.MutatingAdmissionPolicySpec",
        ],
        &[("failurePolicy", Absent, Text("Fail"))],
    ),
    (
        &["api.admissionregistration.v1.MatchResources"],
        &[
            ("matchPolicy", Absent, Text("Equivalent")),
            ("namespaceSelector", Absent, EmptyMap),
            ("objectSelector", Absent, EmptyMap),
        ],
    ),
    (&["api.flowcontrol.v1.FlowSchemaSpec"], &[("matchingPrecedence", Zero, Number(1000))]),
    (
        &["api.flowcontrol.v1.ExemptPriorityLevelConfiguration"],
        &[("nominalConcurrencyShares", Absent, Number(0)), ("lendablePercent", Absent, Number(0))],
    ),
    (
        &["api.flowcontrol.v1.LimitedPriorityLevelConfiguration"],
        &[("nominalConcurrencyShares", Absent, Number(30)), ("lendablePercent", Absent, Number(0))],
    ),
    (
        &["api.flowcontrol.v1.QueuingConfiguration"],
        &[
            ("handSize", Zero, Number(8)),
            ("queues", Zero, Number(64)),
            ("queueLengthLimit", Zero, Number(50)),
        ],
    ),
    (&["api.discovery.v1.EndpointPort"], &[("name", Absent, Text("")), ("protocol", Absent, Text("TCP"))]),
    (
        &["api.resource.v1.ExactDeviceRequest", "api.resource.v1.DeviceSubRequest"],
        &[("allocationMode", Zero, Text("ExactCount"))],
    ),
    (&["api.rbac.v1.RoleRef"], &[("apiGroup", Zero, Text("rbac.authorization.k8s.io"))]),
    (&["api.scheduling.v1.PriorityClass"], &[("preemptionPolicy", Absent, Text("PreemptLowerPriority"))]),
];
