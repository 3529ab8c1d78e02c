"""Write the software bill of materials (CycloneDX JSON) of the locked requirements."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill() -> Bom:
    """Return the product and every package of `requirements/main.txt`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    bom = Bom()
    bom.metadata.component = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="easymo",
    )
    package: Component | None = None
    for line in (ROOT / "requirements" / "main.txt").read_text("utf-8").splitlines():
        if pinned := PINNED.match(line):
            name, version = pinned.groups()
            purl = PackageURL("pypi", None, name.lower(), version)
            package = Component(
                name=name, version=version, purl=purl, bom_ref=purl.to_string()
            )
            bom.components.add(package)
        elif package is not None and (hashed := HASH.search(line)):
            package.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=hashed[1]))
    bom.register_dependency(bom.metadata.component, bom.components)
    return bom


def main() -> None:
    text = JsonV1Dot6(bill()).output_as_string(indent=1)
    target = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "var" / "sbom.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
