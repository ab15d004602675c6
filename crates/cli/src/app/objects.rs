//! `app get-resource`, `app patch-resource` and `app delete-resource`: single live objects of an application.

use clap::{Args, ValueEnum};
use serde_json::Value;
use types::{ApplicationTree, ResourceRef};

use super::{AppName, Target};
use crate::client::Client;
use crate::error::Error;
use crate::login::confirm;
use crate::output::{self, Table};

/// Which objects of an application a verb is about.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ObjectFlags {
    /// The objects' API group.
    #[arg(long)]
    group: Option<String>,
    /// The objects' kind.
    #[arg(long)]
    pub(super) kind: Option<String>,
    /// The object's name.
    #[arg(long)]
    resource_name: Option<String>,
}

impl ObjectFlags {
    pub(super) fn matches(&self, reference: &ResourceRef, namespace: Option<&str>) -> bool {
        let fits =
            |wanted: &Option<String>, held: &str| wanted.as_deref().is_none_or(|wanted| wanted == held);
        fits(&self.group, &reference.group)
            && fits(&self.kind, &reference.kind)
            && fits(&self.resource_name, &reference.name)
            && namespace.is_none_or(|namespace| namespace == reference.namespace)
    }

    /// The live objects that are meant.
    pub(super) async fn find(
        &self,
        client: &Client,
        app: &AppName,
        namespace: Option<&str>,
    ) -> Result<Vec<ResourceRef>, Error> {
        let tree: ApplicationTree = client.get(&app.path("/resource-tree"), &app.query()).await?;
        let found: Vec<ResourceRef> = tree
            .nodes
            .into_iter()
            .chain(tree.orphaned_nodes)
            .map(|node| node.resource_ref)
            // What has no identity is not there.
            .filter(|reference| !reference.uid.is_empty() && self.matches(reference, namespace))
            .collect();
        if found.is_empty() {
            return Err(Error::Usage(format!("no live object of application '{}' matches", app.name)));
        }
        Ok(found)
    }
}

/// Which objects are changed.
#[derive(Debug, Clone, Args)]
pub(super) struct ChangedObjects {
    #[command(flatten)]
    pub(super) object: ObjectFlags,
    /// The object's namespace.
    #[arg(long)]
    pub(super) namespace: Option<String>,
    /// All objects that match, rather than only one.
    #[arg(long)]
    all: bool,
    /// Accepted for scripts written for argocd.
    #[arg(long, hide = true)]
    project: Option<String>,
}

impl ChangedObjects {
    /// The objects that are meant; several only if that was said.
    pub(super) async fn find(&self, client: &Client, app: &AppName) -> Result<Vec<ResourceRef>, Error> {
        if self.object.kind.is_none() {
            return Err(Error::Usage("--kind is missing".into()));
        }
        let found = self.object.find(client, app, self.namespace.as_deref()).await?;
        if found.len() > 1 && !self.all {
            let names: Vec<String> =
                found.iter().map(|object| format!("{}/{}", object.kind, object.name)).collect();
            return Err(Error::Usage(format!(
                "{} objects match ({}): name one, or give --all",
                found.len(),
                names.join(", ")
            )));
        }
        Ok(found)
    }
}

/// The query that names an object of an application.
pub(super) fn query_of(app: &AppName, object: &ResourceRef) -> Vec<(&'static str, String)> {
    let mut query = app.query();
    query.extend([
        ("group", object.group.clone()),
        ("kind", object.kind.clone()),
        ("version", object.version.clone()),
        ("namespace", object.namespace.clone()),
        ("resourceName", object.name.clone()),
    ]);
    query
}

/// What `app get-resource` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app get-resource guestbook --kind Pod\n  argosy app get-resource guestbook --kind Deployment --resource-name web -o yaml --filter-fields spec.replicas,status"
)]
pub(super) struct GetResourceOptions {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    object: ObjectFlags,
    /// Only these fields, as dotted paths with commas between them.
    #[arg(long, value_delimiter = ',')]
    filter_fields: Vec<String>,
    /// Show who manages which fields.
    #[arg(long)]
    show_managed_fields: bool,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
    /// Accepted for scripts written for argocd.
    #[arg(long, hide = true)]
    project: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Json,
    Yaml,
}

/// What `app patch-resource` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app patch-resource guestbook --kind Deployment --resource-name web --patch '{\"spec\": {\"replicas\": 2}}'"
)]
pub(super) struct PatchResourceOptions {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    objects: ChangedObjects,
    /// The patch, in JSON.
    #[arg(long)]
    patch: String,
    /// The patch's content type.
    #[arg(long, default_value = "application/merge-patch+json")]
    patch_type: String,
}

/// What `app delete-resource` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app delete-resource guestbook --kind Pod --resource-name web-0\n  argosy app delete-resource guestbook --kind Job --all --force"
)]
pub(super) struct DeleteResourceOptions {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    objects: ChangedObjects,
    /// Delete at once, without a grace period.
    #[arg(long)]
    force: bool,
    /// Leave what the object owns.
    #[arg(long)]
    orphan: bool,
}

