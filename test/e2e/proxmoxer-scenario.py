# SPDX-License-Identifier: Apache-2.0
"""What a script for Proxmox VE does by proxmoxer, the Python client of others: prints what it saw as one JSON document.

Arguments: address:port, file of the authority, `password` or `token`; the secret comes from standard input.
"""
import json
import sys
import time

from proxmoxer import ProxmoxAPI, ResourceException
from proxmoxer.backends.https import AuthenticationError

address, authority, kind = sys.argv[1:4]
account, secret = sys.stdin.read().split("\n")[:2]
host, port = address.split(":")


def connect(**login):
    return ProxmoxAPI(host, port=int(port), verify_ssl=authority, timeout=30, **login)


def log_in():
    if kind == "password":
        return connect(user=account, password=secret)
    user, name = account.split("!")
    return connect(user=user, token_name=name, token_value=secret)


prox = log_in()
node = prox.nodes("pve1")
seen = {}


def wait(upid):
    for _ in range(600):
        status = node.tasks(upid).status.get()
        if status["status"] == "stopped":
            return status["exitstatus"]
        time.sleep(0.05)
    return "still running"


def refusal(ask):
    """What an error says; of a task that was started all the same, how it ended."""
    try:
        answer = ask()
    except ResourceException as error:
        return {"status": error.status_code, "text": error.content, "errors": error.errors}
    return wait(answer) if str(answer).startswith("UPID:") else None


def life_of(guests, vmid, form):
    """Everything that happens to one guest, from its making to its end."""
    life = {"create": wait(guests.create(vmid=vmid, **form))}
    guest = guests(vmid)
    guest.config.put(description="made by a script\nin two lines: a=b & c", cores=2)
    config = guest.config.get()
    life["config"] = {name: config[name] for name in ("cores", "description")}
    life["start"] = wait(guest.status.start.post())
    life["running"] = guest.status.current.get()["status"]
    life["startAgain"] = refusal(guest.status.start.post)
    life["snapshot"] = wait(guest.snapshot.post(snapname="before"))
    life["snapshots"] = sorted(each["name"] for each in guest.snapshot.get())
    life["unsnapshot"] = wait(guest.snapshot("before").delete())
    life["deleteRunning"] = refusal(guest.delete)
    life["stop"] = wait(guest.status.stop.post())
    life["stopped"] = guest.status.current.get()["status"]
    life["delete"] = wait(guest.delete())
    life["gone"] = refusal(guest.status.current.get)
    return life


seen["version"] = prox.version.get()["release"]
seen["nodes"] = sorted(each["node"] for each in prox.nodes.get())
seen["qemu"] = life_of(
    node.qemu, 4001, {"name": "made", "memory": 512, "net0": "virtio,bridge=vmbr0", "scsi0": "local-lvm:4"}
)
templates = [each["volid"] for each in node.storage("local").content.get(content="vztmpl")]
seen["lxc"] = life_of(
    node.lxc,
    4002,
    {"hostname": "made", "ostemplate": templates[0], "storage": "local-lvm", "rootfs": "local-lvm:2", "memory": 256},
)
seen["tasks"] = sorted({each["type"] for each in node.tasks.get(source="all", limit=100) if each["id"] in ("4001", "4002")})
first = node.tasks.get(vmid=4001, typefilter="qmcreate")[0]["upid"]
seen["log"] = node.tasks(first).log.get()[-1]["t"]
seen["unknownParameter"] = refusal(lambda: node.qemu(100).status.start.post(turbo=1))
seen["unknownPath"] = refusal(lambda: prox.nodes("pve1").spaceship.get())
seen["unknownNode"] = refusal(lambda: prox.nodes("moon").status.get())
seen["denied"] = refusal(lambda: prox.access.groups.post(groupid="ops"))
try:
    connect(user="root@pam", password="wrong").version.get()
except AuthenticationError:
    seen["wrongPassword"] = "refused"
try:
    connect(user="joe@pve", token_name="no", token_value="wrong").version.get()
except ResourceException as error:
    seen["wrongToken"] = error.status_code
json.dump(seen, sys.stdout)
