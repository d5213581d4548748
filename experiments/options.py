"""Settings that every task has, declared like the parameters of the model."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sim.parameters import param


@dataclass(frozen=True)
class OutOptions:
    """Where results go."""

    out: str = param("results", unit="folder", source="-", doc="folder for the results")
    force: bool = param(False, unit="-", source="-", doc="replace the results that stand in out")
    dry_run: bool = param(False, unit="-", source="-", doc="say what would be done, and write nothing")


@dataclass(frozen=True)
class RunOptions(OutOptions):
    """Settings of the task `run`."""

    out: str = param("results/run", unit="folder", source="-", doc="folder for the records")


@dataclass(frozen=True)
class CalibrateOptions(OutOptions):
    """Settings of the task `calibrate`."""

    out: str = param("results/calibrate", unit="folder", source="-",
                     doc="folder for the calibration; the same command goes on with what is there")
    calibration: str = param("", unit="file", source="-",
                             doc="file with parameters and priors, targets, what is held out, and the budget")
    method: str = param("abc", unit="-", choices=("abc", "optuna", "match"), source="modelling choice",
                        doc="a posterior by approximate Bayesian computation, a search for the best point, or each "
                            "parameter moved until the target that it answers to is met")
    runs: int = param(400, unit="runs", low=1, high=10_000_000, source="modelling choice",
                      doc="budget: runs in all, checks included")
    replications: int = param(2, unit="runs", low=1, high=1_000, source="modelling choice", doc="runs of each point")
    rounds: int = param(1, unit="rounds", low=1, high=2, source="modelling choice",
                        doc="abc: a second round draws its points from the posterior of the first")
    average: bool = param(False, unit="-", source="modelling choice",
                          doc="abc: the observed values vary like means over the replications (a much larger city), "
                              "not like one run")
    accept: float = param(0.4, unit="share", low=0.01, high=1, source="modelling choice",
                          doc="abc: runs that are kept for the regression")
    batch: int = param(8, unit="trials", low=1, high=1_000, source="modelling choice",
                       doc="optuna: points asked for at a time")


@dataclass(frozen=True)
class EngineOptions:
    """Who does the work: this process, processes of this machine, a Dask cluster or jobs of Slurm."""

    name: str = param("processes", unit="-", choices=("serial", "processes", "dask", "slurm"), source="-",
                      doc="one after the other, side by side in processes, on a Dask cluster, or as jobs of Slurm")
    workers: int = param(0, unit="processes", low=0, high=100_000, source="-",
                         doc="pieces of work done at a time; 0 takes one per core here, those of the Dask scheduler, "
                             "or 100 jobs")
    address: str = param("", unit="-", source="-", doc="Dask: address of the scheduler, as in tcp://host:8786")
    cluster: str = param("local", unit="-", choices=("local", "slurm", "pbs", "lsf", "sge", "oar", "htcondor"),
                         source="-", doc="Dask without an address: the cluster to start; Slurm: local tries it here")
    queue: str = param("", unit="-", source="-", doc="partition or queue of the cluster")
    account: str = param("", unit="-", source="-", doc="account that is charged on the cluster")
    memory_gb: float = param(4.0, unit="GB", low=0.1, high=10_000, source="-", doc="memory of a worker on a cluster")
    walltime_minutes: int = param(240, unit="minutes", low=1, high=100_000, source="-",
                                  doc="longest time of a job on a cluster")
    chunk_seconds: float = param(0.0, unit="s", low=0, high=1e6, source="-",
                                 doc="how long a piece of work should take; 0 lets the engine choose")

    @property
    def count(self) -> int:
        """Processes to use on this machine, or pieces of work at a time on a cluster if that is known."""
        return 1 if self.name == "serial" else self.workers or usable_cores()


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class CompareOptions(OutOptions):
    """Settings of the task `compare`."""

    out: str = param("results/compare", unit="folder", source="-", doc="folder for the comparison")
    arms: tuple[str, ...] = param((), unit="names", source="-", doc="interventions to compare, one arm each")
    experiment: str = param("", unit="name or file", source="-",
                            doc="experiment file that names arms with their overrides; a shipped name or a path")
    replications: int = param(5, unit="pairs", low=1, high=100_000, source="modelling choice",
                              doc="paired replications: replication r uses seed + r in every arm")
    outcome: str = param("true.victimisations", unit="-", source="modelling choice",
                         doc="primary outcome, chosen before the first run")


@dataclass(frozen=True)
class SweepOptions(OutOptions):
    """Settings of the task `sweep`."""

    out: str = param("results/sweep", unit="folder", source="-", doc="folder for the sweep")
    arms: tuple[str, ...] = param((), unit="names", source="-", doc="interventions to compare, one arm each")
    experiment: str = param("", unit="name or file", source="-",
                            doc="experiment file: question, arms, scenarios, parameters, design; a name or a path")
    replications: int = param(5, unit="runs", low=1, high=1_000_000, source="modelling choice",
                              doc="replication r uses seed + r in every scenario, arm and draw")
    outcome: str = param("true.victimisations", unit="-", source="modelling choice",
                         doc="primary outcome, chosen before the first run")
    design: str = param("", unit="name or file", source="-",
                        doc="how parameters are drawn: grid, list, lhs, sobol, or a CSV or Parquet file of draws")
    draws: int = param(0, unit="draws", low=0, high=1_000_000, source="-",
                       doc="draws of the design: points of lhs, base sample of sobol")
    records: str = param("summary", unit="-", choices=("summary", "full"), source="-",
                         doc="keep the outcomes of each run, or its events, people, places and series too")
    shard: str = param("", unit="k/n", source="-", doc="do the k-th of n parts only, as in 1/4")
    fail_fast: bool = param(False, unit="-", source="-", doc="stop at the first run that fails")
    time_limit: float = param(0.0, unit="s", low=0, high=1e7, source="-",
                              doc="longest time of a run, of its burn-in likewise; 0: no limit")
    memory_limit: float = param(0.0, unit="GB", low=0, high=1e5, source="-",
                                doc="most memory of a worker process; 0: no limit")


@dataclass(frozen=True)
class FolderOptions:
    """Settings of the tasks that go on with a sweep's folder."""

    out: str = param("results/sweep", unit="folder", source="-", doc="folder of the sweep")


