// Logs in, which joins the user's workgroups; is offered requests; accepts, enters the room, talks.
"use strict";

const me = { user: null, authorization: null, stream: null, jid: null, room: null, nick: null };

const chat = (method, path, body) => call(method, `/chat/${me.stream}${path}`, body, me.authorization);
const nameOf = (jid) => jid.split("@")[0];
const service = () => `?service=${encodeURIComponent(me.room.split("@")[1])}`;

function offered(offer) {
  if (at(`offer-${offer.id}`)) return;
  const box = document.createElement("div");
  box.className = "offer";
  box.id = `offer-${offer.id}`;
  const told = document.createElement("p");
  told.textContent = `${offer.metaData.username || offer.from}: ${offer.metaData.question || ""}`;
  const accept = document.createElement("button");
  const reject = document.createElement("button");
  accept.textContent = "Accept";
  reject.textContent = "Reject";
  accept.className = "accept";
  reject.className = "reject";
  const workgroup = encodeURIComponent(nameOf(offer.workgroup));
  const answer = (method) => async () => {
    try {
      await call(method, `/chat/assists/${workgroup}/${offer.id}`, undefined, me.authorization);
      box.remove();
    } catch (problem) { status(problem.message); }
  };
  accept.addEventListener("click", answer("PUT"));
  reject.addEventListener("click", answer("DELETE"));
  box.append(told, accept, reject);
  at("offers").append(box);
}

async function invited(invitation) {
  if (me.room === invitation.room) return;
  me.room = invitation.room;
  at("chat").hidden = false;
  await chat("PUT", `/rooms/${nameOf(me.room)}${service()}`);
  status(`In the room ${nameOf(me.room)}.`);
}

function said(message) {
  if (!me.room || message.from.split("/")[0] !== me.room) return;
  const who = message.from.split("/").slice(1).join("/");
  const show = /^https?:\S+$/.test(message.body) ? file : line;
  if (who === me.nick) show("mine", "", message.body);
  else show("theirs", who, message.body);
  at("state").textContent = "";
}

const HEARD = {
  "chatapi.assist": (event) => {
    if (event.type === "offerReceived") offered(event);
    else at(`offer-${event.id}`)?.remove();
  },
  "chatapi.muc": (event) => {
    if (event.type === "invitationReceived") {
      invited(event).catch((problem) => status(problem.message));
    } else {
      said(event);
    }
  },
  "chatapi.chat": (event) => {
    if (event.state && me.room && event.from.startsWith(me.room)) {
      at("state").textContent = event.state === "composing" ? "…" : "";
    }
  },
  "chatapi.session": (event) => {
    if (event.type === "joined") me.nick = event.nick;
    if (event.type === "left" && event.room === me.room) {
      me.room = null;
      status("The conversation is over.");
    }
    if (event.type === "loggedOff") status("Logged off.");
  },
};

function listen(user, ticket) {
  const source = new EventSource(`/sse/${encodeURIComponent(user)}?token=${ticket}`);
  for (const [name, heard] of Object.entries(HEARD)) {
    source.addEventListener(name, (message) => heard(JSON.parse(message.data)));
  }
}

onSubmit("login", async () => {
  const user = at("user").value;
  me.user = user;
  const pair = new TextEncoder().encode(`${user}:${at("password").value}`);
  me.authorization = `Basic ${btoa(String.fromCharCode(...pair))}`;
  me.stream = await call("POST", `/chat/${encodeURIComponent(user)}/login`, "", me.authorization);
  const { ticket } = await chat("POST", "/tickets");
  listen(user, ticket);
  at("login").hidden = true;
  status("Logged in; waiting for requests.");
});

onSubmit("say", async () => {
  const text = at("text").value;
  if (!text || !me.room) return;
  await chat("POST", `/rooms/${nameOf(me.room)}${service()}`, JSON.stringify({ body: text }));
  at("text").value = "";
});

/** A line in the room with a file, as XMPP clients send one (XEP-0066). */
function shared(url) {
  const page = document.implementation.createDocument("jabber:client", "message", null);
  const element = (parent, namespace, name, text) => {
    const child = page.createElementNS(namespace, name);
    child.textContent = text;
    parent.append(child);
    return child;
  };
  const message = page.documentElement;
  message.setAttribute("type", "groupchat");
  message.setAttribute("to", me.room);
  element(message, "jabber:client", "body", url);
  element(element(message, "jabber:x:oob", "x", ""), "jabber:x:oob", "url", url);
  return new XMLSerializer().serializeToString(page);
}

onSubmit("upload", async () => {
  if (!me.room) return;
  const put = await upload(me.user, me.authorization);
  if (put) await chat("POST", "/xmpp", shared(put.url));
});

let typing = null;
at("text").addEventListener("input", () => {
  if (!me.room || typing) return;
  typing = setTimeout(() => { typing = null; }, 3000);
  chat("POST", `/chatstate/composing/${encodeURIComponent(me.room)}`).catch(() => {});
});

onClick("close", () => chat("POST", `/rooms/${nameOf(me.room)}${service()}`, "!close"));
onClick("logoff", () => chat("POST", "/logoff"));
