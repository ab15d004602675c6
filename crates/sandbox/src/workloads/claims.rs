//! PersistentVolumeClaims: bound at once to a volume made for them, if their storage class exists.

use serde_json::{Value, json};

use super::{MANAGER, create, events, write_status};
use crate::engine::{DeleteOptions, Engine, WriteOptions, edit_metadata};
use crate::status::ApiResult;
use crate::store::Record;

const DEFAULT_CLASS: &str = "standard";
const PROVISIONER: &str = "sandbox.argosy.dev/pretend";

pub(super) fn furnish_classes(engine: &Engine) -> ApiResult<()> {
    let classes = engine.builtin("storage.k8s.io", "storageclasses")?;
    let class = json!({
        "metadata": {"name": DEFAULT_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
    });
    create(engine, &classes, "", class).map(|_| ())
}

pub(super) fn reconcile(engine: &Engine, record: &Record) -> ApiResult<()> {
    let claims = engine.builtin("", "persistentvolumeclaims")?;
    let value = record.value();
    if record.deleting {
        // The volume was made for this claim and goes with it.
        let volumes = engine.builtin("", "persistentvolumes")?;
        match engine.delete(&volumes, "", &format!("pvc-{}", record.uid), &DeleteOptions::default()) {
            Err(error) if error.code != 404 => return Err(error),
            _ => {}
        }
        // Pretends that no Pod uses it any more.
        let options = WriteOptions::controller(MANAGER, "");
        return engine
            .control(&claims, record.namespace(), record.name(), &options, |claim| {
                edit_metadata(claim, |metadata| {
                    if let Some(list) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
                        list.retain(|finalizer| finalizer != "kubernetes.io/pvc-protection");
                    }
                });
            })
            .map(|_| ());
    }
    if value["status"]["phase"] == "Bound" {
        return Ok(());
    }
    let classes = engine.builtin("storage.k8s.io", "storageclasses")?;
    let class = value["spec"]["storageClassName"].as_str().unwrap_or_default().to_owned();
    if engine.store.get(&classes.collection, &class).is_none() {
        let message = if class.is_empty() {
            "no persistent volumes available for this claim and no storage class is set".to_owned()
        } else {
            format!("storageclass.storage.k8s.io {class:?} not found")
        };
        events::warning(
            engine,
            &claims,
            record,
            "persistentvolume-controller",
            "ProvisioningFailed",
            &message,
        );
        return Ok(());
    }
    let volume = format!("pvc-{}", record.uid);
    let capacity = json!({"storage": value["spec"]["resources"]["requests"]["storage"]});
    let volumes = engine.builtin("", "persistentvolumes")?;
    if engine.store.get(&volumes.collection, &volume).is_none() {
        let object = json!({
            "metadata": {"name": volume, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
            "spec": {
                "capacity": capacity, "accessModes": value["spec"]["accessModes"], "storageClassName": class,
                "persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem",
                "hostPath": {"path": format!("/sandbox/{volume}")},
                "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": record.namespace(),
                    "name": record.name(), "uid": &*record.uid},
            },
        });
        create(engine, &volumes, "", object)?;
        let made = engine.find(&volumes, "", &volume)?;
        write_status(engine, &volumes, &made, &Value::Null, &json!({"phase": "Bound"}))?;
    }
    let options = WriteOptions::controller(MANAGER, "");
    engine.control(&claims, record.namespace(), record.name(), &options, |claim| {
        claim["spec"]["volumeName"] = volume.clone().into();
        edit_metadata(claim, |metadata| {
            let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
            annotations["pv.kubernetes.io/bind-completed"] = "yes".into();
            annotations["pv.kubernetes.io/bound-by-controller"] = "yes".into();
        });
    })?;
    let status = json!({"phase": "Bound", "accessModes": value["spec"]["accessModes"], "capacity": capacity});
    write_status(engine, &claims, record, &value, &status)
}
