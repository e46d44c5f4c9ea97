"""Plays the main job from the first call to the last callback, and says each step in plain words."""

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/clients"))

from actor import Actor  # noqa: E402
from stage import COMPONENT, DOMAIN, MUC, Bot, Failure, call, start_prosody, start_warmline  # noqa: E402
from web import WebVisitor  # noqa: E402

WORKGROUP = f"support@{COMPONENT}"
ACCOUNTS = ("agent1", "agent2")
QUESTION = "Where is my parcel?"
PATIENCE = 15  # seconds for anything that takes milliseconds


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def quote(text, indent=" " * 14):
    return "\n".join(f"{indent}| {line}" for line in (text or "").splitlines())


def configuration(folder, ports, component_secret, channel):
    client_port, component_port = ports
    agents = ", ".join(f'"{account}@{DOMAIN}"' for account in ACCOUNTS)
    return f"""
[http]
listen = "127.0.0.1:0"

[xmpp]
address = "127.0.0.1:{component_port}"
domain = "{COMPONENT}"
secret = "{component_secret}"
muc = "{MUC}"

[store]
url = "embedded:{folder / 'data-of-warmline'}"

[outbound]
allow_private_networks = true

[users]
address = "127.0.0.1:{client_port}"
tls = "none"

[[workgroup]]
name = "support"
title = "Front desk"
agents = [{agents}]
offer_timeout = "60s"

[[channel]]
id = "tickets"
kind = "rapidpro"
workgroup = "support"
app_id = "{channel['app_id']}"
secret = "{channel['secret']}"

[[channel]]
id = "web"
kind = "chat_api"
workgroup = "support"
"""


