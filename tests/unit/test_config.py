from pathlib import Path

import pytest

from hub.config import GIVEN, declared, describe, given, load_settings, origins, to_env, unknown_variables
from hub.errors import ConfigError


def test_settings_when_environment_is_empty_then_defaults_hold() -> None:
    settings = load_settings({})
    assert settings.is_embedded
    assert settings.data_dir == Path.cwd() / "var"
    assert settings.environment == "production"
    assert settings.body_limit_bytes == 10 * 1024 * 1024


def test_settings_when_written_out_then_read_back_equal() -> None:
    env = {
        "DATABASE_URL": "postgresql://u:p@db/hub",
        "REDIS_URL": "redis://r:6379/0",
        "HUB_SECRET_KEY": "0:abc",
        "HUB_ALLOWED_PRIVATE_HOSTS": "10.0.0.0/8, till.local",
        "HUB_WORKERS": "4",
        "HUB_ENVIRONMENT": "test",
        "HUB_MAPPINGS_DIR": "/srv/mappings",
    }
    settings = load_settings(env)
    assert settings.allowed_private_hosts == ("10.0.0.0/8", "till.local")
    assert load_settings(to_env(settings)) == settings


def test_settings_when_two_are_wrong_then_error_names_both_and_how() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({"HUB_WORKERS": "many", "DATABASE_URL": "mysql://root:hunter2@db/x", "HUB_PORT": "٣"})
    text = str(caught.value)
    assert "HUB_WORKERS must be a whole number from 1 to 64 (it is 'many')" in text
    assert "DATABASE_URL must be a URL that starts with postgresql://" in text
    assert "HUB_PORT" in text
    assert "hunter2" not in text


def test_describe_when_secrets_are_set_then_hides_them() -> None:
    settings = load_settings(
        {
            "DATABASE_URL": "postgresql://u:hunter2@db/hub",
            "REDIS_URL": "unix:///x?db=0&password=hunter2",
            "HUB_SECRET_KEY": "0:hunter2",
        }
    )
    rows = {row["variable"]: row["value"] for row in describe(settings)}
    assert "hunter2" not in str(rows)
    assert "hunter2" not in repr(settings)
    assert rows["DATABASE_URL"] == "postgresql://u:***@db/hub"
    assert rows["HUB_SECRET_KEY"] == "(hidden)"


def test_settings_when_declared_then_each_has_variable_help_and_example() -> None:
    for about in declared():
        assert about.metadata["variable"].isupper()
        assert len(about.metadata["help"]) > 10
        assert about.metadata["example"] or about.metadata["secret"]


def test_unknown_variables_when_nearly_a_setting_then_says_which() -> None:
    assert unknown_variables({"HUB_WORKER": "1", "HUB_SHOPIFY_SECRET": "x"}) == [
        "HUB_WORKER is not a setting: did you mean HUB_WORKERS?"
    ]


def test_key_when_in_a_file_then_read_and_not_passed_on(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0:abc\n")
    settings = load_settings({"DATABASE_URL": "postgresql://db/hub", "HUB_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert settings.secret_key == "0:abc"
    assert "HUB_SECRET_KEY" not in to_env(settings)
    assert load_settings(to_env(settings)) == settings


def test_key_when_embedded_then_taken_from_the_data_dir(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("0:abc\n")
    assert load_settings({"HUB_DATA_DIR": str(tmp_path)}).secret_key == "0:abc"
    assert load_settings({"HUB_DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://db/hub"}).secret_key == ""


def test_key_when_its_file_is_missing_then_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none"):
        load_settings({"HUB_SECRET_KEY_FILE": str(tmp_path / "none")})


def test_origin_when_asked_then_environment_file_launcher_or_default(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0:" + "A" * 43 + "=")
    env = {"DATABASE_URL": "postgresql://hub@db/hub", "HUB_SECRET_KEY_FILE": str(tmp_path / "key"), "HUB_WORKERS": "4"}
    settings = load_settings(env)
    found = origins(settings, env)
    assert (found["database_url"], found["workers"], found["host"]) == ("environment", "environment", "default")
    assert found["secret_key"] == "file"
    child = {**to_env(settings), GIVEN: given({"HUB_WORKERS": "4"})}
    found = origins(load_settings(child), child)
    assert (found["database_url"], found["workers"], found["host"]) == ("launcher", "environment", "default")
