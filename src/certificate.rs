//! Certificates for programs that talk over TLS: random bytes, names and a moment in, PEM out; the door to x509_cert and p256.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder, Error};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{GeneralizedTime, Ia5String};
use x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use x509_cert::der::{DecodePem, EncodePem};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

const END: &str = "-----END CERTIFICATE-----";
const DAY_S: u64 = 86_400;
/// Clients of today refuse what is valid for longer than 398 days.
pub const LEAF_DAYS: u64 = 397;
pub const AUTHORITY_DAYS: u64 = 3650;
/// Bytes that nobody can guess, for one key and one serial number.
pub const RANDOM_BYTES: usize = 32 + 16;

/// A certificate and its key, both as PEM.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

/// Who signs certificates, and whom clients know.
pub struct Authority {
    name: Name,
    key: SigningKey,
    pub pem: Issued,
}

type Made<T> = Result<T, Error>;

impl Authority {
    /// One that is new.
    pub fn new(name: &str, random: &[u8], now_s: u64) -> Made<Authority> {
        let (key, serial) = drawn(random)?;
        Authority::of(name, key, serial, now_s)
    }

    /// The same one with its key and a later end: who knows it by the certificate before still does.
    pub fn renewed(&self, random: &[u8], now_s: u64) -> Made<Authority> {
        let (_, serial) = drawn(random)?;
        sign_own(self.name.clone(), self.key.clone(), serial, now_s)
    }

    fn of(name: &str, key: SigningKey, serial: SerialNumber, now_s: u64) -> Made<Authority> {
        sign_own(Name::from_str(&format!("CN={name}"))?, key, serial, now_s)
    }

    pub fn read(certificate: &str, key: &str) -> Option<Authority> {
        let name = Certificate::from_pem(certificate).ok()?.tbs_certificate().subject().clone();
        let pem = Issued { certificate: certificate.to_owned(), key: key.to_owned() };
        Some(Authority { name, key: SigningKey::from_pkcs8_pem(key).ok()?, pem })
    }

    /// A certificate for a program that is reached under any of these names.
    pub fn issue(&self, names: &[String], random: &[u8], now_s: u64) -> Made<Issued> {
        let (key, serial) = drawn(random)?;
        let alternatives = names.iter().map(|name| general(name)).collect::<Made<Vec<_>>>()?;
        let profile = Form { issuer: self.name.clone(), subject: Name::default(), names: Some(alternatives) };
        let certificate = sign(profile, &key, &self.key, serial, now_s, LEAF_DAYS)?;
        Ok(Issued { certificate, key: pem_of(&key)? })
    }
}

fn sign_own(name: Name, key: SigningKey, serial: SerialNumber, now_s: u64) -> Made<Authority> {
    let profile = Form { issuer: name.clone(), subject: name.clone(), names: None };
    let certificate = sign(profile, &key, &key, serial, now_s, AUTHORITY_DAYS)?;
    let pem = Issued { certificate, key: pem_of(&key)? };
    Ok(Authority { name, key, pem })
}

/// The second, since 1970, at which a certificate ends.
pub fn ends_s(pem: &str) -> Option<u64> {
    // Of a chain the first one is the server's.
    let end = pem.find(END).map_or(pem.len(), |at| at + END.len());
    let certificate = Certificate::from_pem(&pem[..end]).ok()?;
    Some(certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs())
}

fn drawn(random: &[u8]) -> Made<(SigningKey, SerialNumber)> {
    let (key, serial) = random.split_at(32.min(random.len()));
    let mut serial = serial.to_vec();
    // Positive, and of one length.
    serial.iter_mut().take(1).for_each(|first| *first = *first & 0x3f | 0x40);
    Ok((SigningKey::from_slice(key)?, SerialNumber::new(&serial)?))
}

fn pem_of(key: &SigningKey) -> Made<String> {
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| Error::MissingAttributes)?;
    Ok(pem.to_string())
}

fn general(name: &str) -> Made<GeneralName> {
    Ok(match name.parse::<IpAddr>() {
        Ok(address) => address.into(),
        Err(_) => GeneralName::DnsName(Ia5String::new(name)?),
    })
}

fn sign(form: Form, key: &SigningKey, signer: &SigningKey, serial: SerialNumber, now_s: u64, days: u64) -> Made<String> {
    let moment =
        |second: u64| Ok::<_, Error>(Time::GeneralTime(GeneralizedTime::from_unix_duration(Duration::from_secs(second))?));
    // An hour back: the clock of a machine that checks it may be late.
    let validity = Validity::new(moment(now_s.saturating_sub(3_600))?, moment(now_s + days * DAY_S)?);
    let public = SubjectPublicKeyInfo::from_key(key.verifying_key())?;
    let builder = CertificateBuilder::new(form, serial, validity, public)?;
    Ok(builder.build::<_, DerSignature>(signer)?.to_pem(LineEnding::LF)?)
}

/// What a certificate is for: an authority's own, or with names a server's.
struct Form {
    issuer: Name,
    subject: Name,
    names: Option<Vec<GeneralName>>,
}

impl BuilderProfile for Form {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> Made<Vec<Extension>> {
        let subject = tbs.subject();
        let mut all = vec![
            AuthorityKeyIdentifier::try_from(issuer_key)?.to_extension(subject, &[])?,
            SubjectKeyIdentifier::try_from(key)?.to_extension(subject, &[])?,
            BasicConstraints { ca: self.names.is_none(), path_len_constraint: None }.to_extension(subject, &[])?,
        ];
        match &self.names {
            None => all.push(KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign).to_extension(subject, &[])?),
            Some(names) => {
                all.push(KeyUsage(KeyUsages::DigitalSignature.into()).to_extension(subject, &[])?);
                all.push(ExtendedKeyUsage(vec![ID_KP_SERVER_AUTH]).to_extension(subject, &[])?);
                all.push(SubjectAltName(names.clone()).to_extension(subject, &[])?);
            }
        }
        Ok(all)
    }
}
