"""The task `validate`: what it writes, what it keeps, and how it fails."""

import json

import pytest

from experiments.entry import main

pytest.importorskip("esda")
SMALL = ["city.residents=1500", "years=1", "burn_in_years=0.05", "seeds=2", "null_seeds=0", "trial_seeds=0",
         "engine=serial"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("validation") / "v"
    assert main(["validate", *SMALL, f"out={out}"]) == 0
    return out


def test_the_page_states_every_fact(folder):
    from analysis.facts.base import facts

    found = json.loads((folder / "facts.json").read_text())
    assert {f["id"] for f in found["facts"]} == set(facts())
    assert found["about"]["seeds"] == 2 and "20 are needed" in (folder / "facts.md").read_text()
    page = (folder / "facts.html").read_text()
    assert all(f"{name} " in page for name in facts()) and "http" not in page.replace("http-equiv", "")
    shown = {f["id"]: f for f in found["facts"]}
    assert shown["F11b"]["median"] > 0 and shown["F15c"]["median"] > 0
    assert shown["F02a"]["state"] == "not scored" and "needs 500" in shown["F02a"]["reason"]
    assert shown["F08a"]["reason"]


def test_a_second_call_keeps_what_is_there(folder, capsys):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("events.parquet")}
    assert main(["validate", *SMALL, "seeds=3", f"out={folder}"]) == 0
    after = {p: p.stat().st_mtime_ns for p in folder.rglob("events.parquet")}
    assert len(before) == 2 and len(after) == 3 and before.items() <= after.items()


def test_runs_of_another_version_are_taken_over_only_if_one_comes_out_the_same(folder, monkeypatch, capsys):
    from experiments import provenance

    kept = {p: p.read_bytes() for p in folder.rglob("measured.json")}
    monkeypatch.setattr(provenance, "source_hash", lambda: "another")
    assert main(["validate", *SMALL, f"out={folder}"]) == 2
    assert "recheck=true" in capsys.readouterr().err
    first = sorted(kept)[0]
    changed = json.loads(kept[first])
    changed["values"]["F11b"]["value"] += 1e-9
    first.write_text(json.dumps(changed))
    assert main(["validate", *SMALL, "recheck=true", f"out={folder}"]) == 2
    err = capsys.readouterr().err
    assert "model, F11b: was" in err
    changed = json.loads(kept[first])
    changed["values"]["F11b"]["value"] *= 1 - 1e-15  # added up in another order, by a processor of another kind
    first.write_text(json.dumps(changed))
    (folder / "runs" / "trials").mkdir()  # runs of a kind that this call would not look at
    assert main(["validate", *SMALL, "recheck=true", f"out={folder}"]) == 2
    assert "holds trials too" in capsys.readouterr().err
    (folder / "runs" / "trials").rmdir()
    assert main(["validate", *SMALL, "recheck=true", f"out={folder}"]) == 0
    first.write_bytes(kept[first])
    assert {p: p.read_bytes() for p in folder.rglob("measured.json")} == kept
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["identity"]["source_hash"] == "another" and manifest["rechecked"][0]["to"] == "another"
    monkeypatch.undo()
    assert main(["validate", *SMALL, "recheck=true", f"out={folder}"]) == 0
    assert len(json.loads((folder / "manifest.json").read_text())["rechecked"]) == 2


def test_only_arms_that_are_missing_or_declared_otherwise_are_run(tmp_path, monkeypatch):
    import numpy as np

    from analysis.facts import trial_arms
    from experiments import paired, worlds

    asked, run_pairs = [], paired.run_pairs
    monkeypatch.setattr(paired, "run_pairs", lambda spec, arms, *a, **k: asked.append(set(arms)) or run_pairs(
        spec, arms, *a, **k))

    def ran(arms):
        told = []
        monkeypatch.setattr(trial_arms, "all_arms", lambda: arms)
        worlds.do(piece, lambda days, note: told.append(days))
        (piece.place / "counted.json").unlink()
        with np.load(piece.place / "outcomes.npz") as kept:
            return {k: kept[k] for k in kept.files}, sum(told)

    spec = {"city": {"residents": 1_500}, "years": 0.05, "burn_in_years": 0.02, "seed": 4}
    piece = worlds.Piece(worlds.TRIALS, 4, spec, str(tmp_path), 100.0)
    patrol, lit = {"intervention": {"foot_patrol": {}}}, {"intervention": {"street_lighting": {}}}
    first, told = ran({"foot_patrol": patrol})
    same, kept = ran({"foot_patrol": patrol})
    more, added = ran({"foot_patrol": patrol, "lit": lit})
    assert [told, kept, added] == pytest.approx([piece.days] * 3, rel=0.1)  # but for parts of days
    assert all(np.array_equal(first[k], same[k]) and np.array_equal(first[k], more[k]) for k in first)
    assert len(more["lit|day"]) and json.loads((piece.place / "arms.json").read_text()).keys() == {"foot_patrol", "lit"}
    changed, _ = ran({"foot_patrol": {"intervention": {"foot_patrol": {"share": 0.2}}}, "lit": lit})
    assert len(changed["foot_patrol|treated_cells"]) > len(first["foot_patrol|treated_cells"])
    assert np.array_equal(changed["lit|day"], more["lit|day"])
    assert asked == [{"foot_patrol"}, {"lit"}, {"foot_patrol"}]


