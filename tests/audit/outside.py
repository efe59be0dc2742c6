"""What stands outside of guard, on real sockets: a server that takes posts, and an RFC 3161 time-stamp authority."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Answer = Callable[[bytes, dict[str, str]], tuple[int, bytes]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server that answers each POST with what `answer` makes of body and headers; gives its URL."""

    class Posts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, data = answer(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Posts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class TimeAuthority:
    """A time-stamp authority with a root of its own; `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float], *, usage: Any = ExtendedKeyUsageOID.TIME_STAMPING) -> None:
        self.clock = clock
        root_key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Root {secrets.token_hex(4)}")])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Time-stamps")])
        self.root = _certificate(root_name, root_name, root_key.public_key(), root_key, authority=True)
        self.certificate = _certificate(name, root_name, self._key.public_key(), root_key, usage=usage)

    def pem(self, path: Path) -> Path:
        """Write the root to a file."""
        path.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        return path

    def answer(self, body: bytes, _: dict[str, str]) -> tuple[int, bytes]:
        """Stamp what is asked for."""
        asked = tsp.TimeStampReq.load(body)
        return 200, self.stamp(asked["message_imprint"], asked["nonce"].native)

    def stamp(self, imprint: tsp.MessageImprint, nonce: int | None) -> bytes:
        """A granted answer, in DER."""
        now = datetime.fromtimestamp(self.clock(), UTC).replace(microsecond=0)
        info = tsp.TSTInfo({
            "version": "v1", "policy": "1.3.6.1.4.1.99999.1", "message_imprint": imprint,
            "serial_number": secrets.randbits(63), "gen_time": now, "nonce": nonce,
        })  # fmt: skip
        own = asn1_x509.Certificate.load(self.certificate.public_bytes(serialization.Encoding.DER))
        attributes = cms.CMSAttributes([
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": now})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [sha256(info.dump()).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [
                tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({
                    "hash_algorithm": {"algorithm": "sha256"}, "cert_hash": sha256(own.dump()).digest(),
                })]})
            ]}),
        ])  # fmt: skip
        signature = self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo({
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": {
                "issuer": own.issuer, "serial_number": own.serial_number,
            }}),
            "digest_algorithm": digest, "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"}, "signature": signature,
        })  # fmt: skip
        signed = cms.SignedData({
            "version": "v3", "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(info.dump())},
            "certificates": [own], "signer_infos": [signer],
        })  # fmt: skip
        token = {"content_type": "signed_data", "content": signed}
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _certificate(
    name: x509.Name, issuer: x509.Name, public: Any, key: Any, *, authority: bool = False, usage: Any = None
) -> x509.Certificate:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(secrets.randbits(63)).not_valid_before(start)
    builder = builder.not_valid_after(start + timedelta(days=7300))
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return builder.sign(key, hashes.SHA256())
