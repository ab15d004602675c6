//! X.509 certificates: authorities, self-signed and signed ones, laid out as Go's crypto/x509 does.

use std::any::Any;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::der::{self, Reader};
use super::keys::{Key, generate_rsa};
use crate::dates::Time;
use crate::exec::State;
use crate::functions::arguments::int_of;
use crate::functions::encoding::from_base64;
use crate::functions::{FunctionError, FunctionResult, Functions, Signature, bytes_of, text_of};
use crate::print::{printed, quoted};
use crate::value::{Object, Type, Value};

const TYPE: &str = "sprig.certificate";

/// What the functions give: both parts in PEM.
struct Certificate {
    cert: String,
    key: String,
}

impl Object for Certificate {
    fn type_name(&self) -> &str {
        TYPE
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::from(self.cert.as_str())),
            "Key" => Some(Value::from(self.key.as_str())),
            _ => None,
        }
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn to_data(&self) -> Value {
        Value::map([("Cert", Value::from(self.cert.as_str())), ("Key", Value::from(self.key.as_str()))])
    }

    fn equal(&self, other: &dyn Object) -> bool {
        let other = other.as_any().downcast_ref::<Certificate>();
        other.is_some_and(|other| self.cert == other.cert && self.key == other.key)
    }
}

/// What a certificate says besides keys.
struct Request {
    name: String,
    addresses: Vec<IpAddr>,
    hosts: Vec<String>,
    days: i64,
    authority: bool,
}

/// Who signs: a name in DER and the identifier of its key, if it has one.
struct Issuer {
    name: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

fn strings<'v>(value: &'v Value, what: &str) -> Result<Vec<&'v str>, FunctionError> {
    let Value::List(list) = value else { return Ok(Vec::new()) };
    list.iter()
        .map(|item| match item {
            Value::String(text) => Ok(&**text),
            other => Err(FunctionError::from(format!("error {what}: {} is not a string", printed(other)))),
        })
        .collect()
}

impl Request {
    fn new(name: &Value, ips: &Value, hosts: &Value, days: &Value) -> Result<Request, FunctionError> {
        let addresses = strings(ips, "parsing ip")?
            .into_iter()
            .map(|text| text.parse().map_err(|_| FunctionError::from(format!("error parsing ip: {text}"))))
            .collect::<Result<_, _>>()?;
        let hosts = strings(hosts, "processing alternate dns name")?;
        if let Some(host) = hosts.iter().find(|host| !host.is_ascii()) {
            let reason = format!("x509: {} cannot be encoded as an IA5String", quoted(host));
            return Err(FunctionError::from(format!("error creating certificate: {reason}")));
        }
        let hosts = hosts.into_iter().map(str::to_owned).collect();
        Ok(Request {
            name: text_of(name).into_owned(),
            addresses,
            hosts,
            days: int_of(days),
            authority: false,
        })
    }

    fn subject(&self) -> Vec<u8> {
        if self.name.is_empty() {
            return der::sequence(&[]);
        }
        let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
        let tag = if self.name.bytes().all(printable) { der::PRINTABLE_STRING } else { der::UTF8_STRING };
        let common_name = der::element(der::OBJECT_ID, &[0x55, 0x04, 0x03]);
        let attribute = der::sequence(&[common_name, der::element(tag, self.name.as_bytes())]);
        der::sequence(&[der::element(der::SET, &attribute)])
    }

