"""Indicators of the Sustainable Development Goals from a stored run, with their denominators, and the ICCS crosswalk.

Definitions follow the metadata of the custodian agencies (UNSD, SDG indicator metadata repository; UNODC for goal 16):
prevalence counts persons, not incidents; the denominator of 16.5.1 is persons who had contact with a public official.
Everything is simulated, and everything of the last twelve months is of the last 365 scored days (or all of them, when
there are fewer). People who have died or left since are not among those who could be asked, as in a survey.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.stored import _json, codes_of, numpy_of, read_columns
from sim.errors import DataError
from sim.records import TYPES

YEAR = 365
ADULT = 15  # youngest age asked in surveys of victimisation, fear and harassment
NAN = float("nan")
PHYSICAL = ("assault", "robbery")  # "physical assault and robbery": metadata of 16.3.1

# crime type of the model: (code and title in the International Classification of Crime for Statistical Purposes
# 1.0, UNODC 2015; indicators it feeds)
ICCS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "homicide": ("0101", "Intentional homicide", ("16.1.1",)),
    "assault": ("02011", "Assault", ("16.1.3", "16.3.1")),
    "robbery": ("0401", "Robbery", ("16.1.3", "16.3.1")),
    "burglary": ("0501", "Burglary", ()),
    "vehicle": ("050211", "Theft of a motorized land vehicle", ()),
    "theft": ("0502", "Theft, other than of vehicles", ()),
    "drugs": ("0601", "Unlawful acts involving controlled drugs: sale", ()),
    "harassment": ("02081", "Harassment", ("11.7.2",)),
    "extortion": ("02051", "Extortion or blackmail", ()),
    "bribery": ("07031", "Bribery", ("16.5.1",)),
}


@dataclass(frozen=True)
class Indicator:
    """One indicator of one run.

    Attributes
    ----------
    code : str
        Number in the global indicator framework, with a letter where a part is meant.
    name, unit, numerator, denominator, note : str
    above, below : float
        Values of numerator and denominator.
    value : float
        In `unit`; NaN where the run does not hold it or nobody is in the denominator.
    """

    code: str
    name: str
    unit: str
    numerator: str
    denominator: str
    above: float
    below: float
    scale: float = 100.0
    note: str = ""

    @property
    def value(self) -> float:
        return self.scale * self.above / self.below if self.below > 0 else NAN


def indicators(folder: str | os.PathLike) -> list[Indicator]:
    """Indicators of a stored run.

    Parameters
    ----------
    folder : path
        A run as described in ``docs/records.md``.

    Raises
    ------
    DataError
        When the folder holds no readable run.
    """
    folder = Path(folder)
    manifest = _json(folder / "manifest.json")
    days = int(manifest.get("days") or YEAR)
    last = min(days, YEAR)
    e = read_columns(folder / "events.parquet", ["day", "type", "victim_id", "reported", "domestic"])
    p = read_columns(folder / "people.parquet", ["person_id", "age", "sex", "fear", "use", "treatment", "detained",
                                                 "last_contact", "last_bribe"])
    for file, wanted, there in (("events", ("day", "type", "victim_id", "reported", "domestic"), e),
                                ("people", ("person_id", "age"), p)):
        for name in wanted:
            if name not in there:
                raise DataError(f"{folder}/{file}.parquet: the column {name} is missing")
    day = numpy_of(e["day"]).astype(np.int64)
    recent = (day >= days - last) & (day < days)
    kind = codes_of(e["type"], TYPES)[recent]
    victim = numpy_of(e["victim_id"].fill_null(-1))[recent].astype(np.int64)
    reported, when = numpy_of(e["reported"])[recent].astype(bool), day[recent]
    domestic = numpy_of(e["domestic"])[recent].astype(bool)
    ids, age = numpy_of(p["person_id"]), numpy_of(p["age"])
    people, adult = len(ids), age >= ADULT
    share = last / YEAR
    span = "in the last 12 months" if last == YEAR else f"in the last {last} days"
    killed = int((kind == TYPES.index("homicide")).sum())
    violent = np.isin(kind, [TYPES.index(t) for t in PHYSICAL]) & np.isin(victim, ids)
    out = [
        Indicator("16.1.1", "Victims of intentional homicide", "per 100,000 a year", "persons killed",
                  "residents times years", killed, people * share, 100_000.0),
        Indicator("16.1.3a", "People who suffered physical violence", "%", f"persons assaulted or robbed {span}",
                  "residents", len(np.unique(victim[violent])), people,
                  note="physical violence only: sexual violence and psychological violence are not modelled"),
        Indicator("16.1.3a-d", "of these by a member of the household", "%",
                  f"persons assaulted at home by a member of the household {span}", "residents",
                  len(np.unique(victim[violent & domestic])), people),
    ]
    if "fear" in p:
        fear = numpy_of(p["fear"])[adult]
        out.append(Indicator(
            "16.1.4", "People who feel safe walking alone after dark", "%",
            f"residents of {ADULT} and more whose fear is at most {unsafe(manifest):g}",
            f"residents of {ADULT} and more",
            float((fear <= unsafe(manifest)).sum()), len(fear), note="the threshold of fear is a modelling choice"))
    told, asked = _last_reported(victim[violent], when[violent], reported[violent])
    out.append(Indicator("16.3.1", "Victims of physical violence who reported it", "%",
                         f"victims {span} who reported the last incident to the police", f"victims {span}",
                         told, asked))
    if "detained" in p:
        state = codes_of(p["detained"], ("free", "unsentenced", "sentenced"))
        out.append(Indicator("16.3.2", "Unsentenced detainees", "%", "detained and not sentenced, on the last day",
                             "all detainees, on the last day", float((state == 1).sum()), float((state >= 1).sum())))
    if "last_contact" in p and "last_bribe" in p:
        met = numpy_of(p["last_contact"]) >= days - YEAR
        paid = met & (numpy_of(p["last_bribe"]) >= days - YEAR)
        out.append(Indicator("16.5.1", "People who paid, or were asked for, a bribe", "%",
                             "persons who paid or were asked for a bribe in the last 12 months",
                             "persons who had a contact with a public official in the last 12 months",
                             float(paid.sum()), float(met.sum())))
    harassed = (kind == TYPES.index("harassment")) & np.isin(victim, ids[adult])
    out.append(Indicator("11.7.2", "Victims of harassment in public space", "%", f"persons harassed {span}",
                         f"residents of {ADULT} and more", len(np.unique(victim[harassed])), float(adult.sum()),
                         note="physical and verbal harassment in public; sexual harassment is not told apart"))
    if "sex" in p:
        woman = adult & (codes_of(p["sex"], ("female", "male")) == 0)
        hers = (kind == TYPES.index("harassment")) & np.isin(victim, ids[woman])
        out.append(Indicator("11.7.2-f", "of women", "%", f"women harassed {span}",
                             f"women of {ADULT} and more", len(np.unique(victim[hers])), float(woman.sum())))
    if "use" in p and "treatment" in p:
        use = codes_of(p["use"], ("none", "occasional", "dependent"))
        treated = codes_of(p["treatment"], ("none", "waiting", "in")) == 2
        disorder = (use == 2) | treated
        out.append(Indicator("3.5.1", "People with a drug use disorder who are in treatment", "%",
                             "in treatment, on the last day", "dependent on drugs or in treatment, on the last day",
                             float(treated.sum()), float(disorder.sum()),
                             note="a day's count; the global indicator counts everybody treated in a year"))
    return out


def unsafe(manifest: dict) -> float:
    """Fear above which somebody does not feel safe after dark, as declared by the run's specification."""
    reactions = ((manifest.get("spec") or {}).get("mechanism") or {}).get("reactions") or {}
    return float(reactions.get("unsafe", 0.35))


