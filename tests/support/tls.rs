//! An own CA, made with the tool `openssl`, and a server's side of TLS that it vouches for.

use super::process::RunDir;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A CA, and a certificate of it for `localhost` and the test's virtual host.
pub struct Certificates(RunDir);

impl Certificates {
    /// Makes fresh ones, good for two days.
    pub fn make() -> Certificates {
        let made = Certificates(RunDir::new("certificates"));
        made.0
            .write("ext", "subjectAltName=DNS:localhost,DNS:example.test\n");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        for arguments in [
            &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=TestCA"),
            &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile ext -out server.pem",
        ] {
            made.openssl(arguments);
        }
        made
    }

    /// One of the files: `ca.pem`, `server.pem`, `server.key`, or `ext`, which is no certificate.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The side of TLS that shows the certificate.
    pub fn acceptor(&self) -> TlsAcceptor {
        let chain = CertificateDer::pem_file_iter(self.file("server.pem"))
            .expect("a certificate")
            .collect::<Result<Vec<_>, _>>()
            .expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a key that fits");
        TlsAcceptor::from(Arc::new(config))
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "openssl {arguments}");
    }
}
