"""The command softmoe-edu.

`softmoe-edu lab` opens the lessons in JupyterLab, in a workspace of the learner's own; `deliver` only copies them;
`doctor` says what of an installation works; `inspect` looks into a model of Hugging Face; `cost` shows what the paper's
models cost; `evidence` reruns the papers' claims; `hand-in` writes what a learner did into one file; `grade`,
`collect`, `export`, `report`, `bundle` and `hub` are for teachers; `bench` times the package beside others, in a
checkout.
"""

import argparse
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from softmoe_edu import __version__, lab
from softmoe_edu.cost import Device, comparison, table
from softmoe_edu.paper import MODELS

KINDS = ("nbgrader", "otter", "solutions", "instructor")


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a mistake in it ends with one sentence and status 1 or 2."""
    parser = argparse.ArgumentParser(prog="softmoe-edu", description=__doc__)
    parser.add_argument("--version", action="version", version=f"softmoe-edu {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("lab", help="copy the lessons into a workspace and open JupyterLab there")
    command.add_argument(
        "workspace", nargs="?", type=Path, default=Path("softmoe_lab"), metavar="DIR", help="default: ./softmoe_lab"
    )
    command.add_argument("--no-browser", action="store_true", help="start the server without opening a browser")
    command.add_argument("--ip", default="127.0.0.1", help="address to listen on; 0.0.0.0 is all; 127.0.0.1, this one")
    command.add_argument("--port", type=port, help="the server's port; without it, the first free one from 8888 on")
    command.add_argument(
        "--base-url", default="/", metavar="PATH", help="where it stands behind a proxy, such as /class/"
    )
    command = commands.add_parser("deliver", help="copy the lessons into a folder, and start nothing")
    command.add_argument("workspace", type=Path, metavar="DIR")
    commands.add_parser("doctor", help="say what of this installation works, and what to do about the rest")
    command = commands.add_parser("cost", help="show what a model of the paper costs by part, or compare two")
    command.add_argument("names", nargs="*", metavar="NAME", help="one model or two; without a name, all are listed")
    command.add_argument("--batch", type=positive(int), default=1, help="images that share one read of parameters")
    command.add_argument(
        "--device",
        nargs=2,
        type=positive(float),
        metavar=("TFLOPS", "GBPS"),
        help="rates of a device: adds the time that it takes",
    )
    command = commands.add_parser("inspect", help="report on the routing of a Hugging Face model, and save it as pages")
    command.add_argument("model", metavar="MODEL_OR_FOLDER", help="a folder of save_pretrained, or a name on the hub")
    command.add_argument("--text", action="append", default=[], type=Path, metavar="FILE", help="may be repeated")
    command.add_argument("--tokens", type=positive(int), default=64, help="of a piece of text; 64")
    command.add_argument("--out", type=Path, default=Path("softmoe_inspect"), help="the pages; ./softmoe_inspect")
    command = commands.add_parser("hand-in", help="write what you tried and predicted into one file, without your name")
    command.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="your workspace; without it, this one")
    command.add_argument("--out", type=Path, metavar="FILE", help="the file; without it, one in the workspace")
    command = commands.add_parser("report", help="summarise the hand-ins of a class, without names")
    command.add_argument("files", nargs="+", metavar="FILE", help="hand-ins, or folders and zips that hold them")
    command.add_argument("--csv", type=Path, metavar="DIR", help="write each table as a CSV file, too")
    command.add_argument("--page", type=Path, metavar="FILE", help="write a page, too, whose name ends in .html")
    command = commands.add_parser("grade", help="grade what a class handed in, each answer alone in its own process")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="notebooks, folders and zips, of any name")
    command.add_argument("--roster", type=Path, metavar="CSV", help="the class: columns such as id, name, email")
    command.add_argument("--lesson", metavar="NN", help="a lesson's number; without it, told by each notebook")
    command.add_argument("--out", type=Path, metavar="DIR", help="the results; without it, FOLDER_graded")
    command.add_argument("--deadline", type=moment, metavar="ISO", help="such as 2026-03-05T18:00: later is late")
    command.add_argument("--workers", type=positive(int), default=os.cpu_count() or 1, help="graded at the same time")
    command.add_argument("--otter", type=Path, metavar="DIST", help="grade with Otter: what `otter assign` wrote")
    command.add_argument("--yes", action="store_true", help="go on where answers cannot be isolated in full")
    command = commands.add_parser("collect", help="put what a class handed in where nbgrader looks for it")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="notebooks, folders and zips, of any name")
    command.add_argument("course", type=Path, metavar="COURSE", help="the folder of `softmoe-edu export nbgrader`")
    command.add_argument("--roster", type=Path, metavar="CSV", help="the class: columns such as id, name, email")
    command.add_argument("--lesson", metavar="NN", help="a lesson's number; without it, told by each notebook")
    command.add_argument("--deadline", type=moment, metavar="ISO", help="such as 2026-03-05T18:00: later is late")
    command = commands.add_parser("export", help="write the course for a grader or a teacher")
    command.add_argument("kind", choices=KINDS)
    command.add_argument("folder", type=Path, metavar="DIR")
    command.add_argument("--lesson", action="append", metavar="NN", help="a lesson's number; without it, all lessons")
    command = commands.add_parser("bundle", help="collect wheels and lessons for a room without a network")
    command.add_argument("folder", type=Path, metavar="DIR")
    command.add_argument("--python", metavar="VERSION", help="of the machines there, such as 3.12; default: this one")
    command.add_argument("--platform", action="append", metavar="TAG", help="of the machines there, such as win_amd64")
    command = commands.add_parser("hub", help="write a JupyterHub for a class, or bring one up to date")
    command.add_argument("folder", type=Path, metavar="DIR", help="such as /srv/softmoe: students need a way to it")
    command.add_argument("--teachers", nargs="+", metavar="NAME", help="accounts of this machine, or a file of them")
    command.add_argument(
        "--students", nargs="+", metavar="FILE", help="a roster or a file of names; names; @GROUP; '*' for everybody"
    )
    command.add_argument("--ip", help="address to listen on; 0.0.0.0 is all; without it, this machine alone")
    command.add_argument("--port", type=positive(int), help="8000 unless given")
    command.add_argument("--memory", metavar="SIZE", help="of each student, such as 2G, the default")
    command.add_argument("--cpus", type=positive(int), help="of each student; 2 unless given")
    command.add_argument("--accounts", action="store_true", help="make the missing accounts, with passwords; as root")
    command = commands.add_parser("evidence", help="rerun the papers' claims and say what was found")
    command.add_argument("claims", nargs="*", metavar="CLAIM", help="some claims; without a name, all of them")
    command.add_argument("--list", action="store_true", help="list the claims with their verdicts, and run nothing")
    command.add_argument("--folder", type=Path, default=Path("softmoe_evidence"), help="records; ./softmoe_evidence")
    command.add_argument("--workers", type=positive(int), default=1, help="runs at the same time")
    command.add_argument("--backend", help="where the runs go: loky, processes here (the default); dask, ray or slurm")
    command.add_argument("--scheduler", metavar="ADDRESS", help="of Dask or Ray; without it, --workers processes here")
    command.add_argument(
        "--slurm", action="append", type=option, metavar="OPTION=VALUE", help="of sbatch, such as partition=short"
    )
    command.add_argument("--device", default=None, help="such as cpu or cuda; without it, a GPU if there is one")
    command.add_argument("--smoke", action="store_true", help="a few short runs that say nothing of the claim")
    command.add_argument("--fresh", action="store_true", help="begin again, whatever the records hold")
    command.add_argument("--ledger", type=Path, metavar="FILE", help="write what was found as a page")
    commands.add_parser("bench", help="time the package beside others (python -m benchmarks --help)", add_help=False)
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command != "bench":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        run(arguments, rest)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of the output has gone (`| head`): what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: argparse.Namespace, rest: list[str]) -> None:
    """Do what the command says; rest are the arguments that belong to the benchmark."""
    if arguments.command == "cost":
        cost(arguments.names, batch=arguments.batch, rates=arguments.device)
    elif arguments.command == "inspect":
        from softmoe_edu.inspection import main as inspect

        sys.exit(inspect(arguments.model, arguments.text, arguments.out, tokens=arguments.tokens))
    elif arguments.command == "report":
        from softmoe_edu.teaching.class_report.session import main as report

        report(arguments.files, csv=arguments.csv, page=arguments.page)
    elif arguments.command == "hand-in":
        from softmoe_edu.teaching.hand_in.session import main as hand_in

        hand_in(arguments.folder, out=arguments.out)
    elif arguments.command == "grade":
        from softmoe_edu.teaching.grading.session import main as grade

        grade(arguments)
    elif arguments.command == "collect":
        from softmoe_edu.teaching.exports.collecting import main as collect

        collect(arguments)
    elif arguments.command == "export":
        from softmoe_edu.teaching.exports import export
        from softmoe_edu.teaching.say import say

        try:
            say(*export(arguments.kind, arguments.folder, lessons=arguments.lesson))
        except (ValueError, OSError) as error:
            sys.exit(str(error))
    elif arguments.command == "bundle":
        from softmoe_edu.bundle import bundle

        try:
            print(*bundle(arguments.folder, python=arguments.python, platforms=arguments.platform or ()), sep="\n")
        except (ValueError, OSError) as error:
            sys.exit(str(error))
    elif arguments.command == "hub":
        hub(arguments)
    elif arguments.command == "evidence":
        evidence(arguments)
    elif arguments.command == "bench":
        bench(rest)
    elif arguments.command == "doctor":
        from softmoe_edu.doctor import main as doctor

        sys.exit(doctor())
    elif arguments.command == "deliver":
        lab.deliver(arguments.workspace)
    else:
        lab.main(
            arguments.workspace,
            browser=not arguments.no_browser,
            ip=arguments.ip,
            port=arguments.port,
            base_url=arguments.base_url,
        )


def evidence(arguments: argparse.Namespace) -> None:
    """Run claims and print what was found; records go on where they were interrupted."""
    from softmoe_edu.evidence.session import main as session

    sys.exit(
        session(
            arguments.claims,
            arguments.folder,
            workers=arguments.workers,
            backend=arguments.backend,
            scheduler=arguments.scheduler,
            slurm=dict(arguments.slurm or ()),
            device=arguments.device,
            smoke=arguments.smoke,
            fresh=arguments.fresh,
            only_list=arguments.list,
            ledger=arguments.ledger,
        )
    )


def hub(arguments: argparse.Namespace) -> None:
    """Write a hub, with the settings that the command line names."""
    from softmoe_edu.hub.classroom import names
    from softmoe_edu.hub.folder import main

    given = {name: getattr(arguments, name) for name in ("ip", "port", "memory", "cpus")}
    try:
        for role in ("teachers", "students"):
            if words := getattr(arguments, role):
                given[role] = names(words)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    wanted = {name: value for name, value in given.items() if value is not None}
    main(arguments.folder, wanted, make_accounts=arguments.accounts)


def bench(arguments: list[str]) -> None:
    """Run the benchmark of the checkout that this package lies in; an installed package has none."""
    checkout = Path(__file__).resolve().parents[1]
    if not (checkout / "benchmarks" / "__main__.py").is_file():
        sys.exit("the benchmark belongs to the repository, not to the installed package: clone it and run make bench")
    sys.exit(subprocess.call([sys.executable, "-m", "benchmarks", *arguments], cwd=checkout))


def option(text: str) -> tuple[str, str]:
    """Read an option and its value."""
    name, equals, value = text.lstrip("-").partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"expected an option of sbatch and its value, as in time=120, got {text!r}")
    return name, value


def port(text: str) -> int:
    """Read a port number that is free on this machine."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 65535, got {text!r}")
    with socket.socket() as probe:
        # As servers do on POSIX: a port whose last connection has just closed counts as free.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise argparse.ArgumentTypeError(f"{text} cannot be used ({error.strerror}): choose another one") from None
    return int(text)


