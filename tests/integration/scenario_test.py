"""Plays every file of tests/golden/scenarios."""

import pytest

from harness import ROOT
from scenario import Scenario

FILES = sorted((ROOT / "tests/golden/scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_goes_as_written(path, start):
    Scenario(path).play(start)


def test_there_are_scenarios_and_each_title_is_its_own():
    titles = [Scenario(path).title for path in FILES]
    assert len(titles) >= 25 and len(set(titles)) == len(titles)
