"""What operators do: the commands of this commit, and `sam deploy` of an earlier one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e import tools
from tests.e2e.cloud import endpoint
from tests.e2e.proxy import OUTSIDE
from tests.e2e.seen import HUBS, NAME, REGIONS

PARAMETERS = {
    "PrimaryHub": HUBS[0],
    "StandbyHub": HUBS[1],
    "Regions": ",".join(REGIONS),
    "Name": NAME,
    "Architecture": "x86_64",
    "IpRangesUrl": '""',  # nobody publishes AWS's ranges here
}
NSWATCH = str(Path(sys.executable).parent / "nswatch")
AT_THE_HUBS = ("--hubs", ",".join(HUBS), "--name", NAME)


class Commands:
    """Runs them; ``home`` takes their logs, ``source`` is this commit with what `sam build` made of it."""

    def __init__(self, home: Path, source: Path) -> None:
        self._home = home
        self._source = source
        self._environment = tools.environment(home / "home") | {"AWS_ENDPOINT_URL": endpoint(OUTSIDE)}
        self._environment["PATH"] = f"{tools.BUILD / 'sam' / 'bin'}:{self._environment['PATH']}"
        self._config = home / "samconfig.toml"
        self.configure()

    def configure(self, **more: str) -> None:
        """Write the configuration that deployments go by, with ``more`` parameters."""
        overrides = [f"{key}={value}" for key, value in {**PARAMETERS, **more}.items()]
        lines = ["version = 0.1", "[default.deploy.parameters]", "resolve_s3 = true"]
        lines += ['capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]', "confirm_changeset = false"]
        lines += ["fail_on_empty_changeset = false", f"parameter_overrides = {json.dumps(overrides)}"]
        self._config.write_text("\n".join(lines) + "\n")

    def deploy_by_sam(self, template: Path, region: str) -> None:
        """Deploy a built template to one region."""
        command = ["sam", "deploy", "--template-file", str(template), "--config-file", str(self._config)]
        command += ["--stack-name", f"{NAME}-{region}", "--region", region, "--no-progressbar"]
        tools.run(command, self._home / f"sam-deploy-{region}.log", self._environment)

    def deploy(self, *only: str) -> None:
        """Deploy this commit to all regions, or only to some."""
        options = ["--source", str(self._source), "--config", str(self._config), "--yes", "--no-build"]
        options += [option for region in only for option in ("--only", region)]
        self._nswatch("deploy" + "".join(f"-{region}" for region in only), "deploy", *options)

    def apply_watchlist(self) -> None:
        """Apply the watchlist to both hubs."""
        # Beside the file `apply` writes the approved baseline.
        watchlist = str(shutil.copy(tools.HERE / "watchlist.yaml", self._home))
        self._nswatch("apply", "watchlist", "apply", watchlist, *AT_THE_HUBS, "--yes")

    def status(self, when: str) -> Any:
        """Return what `nswatch status --json` prints, whatever it thinks of that (its exit status)."""
        path, log = self._home / f"status-{when}.json", self._home / f"status-{when}.log"
        with path.open("wb") as output, log.open("wb") as errors:
            command = [NSWATCH, "status", *AT_THE_HUBS, "--json"]
            nothing = subprocess.DEVNULL
            # Where samconfig.toml says which regions there are.
            place, own = self._home, self._environment
            subprocess.run(command, cwd=place, env=own, stdin=nothing, stdout=output, stderr=errors, check=False)
        return json.loads(path.read_text())

    def destroy(self) -> None:
        """Delete the stacks."""
        self._nswatch("destroy", "destroy", "--config", str(self._config), "--yes")

    def _nswatch(self, log: str, *arguments: str) -> None:
        tools.run([NSWATCH, *arguments], self._home / f"{log}.log", self._environment)
