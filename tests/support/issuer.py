"""An issuer of access tokens on loopback: its keys are made by Debian's python3-cryptography, its signatures by python3-jwt."""
import base64
import http.server
import json
import threading
import time
import uuid

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

AUDIENCE = "https://qudao.example"
ALGORITHMS = get_default_algorithms()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A key with which one algorithm signs."""

    def __init__(self, algorithm="ES256", kid=None):
        self.algorithm, self.kid = algorithm, kid or str(uuid.uuid4())
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        public = self.private.public_key()
        common = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "EdDSA":
            return {**common, "kty": "OKP", "crv": "Ed25519", "x": base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
        numbers = public.public_numbers()
        if self.algorithm == "ES256":
            return {**common, "kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}
        return {**common, "kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}

    def sign(self, header, claims, algorithm=None):
        """A token of these texts (or of what json makes of them), whatever they say."""
        parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
        signed = ".".join(base64url(part) for part in parts)
        return f"{signed}.{base64url(ALGORITHMS[algorithm or self.algorithm].sign(signed.encode(), self.private))}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        issuer = self.server.issuer
        issuer.fetches.append((self.path, time.monotonic()))
        status, delay_s, body = issuer.answer or (200, 0, issuer.key_set())
        issuer.is_over.wait(delay_s)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        try:
            super().handle()
        except (ConnectionResetError, BrokenPipeError):
            pass  # the server has read enough

    def log_message(self, *arguments):
        pass


class Issuer:
    """`keys` are published; `answer` (status, delay, body) is sent instead of them while it is set."""

    def __init__(self, *keys):
        self.keys = list(keys) or [Key()]
        self.answer, self.fetches, self.port = None, [], 0
        self.start()

    def start(self):
        self.is_over = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.issuer = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def name(self):
        return f"http://127.0.0.1:{self.port}/"

    def key_set(self):
        return json.dumps({"keys": [key.jwk() for key in self.keys]}).encode()

    def settings(self):
        return {"QUDAO_OIDC_ISSUER": self.name, "QUDAO_OIDC_AUDIENCE": AUDIENCE, "QUDAO_OIDC_JWKS_URL": f"{self.name}keys"}

    def claims(self, role="admin", **more):
        """The claims of a good token; those that are None are left out."""
        now = int(time.time())
        claims = {"iss": self.name, "aud": AUDIENCE, "sub": f"{role}@example.com", "iat": now, "exp": now + 600, "role": role, **more}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, role="admin", key=None, header=None, **claims):
        key = key or self.keys[0]
        return key.sign({"alg": key.algorithm, "typ": "at+jwt", "kid": key.kid, **(header or {})}, self.claims(role, **claims))
