"""A person at an XMPP client (slixmpp): logs in, tells what arrives as plain dictionaries, does what it is told."""

import asyncio
import uuid
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

CLIENT = "jabber:client"
WORKGROUP = "http://jabber.org/protocol/workgroup"
LIVE = "http://jivesoftware.com/protocol/workgroup"
MUC = "http://jabber.org/protocol/muc"
MUC_USER = MUC + "#user"
DIRECT_INVITE = "jabber:x:conference"
QUICK = "urn:xmpp:tmp:quick-response"
COMMANDS = "http://jabber.org/protocol/commands"
FORM = "jabber:x:data"
CHAT_STATES = "http://jabber.org/protocol/chatstates"
CORRECT = "urn:xmpp:message-correct:0"
OOB = "jabber:x:oob"


class Refused(Exception):
    """An IQ came back as an error; its condition is the text."""


def find_text(element, path):
    found = element.find(path)
    return None if found is None else (found.text or "")


def attribute(element, path, name):
    found = element.find(path)
    return None if found is None else found.get(name)


class Actor(slixmpp.ClientXMPP):
    """One account. `tell(event)` is called with each thing that arrives, in order."""

    def __init__(self, jid, password, tell):
        super().__init__(jid, password)
        self.tell = tell
        self.enable_starttls = False
        self.enable_direct_tls = False
        self.enable_plaintext = True
        self.stays = True          # reconnects by itself, as a person's client does
        self.auto = {}             # accept: chat|fastpath, delay, join, nick, word
        self.presences = {}        # last presence by recipient ('' = broadcast), sent again after a reconnect
        self.rooms = {}            # nick by room
        self.where = None
        self.online = asyncio.get_event_loop().create_future()
        for plugin in ("xep_0030", "xep_0050", "xep_0199"):
            self.register_plugin(plugin)
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("disconnected", self.on_disconnected)
        self.add_event_handler("failed_all_auth", self.on_refused)
        for kind, path, handler in (
            ("message", f"{{{CLIENT}}}message", self.on_message),
            ("presence", f"{{{CLIENT}}}presence", self.on_presence),
            ("offer", f"{{{CLIENT}}}iq/{{{WORKGROUP}}}offer", self.on_offer),
            ("revoke", f"{{{CLIENT}}}iq/{{{WORKGROUP}}}offer-revoke", self.on_revoke),
            ("agents", f"{{{CLIENT}}}iq/{{{WORKGROUP}}}agent-status-request", self.on_other_iq),
        ):
            self.register_handler(Callback("actor " + kind, MatchXPath(path), handler))

    # Connection

    async def enter(self, host, port):
        """Logs in; returns the full JID."""
        self.where = (host, port)
        self.connect(host, port)
        await asyncio.wait_for(asyncio.shield(self.online), 20)
        return self.boundjid.full

    async def on_start(self, _):
        # A server tells subscriptions only to a client that has asked for the roster (RFC 6121 §2.2).
        self.send_raw("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
        for recipient, xml in self.presences.items():
            self.send_raw(xml)
        for room, nick in self.rooms.items():
            self.send_raw(self.join_xml(room, nick))
        if not self.online.done():
            self.online.set_result(None)
        self.tell({"event": "online", "jid": self.boundjid.full})

    def on_refused(self, _):
        self.stays = False
        if not self.online.done():
            self.online.set_exception(Refused("not-authorized"))

    async def on_disconnected(self, _):
        self.tell({"event": "offline"})
        if self.stays and self.where:
            await asyncio.sleep(0.2)
            self.connect(*self.where)

    async def depart(self):
        """Logs out in order."""
        self.stays = False
        await self.disconnect(wait=1)

    def vanish(self):
        """Cuts the connection without a word."""
        self.stays = False
        self.abort()

    # What arrives

    def on_message(self, stanza):
        xml = stanza.xml
        event = {
            "event": "message",
            "from": xml.get("from"), "to": xml.get("to"), "id": xml.get("id"),
            "type": xml.get("type", "normal"),
            "body": find_text(xml, f"{{{CLIENT}}}body"),
            "subject": find_text(xml, f"{{{CLIENT}}}subject"),
            "delay": attribute(xml, "{urn:xmpp:delay}delay", "stamp"),
            "replaces": attribute(xml, f"{{{CORRECT}}}replace", "id"),
            "url": find_text(xml, f"{{{OOB}}}x/{{{OOB}}}url"),
            "state": next((c.tag.split("}")[1] for c in xml if c.tag.startswith("{" + CHAT_STATES)), None),
            "responses": [r.get("value") for r in xml.findall(f"{{{QUICK}}}response")],
            "xml": ET.tostring(xml, encoding="unicode"),
        }
        self.tell(event)
        self.on_invitation(xml)
        if self.auto.get("accept") == "chat" and self.auto.get("word", "accept") in event["responses"]:
            self.later(lambda: self.say(event["from"], self.auto.get("word", "accept"), "chat"))

    def on_invitation(self, xml):
        mediated = xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite")
        direct = xml.find(f"{{{DIRECT_INVITE}}}x")
        if xml.get("type") == "error" or (mediated is None and direct is None):
            return
        room = xml.get("from") if mediated is not None else direct.get("jid")
        reason = direct.get("reason") if mediated is None else find_text(mediated, f"{{{MUC_USER}}}reason")
        self.tell({
            "event": "invitation", "room": room, "reason": reason, "direct": mediated is None,
            "from": mediated.get("from") if mediated is not None else xml.get("from"),
            "xml": ET.tostring(xml, encoding="unicode"),
        })
        if self.auto.get("join") and room not in self.rooms:
            self.join(room, self.auto.get("nick", self.boundjid.user))

    def on_presence(self, stanza):
        xml = stanza.xml
        item = xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
        sender = xml.get("from", "")
        event = {
            "event": "presence", "from": sender, "type": xml.get("type", "available"),
            "show": find_text(xml, f"{{{CLIENT}}}show"),
            "codes": [s.get("code") for s in xml.findall(f"{{{MUC_USER}}}x/{{{MUC_USER}}}status")],
            "destroyed": xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy") is not None,
            "error": attribute(xml, f"{{{CLIENT}}}error", "type"),
            "xml": ET.tostring(xml, encoding="unicode"),
        }
        for name in ("role", "affiliation", "jid"):
            event[name] = None if item is None else item.get(name)
        room = sender.split("/")[0]
        gone = event["type"] == "unavailable" and "110" in event["codes"]
        if event["destroyed"] or (gone and "332" not in event["codes"]):  # 332: the server stops; one comes back
            self.rooms.pop(room, None)
        self.tell(event)

    def on_offer(self, iq):
        offer = iq.xml.find(f"{{{WORKGROUP}}}offer")
        values = offer.findall(f"{{{LIVE}}}metadata/{{{LIVE}}}value")
        session = attribute(offer, f"{{{LIVE}}}session", "id")
        self.answer_iq(iq)
        self.tell({
            "event": "offer", "from": str(iq["from"]), "id": offer.get("id"), "jid": offer.get("jid"),
            "session": session, "timeout": find_text(offer, f"{{{WORKGROUP}}}timeout"),
            "values": {v.get("name"): v.text or "" for v in values},
            "xml": ET.tostring(iq.xml, encoding="unicode"),
        })
        if self.auto.get("accept") == "fastpath":
            accept = f"<offer-accept xmlns='{WORKGROUP}' id={quoteattr(offer.get('id') or session)}/>"
            self.later(lambda: asyncio.ensure_future(self.ask("set", str(iq["from"]), accept)))

    def on_revoke(self, iq):
        revoke = iq.xml.find(f"{{{WORKGROUP}}}offer-revoke")
        self.answer_iq(iq)
        self.tell({
            "event": "revoke", "from": str(iq["from"]), "id": revoke.get("id"), "jid": revoke.get("jid"),
            "session": attribute(revoke, f"{{{LIVE}}}session", "id"),
            "reason": find_text(revoke, f"{{{WORKGROUP}}}reason"),
        })

    def on_other_iq(self, iq):
        if iq["type"] == "set":
            self.answer_iq(iq)

    def answer_iq(self, iq):
        self.send_raw(f"<iq type='result' id={quoteattr(iq['id'])} to={quoteattr(str(iq['from']))}/>")

    def later(self, action):
        delay = float(self.auto.get("delay", 0))
        asyncio.get_event_loop().call_later(delay, action)

    # What a person does

    def show(self, kind="chat", to="", agent_status=None, status=None):
        """Presence: kind is available, chat, away, xa, dnd or unavailable; `agent_status` = max chats (Fastpath)."""
        target = f" to={quoteattr(to)}" if to else ""
        inner = ""
        if kind not in ("available", "unavailable"):
            inner += f"<show>{kind}</show>"
        if status:
            inner += f"<status>{escape(status)}</status>"
        if agent_status is not None:
            inner += f"<agent-status xmlns='{WORKGROUP}'><max-chats>{int(agent_status)}</max-chats></agent-status>"
        type_ = " type='unavailable'" if kind == "unavailable" else ""
        xml = f"<presence{target}{type_}>{inner}</presence>"
        self.presences[to] = xml
        if kind == "unavailable":
            del self.presences[to]
        self.send_raw(xml)

    def subscribe_to(self, jid):
        self.send_raw(f"<presence to={quoteattr(jid)} type='subscribe'/>")

    def say(self, to, text, kind="chat", extra="", id_=None):
        """Sends a message; returns its id. `extra` is XML put beside the body."""
        id_ = id_ or uuid.uuid4().hex
        body = "" if text is None else f"<body>{escape(text)}</body>"
        self.send_raw(f"<message to={quoteattr(to)} type='{kind}' id={quoteattr(id_)}>{body}{extra}</message>")
        return id_

    def correct(self, to, old_id, text, kind="groupchat"):
        return self.say(to, text, kind, f"<replace xmlns='{CORRECT}' id={quoteattr(old_id)}/>")

    def send_link(self, to, url, kind="groupchat"):
        return self.say(to, url, kind, f"<x xmlns='{OOB}'><url>{escape(url)}</url></x>")

    def chat_state(self, to, state, kind="groupchat"):
        return self.say(to, None, kind, f"<{state} xmlns='{CHAT_STATES}'/>")

    @staticmethod
    def join_xml(room, nick):
        return f"<presence to={quoteattr(room + '/' + nick)}><x xmlns='{MUC}'/></presence>"

    def join(self, room, nick):
        self.rooms[room] = nick
        self.send_raw(self.join_xml(room, nick))

    def leave(self, room):
        nick = self.rooms.pop(room, self.boundjid.user)
        self.send_raw(f"<presence to={quoteattr(room + '/' + nick)} type='unavailable'/>")

    def decline(self, room, to, reason=""):
        inner = f"<decline to={quoteattr(to)}><reason>{escape(reason)}</reason></decline>"
        self.send_raw(f"<message to={quoteattr(room)}><x xmlns='{MUC_USER}'>{inner}</x></message>")

    async def ask(self, type_, to, payload):
        """Sends an IQ and returns the payload of its result as XML text; raises Refused on an error."""
        iq = self.make_iq(ito=to, itype=type_)
        iq.append(ET.fromstring(payload))
        try:
            reply = await iq.send(timeout=15)
        except slixmpp.exceptions.IqError as error:
            raise Refused(error.condition) from None
        except slixmpp.exceptions.IqTimeout:
            raise Refused("no answer") from None
        return "".join(ET.tostring(child, encoding="unicode") for child in reply.xml)

    async def list_commands(self, to):
        """The nodes of the ad-hoc commands that an address offers, found as slixmpp finds them."""
        found = await self["xep_0050"].get_commands(to)
        return [node for _, node, _ in found["disco_items"]["items"]]

    async def run_command(self, to, node, action="execute"):
        """A command without a form, given by slixmpp's own plugin; returns its status and its note."""
        try:
            reply = await self["xep_0050"].send_command(to, node, action=action, timeout=15)
        except slixmpp.exceptions.IqError as error:
            raise Refused(error.condition) from None
        notes = reply["command"]["notes"]
        return {"status": reply["command"]["status"], "note": notes[0][1] if notes else ""}

    async def command(self, to, node, action="execute", session=None, fields=None):
        """One step of an ad-hoc command (XEP-0050)."""
        head = f"<command xmlns='{COMMANDS}' node={quoteattr(node)} action={quoteattr(action)}"
        head += f" sessionid={quoteattr(session)}>" if session else ">"
        form = ""
        if fields is not None:
            values = "".join(
                f"<field var={quoteattr(name)}><value>{escape(str(value))}</value></field>"
                for name, value in fields.items())
            form = f"<x xmlns='{FORM}' type='submit'>{values}</x>"
        reply = ET.fromstring(await self.ask("set", to, f"{head}{form}</command>"))
        return {
            "status": reply.get("status"), "session": reply.get("sessionid"),
            "note": find_text(reply, f"{{{COMMANDS}}}note"),
            "note_type": attribute(reply, f"{{{COMMANDS}}}note", "type"),
            "fields": {
                f.get("var"): [v.text or "" for v in f.findall(f"{{{FORM}}}value")]
                for f in reply.findall(f"{{{FORM}}}x/{{{FORM}}}field")},
            "options": {
                f.get("var"): [o.findtext(f"{{{FORM}}}value") for o in f.findall(f"{{{FORM}}}option")]
                for f in reply.findall(f"{{{FORM}}}x/{{{FORM}}}field") if f.find(f"{{{FORM}}}option") is not None},
            "xml": ET.tostring(reply, encoding="unicode"),
        }