pub(crate) async fn get(options: &GetResourceOptions, client: &Client) -> Result<(), Error> {
    if options.object.kind.is_none() {
        return Err(Error::Usage("--kind is missing".into()));
    }
    let app = options.target.app();
    let mut objects = Vec::new();
    for object in options.object.find(client, &app, None).await? {
        let answer: Value = client.get(&app.path("/resource"), &query_of(&app, &object)).await?;
        let mut live: Value = serde_json::from_str(answer["manifest"].as_str().unwrap_or_default())
            .map_err(|error| Error::Format(format!("{}/{}: {error}", object.kind, object.name)))?;
        if !options.show_managed_fields
            && let Some(metadata) = live.pointer_mut("/metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("managedFields");
        }
        objects.push((object.name, only(&live, &options.filter_fields)));
    }
    match options.output {
        Format::Wide => print!("{}", table(&objects)),
        Format::Json | Format::Yaml => {
            for (index, (_, object)) in objects.iter().enumerate() {
                if index > 0 {
                    println!("---");
                }
                output::print_value(object, options.output == Format::Json);
            }
        }
    }
    Ok(())
}

/// An object with nothing but these fields; all of it when none is named. A path goes into every element of a list.
fn only(value: &Value, fields: &[String]) -> Value {
    if fields.is_empty() {
        return value.clone();
    }
    let mut kept = Value::Null;
    for field in fields {
        let path: Vec<&str> = field.split('.').filter(|part| !part.is_empty()).collect();
        merge(&mut kept, pick(value, &path));
    }
    kept
}

fn pick(value: &Value, path: &[&str]) -> Value {
    match (value, path) {
        (value, []) => value.clone(),
        (Value::Object(members), [name, rest @ ..]) => match members.get(*name) {
            Some(member) => {
                let inner = pick(member, rest);
                if inner.is_null() { Value::Null } else { serde_json::json!({ *name: inner }) }
            }
            None => Value::Null,
        },
        (Value::Array(items), path) => {
            let picked: Vec<Value> =
                items.iter().map(|item| pick(item, path)).filter(|item| !item.is_null()).collect();
            if picked.is_empty() { Value::Null } else { Value::Array(picked) }
        }
        _ => Value::Null,
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if into.len() == from.len() => {
            into.iter_mut().zip(from).for_each(|(into, from)| merge(into, from));
        }
        (_, Value::Null) => {}
        (into, from) => *into = from,
    }
}

/// All fields with their values, one a line.
fn table(objects: &[(String, Value)]) -> Table {
    let several = objects.len() > 1;
    let mut table =
        Table::new(if several { &["FIELD", "RESOURCE NAME", "VALUE"] } else { &["FIELD", "VALUE"] });
    for (name, object) in objects {
        let mut leaves = Vec::new();
        gather("", object, &mut leaves);
        for (field, value) in leaves {
            if several {
                table.push([field, name.clone(), value]);
            } else {
                table.push([field, value]);
            }
        }
    }
    table
}

fn gather(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                gather(&inner, member, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                gather(&format!("{path}[{index}]"), item, leaves);
            }
        }
        Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        other => leaves.push((path.to_owned(), other.to_string())),
    }
}

pub(crate) async fn patch(options: &PatchResourceOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    for object in options.objects.find(client, &app).await? {
        let mut query = query_of(&app, &object);
        query.push(("patchType", options.patch_type.clone()));
        let _: Value =
            client.call(reqwest::Method::POST, &app.path("/resource"), &query, Some(&options.patch)).await?;
        eprintln!("Resource '{}' patched", object.name);
    }
    Ok(())
}

pub(crate) async fn delete(options: &DeleteResourceOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    for object in options.objects.find(client, &app).await? {
        if !confirm(&format!("Delete {} '{}'?", object.kind, object.name))? {
            println!("The command to delete '{}' was cancelled.", object.name);
            continue;
        }
        let mut query = query_of(&app, &object);
        query.push(("force", options.force.to_string()));
        query.push(("orphan", options.orphan.to_string()));
        client.delete(&app.path("/resource"), &query).await?;
        eprintln!("Resource '{}' deleted", object.name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn fields_are_picked_by_dotted_paths() {
        let pod = json!({
            "kind": "Pod",
            "spec": {"nodeName": "a", "containers": [{"name": "x", "image": "i"}, {"name": "y", "image": "j"}]},
        });
        let fields = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            only(&pod, &names)
        };
        assert_eq!(fields(&["spec.nodeName", "kind"]), json!({"kind": "Pod", "spec": {"nodeName": "a"}}));
        assert_eq!(
            fields(&["spec.containers.name", "spec.containers.image"]),
            json!({"spec": {"containers": [{"name": "x", "image": "i"}, {"name": "y", "image": "j"}]}})
        );
        assert_eq!(fields(&["status.phase"]), Value::Null);
        expect![[r#"
            FIELD                    VALUE
            spec.containers[0].name  x
            spec.containers[1].name  y
        "#]]
        .assert_eq(&table(&[("p".into(), fields(&["spec.containers.name"]))]).to_string());
    }
}
