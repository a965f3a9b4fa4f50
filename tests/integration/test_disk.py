"""What the files on disk make, asked again and again by a page."""

import os
from dataclasses import replace

import pytest

from hub.errors import ConfigError
from hub.flow import disk

LOOKUP = "lookups/words.yaml"


@pytest.fixture
def site(rig, tmp_path):
    """A folder with one table, and a way to count how often it is read."""
    rig.hub.settings = replace(rig.hub.settings, mappings_dir=tmp_path)
    (tmp_path / "lookups").mkdir()
    return rig.hub, tmp_path / LOOKUP


def _write(path, text, *, age_s=60):
    """Writes a file that seems to have lain there for a while: its time alone says nothing of its content."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - age_s * 10**9))


def test_manifest_when_a_file_changes_then_at_once_and_faults_each_time(site):
    hub, path = site
    _write(path, "a: b\n")
    first = disk.manifest_on_disk(hub)["mappings"][LOOKUP]
    _write(path, "a: c\n")
    assert disk.manifest_on_disk(hub)["mappings"][LOOKUP] != first
    _write(path, "a: [\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"words\.yaml"):
            disk.manifest_on_disk(hub)
    path.unlink()
    assert LOOKUP not in disk.manifest_on_disk(hub)["mappings"]


def test_manifest_when_nothing_changed_then_no_file_is_read(site, monkeypatch):
    hub, path = site
    _write(path, "a: b\n")
    monkeypatch.setattr(disk, "_FRESH_NS", 0)
    first = disk.manifest_on_disk(hub)
    monkeypatch.setattr(disk, "site_files", lambda folder: pytest.fail("read again"))
    assert disk.manifest_on_disk(hub) is first


def test_manifest_when_the_folder_is_gone_then_it_is_named(site):
    hub, path = site
    disk.manifest_on_disk(hub)
    path.parent.rmdir()
    path.parent.parent.rmdir()
    with pytest.raises(ConfigError, match="no folder"):
        disk.manifest_on_disk(hub)
