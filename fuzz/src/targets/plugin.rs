//! Config management plugins: what a hostile sidecar answers, and what it is sent.

use std::io::Read as _;

use tree::TreePath;

use crate::bundle;

/// The bytes of a stream of gRPC. The first byte says whether the frame is put around the rest.
pub(super) fn answer(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let framed;
    let bytes = if kind % 2 == 0 {
        rest
    } else {
        let length = u32::try_from(rest.len()).unwrap_or(u32::MAX).to_be_bytes();
        framed = [&[0][..], &length, rest].concat();
        &framed
    };
    if let Ok(objects) = render::readers::plugin_answer(&[], bytes) {
        assert!(bytes[0] == 0, "a compressed frame was read as a plain one");
        assert!(objects.len() <= bytes.len(), "more objects than bytes");
    }
    if let Ok(announced) = render::readers::plugin_announcements(bytes) {
        let texts = announced.iter().map(|parameter| {
            let map: usize = parameter.map.iter().map(|(key, value)| key.len() + value.len()).sum();
            let array: usize = parameter.array.iter().map(String::len).sum();
            parameter.name.len() + parameter.title.len() + parameter.tooltip.len() + map + array
        });
        assert!(texts.sum::<usize>() <= bytes.len(), "more text than bytes");
    }
}

/// The status of an answer: `NAME: VALUE` a line, as headers or trailers have it.
pub(super) fn status(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let fields: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let told = render::readers::plugin_answer(&fields, &[0; 5]);
    let last = |wanted: &str| {
        fields.iter().rev().find(|(name, value)| *name == wanted && !value.contains(|c: char| c.is_control()))
    };
    match last("grpc-status") {
        Some((_, "0")) => assert!(told.is_ok(), "{told:?}"),
        Some((_, value)) if value.trim() != "0" && value.is_ascii() => {
            assert!(told.is_err(), "status {value:?}");
        }
        _ => {}
    }
    if let Err(reason) = told {
        assert!(reason.len() < 64 << 10, "a message of {} bytes", reason.len());
    }
}

/// Files that are packed: nothing in the archive leads out of where it is unpacked.
pub(super) fn archive(data: &[u8]) {
    const LIMIT: u64 = 1 << 20;
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let exclusions: Vec<String> =
        bundle::text_of(&files, "exclude").lines().take(4).map(str::to_owned).collect();
    let tree = bundle::tree(&files);
    let Ok(packed) = render::readers::plugin_archive(&tree, &TreePath::root(), &exclusions, LIMIT) else {
        return;
    };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
    let mut total = 0;
    for entry in archive.entries().unwrap_or_else(|error| panic!("no archive: {error}")) {
        let mut entry = entry.unwrap_or_else(|error| panic!("no entry: {error}"));
        let name =
            String::from_utf8(entry.path_bytes().into_owned()).unwrap_or_else(|error| panic!("{error}"));
        let path = TreePath::new(&name).unwrap_or_else(|error| panic!("{error}"));
        assert!(!path.is_root(), "{name:?} is the folder itself");
        assert!(
            !path.names().any(|name| name.eq_ignore_ascii_case(".git")),
            "{name:?} would be a repository"
        );
        if let Some(target) = entry.link_name_bytes() {
            let target = String::from_utf8_lossy(&target).into_owned();
            let parent = path.parent().unwrap_or_default();
            assert!(parent.join(&target).is_ok(), "{name:?} leads to {target:?}");
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        total += content.len() as u64;
    }
    assert!(total <= LIMIT, "{total} bytes were packed");
}
