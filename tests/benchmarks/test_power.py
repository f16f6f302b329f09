"""What a number of test images can tell, against a simulation and against the formula it is solved from."""

from math import isnan, sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from ferbench.benchmarks.scores import Detectable, DetectableBySpread, difference_from_spread, smallest_difference
from ferbench.benchmarks.scores.statistics import mcnemar


@pytest.mark.parametrize(("n", "discordance"), [(372, 0.2), (3589, 0.15), (3589, 0.05), (100_000, 0.4)])
def test_the_sample_size_of_the_difference_is_the_number_of_images(n: int, discordance: float) -> None:
    d = smallest_difference(n, discordance)
    level, chance = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)
    needed = (level * sqrt(discordance) + chance * sqrt(discordance - d**2)) ** 2 / d**2
    assert 0 < d < discordance and needed == pytest.approx(n)


def test_a_low_power_has_its_own_root() -> None:
    d = smallest_difference(3589, 0.15, power=0.3)
    level, chance = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.3)
    needed = (level * sqrt(0.15) + chance * sqrt(0.15 - d**2)) ** 2 / d**2
    assert needed == pytest.approx(3589)


def test_such_a_difference_is_found_in_four_of_five_simulated_test_sets() -> None:
    n, discordance = 3589, 0.15
    d = smallest_difference(n, discordance)
    random = np.random.default_rng(0)
    only = random.multinomial(n, [(discordance + d) / 2, (discordance - d) / 2, 1 - discordance], size=4000)
    found = (mcnemar(only[:, 0], only[:, 1]) < 0.05).mean()
    # The exact test is a little more cautious than the formula.
    assert 0.75 < found < 0.82


def test_more_images_less_discordance_and_fewer_comparisons_show_smaller_differences() -> None:
    middle = smallest_difference(3589, 0.15)
    assert smallest_difference(10_000, 0.15) < middle < smallest_difference(1000, 0.15)
    assert smallest_difference(3589, 0.1) < middle < smallest_difference(3589, 0.15, alpha=0.05 / 46)


def test_too_few_images_show_nothing() -> None:
    assert (
        isnan(smallest_difference(5, 0.1)) and isnan(smallest_difference(0, 0.1)) and isnan(smallest_difference(9, 0))
    )
    assert "too few images" in Detectable.of(None, 5).text()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"n_images": -1}, "n_images must be 0 or more; got -1"),
        ({"discordance": 1.5}, "discordance must be a fraction from 0 to 1; got 1.5"),
        ({"alpha": 0}, "alpha must be between 0 and 1; got 0"),
        ({"power": 1}, "power must be between 0 and 1; got 1"),
    ],
)
def test_parameters_out_of_range_are_named(bad: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        smallest_difference(**{"n_images": 10, "discordance": 0.1} | bad)  # type: ignore[arg-type]


def test_the_observed_discordance_is_that_of_the_closest_rows() -> None:
    family = pd.DataFrame({"difference": [-0.5, 0.0, -0.01], "only_recipe": [0, 50, 45], "only_against": [500, 50, 55]})
    found = Detectable.of(family, 1000)
    assert found.discordance == 0.1 and found.n_observed == found.n_comparisons == 3
    many = Detectable.of(pd.concat([family] * 4), 1000)
    assert many.n_observed == 5 and many.discordance == 0.1 and many.n_comparisons == 12
    assert many.corrected > many.single == smallest_difference(1000, 0.1)
    assumed = Detectable.of(None, 1000)
    assert assumed.n_observed == 0 and "15.0 % of the images (assumed)" in assumed.text()
    assert f"{100 * assumed.single:.1f} percentage points" in assumed.text() and "chance of 80 %" in assumed.text()


def test_by_the_spread_such_a_difference_is_found_in_four_of_five_simulated_sets_of_people() -> None:
    error = 0.013
    random = np.random.default_rng(0)
    drawn = random.normal(difference_from_spread(error), error, 20_000)
    # Its interval leaves zero out where it is 1.96 standard errors away.
    assert (drawn > 1.96 * error).mean() == pytest.approx(0.8, abs=0.01)
    assert difference_from_spread(error, alpha=0.01) > difference_from_spread(error)
    with pytest.raises(ValueError, match="standard_error must be 0 or more; got -1"):
        difference_from_spread(-1)
    with pytest.raises(ValueError, match="power must be between 0 and 1; got 1"):
        difference_from_spread(1, power=1)


def test_the_spread_is_that_of_the_closest_rows_and_blanks_are_left_out() -> None:
    rows = [(-0.5, -0.9, -0.1), (0.01, -0.0092, 0.0300), (np.nan, np.nan, np.nan)]
    table = pd.DataFrame(rows, columns=["difference", "difference_low", "difference_high"])
    found = DetectableBySpread.of(pd.concat([table.iloc[[1]]] * 5 + [table.iloc[[0]], table.iloc[[2]]]))
    assert found.standard_error == pytest.approx(0.01, abs=1e-4)
    # Of few comparisons the nearer half, of many the nearest five.
    assert (found.n_observed, found.n_comparisons) == (3, 6)
    assert DetectableBySpread.of(pd.concat([table] * 20)).n_observed == 5
    assert DetectableBySpread.of(table).standard_error == found.standard_error
    text = found.text("On 118 people")
    assert text.startswith(
        "On 118 people a paired comparison detects, with a chance of 80 %, a difference of 2.8 percentage points"
    )
    assert "1.96 + 0.84 times the standard error of the paired difference, 1.00" in text
    corrected = 100 * difference_from_spread(found.standard_error, alpha=0.05 / 6)
    assert f"After the correction over 6 comparisons it may take {corrected:.1f}." in text
    (single,) = [DetectableBySpread.of(table.iloc[[1]]).text("Here", scale=1, unit="in error", digits=4)]
    assert "0.0280 in error" in single and "smallest difference)" in single and "correction" not in single
    assert DetectableBySpread.of(table.iloc[[2]]).text("Here") == ""