def test_counts_of_cities_of_many_sizes_can_be_compared(tmp_path):
    from experiments.worlds import SIZES, Piece, found

    piece = Piece(SIZES, 4, {}, str(tmp_path), 100.0)
    assert found(piece) == {}
    piece.place.mkdir(parents=True)
    (piece.place / "counted.json").write_text('{"sources": "-", "sizes": {"4000 residents": {"theft": 3.0}}}')
    assert found(piece) == {"4000 residents, theft": 3.0}


def test_a_lost_fact_fails_the_command(folder, tmp_path, capsys):
    (tmp_path / "expected.json").write_text('["F02a"]')
    assert main(["validate", *SMALL, f"out={folder}", f"expect={tmp_path}/expected.json"]) == 3
    assert "F02a (Near repeats of burglary) was expected to be shown" in capsys.readouterr().err


def test_mistakes_are_one_line(folder, tmp_path, capsys):
    for words, said in (
        ([f"out={folder}", "seed=9"], "another specification"),
        ([f"out={tmp_path}/n", "years=0.5"], "at least 1 scored year"),
        ([f"out={tmp_path}/n", "expect=nothing.json"], "expect"),
        ([f"out={tmp_path}/n", "form=middling"], "form"),
    ):
        assert main(["validate", *SMALL, *words]) == 2
        err = capsys.readouterr().err
        assert said in err and err.count("\n") == 1
    assert not (tmp_path / "n").exists()


def test_random_movement_sends_people_anywhere():
    import numpy as np

    from sim.model import CityModel

    usual, lost = (CityModel(city={"residents": 2_000}, burn_in_years=0, years=0.01,
                             mechanism={"routines": {"aimless": aimless}}) for aimless in (False, True))
    for model in (usual, lost):
        model.run_days(1)
        model.step()
        model.step()
        model.step()
        out = np.bincount(model.residents["cell"][(model.residents["activity"] > 0) & (model.residents["cell"] >= 0)],
                          minlength=model.city.grid.cells)
        assert (out == model.layers["in_public"]).all()
    inside = usual.city.area >= 0
    assert usual.layers["in_public"][inside].std() > 2 * lost.layers["in_public"][inside].std()


def test_forms_set_only_what_is_not_given():
    from experiments.validate import FORMS, prepare

    assert prepare(["years=3"])[-1] == "years=3" and "burn_in_years=2" in prepare(["years=3"])
    assert not any(w.startswith("city.residents") for w in prepare(["city=from_files", "city.path=x"]))
    assert "seeds=20" in prepare(["form=full"]) and set(FORMS) == {"quick", "full"}


def test_observers_change_nothing():
    from experiments.watch import Observer, watch_run
    from sim.model import CityModel

    given = dict(city={"residents": 1_500}, burn_in_years=0.1, years=0.15)
    watched, alone, observer = CityModel(**given), CityModel(**given), Observer()
    watch_run(watched, observer, lambda days, note: None)
    assert watched.log.equals(alone.run().log)
    assert observer.dependents and all(len(ids) for ids, _ in observer.dependents)


def test_predictors_against_a_record():
    """The predictor that is the record itself is perfect; the one that knows nothing is not."""
    import numpy as np

    from analysis.facts.against import accuracy, squares_of

    counts = np.random.default_rng(1).poisson(np.exp(np.random.default_rng(2).normal(0, 1.5, 900)))
    size = np.full(900, 4.0)
    best = accuracy(counts.astype(float), counts.astype(float), size)
    assert best["rho"] == pytest.approx(1.0) and best["pai_1"] > best["pai_5"] > best["pai_10"] > 3
    blind = accuracy(np.zeros(900), counts.astype(float), size)
    assert blind["pai_1"] == blind["pai_10"] == pytest.approx(1.0)
    assert squares_of(np.array([0, 1, 10, 11, 2, 22]), 10).tolist() == [0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize("column, values", [("deprivation", [1, 2, 3, 4, 5, 6]), ("imd_decile", [9, 7, 6, 4, 2, 1])])
def test_a_published_index_of_deprivation_is_a_predictor(column, values):
    from types import SimpleNamespace

    import numpy as np

    from analysis.facts.against import DEPRIVATION, MODEL, _areas, _Rates
    from analysis.facts.base import Unscored

    def disadvantage(kept):
        raise Unscored("none")

    n = np.arange(6)
    run = SimpleNamespace(area_residents=lambda: np.full(6, 2_000), areas={column: np.array(values, float)},
                          disadvantage=disadvantage)
    seen = SimpleNamespace(area=np.repeat(n, n + 1), late=np.arange(21) % 2 == 0)
    found = _areas(_Rates.of(SimpleNamespace(area=n), run, seen, np.ones(21, bool), (6 - n).astype(float)))
    assert found[DEPRIVATION] == pytest.approx(1.0) and found[MODEL] == pytest.approx(-1.0)


def test_what_high_rates_go_with_in_the_record_and_in_the_model():
    from types import SimpleNamespace

    import numpy as np

    from analysis.facts.against import _conditions, _Rates

    n = np.arange(6)
    gaps = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])
    run = SimpleNamespace(area_residents=lambda: np.full(6, 2_000),
                          areas={"poverty_rate": n / 10, "income": gaps, "share_under18": np.full(6, 0.25)})
    seen = SimpleNamespace(area=np.repeat(n, n + 1))
    found = _conditions(_Rates.of(SimpleNamespace(area=n), run, seen, np.ones(21, bool), (6.0 - n) ** 2))
    assert list(found) == ["poverty_rate"], "columns with gaps or without differences say nothing"
    recorded, simulated = found["poverty_rate"]
    assert recorded == pytest.approx(1.0) and -1 < simulated < -0.9
