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
    coalesce_into(chart, &mut values, nulls)?;
    Ok(values)
}

fn coalesce_into(chart: &Instance, values: &mut Table, nulls: Nulls) -> Result<(), Error> {
    chart_defaults(chart, values, nulls);
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
        pass_globals(values, &mut section);
        coalesce_into(sub, &mut section, nulls)?;
        values.insert(sub.name.clone(), Data::Table(section));
    }
    Ok(())
}

/// The chart's own defaults below what is there already.
fn chart_defaults(chart: &Instance, values: &mut Table, nulls: Nulls) {
    for (key, default) in chart.values.iter() {
        // What a parent says about a sub-chart must keep its nulls, to remove the sub-chart's defaults.
        let inner = if chart.dependencies.iter().any(|sub| sub.name == *key) { Nulls::Keep } else { nulls };
        match values.get_mut(key) {
            Some(Data::Null) if nulls == Nulls::Remove => {
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
/// each other.
fn pass_globals(parent: &Table, section: &mut Table) {
    let mut globals = match section.get(GLOBAL) {
        None => Table::new(),
        Some(Data::Table(globals)) => globals.clone(),
        Some(_) => return,
    };
    let empty = Table::new();
    let given = match parent.get(GLOBAL) {
        None => &empty,
        Some(Data::Table(given)) => given,
        Some(_) => return,
    };
    for (key, value) in given {
        match (value, globals.get(key)) {
            (Data::Table(given), Some(Data::Table(own))) => {
                let mut merged = given.clone();
                fill(&mut merged, own.clone(), Nulls::Keep);
                globals.insert(key.clone(), Data::Table(merged));
            }
            (Data::Table(_), Some(_)) | (_, Some(Data::Table(_))) => {}
            _ => {
                globals.insert(key.clone(), value.clone());
            }
        }
    }
    section.insert(Arc::from(GLOBAL), Data::Table(globals));
}
