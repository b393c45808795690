"""A small shop: a product cache and a leaderboard, kept in Latchkey over the Redis protocol."""

import json
import os
from contextlib import asynccontextmanager
from typing import Annotated

import redis.asyncio
from fastapi import Depends, FastAPI, Request, Response

PRODUCT_SECONDS = 3600


@asynccontextmanager
async def lifespan(app: FastAPI):
    """One pool of connections for all requests, closed when the shop closes."""
    async with redis.asyncio.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True) as client:
        app.state.redis = client
        yield


def connected(request: Request) -> redis.asyncio.Redis:
    return request.app.state.redis


app = FastAPI(title="A small shop", lifespan=lifespan)
Redis = Annotated[redis.asyncio.Redis, Depends(connected)]


@app.get("/products/{number}")
async def product(number: int, client: Redis, response: Response):
    key = f"product:{number}"
    async with client.pipeline(transaction=False) as pipe:
        cached, seconds_left = await pipe.get(key).ttl(key).execute()
    if cached is not None:
        response.headers["x-cache"] = f"hit; {seconds_left} seconds left"
        return json.loads(cached)
    loaded = load_product(number)
    await client.set(key, json.dumps(loaded), ex=PRODUCT_SECONDS)
    response.headers["x-cache"] = "miss"
    return loaded


@app.put("/products/{number}/price/{price}")
async def reprice(number: int, price: float, client: Redis):
    prices[number] = price
    await client.delete(f"product:{number}")
    return load_product(number)


@app.post("/scores/{player}/{points}")
async def score(player: str, points: float, client: Redis):
    async with client.pipeline(transaction=True) as pipe:
        total, rank = await pipe.zincrby("leaderboard", points, player).zrevrank("leaderboard", player).execute()
    return {"score": total, "rank": rank + 1}


@app.get("/leaderboard")
async def leaderboard(client: Redis):
    best = await client.zrevrange("leaderboard", 0, 9, withscores=True)
    return [{"player": player, "score": points} for player, points in best]


# Stands for the slow database that the cache spares.
prices: dict[int, float] = {}


def load_product(number: int) -> dict:
    return {"id": number, "name": f"Product {number}", "price": prices.get(number, 9.5)}