@dataclass(frozen=True)
class ResumeOptions(FolderOptions):
    """Settings of the task `resume`."""

    force: bool = param(False, unit="-", source="-", doc="go on although code, packages or settings have changed")
    shard: str = param("", unit="k/n", source="-", doc="do the k-th of n parts only, as in 1/4")
    fail_fast: bool = param(False, unit="-", source="-", doc="stop at the first run that fails")
    time_limit: float = param(0.0, unit="s", low=0, high=1e7, source="-",
                              doc="longest time of a run, of its burn-in likewise; 0: no limit")
    memory_limit: float = param(0.0, unit="GB", low=0, high=1e5, source="-",
                                doc="most memory of a worker process; 0: no limit")
    dry_run: bool = param(False, unit="-", source="-", doc="say what is missing, and run nothing")


@dataclass(frozen=True)
class StatusOptions(FolderOptions):
    """Settings of the task `status`."""

    every: float = param(0.0, unit="s", low=0, high=86_400, source="-",
                         doc="look again after that long, until nothing is missing; 0 looks once")


@dataclass(frozen=True)
class VerifyOptions(FolderOptions):
    """Settings of the task `verify`."""

    sample: int = param(3, unit="rows", low=0, high=100_000, source="-", doc="finished rows to run again, at random")
    rows: tuple[int, ...] = param((), unit="rows", source="-", doc="these rows instead")
    seed: int = param(1, unit="-", low=0, high=2**62, source="-", doc="seed of the choice")