class Play:
    """The stage, the players and what they have noticed so far."""

    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.children = []
        self.bot = self.agent = self.port = self.client_port = None
        self.password = secrets.token_hex(8)
        self.channel = {"app_id": str(uuid.uuid4()), "secret": secrets.token_hex(16).upper()}
        self.loop = asyncio.get_running_loop()
        self.seen = []
        self.changed = asyncio.Event()
        self.echo = False

    # Noticing

    def notice(self, kind, thing):
        self.seen.append((kind, thing))
        self.changed.set()
        if self.echo and kind == "callback":
            say(f"The bot receives: {json.dumps(thing)}")

    async def wait(self, what, kind, pick):
        """Waits until something of this kind has been noticed that `pick` likes, and takes it."""
        end = self.loop.time() + PATIENCE
        while True:
            for entry in self.seen:
                if entry[0] == kind and pick(entry[1]):
                    self.seen.remove(entry)
                    return entry[1]
            self.changed.clear()
            left = end - self.loop.time()
            try:
                await asyncio.wait_for(self.changed.wait(), max(left, 0))
            except asyncio.TimeoutError:
                raise Failure(f"waited {PATIENCE} s in vain: {what}") from None

    # The bot's calls

    def path(self, endpoint):
        return f"/api/apps/public/{self.channel['app_id']}/{endpoint}"

    async def ask(self, method, endpoint, expected, body=None):
        """A call of the bot; fails unless the status is as expected."""
        headers = {"Authorization": f"Token {self.channel['secret']}"}
        status, answer = await asyncio.to_thread(call, self.port, method, self.path(endpoint), body, headers)
        if status != expected:
            raise Failure(f"{method} {endpoint} was answered with {status}, not {expected}: {answer}")
        return answer

    # Acts

    async def open_the_stage(self):
        component_secret = secrets.token_hex(8)
        self.client_port, component_port = await asyncio.to_thread(
            start_prosody, self.folder, self.children, ACCOUNTS, self.password, component_secret)
        say(f"A private Prosody runs: clients on 127.0.0.1:{self.client_port}, components on port {component_port}.")
        ports = (self.client_port, component_port)
        config = configuration(self.folder, ports, component_secret, self.channel)
        self.port = await asyncio.to_thread(start_warmline, self.folder, self.children, self.binary, config)
        say(f"Warmline runs and is ready: http://127.0.0.1:{self.port}, workgroup {WORKGROUP}.")
        self.bot = Bot(lambda callback: self.loop.call_soon_threadsafe(self.notice, "callback", callback))

    async def introduce_the_bot(self):
        answer = await self.ask("GET", "secret.check", 200)
        say(f"The bot checks its secret: {json.dumps(answer)}.")
        await self.ask("PUT", "settings", 204, {"webhook": {"url": self.bot.url}})
        say(f"The bot says where it wants to be called back: {self.bot.url}")

    async def introduce_the_agent(self):
        self.agent = Actor(f"agent1@{DOMAIN}/desk", self.password, lambda event: self.notice("agent", event))
        jid = await self.agent.enter("127.0.0.1", self.client_port)
        self.agent.show("chat")
        self.agent.subscribe_to(WORKGROUP)
        self.agent.show("chat", to=WORKGROUP)
        await self.wait("the workgroup greets the agent", "agent",
                        lambda e: e["event"] == "presence" and e["from"].startswith(WORKGROUP))
        say(f"An agent logs in as {jid} and tells the workgroup that she is free to chat.")

    async def hand_over(self):
        """From the ticket to the agent in the room; returns visitor token, ticket id and room."""
        token, ticket = "1234567", str(uuid.uuid4())
        body = {
            "visitor": {"token": token, "contactUUID": str(uuid.uuid4()), "name": "Robin",
                        "customFields": {"question": QUESTION}},
            "ticketID": ticket,
            "sessionStart": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        began = time.monotonic()
        answer = await self.ask("GET", "room", 201, body)
        say(f"The bot hands its visitor over (GET /room): conversation {answer['id']}.")
        room = await self.accept(began)
        await self.show_what_stands_in(room)
        return token, ticket, room

    async def accept(self, began):
        """The agent is asked, accepts, is invited and enters; gives the room."""
        offer = await self.wait("the agent is asked", "agent",
                                lambda e: e["event"] == "message" and "accept" in e["responses"])
        say(f"{1000 * (time.monotonic() - began):.0f} ms later the agent is asked by {offer['from']}:")
        print(quote(offer["body"]))
        self.agent.say(offer["from"], "accept")
        say("The agent answers: accept")
        invitation = await self.wait("the agent is invited", "agent", lambda e: e["event"] == "invitation")
        room = invitation["room"]
        say(f"The agent is invited to the room {room}, and enters.")
        self.agent.join(room, "Ana")
        await self.wait("the agent is in the room", "agent", lambda e: e["event"] == "presence" and "110" in e["codes"])
        return room

    async def show_what_stands_in(self, room):
        shown = await self.wait(
            "the visitor's question stands in the room", "agent",
            lambda e: e["event"] == "message" and e["from"].startswith(room)
            and QUESTION in (e["body"] or e["subject"] or ""))
        say("In the room she reads what the visitor wants:")
        print(quote(shown["body"] or shown["subject"]))

    async def talk(self, token, ticket, room):
        text = "Hello, it should have come on Monday \U0001F4E6"
        await self.ask("POST", "visitor-message", 201, {"visitor": {"token": token}, "text": text})
        heard = await self.wait("the agent hears the visitor", "agent",
                                lambda e: e["event"] == "message" and e["from"].startswith(room) and e["body"] == text)
        say(f"The visitor writes, and the agent reads it in the room from \"{heard['from'].split('/')[1]}\": {text}")
        reply = "Let me look ... it arrives tomorrow."
        self.agent.say(room, reply, "groupchat")
        callback = await self.wait("the bot is told the agent's words", "callback",
                                   lambda c: c["type"] == "agent-message" and c["data"]["text"] == reply)
        if callback["ticketID"] != ticket:
            raise Failure("the callback names another ticket")
        say(f"The agent answers, and the bot is called back: {json.dumps(callback)}")

    async def close(self, ticket, room):
        self.agent.say(room, "!close", "groupchat")
        say("The agent writes: !close")
        callback = await self.wait("the bot is told of the close", "callback", lambda c: c["type"] == "close-room")
        if callback["ticketID"] != ticket:
            raise Failure("the callback names another ticket")
        say(f"The bot is called back: {json.dumps(callback)}")
        await self.wait("the room is taken down", "agent",
                        lambda e: e["event"] == "presence" and e["from"].startswith(room) and e["type"] == "unavailable")
        say("The room is gone.")

    async def help_on_the_web(self):
        """A visitor with a web page and no account; the same agent."""
        visitor = WebVisitor(self.port, lambda event: self.loop.call_soon_threadsafe(self.notice, "page", event))
        form = {"workgroup": "support", "userID": "kim", "emailAddress": "kim@example.test",
                "question": "Do you deliver on Sundays?"}
        began = time.monotonic()
        await asyncio.to_thread(visitor.ask, form)
        say("Another visitor asks from a web page (POST /ask), without an account, and listens to its events.")
        room = await self.accept(began)
        await self.wait("the page learns that somebody is there", "page", lambda e: e["type"] == "offer")
        await asyncio.to_thread(visitor.say, "It is a gift.")
        await self.wait("the agent hears the page's visitor", "agent",
                        lambda e: e["event"] == "message" and e["from"].startswith(room) and e["body"] == "It is a gift.")
        say("The visitor writes, and the agent reads it in the room: It is a gift.")
        self.agent.say(room, "Sundays too.", "groupchat")
        heard = await self.wait("the page is shown the agent's words", "page",
                                lambda e: e["type"] == "groupchat" and e.get("body") == "Sundays too.")
        say(f"The agent answers, and the page is shown: {json.dumps(heard)}")
        self.agent.say(room, "!close", "groupchat")
        ended = await self.wait("the page learns that it is over", "page", lambda e: e["type"] == "ended")
        say(f"The agent writes !close, and the page is told: {json.dumps(ended)}")

    async def story(self):
        await self.open_the_stage()
        await self.introduce_the_bot()
        await self.introduce_the_agent()
        token, ticket, room = await self.hand_over()
        await self.talk(token, ticket, room)
        await self.close(ticket, room)
        await self.help_on_the_web()
        await self.agent.depart()
        self.agent = None
        say("That was the whole story.")

    def invite_the_audience(self):
        body = json.dumps({"visitor": {"token": "42", "contactUUID": str(uuid.uuid4()), "name": "Sam",
                                       "customFields": {"question": QUESTION}}, "ticketID": str(uuid.uuid4())})
        head = (f"-H 'Authorization: Token {self.channel['secret']}' -H 'Content-Type: application/json' \\\n"
                f"    http://127.0.0.1:{self.port}")
        message = json.dumps({"visitor": {"token": "42"}, "text": "Hello?"})
        print(f"""
Now be the agent yourself. In an XMPP client (Gajim, Psi, Profanity ...) log in as
    {ACCOUNTS[0]}@{DOMAIN}  or  {ACCOUNTS[1]}@{DOMAIN}      password {self.password}
    server 127.0.0.1, port {self.client_port}, without encryption (it is your own machine), and add the contact
    {WORKGROUP}
In Profanity:  /connect {ACCOUNTS[0]}@{DOMAIN} server 127.0.0.1 port {self.client_port} tls disable
               /sub request {WORKGROUP}
Then hand a visitor over to yourself, and write as the visitor:
    curl -X GET {head}{self.path('room')} \\
    -d '{body}'
    curl -X POST {head}{self.path('visitor-message')} \\
    -d '{message}'
Or do it all in a browser: the visitor asks on the left, you log in as {ACCOUNTS[0]} on the right, at
    http://127.0.0.1:{self.port}/apps/demo/        every route: http://127.0.0.1:{self.port}/docs
Answer the offer with: accept. What you write in the room is shown here as the bot receives it. End with: !close
Logs: {self.folder}. Ctrl-C ends everything.
""", flush=True)

    async def clear_the_stage(self):
        """Ends whatever this play started, in the other order; gives what did not end well."""
        if self.agent:
            self.agent.vanish()
        bad = []
        for child in reversed(self.children):
            ended_by_itself = child.process.poll() is not None
            code = await asyncio.to_thread(child.stop)
            if child.name == "warmline" and code != 0 and not ended_by_itself:
                bad.append(f"warmline ended with {code} after SIGTERM, not with 0")
        if self.bot:
            self.bot.stop()
        return bad


async def main(arguments):
    folder = ROOT / arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    play = Play(folder, (ROOT / arguments.binary).resolve())
    me = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        play.loop.add_signal_handler(number, me.cancel)
    problems, interrupted = [], False
    try:
        await play.story()
        if not arguments.once:
            play.echo = True
            play.invite_the_audience()
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        interrupted = True
    except (Failure, Exception) as error:
        problems.append(str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}")
    problems += await play.clear_the_stage()
    if problems:
        say("FAILED: " + "; ".join(problems))
        for child in play.children:
            print(f"The last lines of {child.log_path}:\n" + quote("\n".join(child.log().splitlines()[-15:])))
        return 1
    say("Everything that was started is ended.")
    return 130 if interrupted and arguments.once else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the program, from the root of the project")
    parser.add_argument("--folder", default="target/demo", help="where everything lives, made anew")
    parser.add_argument("--once", action="store_true", help="exit after the story")
    sys.exit(asyncio.run(main(parser.parse_args())))
