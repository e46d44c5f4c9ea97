"""What a play needs around it: child processes on loopback, a private Prosody, a bot that receives callbacks."""

import http.client
import json
import random
import re
import shutil
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "example.test"
MUC = f"conference.{DOMAIN}"
COMPONENT = f"workgroup.{DOMAIN}"


class Failure(Exception):
    """The play cannot go on; the text says why."""


def free_port():
    """None of those that outgoing connections get: one could sit on it while a server is being restarted."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Child:
    """A child process with its log in a file; ended by its own id. `cast` is the list of all of them."""

    def __init__(self, name, command, folder, cast):
        self.name = name
        self.log_path = folder / f"{name}.log"
        with open(self.log_path, "ab") as log:
            try:
                self.process = subprocess.Popen(
                    [str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True)
            except OSError as error:
                raise Failure(f"cannot start {name}: {error}") from None
        cast.append(self)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_for(self, what, ready, within=30):
        """Polls until `ready()` gives something true; fails when the child ends or the time is over."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            found = ready()
            if found:
                return found
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode} before {what}")
            time.sleep(0.05)
        raise Failure(f"{self.name}: {what} did not happen within {within} s")

    def stop(self, within=10):
        """Asks it to end; gives its exit code, or None if it had to be killed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


def start_prosody(folder, cast, accounts, password, secret):
    """Starts a private Prosody; returns its two ports (clients, component)."""
    if shutil.which("prosody") is None:
        raise Failure("prosody is not installed: run scripts/setup")
    client, component = free_port(), free_port()
    template = (ROOT / "tests/support/prosody.cfg.lua").read_text()
    for name, value in {
        "DIR": folder, "CLIENT_PORT": client, "COMPONENT_PORT": component,
        "MUC_MODULES": '"muc_mam"', "MAX_HISTORY": 1000, "SECRET": secret,
        "NO_TLS": '"tls";', "NO_HTTP": '"http";',
    }.items():
        template = template.replace(f"@{name}@", str(value))
    # What else tests can ask for, nobody asks for here.
    template = re.sub("@[A-Z_]+@", "", template)
    (folder / "prosody.cfg.lua").write_text(template)
    people = folder / "data" / DOMAIN.replace(".", "%2e") / "accounts"
    people.mkdir(parents=True)
    for account in accounts:
        (people / f"{account}.dat").write_text(f'return {{\n\t["password"] = "{password}";\n}};\n')
    prosody = Child("prosody", ["prosody", "--config", folder / "prosody.cfg.lua", "-F"], folder, cast)
    prosody.wait_for("it listens", lambda: listens(client) and listens(component))
    return client, component


def start_warmline(folder, cast, binary, config):
    """Starts the program and waits until it is ready; returns the port it listens on."""
    (folder / "warmline.toml").write_text(config)
    warmline = Child("warmline", [binary, "run", "--config", folder / "warmline.toml"], folder, cast)
    told = "listening on http://127.0.0.1:"
    line = warmline.wait_for(
        "it says where it listens",
        lambda: next((l for l in warmline.log().splitlines() if l.startswith(told)), None))
    port = int(line.removeprefix(told))
    warmline.wait_for("/readyz says 200", lambda: status_of(port, "/readyz") == 200)
    return port


def status_of(port, path):
    try:
        return call(port, "GET", path)[0]
    except OSError:
        return None


def call(port, method, path, body=None, headers=None):
    """One HTTP call, also a GET with a body; returns the status and the body (JSON or text)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    headers = dict(headers or {})
    data = None
    if body is not None:
        data = json.dumps(body)
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text


class Bot:
    """Receives callbacks on a port of its own; `told(callback)` hears each."""

    def __init__(self, told):
        bot = self
        self.callbacks = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                callback = json.loads(self.rfile.read(length) or b"null")
                bot.callbacks.append(callback)
                answer = b'{"status":"handled"}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                told(callback)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