@dataclass(frozen=True)
class RerunOptions(FolderOptions):
    """Settings of the task `rerun`."""

    rows: tuple[int, ...] = param((), unit="rows", source="-", doc="rows of the run table")
    failed: bool = param(False, unit="-", source="-", doc="all rows that failed")
    records: str = param("summary", unit="-", choices=("summary", "full"), source="-",
                         doc="full also stores events, people, places and series of the rows")
    force: bool = param(False, unit="-", source="-", doc="go on although code, packages or settings have changed")
    time_limit: float = param(0.0, unit="s", low=0, high=1e7, source="-",
                              doc="longest time of a run, of its burn-in likewise; 0: no limit")
    memory_limit: float = param(0.0, unit="GB", low=0, high=1e5, source="-",
                                doc="most memory of a worker process; 0: no limit")


@dataclass(frozen=True)
class ExpandOptions(ResumeOptions):
    """Settings of the task `expand`."""

    replications: int = param(0, unit="runs", low=0, high=1_000_000, source="-",
                              doc="replications to have in all; 0 leaves them")
    draws: int = param(0, unit="draws", low=0, high=1_000_000, source="-", doc="draws to have in all; 0 leaves them")


@dataclass(frozen=True)
class DiagnoseOptions(OutOptions):
    """Settings of the task `diagnose`."""

    out: str = param("results/diagnosis", unit="folder", source="-", doc="folder for the page")
    replications: int = param(6, unit="pairs", low=2, high=10_000, source="modelling choice",
                              doc="paired replications: replication r uses seed + r in every arm")
    stress: str = param("flow_cut", unit="name", source="modelling choice",
                       doc="shock that the city's resilience is tried with in the last step")


@dataclass(frozen=True)
class StudyOptions:
    """Settings of tasks that look at a finished sweep or comparison."""

    out: str = param("results/sweep", unit="folder", source="-", doc="folder of a sweep or of a comparison")
    dry_run: bool = param(False, unit="-", source="-", doc="say what would be done, and write nothing")


@dataclass(frozen=True)
class RankOptions(StudyOptions):
    """Settings of the task `rank`."""

    outcome: str = param("", unit="-", source="-", doc="outcome to rank by; empty takes the primary one")
    better: str = param("", unit="-", choices=("", "fewer", "more"), source="-",
                        doc="which is good, for outcomes whose good direction is not declared")


@dataclass(frozen=True)
class ExportOptions(StudyOptions):
    """Settings of the task `export`."""

    format: str = param("csv", unit="-", choices=("csv", "parquet", "ema"), source="-",
                        doc="one row a run as CSV or Parquet, or the archive of the EMA Workbench (tar.gz)")
    to: str = param("", unit="file", source="-", doc="file to write; its provenance is written beside it")
    force: bool = param(False, unit="-", source="-", doc="replace the file if it is there")


@dataclass(frozen=True)
class DiscoverOptions(StudyOptions):
    """Settings of the task `discover`."""

    arm: str = param("", unit="name", source="-", doc="where does this arm lose ...")
    against: str = param("baseline", unit="name", source="-", doc="... to this one?")
    outcome: str = param("", unit="-", source="-", doc="outcome to judge by; empty takes the primary one")
    better: str = param("", unit="-", choices=("", "fewer", "more"), source="-",
                        doc="which is good, for outcomes whose good direction is not declared")
    scenario: str = param("", unit="name", source="-",
                          doc="one scenario; empty takes all, and the scenario can be part of a rule")
    method: str = param("prim", unit="-", choices=("prim", "tree"), source="-",
                        doc="boxes by patient rule induction, or rules of a classification tree (extra: discover)")
    boxes: int = param(3, unit="boxes", low=1, high=20, source="modelling choice", doc="at most so many boxes")
    permutations: int = param(199, unit="count", low=19, high=10_000, source="modelling choice",
                              doc="shuffles of the labels that a finding is judged against")


