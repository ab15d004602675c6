//! Names inside objects that mean other objects: kept right when those are renamed. Which fields hold names is in
//! `reference_table`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::fieldspec::{FieldSpec, Leaf};
use crate::identity::Id;
use crate::resource::Resource;
use crate::specs::{NameReference, by_kind};

/// An object that was renamed, as far as references to it matter.
struct Candidate {
    /// Earlier identities; the first is the original one.
    earlier: Vec<Id>,
    now: Id,
    is_cluster_scoped: bool,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// The renamed objects, by the names they had, and the namespaces of all objects.
struct Candidates {
    all: Vec<Candidate>,
    by_name: HashMap<String, Vec<usize>>,
    namespaces: Vec<Namespaces>,
}

/// The namespaces of an object that has one.
struct Namespaces {
    original: String,
    /// As it is written; empty for the default one.
    written: String,
    now: String,
}

/// An object that may refer to others.
struct Referrer {
    id: Id,
    is_cluster_scoped: bool,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// The namespaces of a RoleBinding's service accounts.
    account_namespaces: HashSet<String>,
    /// Kind and group of a binding's role.
    role: Option<(String, String)>,
}

/// Rewrites all references to objects that were renamed.
pub(crate) fn fix(list: &mut [Resource], table: &[NameReference]) -> Result<(), String> {
    let candidates = Candidates::of(list);
    let specs = by_kind(table.iter().enumerate().flat_map(|(place, reference)| {
        reference.field_specs.iter().map(move |spec| (spec, (place, reference)))
    }));
    for resource in list.iter_mut() {
        let original_kind =
            resource.earlier.first().map_or(resource.kind(), |earlier| &earlier.kind).to_owned();
        let mut meant: Vec<(&FieldSpec, (usize, &NameReference))> = [original_kind.as_str(), ""]
            .iter()
            .filter_map(|kind| specs.get(kind))
            .flatten()
            .filter(|(spec, _)| spec.is_for(resource.group(), resource.version(), &original_kind))
            .copied()
            .collect();
        if meant.is_empty() {
            continue;
        }
        meant.sort_by_key(|(_, (place, _))| *place);
        let referrer = Referrer::of(resource)?;
        for (spec, (_, reference)) in meant {
            let search = Search {
                reference,
                candidates: &candidates,
                referrer: &referrer,
                is_role: spec.path.ends_with("roleRef/name"),
            };
            spec.visit_any(resource, Leaf::None, &mut |place| search.rewrite(place)).map_err(|reason| {
                format!("updating name reference in '{}' field of '{}': {reason}", spec.path, referrer.id)
            })?;
        }
    }
    Ok(())
}

impl Candidates {
    fn of(list: &[Resource]) -> Self {
        let mut candidates = Self { all: Vec::new(), by_name: HashMap::new(), namespaces: Vec::new() };
        for resource in list.iter().filter(|resource| !resource.is_cluster_scoped()) {
            let now = resource.id().effective_namespace().to_owned();
            let original =
                resource.earlier.first().map_or_else(|| now.clone(), |first| first.namespace.clone());
            candidates.namespaces.push(Namespaces {
                original,
                written: resource.namespace().to_owned(),
                now,
            });
        }
        for resource in list.iter().filter(|resource| !resource.earlier.is_empty()) {
            let place = candidates.all.len();
            let earlier: Vec<Id> =
                resource.earlier.iter().map(|earlier| resource.earlier_id(earlier)).collect();
            for id in &earlier {
                let places = candidates.by_name.entry(id.name.clone()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
            candidates.all.push(Candidate {
                earlier,
                now: resource.id(),
                is_cluster_scoped: resource.is_cluster_scoped(),
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
            });
        }
        candidates
    }
}

impl Referrer {
    fn of(resource: &Resource) -> Result<Self, String> {
        let mut account_namespaces = HashSet::new();
        let subjects = resource.value.get("subjects").and_then(Value::as_array);
        if resource.kind() == "RoleBinding" {
            for subject in
                subjects.into_iter().flatten().filter(|subject| subject["kind"] == "ServiceAccount")
            {
                match subject.get("namespace") {
                    None => {}
                    Some(Value::String(namespace)) => drop(account_namespaces.insert(namespace.clone())),
                    Some(_) => {
                        let id = resource.id();
                        return Err(format!("Invalid Input: namespace is blank for resource \"{id}\""));
                    }
                }
            }
        }
        let role = resource.value.get("roleRef").and_then(|role| {
            let text = |name: &str| role.get(name).and_then(Value::as_str).map(str::to_owned);
            Some((text("kind")?, text("apiGroup")?))
        });
        Ok(Self {
            id: resource.id(),
            is_cluster_scoped: resource.is_cluster_scoped(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            account_namespaces,
            role,
        })
    }

    /// Whether an object can be referred to from here: names mean objects of the own namespace and of none, except
    /// that a RoleBinding may mean service accounts of others.
    fn reaches(&self, candidate: &Candidate) -> bool {
        self.is_cluster_scoped
            || candidate.is_cluster_scoped
            || candidate.now.effective_namespace() == self.id.effective_namespace()
            || (candidate.now.kind == "ServiceAccount"
                && self.account_namespaces.contains(&candidate.now.namespace))
    }
}

/// A search for what the names in one field mean.
struct Search<'a> {
    reference: &'a NameReference,
    candidates: &'a Candidates,
    referrer: &'a Referrer,
    is_role: bool,
}

impl<'a> Search<'a> {
    fn rewrite(&self, place: &mut Value) -> Result<(), String> {
        match place {
            Value::String(name) => self.rewrite_name(name),
            Value::Object(map) => self.rewrite_map(map),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.rewrite(item)),
            _ => Ok(()),
        }
    }

    fn rewrite_name(&self, name: &mut String) -> Result<(), String> {
        let found = self.named(name, |_| true);
        if let Some(found) = self.choose(found, |one, other| one.name == other.name)? {
            name.clone_from(&found.now.name);
        }
        Ok(())
    }

    /// A map with `name` and perhaps `namespace`, such as a subject.
    fn rewrite_map(&self, map: &mut Map<String, Value>) -> Result<(), String> {
        let Some(name) = map.get("name") else {
            return Err("path config error; no 'name' field in node".to_owned());
        };
        let name = crate::file::scalar_text(name);
        let found = match map.get("namespace").map(crate::file::scalar_text) {
            None => self.named(&name, |_| true),
            Some(namespace) => self.in_namespace(&name, &namespace),
        };
        let is_same = |one: &Id, other: &Id| one.name == other.name && one.namespace == other.namespace;
        if let Some(found) = self.choose(found, is_same)? {
            map.insert("name".to_owned(), found.now.name.as_str().into());
            if !found.now.namespace.is_empty() {
                map.insert("namespace".to_owned(), found.now.namespace.as_str().into());
            }
        }
        Ok(())
    }

    /// The objects of the original namespace; when there are none at all, those that are there now.
    fn in_namespace(&self, name: &str, namespace: &str) -> Vec<&'a Candidate> {
        let original =
            |candidate: &Candidate| candidate.earlier.first().is_some_and(|id| id.namespace == namespace);
        let is_near = |place: &Namespaces| {
            self.referrer.is_cluster_scoped
                || place.now == self.referrer.id.effective_namespace()
                || self.referrer.account_namespaces.contains(&place.written)
        };
        let mut places = self.candidates.namespaces.iter();
        if places.any(|place| place.original == namespace && is_near(place)) {
            return self.named(name, original);
        }
        self.named(name, |candidate| {
            !candidate.is_cluster_scoped && candidate.now.effective_namespace() == namespace
        })
    }

