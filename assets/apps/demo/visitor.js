// Asks, waits, talks and ends, with nothing but the token that comes with the answer. A page that is
// loaded again goes on: the server shows again what the visitor was shown, and the rest is kept here.
"use strict";

const KEPT = "warmline visitor";

let request = null;
/** What the visitor has said: `{when, text}` or `{when, url}`. */
let words = [];

function keep() { sessionStorage.setItem(KEPT, JSON.stringify({ request, words })); }

function spoke(what) {
  const said = { when: new Date().toISOString(), ...what };
  words.push(said);
  keep();
  showOwn(said);
}

function showOwn({ when, text, url }) {
  if (url) file("mine", "", url, when);
  else line("mine", "", text, when);
}

const bearer = () => `Bearer ${request.token}`;
const mine = () => `/ask/${encodeURIComponent(request.userID)}`;

const HEARD = {
  "update-queue": (event) => status(`You are number ${event.position} in the line.`),
  "offer": (event) => { status("Somebody is here."); line("told", "", "Somebody is here.", event.at); },
  "groupchat": (event) => {
    const who = event.from.split("/").slice(1).join("/");
    if (event.body) line("theirs", who, event.body, event.at);
    for (const one of event.attachments || []) file("theirs", who, one.url, event.at);
    at("state").textContent = "";
  },
  "composing": (event) => { at("state").textContent = event.state === "composing" ? "…" : ""; },
  "agent-lost": () => status("The connection to your helper was lost. Please wait."),
  "nobody-came": () => status("Nobody is free right now."),
  "ended": () => {
    status("The conversation is over.");
    at("chat").dataset.over = "yes";
    sessionStorage.removeItem(KEPT);
  },
};

function listen() {
  at("ask").hidden = true;
  at("chat").hidden = false;
  status("Please wait.");
  const path = `/sse/${encodeURIComponent(request.userID)}?token=${encodeURIComponent(request.token)}`;
  const source = new EventSource(path);
  source.addEventListener("chatapi.ask", (message) => {
    const event = JSON.parse(message.data);
    const heard = HEARD[event.state ? "composing" : event.type];
    if (heard) heard(event);
    if (event.type === "ended") source.close();
  });
}

onSubmit("ask", async () => {
  const form = {};
  for (const key of ["userID", "emailAddress", "workgroup", "question"]) form[key] = at(key).value;
  request = await call("POST", "/ask", JSON.stringify(form));
  words = [];
  keep();
  listen();
});

onSubmit("say", async () => {
  const text = at("text").value;
  if (!text) return;
  await call("PUT", mine(), text, bearer());
  spoke({ text });
  at("text").value = "";
});

let typing = null;
at("text").addEventListener("input", () => {
  if (typing) return;
  typing = setTimeout(() => { typing = null; }, 3000);
  call("POST", `${mine()}/chatstate/composing`, undefined, bearer()).catch(() => {});
});

async function attach(attachment) {
  const body = JSON.stringify({ attachments: [attachment] });
  await call("PUT", mine(), body, bearer());
  spoke({ url: attachment.url });
}

onSubmit("upload", async () => {
  const put = await upload(request.userID, bearer());
  if (put) await attach(put);
});

onSubmit("attach", async () => {
  const url = at("url").value;
  if (!url) return;
  await attach({ type: "", url });
  at("url").value = "";
});

onClick("end", () => call("DELETE", mine(), undefined, bearer()));

async function goOn() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  if (!kept) return;
  ({ request, words } = kept);
  try {
    await call("GET", mine(), undefined, bearer());
  } catch (problem) {
    // Only who is no longer known begins anew: a server that does not answer just now comes back.
    if ([401, 403, 404].includes(problem.status)) return sessionStorage.removeItem(KEPT);
  }
  words.forEach(showOwn);
  listen();
}

goOn();
