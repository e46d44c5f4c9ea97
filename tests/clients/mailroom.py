"""Plays Weni's mailroom for its partner's callbacks, as one process that can be killed.

Every callback is written to a journal, and the disk, before it is answered. A close or a reopening
calls the partner back for the same ticket, and waits for that, as mailroom does.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import threading
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mailroom(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options = options
        self.lock = threading.Lock()
        self.journal = open(options.journal, "a", encoding="utf-8")

    def note(self, entry):
        with self.lock:
            self.journal.write(json.dumps(entry) + "\n")
            self.journal.flush()
            os.fsync(self.journal.fileno())

    def call_partner(self, ticket, what):
        """The nested call; its status."""
        partner = http.client.HTTPConnection(self.options.partner, timeout=15)
        body = json.dumps(
            {
                "ticket_id": ticket,
                "external_id": ticket,
                f"{what}d_by" if what == "close" else "reopened_by": {"type": "platform", "id": "system"},
            }
        )
        headers = {
            "Authorization": f"Bearer {self.options.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{what}-{ticket}-{uuid.uuid4().int}",
        }
        partner.request("POST", f"{self.options.route}/{ticket}/{what}", body, headers)
        return partner.getresponse().status


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, reply, nested = self.handle_call(body)
        self.server.note(
            {
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": json.loads(body or b"null"),
                "status": status,
                "nested": nested,
            }
        )
        answer = json.dumps(reply, indent=4).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def handle_call(self, body):
        refusal = self.refusal(body)
        if refusal:
            return 401, {"error": refusal, "message": refusal}, None
        ticket = json.loads(body)["external_id"]
        if self.path.endswith("/tickets/close"):
            nested = self.server.call_partner(ticket, "close")
            if nested >= 400 and nested != 409:
                return 500, {"error": "close_failed", "message": str(nested)}, nested
            return 200, {"status": "closed", "ticket_uuid": ticket}, nested
        if self.path.endswith("/tickets/reopen"):
            nested = self.server.call_partner(ticket, "reopen")
            if nested >= 400:
                return 500, {"error": "reopen_failed", "message": str(nested)}, nested
            return 200, {"status": "open", "ticket_uuid": ticket}, nested
        # The same id for the same message, so that the tests know it when it comes back.
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, json.loads(body)["message_external_id"]))
        return 200, {"status": "sent", "ticket_uuid": ticket, "message_uuid": name}, None

    def refusal(self, body):
        tag = hmac.new(self.server.options.secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(self.headers.get("X-Webhook-Signature", ""), f"sha256={tag}"):
            return "invalid_signature"
        at = self.headers.get("X-Webhook-Timestamp", "")[:19]
        try:
            sent = datetime.fromisoformat(at).replace(tzinfo=timezone.utc)
        except ValueError:
            return "expired_request"
        far = abs(datetime.now(timezone.utc) - sent) > timedelta(minutes=5)
        return "expired_request" if far else None


def main():
    parser = argparse.ArgumentParser()
    for name in ("journal", "partner", "route", "token", "secret"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    Mailroom(parser.parse_args()).serve_forever()


main()
