//! Charts: folders, archives, values, and the index of a repository.

use std::io::Write as _;
use std::sync::Arc;

use gotmpl::{FixedEnvironment, Limits};
use helm::{Budget, Chart, Release, Values, ValuesFile};
use tree::TreePath;

use crate::bundle;

fn budget() -> Budget {
    Budget {
        chart_bytes: 1 << 20,
        file_bytes: 256 << 10,
        chart_files: 200,
        chart_depth: 8,
        templates: Limits { steps: 200_000, bytes: 4 << 20, depth: 200, stack_bytes: 1 << 20 },
    }
}

fn environment() -> Arc<FixedEnvironment> {
    Arc::new(FixedEnvironment::new(1_700_000_000, 7))
}

/// No name in a chart may lead out of it, wherever the chart came from.
fn stays_inside(chart: &Chart) {
    let names = chart
        .files
        .keys()
        .chain(chart.templates.iter().map(|template| &template.path))
        .chain(chart.crds.iter().map(|file| &file.path));
    for name in names {
        let path = TreePath::new(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(path.as_str(), &**name, "a path that is not in normal form");
    }
    chart.dependencies.iter().for_each(|chart| stays_inside(chart));
}

/// A chart as files. `-- values --` is what the user sets, `-- set --` lines of `--set`.
pub(super) fn folder(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut files = bundle::files(text);
    let (values, set) =
        (bundle::text_of(&files, "values").to_owned(), bundle::text_of(&files, "set").to_owned());
    files.retain(|file| !matches!(file.name, "values" | "set"));
    let tree = bundle::tree(&files);
    let budget = budget();
    let Ok(chart) = Chart::load(&tree, &TreePath::root(), &budget) else { return };
    stays_inside(&chart);
    let values = Values {
        files: vec![ValuesFile { name: "values".into(), text: values }],
        set: set.lines().map(str::to_owned).collect(),
        ..Values::default()
    };
    let Ok(values) = values.merge(&|path| Err(format!("{path}: no such file"))) else { return };
    let mut release = Release::new("fuzz", "place");
    release.include_crds = true;
    let first = helm::render(&chart, &values, &release, &budget, environment());
    let second = helm::render(&chart, &values, &release, &budget, environment());
    match (first, second) {
        (Ok(first), Ok(second)) => {
            let texts = |rendered: &helm::Rendered| -> Vec<String> {
                rendered.documents.iter().map(|document| document.text.clone()).collect()
            };
            assert_eq!(texts(&first), texts(&second), "a render depends on more than it is given");
        }
        (Err(_), Err(_)) => {}
        (first, second) => panic!("once {:?}, then {:?}", first.map(|_| ()), second.map(|_| ())),
    }
}

/// A packed chart. The first byte says how: as it is, as a tar archive to be packed, or as files to be packed.
pub(super) fn archive(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let packed = match kind % 3 {
        0 => rest.to_vec(),
        1 => gzip(rest),
        _ => match super::text_of(rest) {
            Some(text) => gzip(&tar(&bundle::files(text))),
            None => return,
        },
    };
    let budget = budget();
    if let Ok(chart) = Chart::from_archive("fuzz.tgz", &packed, &budget) {
        stays_inside(&chart);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Names go in as they are: `tar`'s own builder refuses those that are worth trying.
fn tar(files: &[bundle::File<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_old();
        let name = &mut header.as_old_mut().name;
        let length = file.name.len().min(name.len());
        name[..length].copy_from_slice(&file.name.as_bytes()[..length]);
        header.set_size(file.text.len() as u64);
        if let Some(target) = file.link {
            header.set_entry_type(tar::EntryType::Symlink);
            let link = &mut header.as_old_mut().linkname;
            let length = target.len().min(link.len());
            link[..length].copy_from_slice(&target.as_bytes()[..length]);
        }
        header.set_cksum();
        let _ = builder.append(&header, file.text.as_bytes());
    }
    builder.into_inner().unwrap_or_default()
}

/// The languages of `--set` and its siblings, one setting a line; the first character of a line says which.
pub(super) fn set_values(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut values = Values::default();
    for line in text.lines() {
        let mut characters = line.chars();
        let kind = characters.next();
        let rest = characters.as_str().to_owned();
        match kind {
            Some('j') => values.set_json.push(rest),
            Some('s') => values.set_string.push(rest),
            Some('f') => values.set_file.push(rest),
            Some('l') => values.set_literal.push(rest),
            _ => values.set.push(rest),
        }
    }
    let read =
        |path: &str| if path == "there" { Ok("content".to_owned()) } else { Err("not there".to_owned()) };
    let _ = values.merge(&read);
}

/// The index of a chart repository.
pub(super) fn index(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let Ok(index) = source::helm::Index::parse(text) else { return };
    for chart in index.charts() {
        assert!(index.versions(chart).is_some(), "{chart} is listed, but not there");
    }
}
