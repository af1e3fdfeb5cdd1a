"""D scores: checked against the published algorithm written with another library, column by column, on random sessions."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from minno_dashboard.results.exporting import Format, write_zip
from minno_dashboard.results.flatten.records import SessionRecord, SubmissionRecord
from minno_dashboard.results.iat_scoring import (
    Exclusion,
    Trial,
    Variant,
    d_score,
    exclusion_of,
    halves,
    reliability,
    score_rows,
)


def session(seed: int, *, very_fast: float = 0.02, errors: float = 0.1) -> list[Trial]:
    """Return the trials of one participant: 20, 40, 20 and 40 in the critical blocks."""
    source = random.Random(seed)
    effect = source.uniform(-150, 250)
    made = []
    for block, count in ((3, 20), (4, 40), (6, 20), (7, 40)):
        for _ in range(count):
            latency = (
                source.gauss(750, 180) + (effect if block in (6, 7) else 0) + source.expovariate(1 / 150)
            )
            if source.random() < very_fast:
                latency = source.uniform(100, 290)
            elif source.random() < 0.01:
                latency = source.uniform(10_001, 30_000)
            made.append(
                Trial(block, max(latency, 301) if very_fast == 0 else latency, source.random() < errors)
            )
    return made


def published(trials: list[Trial], variant: Variant) -> float:
    """Compute the measure step by step as Table 4 of the paper lists them, over a data frame."""
    steps = pl.DataFrame(
        {
            "block": [one.block for one in trials],
            "rt": [one.latency_ms for one in trials],
            "wrong": [one.is_error for one in trials],
        }
    ).filter(pl.col("rt") <= 10_000)
    if variant.value in ("d2", "d5", "d6"):
        steps = steps.filter(pl.col("rt") >= 400)
    steps = steps.with_columns(pl.col("block").replace_strict({3: 0, 6: 0, 4: 1, 7: 1}).alias("pair"))
    spread = steps.group_by("pair").agg(pl.col("rt").std().alias("sd"))
    right = (
        steps.filter(~pl.col("wrong"))
        .group_by("block")
        .agg(pl.col("rt").mean().alias("mean_right"), pl.col("rt").std().alias("sd_right"))
    )
    steps = steps.join(right, on="block")
    penalty = {
        "d3": 2 * pl.col("sd_right"),
        "d5": 2 * pl.col("sd_right"),
        "d4": pl.lit(600.0),
        "d6": pl.lit(600.0),
    }
    if variant.value in penalty:
        replaced = pl.col("mean_right") + penalty[variant.value]
        steps = steps.with_columns(pl.when("wrong").then(replaced).otherwise("rt").alias("rt"))
    means = dict(steps.group_by("block").agg(pl.col("rt").mean()).iter_rows())
    sds = dict(spread.iter_rows())
    return float(((means[6] - means[3]) / sds[0] + (means[7] - means[4]) / sds[1]) / 2)


@pytest.mark.parametrize("variant", Variant)
def test_each_measure_equals_the_published_steps(variant: Variant) -> None:
    for seed in range(40):
        trials = session(seed)
        assert d_score(trials, variant) == pytest.approx(published(trials, variant), abs=1e-9), seed


def test_a_score_by_hand_and_its_sign() -> None:
    by_block = {3: (600, 700), 6: (800, 900), 4: (600, 700), 7: (600, 700)}
    trials = [Trial(block, float(ms), False) for block, two in by_block.items() for ms in two]
    # Blocks 3 and 6: difference 200, SD of 600, 700, 800, 900 is 129.0994; blocks 4 and 7: no difference.
    assert d_score(trials, Variant.D1) == pytest.approx(200 / 129.09944 / 2, abs=1e-6)


def test_exclusions_have_reasons_and_a_missing_block_is_never_scored() -> None:
    good = session(1, very_fast=0)
    assert exclusion_of(good) is None
    assert exclusion_of([one for one in good if one.block != 7]) is Exclusion.MISSING_BLOCK
    assert exclusion_of([Trial(one.block, 700.0, False) for one in good]) is Exclusion.NO_VARIANCE
    hasty = [Trial(one.block, 200.0 if n % 8 == 0 else one.latency_ms, False) for n, one in enumerate(good)]
    assert exclusion_of(hasty) is Exclusion.TOO_FAST
    rows = rows_of([one for one in good if one.block != 7])
    (scored,) = score_rows(5, rows)
    assert (scored["exclusion"], scored["d2"], scored["trials_block_7"]) == ("missing_block", None, 0)


def rows_of(trials: list[Trial]) -> list[dict[str, str | int | float | bool | None]]:
    """Return trials as rows of the tidy table, among rows that are none of an IAT."""
    rows: list[dict[str, str | int | float | bool | None]] = [
        {
            "row_type": "trial",
            "task": "iat",
            "block": 3,
            "rt_ms": 900,
            "correct": True,
            "trial_condition": "instructions",
        },
        {"row_type": "question", "task": "form", "rt_ms": 1200, "response": "x"},
        {"row_type": "trial", "task": "stroop", "block": 3, "rt_ms": 500, "correct": True},
    ]
    for one in trials:
        condition = "Flowers/Good" if one.block in (3, 4) else "Insects/Good"
        rows.append(
            {"row_type": "trial", "task": "iat", "block": one.block, "rt_ms": one.latency_ms,
             "correct": not one.is_error, "trial_condition": condition}
        )  # fmt: skip
    return rows


def test_rows_of_a_session_become_one_row_of_scores_a_task() -> None:
    trials = session(3)
    (scored,) = score_rows(7, rows_of(trials))
    assert scored["d2"] == pytest.approx(published(trials, Variant.D2))
    assert scored["condition_blocks_3_4"] == "Flowers/Good"
    assert scored["trials"] == 120
    assert scored["error_rate"] == pytest.approx(sum(one.is_error for one in trials) / 120)
    assert score_rows(7, []) == []


def test_split_half_reliability_is_high_for_real_differences_and_low_for_noise() -> None:
    def pairs(seeds: range, make: object) -> list[tuple[float, float]]:
        found = []
        for seed in seeds:
            odd, even = halves(make(seed))  # type: ignore[operator]
            assert len(odd) == len(even) == 60
            first, second = d_score(odd, Variant.D2), d_score(even, Variant.D2)
            assert first is not None
            assert second is not None
            found.append((first, second))
        return found

    def noise(seed: int) -> list[Trial]:
        source = random.Random(seed)
        return [Trial(block, source.gauss(700, 100), False) for block in (3, 4, 6, 7) for _ in range(30)]

    real = reliability(pairs(range(60), session))
    chance = reliability(pairs(range(60), noise))
    assert real is not None
    assert real > 0.6
    assert chance is not None
    assert abs(chance) < 0.5
    assert reliability([(1.0, 1.0), (2.0, 4.0), (3.0, 3.0)]) == pytest.approx(
        2 * 0.654654 / 1.654654, abs=1e-5
    )
    assert reliability([(1.0, 1.0)]) is None


def test_exports_hold_the_scores_beside_the_trials(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 28, 9, tzinfo=UTC)

    def read() -> Iterator[tuple[SessionRecord, list[SubmissionRecord]]]:
        for number in range(1, 6):
            rows = [
                {"log_serial": place, "latency": one.latency_ms, "taskName": "iat", "name": "t",
                 "data": {"block": one.block, "score": int(one.is_error), "condition": "c"}}
                for place, one in enumerate(session(number))
            ]  # fmt: skip
            body = json.dumps({"data": rows})
            made = SessionRecord(
                number, "", 1, "e", "iat", 1, "v", "develop", "", "finished", moment, moment, moment, "", 1
            )
            yield made, [SubmissionRecord(number, 1, 1, moment, "json", body)]

    for file_format in (Format.TIDY, Format.SAV, Format.PARQUET, Format.PSYCH_DS):
        write_zip(tmp_path / "out.zip", title="IAT", read=read(), file_format=file_format)
        with zipfile.ZipFile(tmp_path / "out.zip") as archive:
            (name,) = [one for one in archive.namelist() if "iatscores" in one]
            if file_format is Format.TIDY:
                found = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
                assert [float(one["d2"]) for one in found] == pytest.approx(
                    [published(session(number), Variant.D2) for number in range(1, 6)]
                )
                assert "split-half reliability of D2" in archive.read("README.txt").decode()
                assert 'iatscores,d2,"D2 of Greenwald' in archive.read("codebook.csv").decode()
