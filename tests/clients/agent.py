"""Drives several XMPP clients with JSON lines: commands on standard input, answers and events on standard output.

A command is {"id": N, "actor": NAME, "do": WHAT, ...}; its answer {"id": N, "result": ...} or {"id": N, "error": TEXT}.
An event is {"actor": NAME, "event": KIND, ...}; see actor.py. The end of standard input ends the process.
"""

import asyncio
import json
import sys

from actor import Actor, Refused

ACTORS = {}


def tell(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def log_in(name, jid, password, host, port):
    actor = Actor(jid, password, lambda event: tell({"actor": name, **event}))
    ACTORS[name] = actor
    return await actor.enter(host, port)


async def do(command):
    what, name = command.pop("do"), command.pop("actor")
    if what == "log_in":
        return await log_in(name, **command)
    actor = ACTORS[name]
    if what == "auto":
        actor.auto = command
        return None
    if what == "raw":
        return actor.send_raw(command["xml"])
    verbs = {
        "show": actor.show, "subscribe": actor.subscribe_to, "say": actor.say, "correct": actor.correct,
        "link": actor.send_link, "state": actor.chat_state, "join": actor.join, "leave": actor.leave,
        "decline": actor.decline, "ask": actor.ask, "command": actor.command,
        "list_commands": actor.list_commands, "run_command": actor.run_command,
        "depart": actor.depart, "vanish": actor.vanish,
    }
    result = verbs[what](**command)
    return await result if asyncio.iscoroutine(result) else result


async def carry_out(command):
    id_ = command.pop("id")
    try:
        tell({"id": id_, "result": await do(command)})
    except Refused as refusal:
        tell({"id": id_, "error": str(refusal)})
    except Exception as error:  # told to the test, which then fails with it
        tell({"id": id_, "error": f"{type(error).__name__}: {error}"})


async def main():
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks = set()
    while line := await reader.readline():
        task = loop.create_task(carry_out(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(main())
