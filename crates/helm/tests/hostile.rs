//! Chart archives that mean harm: each ends in a clear error, and soon.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails should say where")]

use helm::{Budget, Chart};

const CHART: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.0.0\n";

/// A packed chart of these files; a file without bytes is a link to where its name says.
fn pack(files: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        // Set by hand: the library itself refuses paths that leave the archive.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        match content {
            Some(content) => {
                header.set_size(content.len() as u64);
                header.set_cksum();
                archive.append(&header, *content).unwrap();
            }
            None => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                header.set_link_name("/etc/passwd").unwrap();
                header.set_cksum();
                archive.append(&header, std::io::empty()).unwrap();
            }
        }
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn refusal(packed: &[u8], budget: &Budget) -> String {
    Chart::from_archive("web.tgz", packed, budget).unwrap_err().to_string()
}

#[test]
fn paths_that_leave_the_archive_are_refused() {
    for (path, words) in [
        ("web/../../etc/x", "references parent directory"),
        ("/web/x", "absolute paths"),
        ("web\\..\\x", "references parent directory"),
        ("x", "outside the base directory"),
        ("web/c:/x", "illegally named files"),
    ] {
        let error =
            refusal(&pack(&[("web/Chart.yaml", Some(CHART)), (path, Some(b"x"))]), &Budget::default());
        assert!(error.contains(words), "{path}: {error}");
    }
    let error = refusal(&pack(&[("web/Chart.yaml", Some(CHART)), ("web/link", None)]), &Budget::default());
    assert!(error.contains("neither a file nor a folder"), "{error}");
}

/// Long names are in records of their own, which may hold any byte.
#[test]
fn names_with_a_nul_are_refused() {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    archive.append_pax_extensions([("path", b"web/a\0b.yaml".as_slice())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("web/short").unwrap();
    header.set_size(1);
    header.set_cksum();
    archive.append(&header, b"x".as_slice()).unwrap();
    let packed = archive.into_inner().unwrap().finish().unwrap();
    assert!(refusal(&packed, &Budget::default()).contains("illegally named files: \"web/a\\0b.yaml\""));
}

#[test]
fn bombs_end_before_they_are_unpacked() {
    let zeros = vec![0; 6 << 20];
    let error =
        refusal(&pack(&[("web/Chart.yaml", Some(CHART)), ("web/big", Some(&zeros))]), &Budget::default());
    assert_eq!(
        error,
        "chart file \"big\" of web.tgz has 6291456 bytes, more than the 5242880 allowed for one file"
    );
    // Each archive within the archive is small enough by itself; together they are not.
    let half = vec![0; 3 << 20];
    let inner = pack(&[("sub/Chart.yaml", Some(CHART)), ("sub/half", Some(&half))]);
    let names: Vec<String> = (0..10).map(|number| format!("web/charts/sub{number}.tgz")).collect();
    let mut files: Vec<(&str, Option<&[u8]>)> = vec![("web/Chart.yaml", Some(CHART))];
    files.extend(names.iter().map(|name| (name.as_str(), Some(inner.as_slice()))));
    let budget = Budget { chart_bytes: 20 << 20, ..Budget::default() };
    let error = refusal(&pack(&files), &budget);
    assert!(error.contains("larger than the 20971520 bytes allowed"), "{error}");
    let few = Budget { chart_files: 5, ..Budget::default() };
    assert!(refusal(&pack(&files), &few).contains("more than the 5 files allowed"));
}

#[test]
fn charts_within_charts_end() {
    let mut packed = pack(&[("web/Chart.yaml", Some(CHART))]);
    for _ in 0..20 {
        packed = pack(&[("web/Chart.yaml", Some(CHART)), ("web/charts/web.tgz", Some(&packed))]);
    }
    assert!(refusal(&packed, &Budget::default()).contains("nested deeper than 16"));
}

#[test]
fn chart_yaml_that_is_none_is_refused() {
    for text in [
        "",
        "- a",
        "apiVersion: v2\nname: ../x\nversion: 1.0.0\n",
        "apiVersion: v2\nname: x\nversion: one\n",
        "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [null]\n",
        "a: &a [*a, *a]\nb: &b [*a, *a]\n",
        "apiVersion: {{",
    ] {
        let packed = pack(&[("web/Chart.yaml", Some(text.as_bytes()))]);
        let error = refusal(&packed, &Budget::default());
        assert!(!error.is_empty(), "{text}");
    }
}
