// Asks, waits, talks and ends, with nothing but the token that comes with the answer.
"use strict";

let request = null;

const bearer = () => `Bearer ${request.token}`;
const mine = () => `/ask/${encodeURIComponent(request.userID)}`;

const HEARD = {
  "update-queue": (event) => status(`You are number ${event.position} in the line.`),
  "offer": () => { status("Somebody is here."); line("told", "", "Somebody is here."); },
  "groupchat": (event) => {
    const who = event.from.split("/").slice(1).join("/");
    if (event.body) line("theirs", who, event.body);
    for (const one of event.attachments || []) file("theirs", who, one.url);
    at("state").textContent = "";
  },
  "composing": (event) => { at("state").textContent = event.state === "composing" ? "…" : ""; },
  "agent-lost": () => status("The connection to your helper was lost. Please wait."),
  "nobody-came": () => status("Nobody is free right now."),
  "ended": () => { status("The conversation is over."); at("chat").dataset.over = "yes"; },
};

function listen() {
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
  at("ask").hidden = true;
  at("chat").hidden = false;
  status("Please wait.");
  listen();
});

onSubmit("say", async () => {
  const text = at("text").value;
  if (!text) return;
  await call("PUT", mine(), text, bearer());
  line("mine", "", text);
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
  file("mine", "", attachment.url);
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
