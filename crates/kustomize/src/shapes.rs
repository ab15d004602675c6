//! Which lists of which kinds are merged element by element, and by which keys.
//!
//! Kustomize knows this from the API description of Kubernetes 1.21 and from nothing else: lists of other kinds and of
//! later fields are replaced. Of that description only what leads to such a list is kept here. A kustomization may
//! bring its own description (`openapi`), which then is all that is known.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::fieldspec::Text;

/// A set of shapes that refer to each other, and the kinds they belong to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Shapes {
    shapes: Vec<BTreeMap<Text, Field>>,
    /// By `apiVersion` and `kind`.
    kinds: HashMap<(Text, Text), usize>,
    /// By name: the definitions that others may refer to.
    names: HashMap<Text, usize>,
}

/// A field that matters.
#[derive(Debug, Clone)]
enum Field {
    /// A map with fields that matter.
    Map(usize),
    /// A list that is merged: by these keys of its elements, or as a set without any.
    List { keys: Vec<String>, element: Option<usize> },
}

/// The shape of one value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    set: &'a Shapes,
    at: At<'a>,
}

#[derive(Debug, Clone, Copy)]
enum At<'a> {
    Map(usize),
    List { keys: &'a [String], element: Option<usize> },
}

/// Stands for every key of a map, as in a description's `additionalProperties`.
const ANY: &str = "*";

impl Shapes {
    /// What Kustomize knows by itself.
    pub(crate) fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Shapes> = LazyLock::new(|| Shapes::parse(TABLE));
        &BUILTIN
    }

    /// The shape of a kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<Shape<'_>> {
        let at = self.kinds.get(&(api_version.into(), kind.into()))?;
        Some(Shape { set: self, at: At::Map(*at) })
    }

    fn parse(table: &'static str) -> Self {
        let mut shapes = Self::default();
        let mut names: HashMap<Text, usize> = HashMap::new();
        let lines = || table.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines().filter(|line| !line.starts_with('@')) {
            let name = line.split_once(':').map_or(line, |(name, _)| name);
            names.insert(name.into(), names.len());
            shapes.shapes.push(BTreeMap::new());
        }
        for line in lines() {
            let Some((name, rest)) = line.split_once(": ") else { continue };
            if let Some(shape) = name.strip_prefix('@') {
                for kind in rest.split_whitespace() {
                    let (api_version, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
                    if let Some(at) = names.get(shape) {
                        shapes.kinds.insert((api_version.into(), kind.into()), *at);
                    }
                }
                continue;
            }
            let fields = rest.split_whitespace().filter_map(|field| {
                let (name, meaning) = field.split_once('=')?;
                let field = match meaning.strip_prefix('[') {
                    None => Field::Map(*names.get(meaning)?),
                    Some(list) => {
                        let (keys, element) = list.split_once(']')?;
                        let keys = keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned);
                        Field::List { keys: keys.collect(), element: names.get(element).copied() }
                    }
                };
                Some((Text::Borrowed(name), field))
            });
            let fields: Vec<_> = fields.collect();
            if let Some(at) = names.get(name) {
                shapes.shapes[*at].extend(fields);
            }
        }
        shapes.names = names;
        shapes
    }

    /// Reads an API description: definitions with `x-kubernetes-group-version-kind`. When what Kustomize knows by
    /// itself was read before, it stands beside the description, and its definitions in the place of those of the same
    /// names.
    pub(crate) fn from_definitions(definitions: &Map<String, Value>, beside_builtin: bool) -> Self {
        let mut shapes = if beside_builtin { Self::builtin().clone() } else { Self::default() };
        let mut names: HashMap<&str, usize> = HashMap::new();
        for name in DEFINITIONS {
            if let Some(at) = shapes.names.get(name.rsplit('.').next().unwrap_or(name)) {
                names.insert(name, *at);
            }
        }
        for name in definitions.keys() {
            names.entry(name).or_insert_with(|| {
                shapes.shapes.push(BTreeMap::new());
                shapes.shapes.len() - 1
            });
        }
        for (name, definition) in definitions {
            let Some(at) = names.get(name.as_str()).copied() else { continue };
            if shapes.shapes[at].is_empty() {
                let fields = shapes.fields_of(definition, &names);
                shapes.shapes[at].extend(fields);
            }
            let kinds = definition.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for kind in kinds.into_iter().flatten() {
                let text = |name: &str| kind.get(name).and_then(Value::as_str).unwrap_or_default();
                let api_version = match text("group") {
                    "" => text("version").to_owned(),
                    group => format!("{group}/{}", text("version")),
                };
                shapes.kinds.entry((api_version.into(), text("kind").to_owned().into())).or_insert(at);
            }
        }
        shapes
    }

    fn fields_of(&mut self, schema: &Value, names: &HashMap<&str, usize>) -> Vec<(Text, Field)> {
        let mut fields = Vec::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if let Some(field) = self.field_of(property, names) {
                fields.push((name.clone().into(), field));
            }
        }
        if let Some(others) = schema.get("additionalProperties").filter(|others| others.is_object())
            && let Some(field) = self.field_of(others, names)
        {
            fields.push((ANY.into(), field));
        }
        fields
    }

    fn field_of(&mut self, schema: &Value, names: &HashMap<&str, usize>) -> Option<Field> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            return names.get(name).map(|at| Field::Map(*at));
        }
        let strategy = schema.get("x-kubernetes-patch-strategy").and_then(Value::as_str).unwrap_or_default();
        if strategy.split(',').any(|word| word == "merge") {
            let keys = match schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
                Some(keys) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                None => {
                    let key = schema.get("x-kubernetes-patch-merge-key").and_then(Value::as_str);
                    key.map(str::to_owned).into_iter().collect()
                }
            };
            let element = schema.get("items").and_then(|items| match self.field_of(items, names) {
                Some(Field::Map(at)) => Some(at),
                _ => None,
            });
            return Some(Field::List { keys, element });
        }
        let fields = self.fields_of(schema, names);
        if fields.is_empty() {
            return None;
        }
        self.shapes.push(fields.into_iter().collect());
        Some(Field::Map(self.shapes.len() - 1))
    }
}

