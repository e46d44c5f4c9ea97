// What Warmline's webhooks are measured against: the least that does the same job. It checks the
// signature, reads the message, stores it for 24 hours unless its id is known, and answers 200 when
// Redis has answered. How durable that is, is Redis's `appendfsync` in both cases.
//
// node server.mjs REDIS_PORT SECRET full|bare
//   full  a key an entry, and an index by time for each visitor, so that they can be read back
//   bare  the key only: nothing can be read back by visitor
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Redis } from "ioredis";

const [port, secret, form] = process.argv.slice(2);
const redis = new Redis({ host: "127.0.0.1", port: Number(port), enableAutoPipelining: true });
const TTL = 24 * 3600;

function signed(body, header) {
  const wanted = createHmac("sha256", secret).update(body).digest();
  const given = Buffer.from(header ?? "", "hex");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function store(message) {
  const user = message.from ?? message.to;
  const text = message.text?.body;
  const at = Number(message.timestamp);
  if (typeof user !== "string" || typeof message.id !== "string" || typeof text !== "string" || !at) {
    return false;
  }
  const entry = JSON.stringify({ author: message.from ? "visitor" : "bot", text, at });
  const key = `entry:${user}:${message.id}`;
  if (form === "bare") {
    await redis.set(key, entry, "EX", TTL, "NX");
    return true;
  }
  const index = `index:${user}`;
  // Not one transaction: those cannot share a round trip with other requests, and cost more.
  await Promise.all([
    redis.set(key, entry, "EX", TTL, "NX"),
    redis.zadd(index, "NX", at, message.id),
    redis.expire(index, TTL),
  ]);
  return true;
}

async function answer(request, body) {
  if (request.method !== "POST") return [404, "no such path"];
  if (!signed(body, request.headers["x-yalochat-signature"])) return [403, "wrong signature"];
  let message;
  try {
    message = JSON.parse(body);
  } catch {
    return [400, "invalid JSON"];
  }
  try {
    return (await store(message)) ? [200, "insert success"] : [400, "a field is missing"];
  } catch {
    return [503, "not available"];
  }
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const [status, message] = await answer(request, Buffer.concat(chunks));
    const body = JSON.stringify({ message });
    response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  });
});
server.keepAliveTimeout = 75_000;
redis.once("ready", () => {
  server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
});
