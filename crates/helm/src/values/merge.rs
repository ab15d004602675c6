//! The two ways in which maps of values are merged.

use super::data::{Data, Table};

/// Lays `over` onto `base`: maps are merged, everything else is replaced, null included. This is how several values
/// files and several documents of one file become one.
pub(crate) fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        if let (Data::Table(over), Some(Data::Table(base))) = (&value, base.get_mut(&key)) {
            overlay(base, over.clone());
            continue;
        }
        base.insert(key, value);
    }
}

/// What a null in the stronger map does to a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// It removes the default, and is gone itself.
    Remove,
    /// As Helm 3 does it: it is gone even where there is no default, but a default that is null itself stays.
    RemoveOldWay,
    /// It stays, to remove defaults later on.
    Keep,
}

/// Fills `strong` with what it lacks out of `defaults`.
pub(crate) fn fill(strong: &mut Table, mut defaults: Table, nulls: Nulls) {
    if nulls == Nulls::RemoveOldWay {
        let keys = strong.iter().filter(|(_, value)| **value == Data::Null);
        defaults.extend(keys.map(|(key, _)| (key.clone(), Data::Null)));
    }
    for (key, default) in defaults {
        match strong.get_mut(&key) {
            None => {
                strong.insert(key, default);
            }
            Some(Data::Null) if nulls == Nulls::Remove && default != Data::Null => {
                strong.remove(&key);
            }
            Some(Data::Null) if nulls == Nulls::RemoveOldWay => {
                strong.remove(&key);
            }
            Some(Data::Table(strong)) => {
                if let Data::Table(defaults) = default {
                    fill(strong, defaults, nulls);
                }
            }
            Some(_) => {}
        }
    }
}

/// Takes out all nulls, at any depth of maps.
pub(crate) fn without_nulls(table: &mut Table) {
    table.retain(|_, value| *value != Data::Null);
    for value in table.values_mut() {
        if let Data::Table(table) = value {
            without_nulls(table);
        }
    }
}
