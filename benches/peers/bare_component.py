#!/usr/bin/env python3
"""What Warmline's speed is measured against: the least that can hand a visitor's words to a room.

A slixmpp component that takes `POST .../visitor-message` and says the text in the visitor's room.
It checks no secret, stores nothing, and knows nothing of whether a message arrived.
"""
import argparse
import asyncio
import json
import sys

from slixmpp.componentxmpp import ComponentXMPP

OK = b'{"id":"bare"}'
ANSWER = (b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: "
          + str(len(OK)).encode() + b"\r\n\r\n" + OK)
ROOM_CONFIG = ("<iq type='set' id='c{n}' to='{room}' from='{me}'>"
               "<query xmlns='http://jabber.org/protocol/muc#owner'>"
               "<x xmlns='jabber:x:data' type='submit'/></query></iq>")


class Bridge(ComponentXMPP):
    def __init__(self, options):
        super().__init__(options.domain, options.secret, "127.0.0.1", options.port)
        self.me = f"desk@{options.domain}/desk"
        self.rooms = [f"bare-{n}@{options.muc}" for n in range(options.rooms)]
        self.inside, self.ready = set(), asyncio.Event()
        self.add_event_handler("session_start", self.enter)
        self.add_event_handler("presence_available", self.entered)

    def enter(self, _):
        for room in self.rooms:
            self.send_raw(f"<presence to='{room}/desk' from='{self.me}'>"
                          "<x xmlns='http://jabber.org/protocol/muc'/></presence>")

    def entered(self, presence):
        room = presence["from"].bare
        if room in self.inside:
            return
        self.inside.add(room)
        self.send_raw(ROOM_CONFIG.format(n=len(self.inside), room=room, me=self.me))
        if len(self.inside) == len(self.rooms):
            self.ready.set()

    def say(self, token, text):
        self.send_message(mto=self.rooms[int(token)], mbody=text, mtype="groupchat", mfrom=self.me)


class Http(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as little of it as a fair peer needs."""

    def __init__(self, bridge):
        self.bridge, self.held = bridge, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.held += data
        while True:
            head, found, rest = self.held.partition(b"\r\n\r\n")
            if not found:
                return
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15:].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(rest) < length:
                return
            body, self.held = json.loads(rest[:length]), rest[length:]
            self.bridge.say(body["visitor"]["token"], body["text"])
            self.transport.write(ANSWER)


async def main(options):
    bridge = Bridge(options)
    bridge.connect()
    await bridge.ready.wait()
    server = await asyncio.get_running_loop().create_server(lambda: Http(bridge), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"listening on http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domain", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--muc", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rooms", type=int, required=True)
    sys.exit(asyncio.run(main(parser.parse_args())))
