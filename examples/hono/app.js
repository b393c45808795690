// A small shop: a product cache, a leaderboard, sessions and a hit counter, all kept in Latchkey.
import { serve } from "@hono/node-server";
import { Redis } from "@upstash/redis";
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

const redis = Redis.fromEnv(); // UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN
const app = new Hono();

const PRODUCT_SECONDS = 3600;
const SESSION_SECONDS = 1800;

app.get("/products/:id", async (c) => {
  const key = `product:${c.req.param("id")}`;
  let product = await redis.get(key);
  c.header("x-cache", product ? "hit" : "miss");
  if (!product) {
    product = loadProduct(c.req.param("id"));
    await redis.set(key, product, { ex: PRODUCT_SECONDS });
  }
  c.header("x-cache-seconds-left", String(await redis.ttl(key)));
  return c.json(product);
});

app.post("/scores/:player/:points", async (c) => {
  const points = Number(c.req.param("points"));
  if (!Number.isFinite(points)) return c.json({ error: "points must be a number" }, 400);
  const score = await redis.zincrby("leaderboard", points, c.req.param("player"));
  return c.json({ score });
});

app.get("/leaderboard", async (c) => {
  const flat = await redis.zrange("leaderboard", 0, 9, { rev: true, withScores: true });
  const board = [];
  for (let at = 0; at < flat.length; at += 2) board.push({ player: flat[at], score: flat[at + 1] });
  return c.json(board);
});

app.post("/login/:user", async (c) => {
  const id = crypto.randomUUID();
  await redis.multi().hset(`session:${id}`, { user: c.req.param("user"), visits: 0 }).expire(`session:${id}`, SESSION_SECONDS).exec();
  setCookie(c, "session", id, { httpOnly: true, sameSite: "Lax", maxAge: SESSION_SECONDS });
  return c.json({ user: c.req.param("user") });
});

app.get("/me", async (c) => {
  const key = `session:${getCookie(c, "session")}`;
  if (!(await redis.exists(key))) return c.json({ error: "not signed in" }, 401);
  await redis.pipeline().hincrby(key, "visits", 1).expire(key, SESSION_SECONDS).exec();
  return c.json(await redis.hgetall(key));
});

app.post("/logout", async (c) => {
  await redis.del(`session:${getCookie(c, "session")}`);
  deleteCookie(c, "session");
  return c.body(null, 204);
});

app.get("/hit", async (c) => c.json({ hits: await redis.incr("hits") }));

/// Stands for the slow database that the cache spares.
function loadProduct(id) {
  return { id, name: `Product ${id}`, price: 9.5 + Number(id.length) };
}

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`The shop is open at http://127.0.0.1:${port}`);
});
