"""A private authority and a certificate for localhost, made by openssl."""

import ssl
import subprocess


class TlsFiles:
    def __init__(self, folder):
        self.folder = folder
        self.authority = folder / "ca.pem"
        self.certificate = folder / "localhost.pem"
        self.key = folder / "localhost.key"
        (folder / "names.cnf").write_text(
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                      "-subj", "/CN=Tollgate test authority")
        self._openssl("req", *key, "-keyout", "localhost.key", "-out", "localhost.csr",
                      "-subj", "/CN=localhost")
        self._openssl("x509", "-req", "-in", "localhost.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-out", "localhost.pem", "-days", "2",
                      "-extfile", "names.cnf")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"

    def context(self):
        return ssl.create_default_context(cafile=str(self.authority))
