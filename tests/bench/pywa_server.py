"""The measure: pywa behind FastAPI, doing the same two inserts before it answers.

By itself pywa answers first and handles afterwards, so that a crash in between loses
the message. Its two public steps are awaited here instead: check, then handle.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from pywa_async import WhatsApp
from pywa_async.types import RawUpdate  # noqa: TC002 - pywa reads the annotation

from tests.bench.webhook_statement import RECORD, values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pool = AsyncConnectionPool(
    os.environ["BENCH_DATABASE_URL"],
    open=False,
    min_size=1,
    max_size=10,
    kwargs={"autocommit": True},
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await pool.open()
    yield
    await pool.close()


app = FastAPI(lifespan=lifespan)
client = WhatsApp(
    phone_id=os.environ["WA_PHONE_ID"],
    token="none",
    server=None,
    verify_token="verify",
    app_secret=os.environ["WA_APP_SECRET"],
)


@client.on_raw_update
async def store(_: WhatsApp, update: RawUpdate) -> None:
    async with pool.connection() as connection:
        await connection.execute(RECORD, values(update.raw, uuid4()))


@app.post("/webhook")
async def webhook(request: Request) -> Response:
    body = await request.body()
    header = request.headers.get("X-Hub-Signature-256")
    if error := await client.webhook_update_validator(update=body, hmac_header=header):
        return Response(error[0], status_code=error[1])
    content, status = await client.webhook_update_handler(update=body)
    return Response(content, status_code=status)
