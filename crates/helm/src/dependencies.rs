//! Which sub-charts take part in a render, under which names, and what they export to their parents.

use std::sync::Arc;

use crate::chart::{Chart, Dependency, Instance};
use crate::error::Error;
use crate::release::Flavor;
use crate::values::coalesce::coalesce;
use crate::values::{Data, Nulls, Table, fill, scalar_at, table_at};
use crate::version;

/// Decides which charts take part, then moves exported values up.
pub(crate) fn process(chart: &Arc<Chart>, values: &Table, flavor: Flavor) -> Result<Instance, Error> {
    let mut instance = Instance::of(chart, flavor);
    enable(&mut instance, values, "", flavor.nulls())?;
    import_values(&mut instance)?;
    Ok(instance)
}

/// Whether a chart in `charts/` is the one that a dependency means.
fn is_meant(dependency: &Dependency, chart: &Instance) -> bool {
    *chart.name == *dependency.name && version::satisfies(&chart.chart.metadata.version, &dependency.version)
}

fn enable(instance: &mut Instance, values: &Table, path: &str, nulls: Nulls) -> Result<(), Error> {
    if !instance.chart.metadata.lists_dependencies {
        return Ok(());
    }
    // Charts that nobody declares stay; each declared dependency gets its own copy under its own name.
    let present = std::mem::take(&mut instance.dependencies);
    let undeclared =
        |chart: &&Instance| !instance.declared.iter().any(|dependency| is_meant(dependency, chart));
    let mut dependencies: Vec<Instance> = present.iter().filter(undeclared).cloned().collect();
    for dependency in &mut instance.declared {
        if let Some(chart) = present.iter().find(|chart| is_meant(dependency, chart)) {
            let mut chart = chart.clone();
            if !dependency.alias.is_empty() {
                chart.name = dependency.alias.as_str().into();
            }
            dependencies.push(chart);
        }
        dependency.name = dependency.effective_name().to_string();
        dependency.enabled = true;
    }
    instance.dependencies = dependencies;

    let values = coalesce(instance, values, nulls)?;
    for dependency in &mut instance.declared {
        by_tags(dependency, &values);
        by_conditions(dependency, &values, path);
    }
    let disabled: Vec<String> = instance
        .declared
        .iter()
        .filter(|dependency| !dependency.enabled)
        .map(|dependency| dependency.name.clone())
        .collect();
    instance.dependencies.retain(|chart| !disabled.iter().any(|name| **name == *chart.name));
    instance.declared.retain(|dependency| !disabled.contains(&dependency.name));
    for chart in &mut instance.dependencies {
        let path = format!("{path}{}.", chart.name);
        enable(chart, &values, &path, nulls)?;
    }
    Ok(())
}

/// A dependency is off when some of its tags are false and none is true.
fn by_tags(dependency: &mut Dependency, values: &Table) {
    let Some(tags) = table_at(values, "tags") else { return };
    let said: Vec<bool> = dependency
        .tags
        .iter()
        .filter_map(|tag| match tags.get(tag.as_str()) {
            Some(Data::Bool(value)) => Some(*value),
            _ => None,
        })
        .collect();
    dependency.enabled = said.is_empty() || said.contains(&true);
}

/// The first condition whose path holds a boolean decides, whatever the tags say.
fn by_conditions(dependency: &mut Dependency, values: &Table, path: &str) {
    let decided = dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()).find_map(
        |condition| match scalar_at(values, &format!("{path}{condition}")) {
            Some(Data::Bool(value)) => Some(*value),
            _ => None,
        },
    );
    if let Some(decided) = decided {
        dependency.enabled = decided;
    }
}

/// From the innermost charts outwards, so that what a parent imported can be imported further up.
fn import_values(instance: &mut Instance) -> Result<(), Error> {
    for chart in &mut instance.dependencies {
        import_values(chart)?;
    }
    if instance.declared.is_empty() {
        return Ok(());
    }
    let mut own = coalesce(instance, &Table::new(), Nulls::Keep)?;
    let mut imported = Table::new();
    for dependency in &instance.declared {
        for import in &dependency.import_values {
            // A missing table is only worth a warning to Helm.
            let Some(table) = table_at(&own, &format!("{}.{}", dependency.name, import.child)) else {
                continue;
            };
            fill(&mut imported, nested(&import.parent, table.clone()), Nulls::Keep);
        }
    }
    // What the parent says itself is worth more than what it imports.
    fill(&mut own, imported, Nulls::Keep);
    instance.values = Arc::new(own);
    Ok(())
}

/// `table` at a dotted path.
fn nested(path: &str, table: Table) -> Table {
    if path == "." {
        return table;
    }
    path.rsplit('.').fold(table, |inner, name| Table::from([(name.into(), Data::Table(inner))]))
}