impl<'a> Shape<'a> {
    /// The shape of a field, if anything below it matters.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        let At::Map(at) = self.at else { return None };
        let fields = &self.set.shapes[at];
        let at = match fields.get(name).or_else(|| fields.get(ANY))? {
            Field::Map(at) => At::Map(*at),
            Field::List { keys, element } => At::List { keys, element: *element },
        };
        Some(Self { set: self.set, at })
    }

    /// The keys of a list that is merged; none for a set.
    pub(crate) fn keys(self) -> Option<&'a [String]> {
        match self.at {
            At::Map(_) => None,
            At::List { keys, .. } => Some(keys),
        }
    }

    /// The shape of a list's elements.
    pub(crate) fn element(self) -> Option<Self> {
        match self.at {
            At::List { element: Some(element), .. } => Some(Self { set: self.set, at: At::Map(element) }),
            _ => None,
        }
    }
}

/// The definitions of Kubernetes that have shapes of their own in the table, under their last name.
const DEFINITIONS: &[&str] = &[
    "io.k8s.api.batch.v1.JobTemplateSpec",
    "io.k8s.api.core.v1.Container",
    "io.k8s.api.core.v1.EphemeralContainer",
    "io.k8s.api.core.v1.PodSpec",
    "io.k8s.api.core.v1.PodTemplateSpec",
    "io.k8s.api.core.v1.ServiceSpec",
    "io.k8s.api.core.v1.Volume",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
];

