"""b8: fresh processes run a small scenario, without and with programs in the cache."""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


HERE = pathlib.Path(__file__).parent
ROUNDS = 3


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return time.perf_counter() - begun, done.stdout


def main() -> None:
    imports, cold, warm = [], [], []
    profiles = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as place:
            environment = os.environ | {"XDG_CACHE_HOME": place}
            run = [sys.executable, "-m", "hopsim", "run", str(HERE / "small.toml")]
            run += ["--out", str(pathlib.Path(place) / "runs")]
            imports.append(timed([sys.executable, "-c", "import jax"], environment)[0])
            cold.append(timed(run, environment)[0])
            warm.append(timed(run, environment)[0])
            profiles["warm"] = timed([*run, "--profile"], environment)[1]
            cold_run = [*run, "--profile", "--no-cache"]
            profiles["cold"] = timed(cold_run, environment)[1]
    one, first, second = (statistics.median(x) for x in (imports, cold, warm))
    print("\n## b8: `hopsim run` of a small scenario, seconds of a fresh process\n")
    print(
        f"import jax {one:.2f}; first run {first:.2f}; second run {second:.2f} = ",
        end="",
    )
    print(f"{second / first:.2f} of the first, {second / one:.1f} of import jax")
    for name, page in profiles.items():
        lines = page.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("import "))
        print(f"\n{name}:\n" + "\n".join(lines[start:]))


if __name__ == "__main__":
    main()
