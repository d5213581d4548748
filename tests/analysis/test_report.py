"""The report, its table and its words, on a small stored comparison with known effects."""

import html.parser
import json
import math
import re
import shutil

import numpy as np
import pytest
from made_comparison import ARMS, RESIDENTS, write_comparison

from analysis import stored, words
from analysis.economics import CostPerCrime
from analysis.effects import compare
from analysis.findings import conflict, find, groups
from analysis.report import build_report
from analysis.table import HEAD, format_table, options_table
from sim.errors import DataError


@pytest.fixture(scope="module")
def findings(comparison_folder):
    return find(stored.load(comparison_folder))


@pytest.fixture(scope="module")
def report(comparison_folder):
    return build_report(comparison_folder).read_text(encoding="utf-8")


class Page(html.parser.HTMLParser):
    """Checks that tags close in order, and collects headings, ids, tables, drawings and text."""

    VOID = {"meta", "br", "path", "line", "rect", "circle", "use", "link"}

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.ids, self.links, self.drawings, self.texts = [], [], [], [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in a:
            self.ids.append(a["id"])
        if tag == "a":
            self.links.append(a["href"])
        if tag == "svg":
            self.drawings.append(a)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open and self.open[-1] == tag, (tag, self.open[-4:])
            self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)


def test_counts_are_those_of_the_events(comparison_folder):
    import pyarrow.parquet as pq

    c = stored.load(comparison_folder)
    assert [a.name for a in c.arms] == ["baseline", "street_lighting", "hot_spots_patrol", "placebo"]
    e = pq.read_table(comparison_folder / "runs/hot_spots_patrol/2/events.parquet").to_pydict()
    scored = [i for i, d in enumerate(e["day"]) if d >= 0]
    run = c.runs["hot_spots_patrol"][2]
    assert run.counts[:, 0].sum() == len(scored)
    assert run.counts[:, 2].sum() == sum(e["recorded"][i] for i in scored)
    kinds = [i for i in scored if e["type"][i] == "theft" and e["reported"][i]]
    assert run.counts[2, 1].sum() == len(kinds) == c.values("hot_spots_patrol", "theft", "reported")[2]
    assert run.places[0].sum() == sum(e["type"][i] != "drugs" for i in scored)
    assert run.hours.sum(axis=2).tolist() == run.counts.sum(axis=(2, 3)).tolist()
    assert c.monthly("hot_spots_patrol", "theft").sum() == pytest.approx(c.values("hot_spots_patrol", "theft").sum())
    assert c.frame.months == 12 and c.frame.month_days.sum() == 365
    assert np.isnan(c.values("street_lighting", "theft")[5]) and c.done("street_lighting") == 5


def test_rates_and_effects(findings):
    c = findings.comparison
    e = findings.effect("street_lighting")
    base, arm = c.values("baseline", "victimisations")[:5], c.values("street_lighting", "victimisations")[:5]
    assert e.pairs == 5
    assert e.difference == pytest.approx((arm - base).mean() / RESIDENTS * 1000)
    assert e.high < 0 and -12 < e.percent < -6
    assert findings.effect("placebo").difference == 0 and findings.effect("placebo").spans_zero
    assert set(findings.possible_best) == {"street_lighting", "hot_spots_patrol"}
    assert findings.costs["hot_spots_patrol"].total == pytest.approx(900 * 365)
    assert findings.costs["hot_spots_patrol"].ratio.verdict == "ratio"
    assert findings.costs["placebo"].ratio.verdict == "no difference"


def test_displacement_parts_add_up_and_all_of_the_fall_is_where_the_treatment_is(findings):
    s = findings.spill["street_lighting"]
    assert s.treated.difference + s.buffer.difference + s.elsewhere.difference == pytest.approx(s.total.difference)
    assert s.total.difference == pytest.approx(findings.effect("street_lighting").difference)
    assert s.share == 0 and s.gross_share == 0 and s.places == 64
    assert "placebo" not in findings.spill


def test_burden_by_area_adds_up_and_falls_on_the_poor(findings):
    column, parts = groups(findings.comparison)
    assert column == "poverty_rate" and [g.label for g in parts] == [f"Ward {x}" for x in "ABCDEF"]
    total = sum(g.stopped["hot_spots_patrol"].difference * g.residents for g in parts) / RESIDENTS
    assert total == pytest.approx(findings.people["hot_spots_patrol", "stops"].difference)
    assert parts[0].stopped["hot_spots_patrol"].difference > 3 * parts[-1].stopped["hot_spots_patrol"].difference