    fn extensions(&self, key_id: Option<&[u8]>, issuer_key_id: Option<&[u8]>) -> Vec<u8> {
        let id = |last: u8| der::element(der::OBJECT_ID, &[0x55, 0x1d, last]);
        let extension = |last: u8, critical: bool, contents: &[u8]| {
            let critical = if critical { der::element(der::BOOLEAN, &[0xff]) } else { Vec::new() };
            der::sequence(&[id(last), critical, der::element(der::OCTET_STRING, contents)])
        };
        // Signatures and key encipherment; authorities sign certificates too.
        let usage: &[u8] = if self.authority { &[2, 0xa4] } else { &[5, 0xa0] };
        let purpose =
            |last: u8| der::element(der::OBJECT_ID, &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, last]);
        let authority = if self.authority { der::element(der::BOOLEAN, &[0xff]) } else { Vec::new() };
        let mut all = vec![
            extension(15, true, &der::element(der::BIT_STRING, usage)),
            extension(37, false, &der::sequence(&[purpose(1), purpose(2)])),
            extension(19, true, &der::sequence(&[authority])),
        ];
        if let Some(key_id) = key_id {
            all.push(extension(14, false, &der::element(der::OCTET_STRING, key_id)));
        }
        if let Some(key_id) = issuer_key_id {
            all.push(extension(35, false, &der::sequence(&[der::element(0x80, key_id)])));
        }
        if !self.hosts.is_empty() || !self.addresses.is_empty() {
            let hosts = self.hosts.iter().map(|host| der::element(0x82, host.as_bytes()));
            let addresses = self.addresses.iter().map(|address| match address {
                IpAddr::V4(address) => der::element(0x87, &address.octets()),
                IpAddr::V6(address) => der::element(0x87, &address.octets()),
            });
            let names: Vec<Vec<u8>> = hosts.chain(addresses).collect();
            all.push(extension(17, self.name.is_empty(), &der::sequence(&names)));
        }
        der::element(0xa3, &der::sequence(&all))
    }

    /// The certificate for `key`, signed by `signer`; by itself when there is no issuer.
    fn sign(
        &self,
        state: &State,
        key: &Key,
        issuer: Option<&Issuer>,
        signer: &Key,
    ) -> Result<Certificate, FunctionError> {
        let mut serial = [0; 16];
        state.environment().fill(&mut serial);
        let subject = self.subject();
        // Go identifies the keys of authorities only, by the first 160 bits of a SHA-256.
        let key_id = self.authority.then(|| Sha256::digest(key.public_bits())[..20].to_vec());
        let issuer_name = issuer.map_or(&subject, |issuer| &issuer.name);
        let issuer_key_id =
            issuer.filter(|issuer| issuer.name != subject).and_then(|issuer| issuer.key_id.as_deref());
        let (now, _) = state.environment().now();
        let end = now.saturating_add(self.days.saturating_mul(86_400));
        let body = der::sequence(&[
            der::element(0xa0, &der::unsigned(&[2])),
            der::unsigned(&serial),
            signer.signature_algorithm(),
            issuer_name.clone(),
            der::sequence(&[moment(now)?, moment(end)?]),
            subject.clone(),
            key.public_info(),
            self.extensions(key_id.as_deref(), issuer_key_id),
        ]);
        let signature = signer.sign(&body)?;
        let whole = der::sequence(&[body, signer.signature_algorithm(), der::bits(&signature)]);
        Ok(Certificate { cert: der::to_pem("CERTIFICATE", &whole), key: key.to_pem() })
    }
}

/// A point in time; two-digit years serve until 2049.
fn moment(seconds: i64) -> Result<Vec<u8>, FunctionError> {
    let time = Time::utc(seconds, 0);
    match time.civil().year {
        1950..2050 => Ok(der::element(der::UTC_TIME, time.format("060102150405Z").as_bytes())),
        0..10_000 => Ok(der::element(der::GENERALIZED_TIME, time.format("20060102150405Z").as_bytes())),
        _ => {
            Err("error creating certificate: asn1: structure error: cannot represent time as GeneralizedTime"
                .into())
        }
    }
}

/// The subject of a certificate and the identifier of its key.
fn read_certificate(bytes: &[u8]) -> Option<Issuer> {
    let mut body = Reader::new(bytes).sequence()?.sequence()?;
    let (tag, ..) = body.any()?;
    if tag == 0xa0 {
        body.tagged(der::INTEGER)?;
    }
    for _ in 0..3 {
        body.sequence()?;
    }
    let (_, _, name) = body.any()?;
    body.sequence()?;
    let mut key_id = None;
    while let Some((tag, contents, _)) = body.any() {
        if tag != 0xa3 {
            continue;
        }
        let mut extensions = Reader::new(contents).sequence()?;
        while !extensions.is_empty() {
            let mut extension = extensions.sequence()?;
            let found = extension.tagged(der::OBJECT_ID)? == [0x55, 0x1d, 14];
            while let Some((tag, contents, _)) = extension.any() {
                if found && tag == der::OCTET_STRING {
                    key_id = Reader::new(contents).tagged(der::OCTET_STRING).map(<[u8]>::to_vec);
                }
            }
        }
    }
    Some(Issuer { name: name.to_vec(), key_id })
}

