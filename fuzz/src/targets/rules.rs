//! Comparing desired and live, and the rules for what does not count.

use arbitrary::{Result, Unstructured};
use diff::{IgnoreRule, KnownTypeField, Options, Override, Rules, StatusRule, compare};
use object::Object;

use crate::{bundle, shape};

/// Any two objects of a kind.
pub(super) fn comparison(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = try_comparison(&mut u);
}

fn try_comparison(u: &mut Unstructured<'_>) -> Result<()> {
    let gvk = shape::kind(u)?;
    let target = shape::object_of(u, &gvk)?;
    let mut live = shape::object_of(u, &gvk)?;
    if u.arbitrary()? {
        let last = shape::object_of(u, &gvk)?;
        if live.annotations().is_empty() {
            live.set(&["metadata", "annotations"], serde_json::json!({}));
        }
        live.set_annotation(object::LAST_APPLIED_ANNOTATION, &last.to_json());
    }
    let Ok(rules) = Rules::compile(&[], &[], StatusRule::All) else { return Ok(()) };
    for server_side_apply in [false, true] {
        let options = Options { server_side_apply, ..Options::new(&rules) };
        let _ = compare(Some(&target), Some(&live), &options);
        if let Ok(found) = compare(None, Some(&live), &options) {
            assert!(!found.modified, "without a target there is nothing to change");
        }
    }
    let (masked, _) = diff::mask_secrets(Some(&target), Some(&live), &[]);
    let _ = masked;
    Ok(())
}

/// Rules as texts: jq expressions and JSON pointers, one a line, and the object that they are applied to.
pub(super) fn rules(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let lines = |name| bundle::text_of(&files, name).lines().take(4).map(str::to_owned).collect::<Vec<_>>();
    let Ok(object) =
        Object::from_value(goyaml::from_str(bundle::text_of(&files, "object")).unwrap_or_default())
    else {
        return;
    };
    let own = IgnoreRule {
        group: "*".into(),
        kind: "*".into(),
        json_pointers: lines("pointers"),
        jq_path_expressions: lines("jq"),
        managed_fields_managers: lines("managers"),
        ..IgnoreRule::default()
    };
    let known =
        lines("known").into_iter().map(|field| KnownTypeField { field, type_name: "core/v1/PodSpec".into() });
    let system = Override { key: "*/*".into(), known_type_fields: known.collect(), ..Override::default() };
    let Ok(rules) = Rules::compile(&[own], &[system], StatusRule::None) else { return };
    let mut changed = object.clone();
    rules.apply(&mut changed);
    let _ = compare(Some(&object), Some(&changed), &Options::new(&rules));
}