def test_true_falls_while_recorded_rises_raises_the_warning(findings, report, comparison_folder):
    assert findings.conflicts == {"hot_spots_patrol": "opposite"}
    sentence = words.conflict_sentence(
        "Hot spots patrol",
        "opposite",
        findings.effect("hot_spots_patrol"),
        findings.effect("hot_spots_patrol", layer="recorded"),
    )
    assert "recorded crime rises" in sentence and "true crime falls" in sentence and "look worse" in sentence
    assert sentence in report.replace("&#x27;", "'")
    assert "Warning: Hot spots patrol" in format_table(options_table(comparison_folder))
    calm = compare([1.0, -1.2, 0.4], [0.0, 0, 0])
    assert conflict(calm, compare([-1.0, 1.1, -0.5], [0.0, 0, 0])) == ""


def test_numbers_in_sentences_are_those_of_the_tables(findings, report, comparison_folder):
    d = findings.digits["victimisations"]
    text = "".join(Page(report).texts)
    for row in options_table(comparison_folder)[1:]:
        e = findings.effect(row["option"])
        assert row["difference"] == e.difference and row["low"] == e.low
        assert words.interval(e, d) in row["cells"] and words.interval(e, d) in text
        assert words.finding(e, words.inside(row["option"]), "crimes with a victim", d) in text
        if not words.exactly_zero(e):
            spoken = re.search(
                r"\(([\d.]+) fewer; ([\d.]+) to ([\d.]+) fewer\)", words.finding(e, "x", "crimes", d)
            ).groups()
            written = re.findall(r"[\d.]+", words.interval(e, d))
            assert (spoken[0], spoken[2], spoken[1]) == tuple(written)


def test_one_file_without_a_network(report):
    assert not re.search(r"""(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}""", report, re.I)
    assert not re.search(r"""(?:src|href|xlink:href)\s*=\s*["'](?!#|data:)""", report, re.I)
    assert "@import" not in report and "url(http" not in report and "fetch(" not in report
    assert len(report) < 5e6


def test_the_page_is_accessible_html(report):
    page = Page(report)
    assert report.startswith("<!DOCTYPE html>") and '<html lang="en">' in report
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(page.headings, page.headings[1:]))
    assert len(page.ids) == len(set(page.ids))
    assert all(link[1:] in page.ids for link in page.links)
    assert all(d.get("role") == "img" and d.get("aria-label") or d.get("aria-hidden") == "true" for d in page.drawings)
    assert report.count("<details>") >= 8 and "<caption>" in report
    used = set(re.findall(r'href="#([\w-]+)"|url\(#([\w-]+)\)', report))
    assert all((a or b) in page.ids for a, b in used)


def test_names_from_data_files_are_escaped(report):
    assert "<Sons>" not in report and "&amp;amp;" not in report and "Example &amp; &lt;Sons&gt;" in report


def test_the_report_says_what_went_wrong_and_what_it_is_not(report, comparison_folder):
    text = "".join(Page(report).texts)
    assert "ValueError: planted" in text
    assert "Not for deciding where to send officers tomorrow, nor about any person" in text
    assert "chance" in text and "unreviewed" in text
    for mark in ("abc1234", "0123456789abcdef", "5 to 10", "feedbeef"):
        assert mark in text
    assert "Beside the real city" in text and "Rank correlation" in text


def test_same_input_gives_the_same_bytes(comparison_folder, report):
    assert build_report(comparison_folder).read_text(encoding="utf-8") == report


