//! Which application an object belongs to: the tracking annotation and label.

use std::fmt;

use object::{Object, ObjectKey};

/// How objects are marked as belonging to an application (`application.resourceTrackingMethod`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrackingMethod {
    /// The tracking annotation is written and read; also the meaning of unknown values.
    #[default]
    Annotation,
    /// The instance label is written and read.
    Label,
    /// Both are written, the annotation is read.
    AnnotationAndLabel,
}

impl TrackingMethod {
    /// Reads the setting.
    pub fn from_setting(text: &str) -> Self {
        match text {
            "label" => Self::Label,
            "annotation+label" => Self::AnnotationAndLabel,
            _ => Self::Annotation,
        }
    }
}

/// The value of the tracking annotation: `<instance>:<group>/<kind>:<namespace>/<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingId {
    /// The application's instance name: its name, or `<namespace>_<name>` outside the control plane's namespace.
    pub instance: String,
    /// The object that the annotation was written for.
    pub key: ObjectKey,
}

impl TrackingId {
    /// Reads an annotation's value; `None` when it has not the form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let instance = parts.next()?.to_owned();
        let (group, kind) = split_once_only(parts.next()?)?;
        let (namespace, name) = split_once_only(parts.next()?)?;
        let key = ObjectKey {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        Some(Self { instance, key })
    }
}

/// Splits at the only `/`; several or none make no tracking id.
fn split_once_only(text: &str) -> Option<(&str, &str)> {
    text.split_once('/').filter(|(_, rest)| !rest.contains('/'))
}

impl fmt::Display for TrackingId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectKey { group, kind, namespace, name } = &self.key;
        write!(formatter, "{}:{group}/{kind}:{namespace}/{name}", self.instance)
    }
}

/// How one installation marks and recognizes its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    /// The method.
    pub method: TrackingMethod,
    /// The label used by the label methods (`application.instanceLabelKey`).
    pub label: String,
    /// The installation's id (`installationID`); empty when not set.
    pub installation_id: String,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            method: TrackingMethod::default(),
            label: crate::names::LABEL_INSTANCE.to_owned(),
            installation_id: String::new(),
        }
    }
}

/// What is left of a label value that must be a Kubernetes label: 63 characters, ending alphanumerically.
fn as_label_value(instance: &str) -> &str {
    let cut = instance.char_indices().nth(63).map_or(instance, |(end, _)| &instance[..end]);
    cut.trim_end_matches(|character: char| !character.is_ascii_alphanumeric())
}

impl Tracking {
    /// Marks a rendered object as belonging to `instance`. Custom resource definitions are left unmarked, so that
    /// one that is dropped from Git is never pruned.
    pub fn mark(&self, object: &mut Object, instance: &str, destination_namespace: &str) {
        if object.group() == "apiextensions.k8s.io" && object.kind() == "CustomResourceDefinition" {
            return;
        }
        let namespace = object.namespace().unwrap_or(destination_namespace).to_owned();
        let key = ObjectKey {
            group: object.group().to_owned(),
            kind: object.kind().to_owned(),
            namespace,
            name: object.name().to_owned(),
        };
        match self.method {
            TrackingMethod::Label => object.set_label(&self.label, instance),
            TrackingMethod::Annotation | TrackingMethod::AnnotationAndLabel => {
                let id = TrackingId { instance: instance.to_owned(), key };
                object.set_annotation(crate::names::ANNOTATION_TRACKING_ID, &id.to_string());
                if self.method == TrackingMethod::AnnotationAndLabel {
                    object.set_label(&self.label, as_label_value(instance));
                }
            }
        }
        if self.installation_id.is_empty() {
            object.remove_annotation(crate::names::ANNOTATION_INSTALLATION_ID);
        } else {
            object.set_annotation(crate::names::ANNOTATION_INSTALLATION_ID, &self.installation_id);
        }
    }

    /// The instance that an object says it belongs to, or `None` when it is not tracked by this installation.
    pub fn instance_of(&self, object: &Object) -> Option<String> {
        let annotation = |name: &str| object.annotation(name);
        if !self.installation_id.is_empty()
            && annotation(crate::names::ANNOTATION_INSTALLATION_ID) != Some(self.installation_id.as_str())
        {
            return None;
        }
        match self.method {
            TrackingMethod::Label => object.label(&self.label).map(str::to_owned),
            TrackingMethod::Annotation | TrackingMethod::AnnotationAndLabel => {
                TrackingId::parse(annotation(crate::names::ANNOTATION_TRACKING_ID)?).map(|id| id.instance)
            }
        }
    }
}
