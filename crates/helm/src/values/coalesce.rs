//! User values over chart defaults, for a chart and all charts within it.

use std::sync::Arc;

use super::data::{Data, Table};
use super::merge::{Nulls, fill, without_nulls};
use crate::chart::Instance;
use crate::error::Error;

const GLOBAL: &str = "global";

/// The values of a chart with those of its sub-charts under their names.
pub(crate) fn coalesce(chart: &Instance, values: &Table, nulls: Nulls) -> Result<Table, Error> {
    let mut values = values.clone();
    let shared = coalesce_into(chart, &mut values, nulls)?;
    for sharing in &shared {
        share(&mut values, sharing);
    }
    Ok(values)
}

/// The maps within `global` that a sub-chart shares with its parent. In Helm they are one and the same, so that a
/// sub-chart's defaults for `global.a.b` reach its parent and the charts beside it; charts can come to rely on it.
struct Sharing {
    sub: Arc<str>,
    /// Paths of two names below `global`.
    maps: Vec<(Arc<str>, Arc<str>)>,
    within: Vec<Sharing>,
}

fn coalesce_into(chart: &Instance, values: &mut Table, nulls: Nulls) -> Result<Vec<Sharing>, Error> {
    chart_defaults(chart, values, nulls);
    let mut shared = Vec::new();
    for sub in &chart.dependencies {
        let mut section = match values.remove(&sub.name) {
            None => Table::new(),
            Some(Data::Table(section)) => section,
            Some(other) => {
                return Err(Error::ValuesMismatch {
                    chart: chart.name.to_string(),
                    key: sub.name.to_string(),
                    found: other.type_name(),
                });
            }
        };
        let maps = pass_globals(values, &mut section);
        let within = coalesce_into(sub, &mut section, nulls)?;
        copy_globals(&section, values, &maps);
        values.insert(sub.name.clone(), Data::Table(section));
        shared.push(Sharing { sub: sub.name.clone(), maps, within });
    }
    Ok(shared)
}

/// Brings a sub-chart, and those in it, up to date with what later ones did to the maps they share.
fn share(values: &mut Table, sharing: &Sharing) {
    let Some(Data::Table(mut section)) = values.remove(&sharing.sub) else { return };
    copy_globals(values, &mut section, &sharing.maps);
    for sharing in &sharing.within {
        share(&mut section, sharing);
    }
    values.insert(sharing.sub.clone(), Data::Table(section));
}

/// Copies maps within `global` from one chart's values to another's.
fn copy_globals(from: &Table, to: &mut Table, maps: &[(Arc<str>, Arc<str>)]) {
    let Some(Data::Table(from)) = from.get(GLOBAL) else { return };
    let Some(Data::Table(to)) = to.get_mut(GLOBAL) else { return };
    for (key, name) in maps {
        let Some(value @ Data::Table(_)) =
            from.get(key).and_then(Data::as_table).and_then(|map| map.get(name))
        else {
            continue;
        };
        if let Some(Data::Table(to)) = to.get_mut(key) {
            to.insert(name.clone(), value.clone());
        }
    }
}

/// The chart's own defaults below what is there already.
fn chart_defaults(chart: &Instance, values: &mut Table, nulls: Nulls) {
    for (key, default) in chart.values.iter() {
        // What a parent says about a sub-chart must keep its nulls, to remove the sub-chart's defaults.
        let inner = if chart.dependencies.iter().any(|sub| sub.name == *key) { Nulls::Keep } else { nulls };
        match values.get_mut(key) {
            Some(Data::Null) if nulls != Nulls::Keep => {
                values.remove(key);
            }
            Some(Data::Table(strong)) => {
                if let Data::Table(default) = default {
                    let mut default = default.clone();
                    if inner == Nulls::Remove {
                        without_nulls(&mut default);
                    }
                    fill(strong, default, inner);
                }
            }
            Some(_) => {}
            None => {
                let mut default = default.clone();
                if nulls == Nulls::Remove {
                    match &mut default {
                        Data::Null => continue,
                        Data::Table(table) => without_nulls(table),
                        _ => {}
                    }
                }
                values.insert(key.clone(), default);
            }
        }
    }
}

/// Hands the parent's `global` down to a sub-chart's section. The parent wins, but maps and others don't replace
/// each other. Returns the maps that both share from now on.
fn pass_globals(parent: &Table, section: &mut Table) -> Vec<(Arc<str>, Arc<str>)> {
    let mut shared = Vec::new();
    let mut globals = match section.get(GLOBAL) {
        None => Table::new(),
        Some(Data::Table(globals)) => globals.clone(),
        Some(_) => return shared,
    };
    let empty = Table::new();
    let given = match parent.get(GLOBAL) {
        None => &empty,
        Some(Data::Table(given)) => given,
        Some(_) => return shared,
    };
    for (key, value) in given {
        let own = globals.get(key);
        let both_maps_or_neither =
            own.is_none_or(|own| own.as_table().is_some() == value.as_table().is_some());
        if !both_maps_or_neither {
            continue;
        }
        let mut passed = value.clone();
        if let Data::Table(passed) = &mut passed {
            let maps = passed.iter().filter(|(_, value)| value.as_table().is_some());
            shared.extend(maps.map(|(name, _)| (key.clone(), name.clone())));
            if let Some(Data::Table(own)) = own {
                fill(passed, own.clone(), Nulls::Keep);
            }
        }
        globals.insert(key.clone(), passed);
    }
    section.insert(Arc::from(GLOBAL), Data::Table(globals));
    shared
}
