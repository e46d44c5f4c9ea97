// What both pages of the demo share.
"use strict";

const BASE = "/restapi/v1";

/** An element by its id. */
function at(id) { return document.getElementById(id); }

/** Adds a line to the talk, in its place by time. */
function line(kind, who, text, when = new Date().toISOString()) {
  const item = document.createElement("li");
  item.className = kind;
  item.textContent = who ? `${who}: ${text}` : text;
  item.dataset.when = Date.parse(when);
  const later = [...at("talk").children].find((other) => other.dataset.when > item.dataset.when);
  at("talk").insertBefore(item, later || null);
  item.scrollIntoView();
  return item;
}

/** A line with a file in it; only web addresses become links. */
function file(kind, who, url, when) {
  const item = line(kind, who, "", when);
  if (!/^https?:/.test(url)) {
    item.append(url);
    return;
  }
  const link = document.createElement("a");
  link.href = url;
  link.rel = "noopener noreferrer";
  link.target = "_blank";
  link.textContent = url;
  item.append(link);
}

function status(text) { at("status").textContent = text; }

/** A call; throws what the error entity says. */
async function call(method, path, body, authorization) {
  const headers = { Accept: "application/json" };
  if (authorization) headers.Authorization = authorization;
  const reply = await fetch(BASE + path, { method, headers, body, credentials: "omit" });
  const text = await reply.text();
  if (!reply.ok) {
    let message = `${reply.status}`;
    try { message = JSON.parse(text).message; } catch { /* no entity */ }
    throw Object.assign(new Error(message), { status: reply.status });
  }
  try { return JSON.parse(text); } catch { return text; }
}

/** Does something when a form is sent, and shows what went wrong. */
function onSubmit(id, action) {
  at(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    try { await action(); } catch (problem) { status(problem.message); }
  });
}

function onClick(id, action) {
  at(id).addEventListener("click", async () => {
    try { await action(); } catch (problem) { status(problem.message); }
  });
}

/**
 * Puts the chosen file at the XMPP server's upload service and gives its address. Where the server has
 * none, the form goes: what is left is the way by link.
 */
async function upload(user, authorization) {
  const chosen = at("file").files[0];
  if (!chosen) return null;
  const names = [user, chosen.name, chosen.size].map(encodeURIComponent);
  const type = chosen.type ? `?type=${encodeURIComponent(chosen.type)}` : "";
  let slot;
  try {
    slot = await call("GET", `/ask/upload/${names.join("/")}${type}`, undefined, authorization);
  } catch (problem) {
    at("upload").hidden = problem.status === 501;
    throw problem;
  }
  const headers = { ...slot.headers };
  if (slot.contentType) headers["Content-Type"] = slot.contentType;
  const reply = await fetch(slot.put, { method: "PUT", headers, body: chosen, credentials: "omit" });
  if (!reply.ok) throw new Error(`The file was not taken: ${reply.status}`);
  at("upload").reset();
  return { url: slot.get, type: chosen.type };
}
