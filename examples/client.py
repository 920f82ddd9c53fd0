#!/usr/bin/env python3
"""Four things a program does with a fleet, with Python's standard library alone.

  client.py unhealthy RACK
  client.py register SERIAL RACK
  client.py state SERIAL STATE
  client.py watch COUNT [ID]

TETSU_SERVER and TETSU_TOKEN say which server, and who asks.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SERVER = os.environ.get("TETSU_SERVER", "http://localhost:10080").rstrip("/")
TOKEN = os.environ.get("TETSU_TOKEN")
TIMEOUT_SECONDS = 30


class Problem(Exception):
    """What the server refused (RFC 9457)."""

    def __init__(self, status, text):
        try:
            self.document = json.loads(text)
        except ValueError:
            self.document = {"detail": text[:200]}
        self.status = status
        self.kind = self.document.get("type", "").rsplit(":", 1)[-1] or str(status)
        super().__init__(self.document.get("detail", ""))


def ask(method, path, body=None, headers=None, query=None, timeout=TIMEOUT_SECONDS):
    """Opens the answer; a refusal is a Problem."""
    url = SERVER + "/api/v2" + path
    if query:
        url += "?" + urllib.parse.urlencode(query)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None and not request.has_header("Content-type"):
        request.add_header("Content-Type", "application/json")
    if TOKEN:
        request.add_header("Authorization", "Bearer " + TOKEN)
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        raise Problem(error.code, error.read().decode()) from None


def call(*args, **more):
    with ask(*args, **more) as answer:
        return json.load(answer)


def machines(selector):
    """All pages of one moment; from the first one when that moment is gone."""
    while True:
        items, query = [], {"fieldSelector": selector}
        try:
            while True:
                page = call("GET", "/machines", query=query)
                items += page["items"]
                if page["next"] is None:
                    return items
                query["cursor"] = page["next"]
        except Problem as problem:
            if problem.status != 410:
                raise


def unhealthy(rack):
    for machine in machines(f"rack={rack},state in (unhealthy,unreachable)"):
        spec, status = machine["spec"], machine["status"]
        reason = (status["reason"] or {}).get("text", "no reason")
        print(f"{machine['serial']} {spec['ipv4'][0]} {status['state']}: {reason}")


def register(serial, rack):
    """Looks first what would come of it; with a key, a lost answer does no harm."""
    machine = {
        "serial": serial,
        "spec": {"rack": int(rack), "role": "cs", "bmc": {"type": "iDRAC-9"}},
    }
    for tried in call("POST", "/machines", machine, query={"dryRun": "true"})["items"]:
        print(f"would get {tried['spec']['ipv4'][0]}")
    key = {"Idempotency-Key": f"register-{serial}"}
    for done in call("POST", "/machines", machine, headers=key)["items"]:
        print(f"registered {serial} with {done['spec']['ipv4'][0]}")


def state(serial, wanted):
    """Only if nobody changed the machine since it was looked at."""
    path = "/machines/" + urllib.parse.quote(serial, safe="")
    machine = call("GET", path)
    changed = call(
        "PATCH",
        path,
        {"status": {"state": wanted, "reason": {"text": "example"}}},
        headers={
            "Content-Type": "application/merge-patch+json",
            "If-Match": f'"{machine["revision"]}"',
        },
    )
    print(f"{serial} {machine['status']['state']} -> {changed['status']['state']}")


def events(last_id):
    """Changes of machines for ever: where the connection breaks, it goes on from the last id."""
    while True:
        try:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            # A bookmark comes every 15 seconds: silence means that the connection is dead.
            with ask("GET", "/watch/machines", headers=headers, timeout=45) as stream:
                name, data = "", ""
                for line in stream:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "id":
                        last_id = value
                    elif field == "event":
                        name = value
                    elif field == "data":
                        data = value
                    elif field == "" and name == "changes":
                        yield last_id, json.loads(data)["changes"]
                    elif field == "" and name == "error" and json.loads(data)["status"] == 410:
                        raise Problem(410, data)
        except (urllib.error.URLError, OSError):
            time.sleep(1)


def watch(count, last_id=None):
    left = int(count)
    for event_id, changes in events(last_id):
        for change in changes:
            status = change["object"]["status"]
            print(event_id, change["kind"], change["name"], status["state"], flush=True)
        left -= 1
        if left <= 0:
            return


def main():
    commands = {"unhealthy": unhealthy, "register": register, "state": state, "watch": watch}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except Problem as problem:
        print(f"{problem.kind}: {problem}", file=sys.stderr)
        for place in problem.document.get("errors", []):
            where = place.get("pointer") or place.get("parameter")
            print(f"  {where} {place['detail']}", file=sys.stderr)
        sys.exit(1)


main()
