//! The messages of the plugin protocol (`plugin.ConfigManagementPluginService`) as Protocol Buffers.
//!
//! There are few of them and they are flat, so they are written and read by hand. Unknown fields are skipped; what
//! is read comes from another program and is bounded by the caller's limit of bytes.

use bytes::{BufMut as _, Bytes, BytesMut};

/// The bytes are no message of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What is told about the files before they are sent (`ManifestRequestMetadata`).
pub(crate) struct Metadata<'a> {
    pub(crate) application: &'a str,
    pub(crate) path: &'a str,
    pub(crate) checksum: &'a str,
    pub(crate) size: usize,
    pub(crate) environment: &'a [(String, String)],
}

/// What a plugin says of its configuration (`CheckPluginConfigurationResponse`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) has_discovery: bool,
    pub(crate) wants_credentials: bool,
}

/// Whether a plugin is for a directory (`RepositoryResponse`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Support {
    pub(crate) is_supported: bool,
    pub(crate) has_discovery: bool,
}

/// A parameter that a plugin takes, as it announces it (`ParameterAnnouncement`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParameterAnnouncement {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it means.
    pub tooltip: String,
    /// Whether it has to be set.
    pub required: bool,
    /// The type of a single item: `string`, `number` or `boolean`.
    pub item_type: String,
    /// `string`, `array` or `map`; empty means `string`.
    pub collection_type: String,
    /// The default, when it is a text.
    pub string: String,
    /// The default, when it is a list.
    pub array: Vec<String>,
    /// The default, when it is a map.
    pub map: Vec<(String, String)>,
}

/// A message in a frame of gRPC: no compression, the length, the message.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + 5);
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(message);
    out.freeze()
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(value);
        }
    }

    fn bytes(&mut self, field: u32, value: &[u8]) {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn text(&mut self, field: u32, value: &str) {
        if !value.is_empty() {
            self.bytes(field, value.as_bytes());
        }
    }
}

/// The first message of a stream, in its frame.
pub(crate) fn metadata(metadata: &Metadata<'_>) -> Bytes {
    let mut inner = Writer::default();
    inner.text(1, metadata.application);
    inner.text(2, metadata.path);
    inner.text(3, metadata.checksum);
    inner.number(4, metadata.size as u64);
    for (name, value) in metadata.environment {
        let mut entry = Writer::default();
        entry.text(1, name);
        entry.text(2, value);
        inner.bytes(5, &entry.0);
    }
    let mut request = Writer::default();
    request.bytes(1, &inner.0);
    frame(&request.0)
}

/// A part of the archive, in its frame.
pub(crate) fn chunk(content: &[u8]) -> Bytes {
    let mut file = Writer::default();
    file.bytes(1, content);
    let mut request = Writer::default();
    request.bytes(2, &file.0);
    frame(&request.0)
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Field<'a> {
    fn flag(&self) -> Result<bool, Malformed> {
        match self {
            Self::Number(value) => Ok(*value != 0),
            _ => Err(Malformed),
        }
    }

    fn bytes(&self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    fn text(&self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Malformed)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => self.take(8).map(|_| Field::Other)?,
            2 => {
                let length = self.varint()?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Field::Other)?,
            _ => return Err(Malformed),
        };
        Ok(Some((tag >> 3, field)))
    }
}

/// Reads a `CheckPluginConfigurationResponse`.
pub(crate) fn configuration(bytes: &[u8]) -> Result<Configuration, Malformed> {
    let (mut reader, mut configuration) = (Reader(bytes), Configuration::default());
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => configuration.has_discovery = field.flag()?,
            2 => configuration.wants_credentials = field.flag()?,
            _ => {}
        }
    }
    Ok(configuration)
}

/// Reads a `RepositoryResponse`.
pub(crate) fn support(bytes: &[u8]) -> Result<Support, Malformed> {
    let (mut reader, mut support) = (Reader(bytes), Support::default());
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => support.is_supported = field.flag()?,
            2 => support.has_discovery = field.flag()?,
            _ => {}
        }
    }
    Ok(support)
}

/// Reads the manifests of a `ManifestResponse`.
pub(crate) fn manifests(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    let (mut reader, mut manifests) = (Reader(bytes), Vec::new());
    while let Some((number, field)) = reader.next()? {
        if number == 1 {
            manifests.push(field.text()?);
        }
    }
    Ok(manifests)
}

/// Reads a `ParametersAnnouncementResponse`.
pub(crate) fn announcements(bytes: &[u8]) -> Result<Vec<ParameterAnnouncement>, Malformed> {
    let (mut reader, mut announcements) = (Reader(bytes), Vec::new());
    while let Some((number, field)) = reader.next()? {
        if number == 1 {
            announcements.push(announcement(field.bytes()?)?);
        }
    }
    Ok(announcements)
}

fn announcement(bytes: &[u8]) -> Result<ParameterAnnouncement, Malformed> {
    let (mut reader, mut found) = (Reader(bytes), ParameterAnnouncement::default());
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => found.name = field.text()?,
            2 => found.title = field.text()?,
            3 => found.tooltip = field.text()?,
            4 => found.required = field.flag()?,
            5 => found.item_type = field.text()?,
            6 => found.collection_type = field.text()?,
            7 => found.string = field.text()?,
            8 => found.array.push(field.text()?),
            9 => {
                let (mut entry, mut key, mut value) = (Reader(field.bytes()?), String::new(), String::new());
                while let Some((number, field)) = entry.next()? {
                    match number {
                        1 => key = field.text()?,
                        2 => value = field.text()?,
                        _ => {}
                    }
                }
                found.map.push((key, value));
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_numbers_of_the_protocol() {
        let environment = [("A".to_owned(), "b".to_owned())];
        let told = Metadata {
            application: "web",
            path: "app",
            checksum: "00",
            size: 300,
            environment: &environment,
        };
        assert_eq!(
            &metadata(&told)[..],
            b"\0\0\0\0\x1b\x0a\x19\x0a\x03web\x12\x03app\x1a\x0200\x20\xac\x02\x2a\x06\x0a\x01A\x12\x01b"
        );
        assert_eq!(&chunk(b"xyz")[..], b"\0\0\0\0\x07\x12\x05\x0a\x03xyz");
        assert_eq!(
            configuration(b"\x08\x01\x10\x01").unwrap(),
            Configuration { has_discovery: true, wants_credentials: true }
        );
        assert_eq!(support(b"\x08\x01").unwrap(), Support { is_supported: true, has_discovery: false });
        assert_eq!(manifests(b"\x0a\x01a\x12\x01?\x0a\x02bc").unwrap(), ["a", "bc"]);
        let announced =
            announcements(b"\x0a\x10\x0a\x01n\x20\x01\x42\x01x\x4a\x06\x0a\x01k\x12\x01v").unwrap();
        assert_eq!(announced[0].name, "n");
        assert!(announced[0].required);
        assert_eq!(
            (announced[0].array.as_slice(), announced[0].map.as_slice()),
            (&["x".to_owned()][..], &[("k".to_owned(), "v".to_owned())][..])
        );
    }

    #[test]
    fn malformed_answers_are_refused() {
        for bytes in [
            &b"\x0a"[..],
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x0a\x05abc",
            b"\x0a\x01\xff",
            b"\x08\x01",
            b"\x0b",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert!(manifests(bytes).is_err() || bytes == b"\x08\x01", "{bytes:?}");
        }
        assert!(configuration(b"\x0a\x01a").is_err(), "a text in place of a flag");
    }
}
