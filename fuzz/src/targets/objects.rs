//! Live objects and what the cluster says of their kinds.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use health::{HealthCode, NoOverrides, Overrides, Script, actions};
use object::schema::{Schemas, canonical_scalars, fill_defaults, prune, validate};
use object::{GroupVersionKind, Object};
use serde_json::Value;

use crate::{bundle, shape};

/// An OpenAPI document or the schema of a custom resource, and an object that is held against it.
pub(super) fn openapi(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let value = |name| goyaml::from_str(bundle::text_of(&files, name)).unwrap_or_default();
    let (document, object) = (value("document"), value("object"));
    let gvk = GroupVersionKind::new("example.com", "v1", "Widget");
    for schemas in [Schemas::from_document(&document), Schemas::from_custom_resource(&gvk, &document)] {
        let Ok(schemas) = schemas else { continue };
        let kinds: Vec<_> = schemas.kinds().take(4).cloned().collect();
        let schemas_of_all = kinds.iter().filter_map(|gvk| schemas.kind(gvk));
        let named = schemas.definition_names().take(4).filter_map(|name| schemas.definition(name));
        for schema in schemas_of_all.chain(named) {
            let violations = validate(&object, schema);
            let mut changed = object.clone();
            fill_defaults(&mut changed, schema);
            let once = changed.clone();
            fill_defaults(&mut changed, schema);
            assert_eq!(changed, once, "defaults are filled twice");
            canonical_scalars(&mut changed, schema);
            prune(&mut changed, schema);
            let once = changed.clone();
            prune(&mut changed, schema);
            assert_eq!(changed, once, "pruned twice");
            let _ = (violations, schema.zero_value());
            let fields = object::structured::field_set(&object, Some(schema));
            let again = object::structured::FieldSet::from_fields_v1(&fields.to_fields_v1());
            assert_eq!(again.ok().as_ref(), Some(&fields), "the fields of {object} do not come back");
        }
    }
}

/// The health of objects and the actions that they offer.
pub(super) fn health(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = try_health(&mut u);
}

fn try_health(u: &mut Unstructured<'_>) -> Result<()> {
    let gvk = shape::kind(u)?;
    let mut object = shape::object_of(u, &gvk)?;
    if u.arbitrary()? {
        // Fields whose built-in schema is not known here, such as those of a Rollout.
        for (name, value) in shape::map(u)? {
            object.set(&["status", &name], value);
        }
    }
    let told = health::of(&object, &NoOverrides);
    assert!(told.is_ok(), "{told:?}");
    let invocation = actions::Invocation {
        now: "2024-01-01T00:00:00Z".into(),
        seconds: 1_704_067_200,
        parameters: BTreeMap::from([("replicas".to_owned(), shape::text(u)?)]),
    };
    for action in actions::discover(&object, None).unwrap_or_default() {
        let _ = actions::run(&object, &action.name, &invocation, None);
    }
    let (target, live) = diff::mask_secrets(Some(&object), Some(&object), &[]);
    assert_eq!(target, live, "equal Secrets are masked differently");
    Ok(())
}

struct One<'a>(&'a str, bool);

impl Overrides for One<'_> {
    fn health_script(&self, _group: &str, _kind: &str) -> Option<Script<'_>> {
        Some(Script { source: self.0, open_libraries: self.1 })
    }
}

/// A script that tells health, actions or what an action does, and an object that it looks at.
pub(super) fn script(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let object = goyaml::from_str(bundle::text_of(&files, "object")).unwrap_or(Value::Null);
    let object = Object::from_value(object).unwrap_or_default();
    for open_libraries in [false, true] {
        let told = health::of(&object, &One(bundle::text_of(&files, "script"), open_libraries));
        if let Ok(Some(status)) = told {
            assert_eq!(
                HealthCode::parse(status.code.as_str()),
                status.code,
                "a status that cannot be read back"
            );
        }
    }
    let source = bundle::text_of(&files, "script");
    let custom = actions::Customization {
        discovery: source.to_owned(),
        definitions: BTreeMap::from([("act".to_owned(), source.to_owned())]),
        with_builtin: true,
    };
    let _ = actions::discover(&object, Some(&custom));
    let _ = actions::run(&object, "act", &actions::Invocation::default(), Some(&custom));
}
