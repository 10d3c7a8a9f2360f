"""python-socketio's client: prints the subscribe ack, then the first project.updated, each as one JSON line; a third with the
offset, where connection state recovery gives one.

usage: TOKEN=… python_client.py URL NAMESPACE TRANSPORT,…
"""

import asyncio
import json
import os
import sys

import socketio


async def main(url: str, namespace: str, transports: str) -> None:
    client = socketio.AsyncClient(reconnection=False)
    arrived = asyncio.get_running_loop().create_future()

    @client.on("project.updated", namespace=namespace)
    async def on_update(*arguments):
        if not arrived.done():
            arrived.set_result(arguments)

    await client.connect(url, auth={"token": os.environ["TOKEN"]}, namespaces=[namespace],
                         transports=transports.split(","), wait_timeout=20)
    answer = await client.call("subscribe", {"room": "project:123"}, namespace=namespace, timeout=20)
    print(json.dumps(answer), flush=True)
    for argument in await asyncio.wait_for(arrived, 20):
        print(json.dumps(argument), flush=True)
    await client.disconnect()


asyncio.run(main(*sys.argv[1:]))