def _last_reported(victim: np.ndarray, day: np.ndarray, reported: np.ndarray) -> tuple[int, int]:
    """Victims whose last incident was reported, and all victims."""
    if not len(victim):
        return 0, 0
    order = np.lexsort((np.arange(len(day)), day, victim))
    last = np.append(victim[order][1:] != victim[order][:-1], True)
    return int(reported[order][last].sum()), int(last.sum())


def table(folder: str | os.PathLike) -> list[dict[str, object]]:
    """Indicators of every arm of a stored comparison: means over its runs and paired differences from the baseline.

    Returns
    -------
    list of dict
        ``arm``, ``code``, ``name``, ``unit``, ``value``, ``difference``, ``low``, ``high`` (95 % t interval; NaN for
        the baseline), ``pairs``, ``numerator``, ``denominator``, ``note``.
    """
    from analysis.effects import compare

    folder = Path(folder)
    runs = folder / "runs"
    found: dict[str, dict[int, dict[str, Indicator]]] = {}
    for path in sorted(runs.glob("*/*/manifest.json")):
        arm, replication = path.parent.parent.name, int(path.parent.name)
        try:
            found.setdefault(arm, {})[replication] = {i.code: i for i in indicators(path.parent)}
        except DataError:  # the report says elsewhere which runs cannot be read
            continue
    found = {arm: runs_ for arm, runs_ in found.items() if runs_}
    arms = sorted(found, key=lambda a: (a != "baseline", a))
    base = found.get("baseline", {})
    rows: list[dict[str, object]] = []
    for arm in arms:
        mine = found[arm]
        shown = next(iter(mine.values()))
        pairs = sorted(set(mine) & set(base))
        for code, one in shown.items():
            values = [mine[r][code].value for r in sorted(mine)]
            row = dict(arm=arm, code=code, name=one.name, unit=one.unit, value=float(np.mean(values)),
                       difference=NAN, low=NAN, high=NAN, pairs=len(pairs))
            if arm != "baseline" and pairs and all(code in base[r] for r in pairs):
                e = compare([mine[r][code].value for r in pairs], [base[r][code].value for r in pairs])
                row.update(difference=e.difference, low=e.low, high=e.high)
            rows.append(dict(row, numerator=one.numerator, denominator=one.denominator, note=one.note))
    return rows


def write_table(folder: str | os.PathLike) -> Path:
    """Write :func:`table` as ``indicators.csv`` and the crosswalk as ``iccs.csv`` into the folder of a comparison."""
    import csv

    folder = Path(folder)
    rows = table(folder)
    with open(folder / "indicators.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["arm"])
        writer.writeheader()
        writer.writerows(rows)
    with open(folder / "iccs.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("type", "iccs", "iccs_title", "sdg"))
        writer.writerows((name, code, title, " ".join(sdg)) for name, (code, title, sdg) in ICCS.items())
    return folder / "indicators.csv"