    /// The objects that had the name and may be meant.
    fn named(&self, name: &str, is_meant: impl Fn(&Candidate) -> bool) -> Vec<&'a Candidate> {
        let NameReference { group, version, kind, .. } = self.reference;
        let places = self.candidates.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let has_role = |candidate: &Candidate| match &self.referrer.role {
            Some((kind, group)) if self.is_role => {
                candidate.earlier.iter().any(|id| id.is_kind(group, "", kind))
            }
            _ => true,
        };
        places
            .iter()
            .map(|&place| &self.candidates.all[place])
            .filter(|candidate| candidate.earlier.iter().any(|id| id.is_kind(group, version, kind)))
            .filter(|candidate| {
                has_role(candidate) && self.referrer.reaches(candidate) && is_meant(candidate)
            })
            .collect()
    }

    /// The one that is meant: of several, the one that was renamed along with the referrer.
    fn choose(
        &self,
        mut found: Vec<&'a Candidate>,
        is_same: impl Fn(&Id, &Id) -> bool,
    ) -> Result<Option<&'a Candidate>, String> {
        if found.len() > 1 {
            found.retain(|candidate| self.was_renamed_alike(candidate, true));
        }
        if found.len() > 1 {
            found.retain(|candidate| self.was_renamed_alike(candidate, false));
        }
        let Some(first) = found.first().copied() else { return Ok(None) };
        if found.iter().all(|other| is_same(&first.now, &other.now)) {
            return Ok(Some(first));
        }
        let ids: Vec<String> = found.iter().map(|candidate| candidate.now.to_string()).collect();
        Err(format!("found multiple possible referrals: {}", ids.join(", ")))
    }

    /// Whether the later prefixes and suffixes are the same. A side without any may agree with everything.
    fn was_renamed_alike(&self, candidate: &Candidate, allow_empty: bool) -> bool {
        let alike = |one: &[String], other: &[String]| {
            if one.is_empty() || other.is_empty() {
                return allow_empty || one.len() == other.len();
            }
            let length = one.len().min(other.len());
            one[one.len() - length..] == other[other.len() - length..]
        };
        alike(&candidate.prefixes, &self.referrer.prefixes)
            && alike(&candidate.suffixes, &self.referrer.suffixes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::Specs;
    use serde_json::json;

    fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Resource {
        let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
        if let (Some(map), Value::Object(rest)) = (value.as_object_mut(), rest) {
            map.extend(rest);
        }
        Resource::new(value, "x".into())
    }

    fn renamed(mut resource: Resource, prefix: &str) -> Resource {
        resource.remember();
        resource.prefixes.push(prefix.to_owned());
        let name = format!("{prefix}{}", resource.name());
        resource.set_name(&name);
        resource
    }

    #[test]
    fn references_follow_renamed_objects() {
        let pod = json!({"spec": {"containers": [{"envFrom": [{"configMapRef": {"name": "c"}}, {"configMapRef": {"name": "d"}}]}]}});
        let mut list =
            vec![object("v1", "Pod", "p", pod), renamed(object("v1", "ConfigMap", "c", json!({})), "a-")];
        fix(&mut list, &Specs::builtin().name_reference).unwrap();
        let sources = &list[0].value["spec"]["containers"][0]["envFrom"];
        assert_eq!(
            (&sources[0]["configMapRef"]["name"], &sources[1]["configMapRef"]["name"]),
            (&json!("a-c"), &json!("d"))
        );
    }

    #[test]
    fn of_several_the_one_renamed_along_is_meant() {
        let pod = || object("v1", "Pod", "p", json!({"spec": {"serviceAccountName": "s"}}));
        let account = || object("v1", "ServiceAccount", "s", json!({}));
        let mut list = vec![
            renamed(pod(), "a-"),
            renamed(account(), "a-"),
            renamed(pod(), "b-"),
            renamed(account(), "b-"),
        ];
        fix(&mut list, &Specs::builtin().name_reference).unwrap();
        assert_eq!(list[0].value["spec"]["serviceAccountName"], "a-s");
        assert_eq!(list[2].value["spec"]["serviceAccountName"], "b-s");
        // A referrer that was not renamed itself could mean any of them, and so means none.
        let mut list = vec![pod(), renamed(account(), "a-"), renamed(account(), "b-")];
        fix(&mut list, &Specs::builtin().name_reference).unwrap();
        assert_eq!(list[0].value["spec"]["serviceAccountName"], "s");
    }
}