/// A shape a line: its fields, each a shape or a merged list `[keys]` of a shape. Behind `@`, the kinds of a shape.
const TABLE: &str = "
ObjectMeta: finalizers=[] ownerReferences=[uid]
Status: conditions=[type]
Volume: ephemeral=Ephemeral
Ephemeral: volumeClaimTemplate=Plain
Container: env=[name] ports=[containerPort,protocol] volumeDevices=[devicePath] volumeMounts=[mountPath]
EphemeralContainer: env=[name] volumeDevices=[devicePath] volumeMounts=[mountPath]
PodSpec: containers=[name]Container initContainers=[name]Container ephemeralContainers=[name]EphemeralContainer hostAliases=[ip] imagePullSecrets=[name] topologySpreadConstraints=[topologyKey,whenUnsatisfiable] volumes=[name]Volume
PodStatus: conditions=[type] podIPs=[ip]
PodTemplateSpec: metadata=ObjectMeta spec=PodSpec
TemplateSpec: template=PodTemplateSpec
JobTemplateSpec: metadata=ObjectMeta spec=TemplateSpec
CronJobSpec: jobTemplate=JobTemplateSpec
ServiceSpec: ports=[port,protocol]
NodeSpec: podCIDRs=[]
NodeStatus: addresses=[type] conditions=[type]
DriverSpec: drivers=[name]
Plain: metadata=ObjectMeta
WithStatus: metadata=ObjectMeta status=Status
Workload: metadata=ObjectMeta spec=TemplateSpec status=Status
CronJob: metadata=ObjectMeta spec=CronJobSpec
Pod: metadata=ObjectMeta spec=PodSpec status=PodStatus
PodTemplate: metadata=ObjectMeta template=PodTemplateSpec
Service: metadata=ObjectMeta spec=ServiceSpec status=Status
ServiceAccount: metadata=ObjectMeta secrets=[name]
Node: metadata=ObjectMeta spec=NodeSpec status=NodeStatus
ComponentStatus: metadata=ObjectMeta conditions=[type]
Webhooks: metadata=ObjectMeta webhooks=[name]
CSINode: metadata=ObjectMeta spec=DriverSpec
@Workload: apps/v1/DaemonSet apps/v1/Deployment apps/v1/ReplicaSet apps/v1/StatefulSet batch/v1/Job v1/ReplicationController
@CronJob: batch/v1/CronJob batch/v1beta1/CronJob
@Pod: v1/Pod
@PodTemplate: v1/PodTemplate
@Service: v1/Service
@ServiceAccount: v1/ServiceAccount
@Node: v1/Node
@ComponentStatus: v1/ComponentStatus
@Webhooks: admissionregistration.k8s.io/v1/MutatingWebhookConfiguration admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration admissionregistration.k8s.io/v1beta1/MutatingWebhookConfiguration admissionregistration.k8s.io/v1beta1/ValidatingWebhookConfiguration
@CSINode: storage.k8s.io/v1/CSINode storage.k8s.io/v1beta1/CSINode
@WithStatus: v1/Namespace v1/PersistentVolumeClaim policy/v1/PodDisruptionBudget policy/v1beta1/PodDisruptionBudget apiregistration.k8s.io/v1/APIService apiregistration.k8s.io/v1beta1/APIService
@Plain: apps/v1/ControllerRevision autoscaling/v1/HorizontalPodAutoscaler autoscaling/v1/Scale autoscaling/v2beta1/HorizontalPodAutoscaler autoscaling/v2beta2/HorizontalPodAutoscaler
@Plain: certificates.k8s.io/v1/CertificateSigningRequest certificates.k8s.io/v1beta1/CertificateSigningRequest coordination.k8s.io/v1/Lease coordination.k8s.io/v1beta1/Lease
@Plain: v1/Binding v1/ConfigMap v1/Endpoints v1/Event v1/LimitRange v1/PersistentVolume v1/ResourceQuota v1/Secret
@Plain: discovery.k8s.io/v1/EndpointSlice discovery.k8s.io/v1beta1/EndpointSlice events.k8s.io/v1/Event events.k8s.io/v1beta1/Event extensions/v1beta1/Ingress
@Plain: flowcontrol.apiserver.k8s.io/v1beta1/FlowSchema flowcontrol.apiserver.k8s.io/v1beta1/PriorityLevelConfiguration
@Plain: networking.k8s.io/v1/Ingress networking.k8s.io/v1/IngressClass networking.k8s.io/v1/NetworkPolicy networking.k8s.io/v1beta1/Ingress networking.k8s.io/v1beta1/IngressClass
@Plain: node.k8s.io/v1/RuntimeClass node.k8s.io/v1beta1/RuntimeClass policy/v1beta1/PodSecurityPolicy
@Plain: rbac.authorization.k8s.io/v1/ClusterRole rbac.authorization.k8s.io/v1/ClusterRoleBinding rbac.authorization.k8s.io/v1/Role rbac.authorization.k8s.io/v1/RoleBinding
@Plain: rbac.authorization.k8s.io/v1beta1/ClusterRole rbac.authorization.k8s.io/v1beta1/ClusterRoleBinding rbac.authorization.k8s.io/v1beta1/Role rbac.authorization.k8s.io/v1beta1/RoleBinding
@Plain: scheduling.k8s.io/v1/PriorityClass scheduling.k8s.io/v1beta1/PriorityClass
@Plain: storage.k8s.io/v1/CSIDriver storage.k8s.io/v1/StorageClass storage.k8s.io/v1/VolumeAttachment storage.k8s.io/v1beta1/CSIDriver storage.k8s.io/v1beta1/CSIStorageCapacity storage.k8s.io/v1beta1/StorageClass storage.k8s.io/v1beta1/VolumeAttachment
@Plain: apiextensions.k8s.io/v1/CustomResourceDefinition apiextensions.k8s.io/v1beta1/CustomResourceDefinition
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_known_kinds_have_keys() {
        let keys = |api_version: &str, kind: &str, path: &str| {
            let mut shape = Shapes::builtin().kind(api_version, kind);
            for name in path.split('/') {
                shape = match name {
                    "[]" => shape.and_then(Shape::element),
                    name => shape.and_then(|shape| shape.field(name)),
                };
            }
            shape.and_then(Shape::keys).map(|keys| keys.join("+"))
        };
        for (api_version, kind, path, expected) in [
            ("apps/v1", "Deployment", "spec/template/spec/containers", Some("name")),
            (
                "apps/v1",
                "Deployment",
                "spec/template/spec/containers/[]/ports",
                Some("containerPort+protocol"),
            ),
            ("apps/v1", "Deployment", "spec/template/spec/tolerations", None),
            ("apps/v1beta1", "Deployment", "spec/template/spec/containers", None),
            ("batch/v1", "CronJob", "spec/jobTemplate/spec/template/spec/volumes", Some("name")),
            ("v1", "Secret", "metadata/finalizers", Some("")),
            ("v1", "Service", "spec/ports", Some("port+protocol")),
        ] {
            assert_eq!(keys(api_version, kind, path).as_deref(), expected, "{kind} {path}");
        }
    }

    #[test]
    fn descriptions_are_read() {
        let text = r##"{"Thing": {"properties": {"spec": {"$ref": "#/definitions/Spec"}},
                "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}]},
            "Spec": {"properties": {"parts": {"type": "array", "items": {"type": "object"},
                "x-kubernetes-patch-merge-key": "id", "x-kubernetes-patch-strategy": "merge"}}}}"##;
        let definitions: Map<String, Value> = serde_json::from_str(text).unwrap();
        let shapes = Shapes::from_definitions(&definitions, false);
        let parts =
            shapes.kind("example.com/v1", "Thing").and_then(|thing| thing.field("spec")?.field("parts"));
        assert_eq!(parts.and_then(Shape::keys), Some(&["id".to_owned()][..]));
    }
}
