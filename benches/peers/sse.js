// Events over SSE with nothing but Node's http module: the same wire, numbers, replay from memory.
// Prints its port; publishes so many events a second, with a number and the time in microseconds.
"use strict";
const http = require("http");

const [rate, seconds] = process.argv.slice(2).map(Number);
const readers = new Set();
const ring = [];
let id = 0;

function wire(event) {
  return `id: ${event.id}\nevent: chatapi.chat\ndata: ${event.data}\n\n`;
}

const server = http.createServer((request, response) => {
  response.writeHead(200, {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
  });
  response.write("retry: 3000\n: ofchat\n\n");
  const last = Number(request.headers["last-event-id"] || id);
  const missed = ring.filter((event) => event.id > last).map(wire);
  if (missed.length > 0) response.write(missed.join(""));
  readers.add(response);
  response.on("close", () => readers.delete(response));
});
server.keepAliveTimeout = 75000;
setInterval(() => { for (const reader of readers) reader.write(": ka\n\n"); }, 10000);

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(server.address().port);
});

process.stdin.once("data", () => {
  const begun = process.hrtime.bigint();
  const pad = "x".repeat(200);
  let sent = 0;
  // One event a turn of the loop: what was written goes out before the next one, also when it is late.
  function turn() {
    if (sent >= rate * seconds) return;
    const elapsed = Number(process.hrtime.bigint() - begun) / 1e9;
    if (sent >= Math.min(elapsed, seconds) * rate) {
      setTimeout(turn, 1);
      return;
    }
    id += 1;
    const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
    const event = { id, data: JSON.stringify({ n: sent, t: micros, pad }) };
    sent += 1;
    ring.push(event);
    const text = wire(event);
    for (const reader of readers) reader.write(text);
    setImmediate(turn);
  }
  turn();
});
