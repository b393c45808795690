// Clients of the server under test, whose address and token are in the environment as applications have them.
import { after } from "node:test";
import { Redis } from "@upstash/redis";

export const url = required("UPSTASH_REDIS_REST_URL");
export const token = required("UPSTASH_REDIS_REST_TOKEN");

/// A client with the options that people use: everything at its default (auto-pipelining and base64 on).
export function connect(options = {}) {
  return new Redis({ url, token, enableTelemetry: true, ...options });
}

/// The same without any conversion: what the server said is what comes out.
export function connectPlain(options = {}) {
  return connect({
    responseEncoding: false,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    ...options,
  });
}

/// Notes the requests that the client sends, as `[path, status]`, until the file's tests are over.
export function watchRequests() {
  const seen = [];
  const original = globalThis.fetch;
  globalThis.fetch = async (request, init) => {
    const response = await original(request, init);
    seen.push([new URL(request).pathname, response.status]);
    return response;
  };
  after(() => {
    globalThis.fetch = original;
  });
  return seen;
}

function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: start a server with 'latchkey dev' and copy what it prints`);
  }
  return value;
}
