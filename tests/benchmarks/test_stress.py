"""Stress: corruptions are deterministic and graded, PrivateTest stays closed, the words fit the figures."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from ferbench.benchmarks.stress import (
    CORRUPTIONS,
    SEVERITIES,
    StressData,
    accuracy_table,
    breaking_points,
    corrupt,
    corruption_errors,
    describe_bundle,
    run_stress,
    verdict,
    write_stress_report,
)
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import load_bundle, make_recipe, pretrained, save_bundle

KINDS = ("contrast", "jpeg", "sunglasses")


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=1)


@pytest.fixture(scope="module")
def bundle(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recognizer: Pipeline = make_recipe("hog+logreg")
    recognizer.fit(*faces.part("Training"))
    info = {"recipe": {"name": "hog+logreg"}, "dataset": {"fingerprint": faces.fingerprint, "name": "faces"}}
    return save_bundle(tmp_path_factory.mktemp("bundle") / "hog", recognizer, image_shape=(48, 48), info=info)


@pytest.fixture(scope="module")
def measured(faces: Dataset, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stress")
    bundles = {"hog+logreg": bundle, "ferbench-net-xs": pretrained()["ferbench-net-xs"]}
    run_stress(bundles, StressData.of(faces), folder, kinds=KINDS)
    write_stress_report(folder)
    return folder


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_depends_on_the_image_alone_and_grows_with_the_severity(faces: Dataset, name: str) -> None:
    assert faces.landmarks is not None
    images, points = faces.images[:6], faces.landmarks[:6]
    all_at_once = [corrupt(images, name, severity, landmarks=points) for severity in SEVERITIES]
    alone = corrupt(images[4:5], name, 3, landmarks=points[4:5])
    np.testing.assert_array_equal(alone[0], all_at_once[2][4])
    np.testing.assert_array_equal(images, faces.images[:6])
    changes = [float(np.abs(each.astype(float) - images).mean()) for each in all_at_once]
    assert changes == sorted(changes) and 0 < changes[0] < 0.6 * changes[4]


def test_another_seed_draws_other_noise_and_an_unknown_kind_is_refused(faces: Dataset) -> None:
    one, other = (corrupt(faces.images[:1], "gaussian-noise", 3, seed=seed) for seed in (0, 1))
    assert (one != other).any()
    with pytest.raises(ValueError, match="unknown corruption 'fog'; expected one of gaussian-noise, motion-blur"):
        corrupt(faces.images[:1], "fog", 3)
    with pytest.raises(ValueError, match="severity must be a whole number from 1 to 5; got 0"):
        corrupt(faces.images[:1], "jpeg", 0)


def test_covers_lie_where_the_landmarks_are_and_are_found_without_them(faces: Dataset) -> None:
    assert faces.landmarks is not None
    images, points = faces.images[:8], faces.landmarks[:8]
    covered = corrupt(images, "mouth-covered", 5, landmarks=points) != images
    rows, columns = np.rint(points[:, 48:68, ::-1]).astype(int).transpose(2, 0, 1)
    assert np.mean([mask[row, column].mean() for mask, row, column in zip(covered, rows, columns, strict=True)]) > 0.9
    assert corrupt(images, "mouth-covered", 5).shape == images.shape


def test_photographs_are_measured_on_public_test_and_private_test_stays_closed(faces: Dataset) -> None:
    photographs = replace(faces, name="fer2013", drawn=False)
    assert StressData.of(photographs).split == "PublicTest"
    assert StressData.of(faces).split == "PrivateTest"
    with pytest.raises(ValueError, match=r"does not open PrivateTest of fer2013: only `ferbench score-final` does"):
        StressData.of(photographs, split="PrivateTest")


def test_corruption_errors_are_those_of_the_paper() -> None:
    # 100 images; errors of the reference 0.2 clean, 0.4 on average; of the other 0.1 clean, 0.2 on average.
    records = [
        made("reference", "classical", 80, [60] * 5),
        made("other", "deep", 90, [80] * 5),
    ]
    table = corruption_errors(records, "reference").set_index(["recognizer", "corruption"])
    assert table.loc[("other", "jpeg"), "ce"] == pytest.approx(0.2 / 0.4)
    assert table.loc[("other", "jpeg"), "relative_ce"] == pytest.approx((0.2 - 0.1) / (0.4 - 0.2))
    assert table.loc[("reference", "mean"), "ce"] == 1
    with pytest.raises(ValueError, match="reference 'nobody' was not measured; expected one of reference, other"):
        corruption_errors(records, "nobody")


def made(name: str, side: str, clean: int, right: list[int], kind: str = "jpeg") -> dict[str, Any]:
    return {
        **{"name": name, "dataset": {"n_images": 100}, "recognizer": {"side": side}, "most_common": 20},
        **{"right_clean": clean, "right": {kind: right}},
    }


def test_the_side_that_loses_half_of_its_lead_first_is_named() -> None:
    # The lead over the most common label is 60 and 40: broken below 50 and 40 right.
    classical, deep = made("a", "classical", 80, [70, 49, 40, 30, 20]), made("b", "deep", 60, [60, 50, 45, 39, 20])
    points = breaking_points(accuracy_table([classical, deep]))
    row = points.iloc[0]
    assert (row["classical"], row["deep"], row["first"]) == (2, 4, "classical")
    assert verdict(points) == (
        "The classical side breaks first more often: 1 of 1 corruptions, the deep 0. "
        "The classical side breaks first under JPEG."
    )
    holds = breaking_points(accuracy_table([made("a", "classical", 80, [79] * 5), made("b", "deep", 60, [60] * 5)]))
    assert holds["first"].item() == "neither" and np.isnan(holds["deep"].item())
    alone = breaking_points(accuracy_table([classical]))
    assert verdict(alone).startswith("Only one side was measured")


def test_the_report_holds_every_figure_and_is_rebuilt_from_the_records(
    measured: Path, faces: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(measured / "accuracy.csv")
    n = len(faces.rows("PrivateTest"))
    assert len(table) == 2 * (1 + 5 * len(KINDS)) and set(table["n_images"]) == {n}
    assert ((table["accuracy_low"] <= table["accuracy"]) & (table["accuracy"] <= table["accuracy_high"])).all()
    page = (measured / "stress.md").read_text()
    assert "drawn, not real" in page and "| hog+logreg | classical |" in page
    assert "| ferbench-net-xs | ferbench-net-xs | other rows: fer2013 |" in page
    record = json.loads((measured / "runs" / "hog+logreg.json").read_text())
    assert record["levels"]["jpeg"] == [60, 35, 22, 14, 9] and record["environment"]["cores"] >= 1
    before = {path.name: path.read_bytes() for path in measured.glob("*.*")}
    assert {"curves.png", "mean_curve.png", "corruption_errors.csv", "breaking_points.csv"} <= set(before)
    assert main(["stress", "--rebuild", "--output", str(measured)]) == 0
    assert before == {path.name: path.read_bytes() for path in measured.glob("*.*")}
    assert re.search(r"hog\+logreg +classical", capsys.readouterr().out)


def test_a_limit_takes_images_from_the_whole_split(faces: Dataset) -> None:
    whole, few = StressData.of(faces), StressData.of(faces, limit=4)
    step = len(whole.images) / 4
    np.testing.assert_array_equal(few.images, whole.images[[int(i * step) for i in range(4)]])
    assert len(StressData.of(faces, limit=10**6).images) == len(whole.images)


def test_a_compiled_classical_recipe_stays_on_the_classical_side(bundle: Path) -> None:
    network = load_bundle(pretrained()["ferbench-net-xs"])
    assert describe_bundle(network)["side"] == "deep" and describe_bundle(load_bundle(bundle))["side"] == "classical"
    for name, side in (("compact:sift+kernel-ridge@mine", "classical"), ("of-another-package", "deep")):
        network.info["recipe"]["name"] = name
        assert describe_bundle(network)["side"] == side


def test_a_page_of_one_side_counts_its_corruptions(bundle: Path, faces: Dataset, tmp_path: Path) -> None:
    # Of images of one label, no recognizer has a lead over the most common label.
    same = faces.labels[faces.rows("PrivateTest")][0]
    data = StressData.of(faces)
    data = replace(
        data,
        images=data.images[data.labels == same],
        labels=data.labels[data.labels == same],
        landmarks=data.landmarks[data.labels == same],
    )
    run_stress({"one": bundle}, data, tmp_path, kinds=["contrast", "jpeg"])
    write_stress_report(tmp_path)
    assert "is corrupted in 2 ways" in (tmp_path / "stress.md").read_text()


def test_records_of_other_images_are_not_put_into_one_table(
    measured: Path, faces: Dataset, bundle: Path, tmp_path: Path
) -> None:
    run_stress({"few": bundle}, StressData.of(faces, limit=5), tmp_path, kinds=["contrast"])
    (tmp_path / "runs" / "hog.json").write_bytes((measured / "runs" / "hog+logreg.json").read_bytes())
    with pytest.raises(ValueError, match="differ in dataset: measure all recognizers in one run"):
        write_stress_report(tmp_path)


def test_bad_input_of_the_command_is_one_line(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in [
        (["--source", "faces"], "needs --model BUNDLE and --source PATH"),
        (["--model", "nobody", "--source", "faces"], "'nobody' is no bundle"),
        (["--model", "ferbench-points", "--source", "faces"], "finds key points; name a recognizer of expressions"),
        (["--model", str(bundle), "--model", str(bundle), "--source", "faces"], "name each once"),
        (["--model", str(bundle), "--source", "faces", "--reference", "x"], "--reference 'x' is none of the models"),
    ]:
        assert main(["stress", *arguments, "--output", str(tmp_path)]) == 2
        assert message in capsys.readouterr().err
