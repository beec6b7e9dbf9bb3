// An app on @dapr/dapr, over HTTP or gRPC as PROTOCOL says, that does what the tests tell it.
//
// It answers three methods, whatever the protocol:
//   call {"name": "state.save", "arguments": [...]}   calls the SDK's client; {"result": ...} or {"error": "..."}
//   seen {"name": "plain"}                            what has arrived under this name so far
//   echo                                              what it was sent
"use strict";

const { CommunicationProtocolEnum, DaprPubSubStatusEnum, DaprServer, HttpMethod } = require("@dapr/dapr");

const PUBSUB = "pubsub";
const server = new DaprServer({ communicationProtocol: CommunicationProtocolEnum[process.env.PROTOCOL] });
const seen = new Map();
const subscriptions = new Map();

// A handler that notes what it gets under a name and answers with a status.
const noter = (name, status = DaprPubSubStatusEnum.SUCCESS) => async (data) => {
  seen.set(name, [...(seen.get(name) ?? []), data]);
  return status;
};

// What JSON has no word for: bytes become the text that they are, errors their message.
const plain = (value) => JSON.parse(JSON.stringify(value ?? null, function replace(key, shown) {
  if (this[key] instanceof Uint8Array) return Buffer.from(this[key]).toString();
  return this[key] instanceof Error ? this[key].message : shown;
}));

// What the tests tell it. {"noter": NAME} as an argument stands for a callback that notes under NAME.
async function call({ name, arguments: given }) {
  if (name === "stop") return subscriptions.get(given[0]).stop();
  const callback = given.find((argument) => argument?.noter)?.noter;
  const [block, method] = name.split(".");
  const values = given.map((argument) => (argument?.noter ? noter(argument.noter) : argument));
  const result = await server.client[block][method](...values);
  if (callback) subscriptions.set(callback, result);
  return callback ? null : result;
}

async function main() {
  await server.invoker.listen("health", async () => ({ pid: process.pid }), { method: HttpMethod.GET });
  await server.invoker.listen("seen", async ({ body }) => seen.get(JSON.parse(body).name) ?? [], {
    method: HttpMethod.POST,
  });
  await server.invoker.listen("call", async ({ body }) => {
    try {
      return { result: plain(await call(JSON.parse(body))) };
    } catch (error) {
      return { error: error.message ?? JSON.stringify(plain(error)) };
    }
  }, { method: HttpMethod.POST });
  for (const method of [HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE]) {
    await server.invoker.listen("echo", async ({ body, query, metadata }) => {
      return { method, body, query, contentType: metadata.contentType };
    }, { method });
  }

  await server.pubsub.subscribe(PUBSUB, "plain", noter("plain"));
  await server.pubsub.subscribe(PUBSUB, "several", noter("several"));
  await server.pubsub.subscribe(PUBSUB, "routed", noter("routed"), "/orders");
  await server.pubsub.subscribe(PUBSUB, "raw", noter("raw"), undefined, { rawPayload: true });
  await server.pubsub.subscribeWithOptions(PUBSUB, "refused", {
    deadLetterTopic: "graveyard",
    callback: noter("refused", DaprPubSubStatusEnum.DROP),
  });
  await server.pubsub.subscribe(PUBSUB, "graveyard", noter("graveyard"));
  await server.pubsub.subscribeWithOptions(PUBSUB, "ruled", {
    route: {
      rules: [
        { match: 'event.type == "order"', path: "/order" },
        { match: "event.data.amount > 100", path: "/large" },
      ],
      default: "/other",
    },
  });
  for (const rule of ["order", "large", "other"]) {
    server.pubsub.subscribeToRoute(PUBSUB, "ruled", `/${rule}`, noter(`ruled ${rule}`));
  }
  await server.pubsub.subscribeBulk(PUBSUB, "bulk", noter("bulk"), { maxMessagesCount: 10, maxAwaitDurationMs: 100 });
  await server.binding.receive("tick", async () => noter("tick")("tick"));

  await server.start();
}

main();