@dataclass(frozen=True)
class SensitivityOptions(OutOptions):
    """Settings of the task `sensitivity`."""

    out: str = param("results/sensitivity", unit="folder", source="-",
                     doc="folder for the sweep and its indices; alone, that of a finished sweep to analyse")
    method: str = param("morris", unit="-", choices=("morris", "sobol", "pawn"), source="-",
                        doc="elementary effects (to screen), shares of variance, or distances between distributions")
    parameters: tuple[str, ...] = param((), unit="keys", source="-",
                                        doc="what to vary within its declared range, or key:low:high; the experiment "
                                            "file can say more")
    by_mechanism: bool = param(False, unit="-", source="-",
                               doc="let the parameters of each mechanism move together, as one group")
    samples: int = param(0, unit="-", low=0, high=1_000_000, source="modelling choice",
                         doc="Morris trajectories, base points of Sobol' (a power of two), points of PAWN; 0 takes 12, "
                             "64 or 200")
    levels: int = param(4, unit="levels", low=2, high=64, source="Morris (1991)", doc="levels of the Morris grid, even")
    second_order: bool = param(False, unit="-", source="-", doc="Sobol' indices of pairs too, for twice the runs")
    replications: int = param(4, unit="runs", low=2, high=100_000, source="modelling choice",
                              doc="runs of each draw, on the same seeds in all draws: they tell run noise")
    outcome: str = param("true.victimisations", unit="-", source="modelling choice",
                         doc="primary outcome, chosen before the first run")
    outcomes: tuple[str, ...] = param((), unit="names", source="-", doc="further outcomes of the same runs to analyse")
    arm: str = param("", unit="name", source="-",
                     doc="analyse the paired difference of this arm from the baseline; empty: the baseline's level")
    arms: tuple[str, ...] = param((), unit="names", source="-", doc="interventions that arm may name")
    experiment: str = param("", unit="name or file", source="-",
                            doc="experiment file: question, arms, scenarios, parameters; a name or a path")
    resamples: int = param(300, unit="-", low=20, high=100_000, source="modelling choice",
                           doc="resamples for intervals (PAWN takes 100 at most)")
    confidence: float = param(0.95, unit="probability", low=0.5, high=0.999, source="-", doc="level of intervals")
    fail_fast: bool = param(False, unit="-", source="-", doc="stop at the first run that fails")
    time_limit: float = param(0.0, unit="s", low=0, high=1e7, source="-",
                              doc="longest time of a run, of its burn-in likewise; 0: no limit")
    memory_limit: float = param(0.0, unit="GB", low=0, high=1e5, source="-",
                                doc="most memory of a worker process; 0: no limit")


@dataclass(frozen=True)
class TrialOptions(OutOptions):
    """Settings of the task `trials`."""

    out: str = param("results/trials", unit="folder", source="-", doc="folder for the page; what it lacks is added")
    trials: tuple[str, ...] = param((), unit="ids", source="-", doc="rows of the evidence catalogue; empty takes all")
    replications: int = param(10, unit="pairs", low=2, high=10_000, source="modelling choice",
                              doc="paired seeds of every world")
    scale: float = param(1.0, unit="ratio", low=0.05, high=20, source="modelling choice",
                         doc="residents relative to those of each world")


@dataclass(frozen=True)
class ValidateOptions(OutOptions):
    """Settings of the task `validate`."""

    out: str = param("results/validation", unit="folder", source="-",
                     doc="folder for runs and page; kept runs are used again")
    form: str = param("quick", unit="-", choices=("quick", "full"), source="modelling choice",
                      doc="quick: few seeds of a small city, for a check after a change; full: what may be reported. "
                          "Sets seeds, years, burn_in_years and city.residents where they are not given")
    seeds: int = param(5, unit="runs", low=1, high=10_000, source="modelling choice",
                       doc="runs of the model, with seeds from seed on; 20 in the full form")
    null_seeds: int = param(1, unit="runs", low=0, high=10_000, source="modelling choice",
                            doc="runs of each null world that needs runs of its own; 10 in the full form")
    trial_seeds: int = param(2, unit="runs", low=0, high=10_000, source="modelling choice",
                             doc="seeds of the experiments that some facts need; 20 in the full form")
    sizes: bool = param(False, unit="-", source="-", doc="run eight sizes of the city too, for facts of scaling")
    recheck: bool = param(False, unit="-", source="-",
                          doc="take over kept runs of another version of the model, if the first of the model, of each "
                              "null world and of the experiments, done again, measure the same but for rounding")
    expect: str = param("", unit="file", source="-",
                        doc="JSON list of facts that must be shown; the command fails when one is lost")
