"""What other programs read still has every key: records, bundles, rows of events, the web page's answers."""

import pytest
from golden_command import read_json
from golden_keys import all_keys

# What has another name by now: old part of a key, new one.
RENAMED: dict[str, str] = {}

GOLDEN: dict[str, list[str]] = read_json("keys.json")


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    pytest.importorskip("fastapi", reason="the extra web is not installed")
    return all_keys(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("what", GOLDEN)
def test_every_key_is_still_there(what: str, now: dict[str, list[str]]) -> None:
    old = {".".join(RENAMED.get(part, part) for part in key.split(".")) for key in GOLDEN[what]}
    assert sorted(old - set(now[what])) == []
