"""A small FHIR R4 service of our own (no free server is packaged): ``python fhir_server.py ADDRESS PORT``.

Keeps what is posted, in memory, and gives it back: create, read and search-all (FHIR R4 3.1.0). The standard
library's server; nginx in front does TLS.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGEST_BODY_BYTES = 10_000_000
kept: dict[str, list[dict[str, object]]] = {}


class Fhir(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Read one, or search all, or the statement of capabilities."""
        kind, _, number = self.path.strip("/").partition("/")
        if kind in ("", "metadata"):
            self.give(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "status": "active"})
        elif number.isdigit():
            found = kept.get(kind, [])
            if int(number) < len(found):
                self.give(200, found[int(number)])
            else:
                self.give(404, {"resourceType": "OperationOutcome"})
        else:
            entries = [{"resource": resource} for resource in kept.get(kind.split("?")[0], [])[:100]]
            self.give(200, {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries})

    def do_POST(self) -> None:
        """Create."""
        size = min(int(self.headers.get("Content-Length", 0)), LARGEST_BODY_BYTES)
        try:
            resource = json.loads(self.rfile.read(size))
        except ValueError:
            self.give(400, {"resourceType": "OperationOutcome"})
            return
        group = kept.setdefault(self.path.strip("/"), [])
        resource["id"] = str(len(group))
        group.append(resource)
        self.give(201, resource)

    def give(self, status: int, document: dict[str, object]) -> None:
        """Answers."""
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json; fhirVersion=4.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Fhir).serve_forever()
