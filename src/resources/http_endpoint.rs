//! `kind: HTTPEndpoint` (daprd reference, section 10.2).

use super::{Item, Source};

/// A service outside, by a name that calls can use.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpEndpoint {
    /// `metadata.name`.
    pub name: String,
    /// `spec.baseUrl`.
    pub base_url: String,
    /// `spec.headers`, in order; secrets are not looked up yet.
    pub headers: Vec<Item>,
    /// `spec.clientTLS.rootCA`: who is trusted, as PEM.
    pub root_ca: Option<Source>,
    /// `spec.clientTLS.certificate`: what is shown, as PEM.
    pub certificate: Option<Source>,
    /// `spec.clientTLS.privateKey`, as PEM.
    pub private_key: Option<Source>,
    /// `spec.clientTLS.renegotiation`; empty when it isn't there.
    pub renegotiation: String,
    /// `auth.secretStore`: where `secretKeyRef` looks.
    pub secret_store: Option<String>,
    /// File that declares it.
    pub file: std::path::PathBuf,
}

pub(super) mod raw {
    //! The shape of the YAML. Keys were lower-cased by the loader.
    use serde::Deserialize;
    use serde_json::Value;

    use super::HttpEndpoint;
    use crate::resources::component::raw::{Auth, RawItem};
    use crate::resources::component::{SecretKeyRef, text};
    use crate::resources::{Item, Source};

    #[derive(Deserialize)]
    pub struct Manifest {
        #[serde(default)]
        spec: Spec,
        #[serde(default)]
        auth: Auth,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Spec {
        baseurl: String,
        headers: Vec<RawItem>,
        clienttls: Tls,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Tls {
        rootca: Option<RawValue>,
        certificate: Option<RawValue>,
        privatekey: Option<RawValue>,
        renegotiation: String,
    }

    #[derive(Deserialize)]
    struct RawValue {
        value: Option<Value>,
        secretkeyref: Option<SecretKeyRef>,
    }

    impl Manifest {
        pub fn into_endpoint(self, name: String, file: &std::path::Path) -> HttpEndpoint {
            let Tls { rootca, certificate, privatekey, renegotiation } = self.spec.clienttls;
            HttpEndpoint {
                name,
                base_url: self.spec.baseurl,
                headers: self.spec.headers.into_iter().map(RawItem::into_item).collect::<Vec<Item>>(),
                root_ca: rootca.and_then(RawValue::into_source),
                certificate: certificate.and_then(RawValue::into_source),
                private_key: privatekey.and_then(RawValue::into_source),
                renegotiation,
                secret_store: self.auth.store(),
                file: file.to_owned(),
            }
        }
    }

    impl RawValue {
        fn into_source(self) -> Option<Source> {
            match (self.secretkeyref.filter(|secret| !secret.name.is_empty()), self.value) {
                (Some(secret), _) => Some(Source::Secret(secret)),
                (None, value) => {
                    value.map(|value| text(&value)).filter(|text| !text.is_empty()).map(Source::Value)
                }
            }
        }
    }
}
