"""Design files of other tools, good and bad."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.sweeps.design import from_file, latin_hypercube, parameters
from sim.errors import LamplighterError

SLOTS, SHAPE, ON = "mechanism.drugs.slots", "city.shape", "mechanism.drugs.enabled"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_pandas_with_its_index(tmp_path):
    frame = pd.DataFrame({SLOTS: [1.0, 2.5], SHAPE: ["coast", "round"], ON: [True, False], "city.centres": [2, 3]})
    frame.to_csv(tmp_path / "d.csv")
    frame.index.name = "experiment_id"
    frame.to_parquet(tmp_path / "d.parquet")
    for name in ("d.csv", "d.parquet"):
        design = from_file(tmp_path / name)
        assert design.values(0) == {SLOTS: 1.0, SHAPE: "coast", ON: True, "city.centres": 2}
        assert design.values(1) == {SLOTS: 2.5, SHAPE: "round", ON: False, "city.centres": 3}
    assert from_file(tmp_path / "d.csv").notes == ("d.csv: columns left out: number 1",)
    frame.set_index(pd.Index(["x", "y"], name="experiment_id")).to_parquet(tmp_path / "named.parquet")
    assert from_file(tmp_path / "named.parquet").notes == ("named.parquet: columns left out: experiment_id",)


def test_a_file_of_ema_workbench(tmp_path):
    frame = pd.DataFrame({SLOTS: [1.0, 2.0], "scenario": [0, 1], "policy": ["None", "None"], "model": ["m", "m"]})
    frame.to_csv(tmp_path / "ema.csv", index=False)
    design = from_file(tmp_path / "ema.csv", parameters({SLOTS: {"low": 0, "high": 5}}))
    assert design.keys == (SLOTS,) and design.notes == ("ema.csv: columns left out: scenario, policy, model",)
    assert (design.parameters[0].low, design.parameters[0].high) == (0, 5)


def test_bare_numbers_as_salib_saves_them(tmp_path):
    chosen = parameters({SLOTS: {"low": 1, "high": 5}, "city.inequality": {}})
    sample = latin_hypercube(chosen, 6, 2).points
    np.savetxt(tmp_path / "sample.txt", sample, fmt="%.18e")
    design = from_file(tmp_path / "sample.txt", chosen)
    assert np.allclose(design.points, sample, rtol=1e-15) and "no header" in design.notes[0]


def test_an_exact_round_trip(tmp_path):
    design = latin_hypercube(parameters({SLOTS: {}, SHAPE: {}, "dummy": {}}), 20, 3)
    pq.write_table(design.table(), tmp_path / "d.parquet")
    design.table().to_pandas().to_csv(tmp_path / "d.csv", index=False)
    assert from_file(tmp_path / "d.parquet").digest() == design.digest()
    assert from_file(tmp_path / "d.csv").digest() == design.digest()


def test_other_delimiters_and_names_without_declared_choices(tmp_path):
    who = "intervention.participatory_prioritisation.targets"
    design = from_file(write(tmp_path / "d.csv", f"run;{SLOTS};{who}\n1;3;believed\n2;4;lot\n"))
    assert design.values(1) == {SLOTS: 4.0, who: "lot"}


@pytest.mark.parametrize("text, line", [
    (f"{SLOTS}\n3\n99\n", f"d.csv: line 3, column {SLOTS}: expected between 0 and 50 (per 1,000 residents), found 99"),
    (f"{SLOTS}\nabc\n", f"d.csv: line 2, column {SLOTS}: expected a number, found 'abc'"),
    (f"{SLOTS},{SHAPE}\n1,round\n2,\n", f"d.csv: line 3, column {SHAPE}: expected a value, found nothing"),
    (f"{SLOTS},{SHAPE}\n1,round\n2,square\n", f"d.csv: line 3, column {SHAPE}: expected one of coast, round"),
    (f"{SLOTS},{SHAPE}\n1\n", "d.csv: line 2: expected 2 values, found 1"),
    (f"{SLOTS},{SLOTS}\n1,2\n", f"d.csv: expected each column once, found '{SLOTS}' twice"),
    ("mechanism.drugs.slotz\n1\n", "d.csv: column 'mechanism.drugs.slotz': mechanism.drugs: unknown key 'slotz'; did"),
    ("city.centres\n1.5\n", "d.csv: line 2, column city.centres: expected a whole number, found 1.5"),
    (f"{ON}\nmaybe\n", f"d.csv: line 2, column {ON}: expected true or false, found 'maybe'"),
    (f"{SLOTS}\nnan\n", f"d.csv: line 2, column {SLOTS}: expected a finite number, found nan"),
    ("seed\n1\n", "seed cannot be varied by a design"),
    ("run,experiment\n1,2\n", "d.csv: expected columns named by parameters"),
    (f"{SLOTS}\n", "d.csv: expected at least one row of values, found none"),
    ("", "d.csv: expected data, found an empty file"),
    ("1,2\n3,4\n", "d.csv: expected a first line with the keys of parameters, found numbers"),
    ("patrol,slots\n1,2\n", "unknown key 'patrol'"),
])
def test_bad_files_are_one_clear_line(tmp_path, text, line):
    with pytest.raises(LamplighterError) as caught:
        from_file(write(tmp_path / "d.csv", text))
    assert line in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_file_must_fit_its_experiment(tmp_path):
    chosen = parameters({SLOTS: {"low": 1, "high": 5}})
    for text, line in ((f"{SLOTS}\n6\n", f"d.csv: line 2, column {SLOTS}: expected between 1 and 5"),
                       ("run\n1\n", f"d.csv: missing column '{SLOTS}', a parameter of the experiment"),
                       (f"{SLOTS},slotz\n1,2\n", "d.csv: unknown column 'slotz'; parameters: mechanism.drugs.slots"),
                       ("1 2\n", "d.csv: line 1: expected 1 values, found 2")):
        with pytest.raises(LamplighterError) as caught:
            from_file(write(tmp_path / "d.csv", text), chosen)
        assert line in str(caught.value)


def test_files_that_are_no_designs(tmp_path):
    write(tmp_path / "d.parquet", "no parquet")
    pq.write_table(pa.table({SLOTS: [1.0, None]}), tmp_path / "gap.parquet")
    for name, line in (("d.parquet", "d.parquet: expected a Parquet file"), ("d.xlsx", "ending in .csv or .parquet"),
                       ("none.csv", "expected a file, found nothing"), ("none.parquet", "found nothing"),
                       ("gap.parquet", f"gap.parquet: row 2, column {SLOTS}: expected a value, found nothing")):
        with pytest.raises(LamplighterError) as caught:
            from_file(tmp_path / name)
        assert line in str(caught.value)
