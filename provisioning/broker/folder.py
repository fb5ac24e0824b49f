"""A complete folder for the broker, which it starts with as it is."""

import os
import shutil
from pathlib import Path

from provisioning.files import SHARED, NewFile, group_id, write

GROUP = "mosquitto"
STORE = "store"
CRL, ACL, CONF = "crl.pem", "nadi.acl", "mosquitto.conf"


def broker_file(folder: Path, name: str, data: bytes) -> NewFile:
    """A file that the broker reads, and besides it only its folder's owner."""
    return NewFile(path=folder / name, data=data, mode=SHARED, group=GROUP)


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Makes the folder with these files and a store that the broker may write."""
    folder.mkdir(mode=0o700)
    for name, data in files.items():
        write(broker_file(folder, name, data))
    store = folder / STORE
    store.mkdir(mode=0o700)
    gid = group_id(GROUP)
    if gid is not None:
        os.chown(folder, -1, gid)
        folder.chmod(0o750)
        shutil.chown(store, GROUP, GROUP)
