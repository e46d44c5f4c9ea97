// Shows every event of one user, each as a row.
"use strict";

const NAMES = [
  "chatapi.xmpp", "chatapi.presence", "chatapi.chat", "chatapi.muc", "chatapi.notify",
  "chatapi.assist", "chatapi.ask", "chatapi.session",
];

function cell(text) {
  const cell = document.createElement("td");
  const content = document.createElement("pre");
  content.textContent = text;
  cell.append(content);
  return cell;
}

function shown(event) {
  const data = JSON.parse(event.data);
  const row = document.createElement("tr");
  row.dataset.event = event.type;
  row.dataset.type = data.type || "";
  const text = event.type === "chatapi.xmpp" ? xml(data.xmpp) : JSON.stringify(data, null, 1);
  row.append(cell(event.lastEventId), cell(event.type), cell(data.type || ""), cell(text));
  document.getElementById("events").prepend(row);
}

function xml(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function start() {
  const query = new URLSearchParams(location.search);
  const user = query.get("username");
  const state = document.getElementById("state");
  if (!user) {
    state.textContent = "no ?username= given";
    return;
  }
  document.getElementById("user").textContent = user;
  const wanted = new URLSearchParams();
  for (const name of ["token", "unnamed"]) {
    if (query.get(name)) wanted.set(name, query.get(name));
  }
  const source = new EventSource(`/sse/${encodeURIComponent(user)}?${wanted}`);
  source.onopen = () => { state.textContent = "connected"; };
  source.onerror = () => {
    const over = source.readyState === EventSource.CLOSED;
    state.textContent = over ? "over, or not allowed" : "interrupted, trying again";
  };
  source.onmessage = shown;
  for (const name of NAMES) source.addEventListener(name, shown);
}

start();
