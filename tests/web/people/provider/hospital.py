"""A hospital's provider on loopback: keys, description, tokens. It can be told to do each of them wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Claims = dict[str, Any]
CLIENT = "asepsis"
SECRET = "CANARY-secret-of-the-client"


class Hospital:
    """One provider with one RSA and one EC key."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realms/hospital"
        self.reset()
        threading.Thread(target=self.server.serve_forever, name="provider", daemon=True).start()

    def reset(self) -> None:
        """Forgets what a test asked for."""
        self.claims: Claims = {"sub": "7f3c", "preferred_username": "ada@hospital.example", "name": "Ada Lovelace"}
        self.kid = "rsa"
        self.make: Callable[[Claims], str] | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.described: Claims = {}
        self.asked: list[str] = []
        self.listed = ["rsa", "ec"]

    def close(self) -> None:
        """Ends it."""
        self.server.shutdown()
        self.server.server_close()

    def key(self, kid: str) -> Claims:
        """A public key as the provider lists it."""
        made: Claims = (
            RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
            if kid == "rsa"
            else ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
        )
        return {**made, "kid": kid, "use": "sig"}

    def sign(self, claims: Claims) -> str:
        """A token, signed as it should be."""
        key, algorithm = (self.rsa, "RS256") if self.kid == "rsa" else (self.ec, "ES256")
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": self.kid})

    def authorize(self, address: str) -> str:
        """What the person's browser does there: the address that it comes back to."""
        asked = {name: said[0] for name, said in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _description(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.described,
        }

    def _token(self, form: dict[str, str], authorization: str) -> Claims | None:
        """RFC 6749 4.1.3 and RFC 7636 4.6: the code once, by the client, to the same address, with the verifier."""
        asked = self.codes.pop(form.get("code", ""), None)
        kind, _, both = authorization.partition(" ")
        expected = f"{CLIENT}:{SECRET}"
        known = kind == "Basic" and unquote_plus(base64.b64decode(both).decode()) == expected
        if asked is None or not known or form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        if asked.get("max_age") == "0":
            claims["auth_time"] = now
        claims |= self.claims
        token = self.make(claims) if self.make is not None else self.sign(claims)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": token}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hospital = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.removeprefix("/realms/hospital")
                hospital.asked.append(path)
                if path == "/.well-known/openid-configuration":
                    self._say(hospital._description())
                elif path == "/keys":
                    self._say({"keys": [hospital.key(kid) for kid in hospital.listed]})
                elif path == "/elsewhere":
                    self.send_response(302)
                    self.send_header("Location", f"{hospital.issuer}/keys")
                    self.end_headers()
                else:
                    self._say(None)

            def do_POST(self) -> None:
                hospital.asked.append("/token")
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: said[0] for name, said in parse_qs(body).items()}
                self._say(hospital._token(form, self.headers.get("Authorization", "")))

            def _say(self, document: Claims | None) -> None:
                text = json.dumps(document if document is not None else {"error": "invalid_grant"}).encode()
                self.send_response(400 if document is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
