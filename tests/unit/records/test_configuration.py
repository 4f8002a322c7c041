"""Settings: environment before file before default, and one clear sentence for each that will not do."""

from pathlib import Path

import pytest

from alarp.kernel import BadInput
from alarp.records.configuration import Configuration, read


def test_without_anything_the_defaults_hold_and_listen_on_loopback_only(tmp_path):
    settings = read({"ALARP_DATA": str(tmp_path)})
    assert settings.web_host == settings.gateway_host == "127.0.0.1"
    assert settings.database.startswith("sqlite:///")


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / "alarp.toml").write_text('web_port = 9000\ngateway_aet = "RADIOLOGY"\n')
    settings = read({"ALARP_DATA": str(tmp_path), "ALARP_WEB_PORT": "9001"})
    assert (settings.web_port, settings.gateway_aet) == (9001, "RADIOLOGY")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ALARP_WEB_PORT": "eighty"}, "ALARP_WEB_PORT"),
        ({"ALARP_WEB_PORT": "70000"}, "web_port"),
        ({"ALARP_WEB_HTTPS": "perhaps"}, "ALARP_WEB_HTTPS"),
        ({"ALARP_GATEWAY_AET": "A-TITLE-OF-MORE-THAN-16"}, "gateway_aet"),
        ({"ALARP_QUIET_S": "0"}, "quiet_s"),
        ({"ALARP_NO_SUCH_SETTING": "1"}, "ALARP_NO_SUCH_SETTING"),
        ({"ALARP_LOG_LEVEL": "LOUD"}, "log_level"),
        ({"ALARP_CONFIG": "/no/such/alarp.toml"}, "ALARP_CONFIG"),
    ],
)
def test_a_setting_that_will_not_do_is_named_in_one_sentence(environment, named, tmp_path):
    with pytest.raises(BadInput) as refused:
        read({"ALARP_DATA": str(tmp_path), **environment})
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_name_in_the_file_is_refused_by_name(tmp_path):
    (tmp_path / "alarp.toml").write_text("web_prot = 9000\n")
    with pytest.raises(BadInput, match="web_prot"):
        read({"ALARP_DATA": str(tmp_path)})


def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path):
    (tmp_path / "alarp.toml").write_text("web_port 9000")
    with pytest.raises(BadInput, match=r"alarp\.toml"):
        read({"ALARP_DATA": str(tmp_path)})


def test_a_wrong_database_address_is_refused_without_showing_its_password(tmp_path):
    with pytest.raises(BadInput) as refused:
        read({"ALARP_DATA": str(tmp_path), "ALARP_DATABASE_URL": "mysql://alarp:hunter2@db/alarp"})
    assert "hunter2" not in str(refused.value)
    assert "database_url" in str(refused.value)


def test_every_setting_says_what_it_is_for():
    for name, field in Configuration.__dataclass_fields__.items():
        assert len(field.metadata["about"]) > 10, name


def test_the_data_folder_may_begin_with_the_home_folder():
    assert read({"ALARP_DATA": "~/alarp"}).data == Path("~/alarp").expanduser()
