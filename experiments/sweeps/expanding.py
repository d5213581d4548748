"""More replications or draws for a sweep that exists: its rows keep their numbers and their results."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.sweeps.design import Design, expanded
from experiments.sweeps.files import put_table
from experiments.sweeps.plan import SweepPlan, check
from experiments.sweeps.store import DESIGN, TABLE, SweepFolder
from sim.errors import SpecError

UNFINISHED = "expanding"


def expand(folder: SweepFolder, replications: int = 0, draws: int = 0, design: Design | None = None, *,
           by_rule: Any = None) -> int:
    """Add rows to the run table of a sweep that the caller has locked; return how many.

    Parameters
    ----------
    folder : SweepFolder
    replications : int
        Replications to have in all; 0 leaves them.
    draws : int
        Draws to have in all; 0 leaves them.
    design : Design, optional
        A design with more draws, the first of which are those there are.
    by_rule : plain value, optional
        The look that a rule of precision decided on; it is no change of the experiment, and noted as a look.

    Raises
    ------
    SpecError
        When there would not be more than before, or the design cannot grow.
    """
    plan = folder.plan
    new = larger(plan, replications, draws, design)
    design = new.design
    if by_rule is not None:
        folder.manifest.setdefault("looks", []).append(by_rule)
    else:
        if replications:
            folder.note_change("replications", plan.replications, replications)
        if len(design) > len(plan.design):
            folder.note_change("draws", len(plan.design), len(design))
    # The manifest says first what is to come: who is killed here is brought to an end by whoever opens it next.
    put_table(folder.path / f".{DESIGN}.next", design.table())
    folder.manifest["experiment"] = {**folder.manifest["experiment"], "replications": new.replications,
                                     "design": design.as_dict()}
    folder.manifest[UNFINISHED] = True
    folder.save()
    return finish(folder, new)


def larger(plan: SweepPlan, replications: int = 0, draws: int = 0, design: Design | None = None) -> SweepPlan:
    """Return the plan with more replications or draws, checked; see :func:`expand`."""
    if replications and replications <= plan.replications:
        raise SpecError(f"replications: expected more than the {plan.replications} of the sweep, found {replications}")
    if design is None:
        design = expanded(plan.design, draws) if draws else plan.design
    elif not np.array_equal(design.points[:len(plan.design)], plan.design.points) or design.keys != plan.design.keys:
        raise SpecError("design: expected one whose first draws are those of the sweep")
    if not replications and len(design) == len(plan.design):
        raise SpecError("expand: expected replications= or draws= above those of the sweep")
    new = plan.with_(replications=replications or plan.replications, design=design)
    check(new)
    return new


def finish(folder: SweepFolder, plan: SweepPlan) -> int:
    """Write the design and the rows that a plan has more than the run table; return how many rows came."""
    import os

    import pyarrow as pa

    table = folder.table()
    there = set(zip(*(table[name].to_pylist() for name in ("scenario", "arm", "draw", "replication"))))
    cells = [cell for cell in plan.cells() if cell not in there]
    added = folder.make_rows(plan, cells, table.num_rows)
    if (folder.path / f".{DESIGN}.next").exists():
        os.replace(folder.path / f".{DESIGN}.next", folder.path / DESIGN)
    put_table(folder.path / TABLE, pa.concat_tables([table, added]).combine_chunks())
    folder.manifest.pop(UNFINISHED, None)
    folder.save()
    folder.forget()
    return added.num_rows
