"""Generates configurations that are wrong in one way each. Seeded: the same number gives the same mistakes."""

import json
import random
from pathlib import Path

from sim import registry
from sim.parameters import rows
from sim.spec import CityParams, default_tree

CANARY = "canary"
TOUCH = f"open('{CANARY}','w')"


def bad_configurations(count: int, folder: Path, seed: int = 20240101):
    """Yield (kind, argv); files that an invocation needs are written into `folder` first."""
    made = _Generator(random.Random(seed), folder)
    kinds = sorted(name for name in dir(made) if name.startswith("bad_"))
    for i in range(count):
        kind = kinds[i % len(kinds)]
        yield kind, getattr(made, kind)()


class _Generator:
    def __init__(self, rng: random.Random, folder: Path):
        self.rng, self.folder, self.n = rng, folder, 0
        registry.load()
        self.tree = default_tree()
        self.paths = sorted(_paths(self.tree))
        self.parameters = [("city", p) for p in rows(CityParams, "city")]
        self.parameters += [
            ("mechanism", p) for n, c in sorted(registry.MECHANISMS.items()) for p in rows(c.Params, f"mechanism.{n}")
        ]

    # -- helpers

    def task(self) -> list[str]:
        """A task with what it needs to be right, so that the one mistake is what is found."""
        return self.rng.choice(
            [
                ["run", "dry_run=true"],
                ["run", "city.residents=2000"],
                ["compare", "arms=[street_lighting]", "replications=2"],
            ]
        )

    def file(self, text: str | bytes, name: str = "experiment") -> str:
        self.n += 1
        path = self.folder / f"{name}{self.n}.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def experiment(self, text: str | bytes) -> list[str]:
        return ["compare", f"experiment={self.file(text)}"]

    def damaged(self, word: str) -> str:
        """A name that is nearly right."""
        at = self.rng.randrange(len(word))
        return self.rng.choice(
            [
                word[:at] + word[at + 1 :],
                word + "s",
                word + "_x",
                word[:at] + "q" + word[at:],
                word.upper(),
                word[::-1] + "z",
                "x" + word,
            ]
        )

    def payload(self) -> str:
        return self.rng.choice(
            [
                f"__import__('os').system('touch {CANARY}')",
                f"touch {CANARY}",
                TOUCH,
                f"$(touch {CANARY})",
                f"`touch {CANARY}`",
            ]
        )

    # -- kinds of mistakes

    def bad_key(self):
        path = self.rng.choice(self.paths).split(".")
        at = self.rng.randrange(len(path))
        path[at] = self.damaged(path[at])
        return [*self.task(), f"{'.'.join(path)}=1"]

    def bad_added_key(self):
        name = self.rng.choice(
            ["foo", "city.foo", "mechanism.patrol.foo", "mechanism.foo", "intervention.foo", "a.b.c"]
        )
        return [*self.task(), f"{self.rng.choice(['+', '++'])}{name}={self.rng.choice(['1', 'x', '[1]', '{a: 1}'])}"]

    def bad_group_option(self):
        group = self.rng.choice(["city", "scenario"])
        value = self.rng.choice(
            [
                "atlantis",
                "../run",
                "/etc/passwd",
                "null",
                "[compact_european]",
                "..",
                "1",
                "''",
                "compact_european.yaml",
                "{a: 1}",
                "*",
                "hydra/config",
                "../../pyproject",
            ]
        )
        return [*self.task(), f"{group}={value}"]

    def bad_interventions(self):
        value = self.rng.choice(
            [
                "street_lighting",
                "[street_lightning]",
                "[1]",
                "[street_lighting,street_lighting]",
                "null",
                "[null]",
                "[[street_lighting]]",
                "{a: 1}",
                "[../run]",
                "['']",
                "true",
                "[../defaults/street_lighting]",
                "[defaults/street_lighting]",
            ]
        )
        return ["run", "dry_run=true", f"interventions={value}"]

    def bad_dose(self):
        key = self.rng.choice(["strength", "start", "end", "ramp_days", "share"])
        value = self.rng.choice(["nan", "inf", "-1", "abc", "1e30", "[1]", "{}", "-0.5", "'1'", "null"])
        return ["run", "dry_run=true", "interventions=[street_lighting]", f"intervention.street_lighting.{key}={value}"]

    def bad_absent_intervention(self):
        name = self.rng.choice(sorted(set(registry.INTERVENTIONS) - {"baseline", "placebo", "same_cost_random"}))
        return ["run", "dry_run=true", f"intervention.{name}.strength=0.5"]

    def bad_type(self):
        path = self.rng.choice([p for p in self.paths if not isinstance(_get(self.tree, p), (str, list))])
        value = self.rng.choice(["abc", "[1,2]", "{a: 1}", "null", "'7'", "[[[]]]", "{}", "''"])
        return [*self.task(), f"{path}={value}"]

    def bad_list_value(self):
        paths = [p for p in self.paths if isinstance(_get(self.tree, p), list)]
        value = self.rng.choice(["7", "abc", "{a: 1}", "[[1]]", "[{a: 1}]", "[null]", "true", "[nan, x, []]", "[true]"])
        path = self.rng.choice([p for p in paths if p != "city.areas" or value not in ("[nan, x, []]",)])
        return [*self.task(), f"{path}={value}"]

    def bad_number(self):
        _, p = self.rng.choice([x for x in self.parameters if x[1]["low"] is not None and _is_number(x[1]["default"])])
        low, high = p["low"], p["high"] if p["high"] is not None else 1e12
        values = [
            "nan",
            "inf",
            "-inf",
            "1e400",
            repr(low - 1 - abs(low)),
            repr(high + 1 + abs(high)),
            "9" * 30,
            "-" + "9" * 25,
        ]
        return [*self.task(), f"{p['name']}={self.rng.choice(values)}"]

    def bad_run_setting(self):
        key, values = self.rng.choice(
            [
                ("seed", ["-1", "1.5", "abc", "nan", "9" * 40, "9" * 5000, "true", "[1]", "''"]),
                ("years", ["-1", "nan", "inf", "1e9", "abc", "null", "true", "[]"]),
                ("burn_in_years", ["-0.1", "nan", "500", "x"]),
                ("tick_hours", ["0", "5", "25", "-4", "4.5", "abc", "null"]),
                ("start_date", ["yesterday", "2024-13-01", "2024-02-30", "20", "''", "[2024]", "null", "01/02/2024"]),
                ("threads", ["0", "-1", "65", "1.5", "many", "nan"]),
                ("interactions", ["maybe", "1", "null", "[]", "'true'"]),
                ("banned", ["1", "[x]", "[1.5]", "{a: 1}", "[null]", "[[1]]", "'[1]'"]),
                ("city.residents", ["-1", "1e12", "abc", "nan", "0.5", "49999999", "[5]"]),
                ("city.preset", ["atlantis", "''", "null", "[]", "from_file", "__import__"]),
                ("force", ["1", "yes", "null", "maybe"]),
                ("dry_run", ["1", "yes", "null", "[true]"]),
            ]
        )
        task = ["run"] if key == "dry_run" else self.task()
        return [*task, f"{key}={self.rng.choice(values)}"]

    def bad_target(self):
        name = self.rng.choice(["_target_", "_partial_", "_args_", "_recursive_", "_convert_"])
        where = self.rng.choice(
            [
                f"+{name}=os.system",
                f"++city.{name}=os.system",
                f"+mechanism.patrol.{name}={self.payload()!r}",
                f"+x={{{name}: os.system}}",
                f"+x=[{{a: {{{name}: builtins.eval}}}}]",
                f"++mechanism={{patrol: {{{name}: subprocess.run}}}}",
                f"{name}=x",
                f"~{name}",
            ]
        )
        return [*self.task(), where]

    def bad_hydra(self):
        return [
            *self.task(),
            self.rng.choice(
                [
                    "hydra.run.dir=.",
                    "hydra.job.chdir=true",
                    "+hydra.x=1",
                    "hydra/launcher=basic",
                    "hydra/job_logging=default",
                    "hydra={}",
                    "~hydra",
                    "++hydra.searchpath=[file:///tmp]",
                    "hydra.sweeper.params={a: 1}",
                    "+hydra/env=x",
                    "city@hydra.job=compact_european",
                    "hydra/hydra_logging=none",
                    "hydra.output_subdir=here",
                    f"hydra.job.env_set={{X: {CANARY}}}",
                    "hydra.callbacks={x: {_target_: os.system}}",
                    "+hydra.callbacks.x._target_=os.getcwd",
                ]
            ),
        ]

    def bad_resolver(self):
        value = self.rng.choice(
            [
                "${oc.env:LAMPLIGHTER_SECRET}",
                "${oc.env:HOME}",
                "${seed}",
                "${oc.decode:x}",
                "a${b}c",
                "'${oc.env:LAMPLIGHTER_SECRET}'",
                "$\\{oc.env:LAMPLIGHTER_SECRET\\}",
                "[${oc.env:HOME}]",
                "{a: ${oc.env:HOME}}",
                "${oc.create:{a: 1}}",
                "${hydra:runtime.cwd}",
                "${.x}",
                "${..x}",
                "${oc.deprecated:seed}",
                "\\${x}",
            ]
        )
        key = self.rng.choice(["city.path", "out", "start_date", "city.preset", "city.areas", "seed"])
        return [*self.task(), f"{key}={value}"]

    def bad_grammar(self):
        return [
            *self.task(),
            self.rng.choice(
                [
                    "seed=[1",
                    "seed=1]",
                    "seed={a: 1",
                    "seed=(",
                    "seed==1",
                    "seed=1=2",
                    "=",
                    "=1",
                    "seed",
                    "'seed'=1",
                    'seed="1',
                    "seed='1",
                    "seed 1",
                    " ",
                    "",
                    "a b=c",
                    "seed=[1,,2]",
                    "seed={a}",
                    "seed=\\",
                    "seed={1: {2: }}",
                    "~",
                    "~~seed",
                    "+",
                    "++",
                    "@",
                    "@x=1",
                    "seed@x=1",
                    "seed=\x00",
                    "seed=1\n2",
                    "seed=\x1b[31m",
                    "..=1",
                    ".seed=1",
                    "seed.=1",
                    "city..seed=1",
                    "seed=choice(",
                    "seed=range(1,2,0)",
                    "seed=glob(",
                    "seed=" + "[" * 200 + "]" * 200,
                    "=" * 50,
                    "seed=" + "x" * 30_000,
                    "\u202eseed=1",
                    "s\u00e9ed=1",
                    "seed=\ud800",
                    "seed=1,2,3",
                    "seed=range(1,5)",
                    "seed=choice(1,2)",
                    "arms=a,b",
                ]
            ),
        ]

    def bad_option(self):
        return self.rng.choice(
            [
                ["run", "--force"],
                ["run", "--out", "x"],
                ["run", "--config-dir", "/tmp"],
                ["run", "--config-name=x"],
                ["run", "-x"],
                ["run", "--cfg", "hydra"],
                ["run", "--cfg"],
                ["run", "--cfg", "job", "--package", "nowhere"],
                ["run", "--cfg", "job", "-p", "seed.x"],
                ["runn"],
                ["compere"],
                ["--multirun"],
                ["RUN"],
                ["run", "--info"],
                ["../run"],
                ["run", "--hydra-help"],
                ["run", "--shell-completion", "install=bash"],
                ["sweep"],
                ["-x"],
                ["compare", "--config-path=/tmp", "arms=[street_lighting]"],
                ["run", "run"],
                ["bench", "--parts"],
            ]
        )

    def bad_out(self):
        made = self.folder
        for name, content in (
            ("taken", {"manifest.json": json.dumps({"format": "lamplighter-run"})}),
            ("foreign", {"thesis.txt": "years of work"}),
            ("mixed", {"manifest.json": json.dumps({"format": "lamplighter-run"}), "thesis.txt": "x"}),
            ("broken", {"manifest.json": "{"}),
            ("list", {"manifest.json": "[1]"}),
        ):
            (made / name).mkdir(exist_ok=True)
            for file, text in content.items():
                if not (made / name / file).exists():
                    (made / name / file).write_text(text)
        if not (made / "file").exists():
            (made / "file").write_text("x")
            (made / "link").symlink_to(made / "foreign")
            (made / "nowhere").symlink_to(made / "missing")
        out = self.rng.choice(
            [
                "",
                "''",
                "' '",
                "taken",
                "foreign",
                "mixed",
                "broken",
                "list",
                "file",
                "file/x",
                "link",
                "nowhere",
                "nowhere/x",
                "a" * 300,
                "a/" * 10 + "b" * 260,
                "null",
                "[a]",
                "{a: b}",
                ".",
                "/dev/null",
            ]
        )
        force = (
            ["force=true"]
            if out in ("foreign", "mixed", "broken", "list", "file", "link", ".") and self.rng.random() < 0.5
            else []
        )
        return [*self.task(), *force, f"out={out}"]

    def bad_arms(self):
        arms = self.rng.choice(
            [
                "[]",
                "[atlantis]",
                "street_lighting",
                "[street_lighting,street_lighting]",
                "[1]",
                "null",
                "[null]",
                "{a: 1}",
                "[[street_lighting]]",
                "['']",
                "[baseline]",
                "[placebo]",
                "[../run]",
                "[os.system]",
                "''",
                "[street_lighting,youth_cbtt]",
                "[Street_Lighting]",
            ]
        )
        return ["compare", f"arms={arms}"]

    def bad_compare_setting(self):
        return [
            "compare",
            "arms=[street_lighting]",
            self.rng.choice(
                [
                    "replications=0",
                    "replications=-1",
                    "replications=1e9",
                    "replications=x",
                    "replications=2.5",
                    "replications=null",
                    "outcome=happiness",
                    "outcome=true.arson",
                    "outcome=''",
                    "outcome=[true.all]",
                    "outcome=null",
                    "engine=cluster",
                    "engine=null",
                    "engine.workers=-1",
                    "engine.workers=abc",
                    "engine.workers=1e9",
                    "engine.name=threads",
                    "engine.nodes=2",
                    "+engine.nodes=2",
                    "engine=../run",
                    "interventions=[street_lighting]",
                    "intervention.youth_cbt.strength=1",
                    "intervention.street_lighting.strength=nan",
                    "experiment=[a]",
                    "experiment={a: 1}",
                    "experiment=atlantis",
                    "experiment=missing.yaml",
                    "experiment=/etc",
                    "experiment=../x.yaml",
                    "city=from_files",
                    "city.path=somewhere",
                    "city.areas=[a]",
                    "arm=[x]",
                ]
            ),
        ]

    def bad_file_yaml(self):
        return self.experiment(
            self.rng.choice(
                [
                    "arms: [",
                    "arms: {a: [",
                    "\tarms: 1",
                    "arms: 'x",
                    "- a\n- b",
                    "just words",
                    "",
                    "# nothing",
                    "42",
                    "null",
                    "{}",
                    b"\xff\xfe\x00arms",
                    b"\x00\x01\x02",
                    "arms: {a: []}\n---\narms: {b: []}",
                    "arms: {a: []}\narms: {b: []}",
                    "? [a, b]\n: c",
                    "1: 2",
                    "arms: @x",
                    "%TAG ! x",
                    "arms: " + "[" * 40 + "]" * 40,
                    "a: " + "x" * 300_000,
                    "arms: {a: [" + ",".join("'seed=1'" for _ in range(21_000)) + "]}",
                ]
            )
        )

    def bad_file_tags(self):
        tag = self.rng.choice(
            [
                "!!python/object/apply:os.system",
                "!!python/object/new:subprocess.Popen",
                "!!python/name:os.system",
                "!!python/module:os",
                "!!binary",
                "!!timestamp",
                "!custom",
                "!!set",
                "!!str",
                "!<tag:x>",
            ]
        )
        value = self.rng.choice([f"['touch {CANARY}']", f"touch {CANARY}", "x", "{a: 1}"])
        key = self.rng.choice(["question", "arms", "overrides", "outcome"])
        return self.experiment(
            f"{key}: {tag} {value}\narms: {{a: ['interventions=[street_lighting]']}}\n"
            if key != "arms"
            else f"arms: {tag} {value}\n"
        )

    def bad_file_anchors(self):
        bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
        )
        return self.experiment(
            self.rng.choice(
                [
                    bomb,
                    "arms: &a {x: *a}",
                    "arms: &a {x: ['seed=1']}\nb: *a",
                    "a: &x 1\n<<: *x",
                    "question: &q hi\narms: {a: []}",
                    "arms:\n  a: &o ['interventions=[street_lighting]']\n  b: *o\n",
                    "<<: {arms: {}}",
                ]
            )
        )

    def bad_file_framework(self):
        return self.experiment(
            self.rng.choice(
                [
                    "hydra: {run: {dir: x}}\narms: {a: []}",
                    "hydra:\n  callbacks:\n    x: {_target_: os.system}\n",
                    f"_target_: os.system\ncommand: {self.payload()}",
                    "arms: {a: [{_target_: os.system}]}",
                    "arms: {a: ['+x._target_=os.system']}",
                    "arms: {a: ['hydra.run.dir=x']}",
                    "overrides: ['hydra/launcher=basic']\narms: {a: []}",
                    "question: ${oc.env:LAMPLIGHTER_SECRET}\narms: {a: []}",
                    "arms: {a: ['out=${oc.env:HOME}']}",
                    "arms: {'${x}': []}",
                    "defaults: [run]\narms: {a: []}",
                    "overrides: ['out=$\\{oc.env:HOME\\}']\narms: {a: []}",
                    "arms: {hydra: ['interventions=[street_lighting]', 'seed=3']}",
                ]
            )
        )

    def bad_file_content(self):
        light = "'interventions=[street_lighting]'"
        return self.experiment(
            self.rng.choice(
                [
                    "question: where?",
                    "arms: {}",
                    "arms: []",
                    "arms: null",
                    "arms: {a: x}",
                    "arms: {a: 1}",
                    "arms: {a: {b: c}}",
                    "arms: {a: [1]}",
                    "arms: {a: [[x]]}",
                    "arms: {a: null}",
                    f"arms: {{baseline: [{light}]}}",
                    f"arms: {{placebo: [{light}]}}",
                    f"arms: {{'../x': [{light}]}}",
                    f"arms: {{'A B': [{light}]}}",
                    f"arms: {{a: [{light}], b: [{light}]}}",
                    "arms: {a: []}",
                    f"arms: {{a: [{light}, 'seed=7']}}",
                    f"arms: {{a: [{light}, 'city.residents=7']}}",
                    f"arms: {{a: [{light}, 'years=7']}}",
                    f"arms: {{a: [{light}, 'out=x']}}",
                    f"arms: {{a: [{light}, 'replications=3']}}",
                    f"arms: {{a: [{light}, 'city=port_city']}}",
                    f"arms: {{a: [{light}, 'seed=1,2']}}",
                    f"arms: {{a: [{light}, 'foo=1']}}",
                    f"arms: {{a: [{light}, '=']}}",
                    f"arm: {{a: [{light}]}}",
                    f"arms: {{a: [{light}]}}\nseed: 3",
                    f"arms: {{a: [{light}]}}\nreplications: many",
                    f"arms: {{a: [{light}]}}\nreplications: 0",
                    f"arms: {{a: [{light}]}}\noutcome: luck",
                    f"arms: {{a: [{light}]}}\nquestion: [1]",
                    f"arms: {{a: [{light}]}}\noverrides: seed=1",
                    f"arms: {{a: [{light}]}}\noverrides: [seed]",
                    f"arms: {{a: [{light}, 'intervention.street_lighting.strength=-1']}}",
                    "arms: {a: ['interventions=[lightning]']}",
                    "arms: {a: ['interventions=street_lighting']}",
                    f"arms: {{{'a' * 80}: [{light}]}}",
                    f"arms: {{a: [{light}]}}\nreplications: {{b: 1}}",
                    f"arms: {{a: [{light}]}}\noverrides: ['experiment=x']",
                ]
            )
        )

    def bad_sweep(self):
        return self.rng.choice(
            [
                ["run", "--multirun", "seed=range(1,1000000000)"],
                ["run", "--multirun", "seed=1,2", "tick_hours=5,7"],
                ["run", "-m", "seed=1,abc"],
                ["run", "-m", "city=compact_european,atlantis"],
                ["run", "-m", "city=glob(zzz*)"],
                ["run", "-m", "seed=range(1,200)", "city.seed=range(1,200)"],
                ["run", "-m", "hydra.x=1,2"],
                ["run", "-m", "foo=1,2"],
                ["compare", "-m", "arms=[street_lighting],[atlantis]"],
                ["run", "-m", "years=0,-1"],
                ["run", "-m", "city.path='${x}',b"],
                ["run", "-m", "seed=range(1,x)"],
                ["run", "-m", "seed=range(0,1,0.0000001)"],
                ["run", "-m", "years=nan,inf"],
            ]
        )

    def bad_city_path(self):
        (self.folder / "empty").mkdir(exist_ok=True)
        task = self.rng.choice(
            [
                ["run", "dry_run=true", "city=from_files"],
                ["import_city"],
                ["compare", "arms=[street_lighting]", "city=from_files"],
            ]
        )
        return [
            *task,
            *self.rng.choice(
                [
                    [],
                    ["city.path="],
                    ["city.path=missing"],
                    ["city.path=empty"],
                    ["city.path=/etc/passwd"],
                    ["city.path=[a]"],
                    ["city.path=null"],
                    ["city.path=empty", "city.areas=[x]"],
                    ["city.path='a\x00b'"],
                    ["city.path=" + "x" * 5000],
                ]
            ),
        ]


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _paths(tree: dict, prefix: str = ""):
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _paths(value, f"{path}.")
        else:
            yield path


def _get(tree: dict, path: str):
    for part in path.split("."):
        tree = tree[part]
    return tree
