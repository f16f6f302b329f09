"""What a release is made of: the citation, the container image and its example cluster agree with the project."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferbench.cli.entry import build_parser

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the container image: (name, argument)."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text())["services"])


def test_the_citation_names_this_version_and_license() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software" and citation["message"]
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["title"].startswith(PROJECT["name"]) and citation["authors"]


def test_the_image_is_made_by_the_script_that_ci_runs() -> None:
    runs = [rest for name, rest in dockerfile() if name == "RUN"]
    assert any(".ci/install.sh" in rest for rest in runs)
    assert not any("pip" in rest or "apt" in rest for rest in runs), "install in the script, which CI tries"
    assert ".ci/install.sh" in (ROOT / ".ci" / "run").read_text()
    extras = next(rest for rest in runs if "install.sh" in rest).split()[-1].split(",")
    ci = re.search(r"install\.sh \S+ wheel (\S+)", (ROOT / ".ci" / "run").read_text())
    assert ci is not None and ci[1].split(",") == extras
    assert set(extras) <= set(PROJECT["optional-dependencies"]) and "deep" not in extras


def test_the_image_runs_as_a_user_without_rights_and_checks_its_health() -> None:
    steps = dockerfile()
    last = max(place for place, (name, _) in enumerate(steps) if name == "FROM")
    final = dict(steps[last:])
    assert final["USER"] not in ("root", "0") and "/healthz" in final["HEALTHCHECK"]
    assert "slim" in final["FROM"]
    # A run with `--user` writes beside the results, too, such as its cache.
    (made,) = [rest for name, rest in steps[last:] if name == "RUN"]
    assert "chmod 1777 /data" in made


@pytest.mark.parametrize("page", ["Dockerfile", "docs/deploy.md"])
def test_a_folder_of_the_host_is_written_to_as_its_owner(page: str) -> None:
    text = re.sub(r"\\\n#? *", "", (ROOT / page).read_text())
    mounted = [line for line in text.splitlines() if "docker run" in line and " -v " in line]
    assert mounted and all('--user "$(id -u):$(id -g)"' in line and "mkdir -p results" in line for line in mounted)


@pytest.mark.parametrize("words", ["image", "comment", "compose"])
def test_the_commands_of_the_image_exist(words: str) -> None:
    if words == "image":
        commands = [yaml.safe_load(dict(dockerfile())["CMD"])]
    elif words == "comment":
        text = (ROOT / "Dockerfile").read_text().replace("\\\n#", "")
        commands = [shlex.split(line) for line in re.findall(r"^# .*docker run .* ferbench (run .*)$", text, re.M)]
    else:
        commands = [services()["run"]["command"]]
    assert commands
    for command in commands:
        assert build_parser().parse_args([str(word) for word in command])


def test_the_cluster_uses_one_address_and_keeps_results_outside() -> None:
    cluster = services()
    assert set(cluster) == {"scheduler", "worker", "run"}
    assert f"tcp://scheduler:{cluster['scheduler']['entrypoint'][-1]}" in cluster["worker"]["entrypoint"]
    assert f"dask://scheduler:{cluster['scheduler']['entrypoint'][-1]}" in cluster["run"]["command"]
    assert cluster["run"]["volumes"] == ["./results:/data/results"]
    assert cluster["run"]["user"] == "${FERBENCH_USER:-10001:10001}"