def test_changing_a_result_changes_the_sentence(comparison_folder, report, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(comparison_folder, folder)
    for r in range(6):
        shutil.rmtree(folder / "runs/hot_spots_patrol" / str(r))
        shutil.copytree(folder / "runs/baseline" / str(r), folder / "runs/hot_spots_patrol" / str(r))
    changed = build_report(folder).read_text(encoding="utf-8")
    assert "Record and reality disagree." in report and "Record and reality disagree." not in changed
    assert changed.count("exactly the same in all 6 pairs") == 2
    # said of the option that did nothing, not of the placebo, which is meant to
    assert changed.count("It cost nothing either: perhaps it reached nobody") == 1 and "cost nothing" not in report


@pytest.mark.parametrize("replications", [1, 2])
def test_few_runs_and_an_unfinished_comparison_still_give_an_honest_report(tmp_path, replications):
    folder = write_comparison(tmp_path, replications, crimes=200, skip={("placebo", 0)}, marks=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["primary_outcome"] = "recorded.robbery"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    text = "".join(Page(build_report(folder).read_text(encoding="utf-8")).texts)
    assert "declared before the runs is recorded robbery" in text
    if replications == 1:
        assert "one pair gives no interval" in text and "cannot tell an effect from chance" in text
        assert "Placebo" in text and "no pair of runs is finished" in text
    assert format_table(options_table(folder)).count("\n") >= 6


def test_manifests_with_arms_as_a_mapping_and_little_else_are_read(tmp_path):
    folder = write_comparison(tmp_path, 2, {k: ARMS[k] for k in ("baseline", "street_lighting")}, crimes=100)
    arms = {"baseline": {}, "street_lighting": {"interventions": {"street_lighting": {"strength": 1.0}}}}
    (folder / "manifest.json").write_text(json.dumps(dict(kind="comparison", arms=arms, baseline="baseline")))
    assert [r["option"] for r in options_table(folder)] == ["baseline", "street_lighting"]
    Page(build_report(folder).read_text(encoding="utf-8"))


def test_a_city_without_crime_is_no_error(tmp_path):
    folder = write_comparison(tmp_path, 2, {k: ARMS[k] for k in ("baseline", "placebo")}, crimes=0)
    Page(build_report(folder).read_text(encoding="utf-8"))


def test_damaged_folders_are_named_in_one_line(tmp_path):
    with pytest.raises(DataError, match="manifest.json: the file is missing"):
        build_report(tmp_path)
    folder = write_comparison(tmp_path / "c", 2, {k: ARMS[k] for k in ("baseline", "placebo")}, crimes=50)
    (folder / "runs/placebo/1/events.parquet").write_bytes(b"not a table")
    assert "runs/placebo/1" in build_report(folder).read_text(encoding="utf-8")
    for r in range(2):
        (folder / f"runs/baseline/{r}/events.parquet").unlink()
    with pytest.raises(DataError, match="no run of the baseline"):
        build_report(folder)


def test_plain_sentences():
    e = compare([37.0, 38, 36, 37.5], [42.0, 42.4, 41.6, 42])
    assert words.finding(e, "lighting", "crimes", 0) == (
        "Per 1,000 residents a year: 42 crimes without, 37 with lighting (5 fewer; 4 to 6 fewer)."
    )
    unclear = compare([42.0, 40, 43.0], [41.0, 42, 42.0])
    assert "no clear difference" in words.finding(unclear, "x", "crimes") and "fewer to" in words.span(unclear)
    assert "exactly the same in all 2 pairs" in words.finding(compare([1.0, 2], [1.0, 2]), "x", "crimes")
    assert "one pair gives no interval" in words.finding(compare([1.0], [2.0]), "x", "crimes")
    assert words.num(-1234.5, 1) == "\u22121,234.5" and words.num(float("nan")) == "\u2013"
    assert words.num(-0.01, 1, True) == "0.0"
    near = words.interval(compare([41.0, 40.2, 41.2], [42.0, 42.0, 42.0]), 0)
    assert near == "\u22121.2 (\u22122.5 to +0.1)", "a bound that is not zero keeps its sign"
    assert words.money(123_456) == "123,000" and words.money(0) == "0"
    assert "averts nothing" in words.cost_per_crime(CostPerCrime("dominated"))
    assert words.dose("x", dict(strength=0.5, start=30, end=90, ramp_days=10), 365) == (
        "50\u00a0% of full strength, day 30 to day 90, built up over 10 days"
    )


def test_table_for_the_terminal(comparison_folder):
    lines = format_table(options_table(comparison_folder)).splitlines()
    assert lines[0].split()[0] == HEAD[0] and lines[2].startswith("baseline")
    assert len({len(line) for line in lines[1:2]}) == 1


@pytest.mark.parametrize("value, text", [(1.0, "1 year"), (2.0, "2 years"), (1.5, "1.5 years"), (0.25, "0.25 years"),
                                         (90 / 365, "0.25 years"), (73 / 365, "0.2 years"), (math.nan, "some time")])
def test_lengths_of_time_are_not_cut_short(value, text):
    from analysis.words import years

    assert years(value) == text
