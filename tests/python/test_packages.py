"""Wheels: what is unpacked, and what is refused."""

import io
import json
import sys
import zipfile

import harness
import pytest

from interleave import packages

TAG = "py3-none-any"


def wheel(files, tag=TAG, name="thing"):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n")
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        for path, text in files.items():
            archive.writestr(path, text)
    return content.getvalue()


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "ROOT", tmp_path / "packages")


def test_a_wheel_can_be_imported_by_programs_that_name_it():
    described = packages.install("thing", wheel({"thing/__init__.py": "VALUE = 7", "single.py": ""}))
    assert described == ("thing", "1.0", ["single", "thing"], [])
    source = "import thing; print(thing.VALUE)"
    assert harness.run_source(source, packages=("thing",)).printed == ["7"]
    refused = harness.run_source(source)
    assert (refused.result.error, refused.result.line) == ("ModuleNotFoundError", 1)
    assert "thing" not in sys.modules


def test_each_run_imports_it_again():
    packages.install("thing", wheel({"thing/__init__.py": "from time import time\nseen = []"}))
    source = "import thing, time; thing.seen.append(1); print(thing.seen, thing.time is time.time)"
    for clock in ("virtual", "browser", "virtual"):
        assert harness.run_source(source, clock, packages=("thing",)).printed == ["[1] True"]


def test_what_is_not_python_or_not_for_here_stays_out():
    content = wheel({
        "thing/__init__.py": "", "evil.pth": "import os", "thing-1.0.data/purelib/more.py": "VALUE = 8",
        "thing-1.0.data/scripts/run": "",
    })
    packages.install("thing", content)
    names = {path.name for path in (packages.ROOT / "thing").iterdir()}
    assert names == {"thing", "more.py", "thing-1.0.dist-info"}


@pytest.mark.parametrize("content, why", [
    (b"not a zip", "not a zip"),
    (wheel({"thing/__init__.py": "x" * 1000})[:-200], "not a zip, or it is damaged"),
    (wheel({"../evil.py": ""}), "`../evil.py` leaves its folder"),
    (wheel({"/etc/evil.py": ""}), "leaves its folder"),
    (wheel({"asyncio/__init__.py": ""}), "module `asyncio` would take the place"),
    (wheel({"interleave/__init__.py": ""}), "module `interleave` would take the place"),
    (wheel({"thing.py": ""}, tag="cp311-cp311-manylinux_2_17_x86_64"), "for another platform"),
    (wheel({f"thing/{n}.py": "" for n in range(packages.MOST_FILES)}), "5,002 files"),
], ids=["no zip", "damaged", "up", "absolute", "asyncio", "interleave", "platform", "many"])
def test_a_bad_wheel_gets_its_own_message(content, why):
    assert why in packages.refusal("thing", content)
    assert not (packages.ROOT / "thing").exists()


def test_a_zip_that_is_not_a_wheel_says_so():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("thing.py", "")
    assert packages.refusal("thing", content.getvalue()) == "it is a zip, but not a wheel: it has no `.dist-info/WHEEL`"


def test_a_wheel_that_unpacks_to_too_much_is_refused_before_it_does(monkeypatch):
    monkeypatch.setattr(packages, "MOST_BYTES", 1 << 20)
    assert "unpacks to 8 MB" in packages.refusal("thing", wheel({"thing/data": b"\0" * (8 << 20)}))


def test_damaged_content_is_found_while_unpacking():
    content = bytearray(wheel({"thing/__init__.py": "VALUE = 1234567"}))
    at = content.index(b"thing/__init__.py") + len("thing/__init__.py")
    content[at + 4] ^= 0xFF
    assert "damaged" in packages.refusal("thing", bytes(content))


def test_a_wheel_is_inspected_without_staying():
    content = wheel({"thing/__init__.py": ""}, name="My.Thing")
    assert json.loads(packages.inspected(content)) == {
        "name": "my-thing", "version": "1.0", "modules": ["thing"], "needs": [],
    }
    assert json.loads(packages.inspected(b"no")) == {"why": "it is not a zip, or it is damaged (File is not a zip file)"}
    assert not list(packages.ROOT.iterdir())


def test_what_a_wheel_needs_is_read_from_its_metadata():
    metadata = "Name: thing\nVersion: 1\nRequires-Dist: Typing_Extensions>=4; python_version < '3.13'\nRequires-Dist: a; extra == 'b'\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("thing-1.dist-info/METADATA", metadata)
        archive.writestr("thing-1.dist-info/WHEEL", f"Tag: {TAG}\n")
        archive.writestr("thing.py", "")
    assert packages.install("thing", content.getvalue()).needs == ["typing-extensions"]


def test_a_wheel_for_pyodide_is_accepted():
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert packages.refusal("thing", wheel({"thing.py": ""}, tag=f"{version}-{version}-pyemscripten_2026_0_wasm32")) is None
