//! What clients trust and show in TLS beyond the system's certificates.

/// PEM texts.
#[derive(Debug, Clone, Default)]
pub struct ClientTls {
    /// Who is trusted, in place of the system's certificates.
    pub root_ca: Option<Vec<u8>>,
    /// The certificates that are shown.
    pub certificate: Option<Vec<u8>>,
    /// The key to them.
    pub private_key: Option<Vec<u8>>,
}

impl ClientTls {
    /// The client that a builder makes with this. The error names what can't be used, by these names.
    pub fn build(
        &self,
        mut builder: reqwest::ClientBuilder,
        [root_ca, certificate, private_key]: [&str; 3],
    ) -> Result<reqwest::Client, String> {
        builder = builder.tls_version_min(reqwest::tls::Version::TLS_1_2);
        if let Some(pem) = &self.root_ca {
            let trusted = reqwest::Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty());
            builder =
                builder.tls_certs_only(trusted.ok_or_else(|| format!("{root_ca} holds no certificate"))?);
        }
        match (&self.certificate, &self.private_key) {
            (Some(certificates), Some(key)) => {
                let pem = [certificates, b"\n".as_slice(), key].concat();
                let identity = reqwest::Identity::from_pem(&pem).map_err(|error| {
                    format!(
                        "{certificate} and {private_key} are no client certificate: {}",
                        super::cause(&error)
                    )
                })?;
                builder = builder.identity(identity);
            }
            (None, None) => {}
            (Some(_), None) => return Err(format!("{certificate} needs {private_key}, which is missing")),
            (None, Some(_)) => return Err(format!("{private_key} needs {certificate}, which is missing")),
        }
        builder.build().map_err(|error| {
            format!("{root_ca}, {certificate} or {private_key} can't be used: {}", super::cause(&error))
        })
    }
}

/// The bytes of a PEM text, or of the file that it names instead.
pub fn pem(text: &str) -> std::io::Result<Vec<u8>> {
    if text.contains("-----BEGIN ") { Ok(text.as_bytes().to_vec()) } else { fs_err::read(text.trim()) }
}

/// The names of renegotiation in resources and components.
pub const RENEGOTIATION: [&str; 3] =
    ["RenegotiateNever", "RenegotiateOnceAsClient", "RenegotiateFreelyAsClient"];