def moment(text: str) -> datetime:
    """Read a time, in the zone of this machine unless it names another."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-03-05T18:00, got {text!r}") from None


def positive(kind: Callable[[str], int | float]) -> Callable[[str], int | float]:
    """Return a reader of numbers over 0."""

    def read(text: str) -> int | float:
        try:
            number = kind(text)
        except ValueError:
            number = 0
        if not 0 < number < math.inf:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"expected {what} over 0, got {text!r}")
        return number

    return read


def cost(names: Sequence[str], *, batch: int = 1, rates: Sequence[int | float] | None = None) -> None:
    """Print the cost of one image by part: of one model with what the paper prints, or of two side by side."""
    if len(names) > 2:
        sys.exit(f"expected at most two names, got {len(names)}: compare two at a time")
    if len(names) == 2 and (rates or batch != 1):
        sys.exit("--batch and --device belong to one name: ask for each model alone")
    try:
        models = [MODELS[name] for name in names] or list(MODELS.values())
    except KeyError as error:
        sys.exit(error.args[0])
    if not names:
        lines = [f"{m.name:36}{m.parameters / 1e6:10.1f}{m.gflops_per_image:11.1f}" for m in models]
        print(f"{'model':36}{'M params':>10}{'GFLOP/img':>11}", *lines, sep="\n")
    elif len(models) == 2:
        first, second = models
        more, flops = second.parameters / first.parameters, second.gflops_per_image / first.gflops_per_image
        print(comparison((first.name, first.cost), (second.name, second.cost)))
        print(f"{second.name} has {more:.3g} x the parameters and {flops:.3g} x the FLOPs per image of {first.name}")
    else:
        (model,) = models
        device = Device(1e12 * rates[0], 1e9 * rates[1]) if rates else None
        print(f"{model.name}: FLOPs of one image, bytes of a batch of {batch} in 16-bit numbers")
        print(table(model.cost, batch=batch, device=device))
        if model.printed("parameters"):
            figures = (model.printed(name) for name in ("parameters", "gflops_per_image", "ms_per_image"))
            print("the paper prints {} parameters, {} GFLOP/img, {} ms/img".format(*figures))
        for note in model.notes:
            print(f"note: {note}")


if __name__ == "__main__":
    main()
