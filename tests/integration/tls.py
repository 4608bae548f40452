"""Private authorities and certificates, made by openssl."""

import ssl
import subprocess


class TlsFiles:
    def __init__(self, folder):
        self.folder = folder
        for authority in ("ours", "theirs"):
            self._openssl("req", "-x509", *self.KEY, "-keyout", f"{authority}.key", "-out",
                          f"{authority}.pem", "-days", "2", "-subj", f"/CN=Test authority {authority}")
        self.authority = folder / "ours.pem"
        self.good = self.certificate("good", "DNS:localhost,IP:127.0.0.1")

    KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def certificate(self, name, names, authority="ours", usage="serverAuth", days=2):
        """(certificate file, key file) for the names."""
        extensions = self.folder / f"{name}.cnf"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        self._openssl("req", *self.KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                      "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
                      f"{authority}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", str(days),
                      "-extfile", extensions.name)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def client(self, **options):
        context = ssl.create_default_context(cafile=str(self.authority))
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def server(self, files=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(files or self.good))

        def note_name(sock, name, context):
            context.latest_server_name = name
        context.sni_callback = note_name
        return context

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"