fn parse_certificate(pem: &str, what: &str) -> Result<Issuer, FunctionError> {
    let Some((_, bytes)) = der::from_pem(pem) else { return Err("unable to decode certificate".into()) };
    read_certificate(&bytes).ok_or_else(|| {
        FunctionError::from(format!("error parsing certificate: {what}: x509: malformed certificate"))
    })
}

/// The key of the last argument, or a new one.
fn key_for(state: &mut State, pem: Option<&Value>) -> Result<Key, FunctionError> {
    match pem {
        Some(pem) => Key::from_pem(&text_of(pem)).map_err(|error| error.context("parsing private key")),
        None => generate_rsa(state, 2048),
    }
}

fn authority(state: &mut State, all: &[Value]) -> FunctionResult {
    let key = key_for(state, all.get(2))?;
    let request = Request { authority: true, ..Request::new(&all[0], &Value::Nil, &Value::Nil, &all[1])? };
    Ok(Value::object(request.sign(state, &key, None, &key)?))
}

fn self_signed(state: &mut State, all: &[Value]) -> FunctionResult {
    let key = key_for(state, all.get(4))?;
    let request = Request::new(&all[0], &all[1], &all[2], &all[3])?;
    Ok(Value::object(request.sign(state, &key, None, &key)?))
}

fn signed(state: &mut State, all: &[Value]) -> FunctionResult {
    let Some(authority) = all[4].downcast::<Certificate>() else {
        return Err("unable to decode certificate".into());
    };
    let key = key_for(state, all.get(5))?;
    let issuer = parse_certificate(&authority.cert, "decodedSignerCert.Bytes")?;
    let signer = Key::from_pem(&authority.key).map_err(|error| error.context("error parsing private key"))?;
    let request = Request::new(&all[0], &all[1], &all[2], &all[3])?;
    Ok(Value::object(request.sign(state, &key, Some(&issuer), &signer)?))
}

fn custom(all: &[Value]) -> FunctionResult {
    let cert = from_base64(bytes_of(&all[0])).map_err(|_| "unable to decode base64 certificate")?;
    let key = from_base64(bytes_of(&all[1])).map_err(|_| "unable to decode base64 private key")?;
    let (cert, key) =
        (String::from_utf8_lossy(&cert).into_owned(), String::from_utf8_lossy(&key).into_owned());
    parse_certificate(&cert, "decodedCert.Bytes")?;
    Key::from_pem(&key).map_err(|error| error.context("error parsing private key"))?;
    Ok(Value::object(Certificate { cert, key }))
}

pub(super) fn register(functions: &mut Functions) {
    use Type::{Int, List, String};
    const AUTHORITY: Type = Type::Object(TYPE);
    functions.register("genCA", Signature::fixed(&[String, Int]), authority);
    functions.register("genCAWithKey", Signature::fixed(&[String, Int, String]), authority);
    functions.register("genSelfSignedCert", Signature::fixed(&[String, List, List, Int]), self_signed);
    functions.register(
        "genSelfSignedCertWithKey",
        Signature::fixed(&[String, List, List, Int, String]),
        self_signed,
    );
    functions.register("genSignedCert", Signature::fixed(&[String, List, List, Int, AUTHORITY]), signed);
    functions.register(
        "genSignedCertWithKey",
        Signature::fixed(&[String, List, List, Int, AUTHORITY, String]),
        signed,
    );
    functions.register("buildCustomCert", Signature::fixed(&[String, String]), |_, all| custom(all));
}
