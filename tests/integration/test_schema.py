"""The schema's revision, known without loading the migration tool."""

from __future__ import annotations

import subprocess
import sys

from alembic.script import ScriptDirectory

from hub.store import schema


def test_head_when_read_from_the_files_then_it_is_what_alembic_finds() -> None:
    assert schema.head() == ScriptDirectory.from_config(schema._config()).get_current_head()


def test_web_when_loaded_then_the_migration_tool_is_not() -> None:
    code = "import sys, hub.web, worker.jobs; sys.exit('alembic' in sys.modules or 'sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
