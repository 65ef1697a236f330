"""The deployed story, played from within the private Internet; writes what was seen as JSON.

Started by conftest.py in a network, mount and process namespace of its own, so that nothing of it outlives it. The
deployed code gets no hint that it is tested: it asks 198.41.0.4 on port 53, and calls AWS where its SDK points.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from tests.e2e import cloud, deadman, tools
from tests.e2e.cloud import wait_for
from tests.e2e.commands import Commands
from tests.e2e.internet import COINCHECK, Internet
from tests.e2e.proxy import Loss, Proxy
from tests.e2e.seen import HUBS, NAME, REGIONS, TRAIL, Seen

FIRST_PASSES = 240.0
"""Seconds within which every region must have made a pass: a schedule waits a minute, a turn up to two more."""
UNTIL_SILENT = 240.0
"""A hub is silent after 150 s, and is found to be in the other one's next round."""
UNTIL_LETTERS = 180.0
"""A region or collector counts them once a minute, and a hub hears of it in its next round."""
UNTIL_PAGE = 240.0
"""Longer than the tests allow, so that a page that comes late is seen to come late."""
UNTIL_EQUAL = 180.0
AFTER_PAGE = 60.0
"""Seconds in which nothing more may come: longer than a round of turns, and than the standby's patience of 45 s."""

PRIMARY, STANDBY = HUBS
LETTERS = [("us-west-2", "probe"), (STANDBY, "collector")]
"""Where a message is laid into the dead letters. The region's is told by the standby, while the primary is lost."""
FIRST_UPGRADED = [STANDBY, REGIONS[-1]]
THEN_UPGRADED = [region for region in REGIONS if region not in FIRST_UPGRADED]
"""As `nswatch deploy` does, the standby first. In between, each release has a hub and a region that only probes."""

MAY_WRITE = {
    "probe": ["probe#us-west-2#trial", "probe#us-west-1", "probe#eu-west-1#trial", "watchlist", "group#x", "hub"],
    "comparator": ["group#x", "hub", "followed", "probe#us-west-2", "probe#eu-west-1#trial", "watchlist"],
    "collector": ["collect#eu-west-1#trial", "collect#us-west-2", "probe#eu-west-1", "watchlist", "group#x", "hub"],
    "trail": ["trail#example.com", "probe#us-east-1", "collect#us-east-1", "watchlist", "group#x", "hub"],
}
"""What is tried in the primary's table: with the rights of the functions in `TRIED_IN`."""
TRIED_IN = {"probe": REGIONS[2], "comparator": STANDBY, "collector": STANDBY, "trail": TRAIL}

EVENTS = tools.REPOSITORY / "events"

_DENIED = re.compile("AccessDenied|not authorized", re.IGNORECASE)


def say(text: str) -> None:
    """Tell a watching person how far it is."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stderr.flush()


class Story:
    """The world and what happens in it.

    ``home`` takes logs and state, ``source`` is this commit, built, ``earlier`` the template that it upgrades, if any.
    """

    def __init__(self, home: Path, source: Path, earlier: Path | None, internet: Internet, proxy: Proxy) -> None:
        self.seen = Seen()
        self._home = home
        self._earlier = earlier
        self._internet = internet
        self._proxy = proxy
        self._commands = Commands(home, source)
        self._watcher = cloud.Watcher(self.seen, say)

    def configure(self, anchor: str, url: str) -> None:
        """Have the collectors validate from the private Internet's root, and hubs ask for ``url`` while they are sound.

        Before anything is deployed.
        """
        self._commands.configure(RootAnchors=anchor, DeadManUrl=url)

    def play(self) -> None:
        """Deploy, upgrade, lose the primary hub and have it back, with a hijack each time; then destroy."""
        try:
            self._deploy()
            if self._earlier is not None:
                self._upgrade(FIRST_UPGRADED)
                # The earlier release loses a turn when its schedule drifts over a minute: the mixture runs first.
                self._await_passes(HUBS, FIRST_PASSES, time.time())
            self._hijack("example.com")
            if self._earlier is not None:
                before = {hub: cloud.items(hub) for hub in HUBS}
                self._upgrade(THEN_UPGRADED)
                self._compare(before)
            self._status("with both hubs")
            self._tell_of_calls(COINCHECK)
            self._lose_the_primary()
            self._recover_the_primary()
            self._status("at the end")
        finally:
            self._watcher.stop()
            self._look_back()
        self._destroy()

    def _mark(self, moment: str) -> None:
        self.seen.moments[moment] = time.time()
        say(f"--- {moment}")

    def _deploy(self) -> None:
        self._mark("deploying")
        if self._earlier is None:
            self._commands.deploy()
        else:
            with ThreadPoolExecutor() as pool:
                list(pool.map(partial(self._commands.deploy_by_sam, self._earlier), REGIONS))
        self._mark("deployed")
        self._watcher.start()
        self._commands.apply_watchlist()
        self._mark("applied")
        # The schedules were made a moment ago and begin after a minute. One that comes twice is a turn like any other.
        for region in REGIONS:
            cloud.start_turn(region)
        self._await_passes(HUBS, FIRST_PASSES)
        self._mark("watched")

    def _await_passes(self, hubs: list[str], patience: float, since: float = 0.0) -> None:
        """Wait until every region's pass is recorded in all of ``hubs``, one that began after ``since``."""
        after = datetime.fromtimestamp(since, UTC)

        def recorded() -> bool:
            return all(
                any(datetime.fromisoformat(at) >= after for at in self.seen.passes.get(hub, {}).get(region, ()))
                for hub in hubs
                for region in REGIONS
            )

        wait_for(f"a pass of every region, recorded in {' and '.join(hubs)}", recorded, patience)

    def _upgrade(self, regions: list[str]) -> None:
        self._mark(f"upgrading {' and '.join(regions)}")
        self._commands.deploy(*regions)  # one after the other
        self._mark("upgraded")

    def _compare(self, before: dict[str, dict[str, cloud.Item]]) -> None:
        """Note what of that which no upgrade may touch is not as it was."""
        for hub, then in before.items():
            now = cloud.items(hub)
            for key, item in then.items():
                kind = cloud.kind_of(key)
                if kind is None:
                    continue
                self.seen.kept_by_upgrade[kind] = self.seen.kept_by_upgrade.get(kind, 0) + 1
                if cloud.content(now.get(key)) != cloud.content(item):
                    self.seen.lost_by_upgrade.append(f"{hub}: {key}")

    def _hijack(self, domain: str) -> None:
        """Change a delegation, and wait for the page."""
        self._mark(f"{domain} hijacked")
        self._internet.hijack(domain)
        wait_for(f"a page about {domain}", lambda: self._told("page", domain), UNTIL_PAGE)

    def _told(self, kind: str, domain: str) -> bool:
        return any(message.kind == kind and domain in message.subject for message in self.seen.messages)

    def _noticed(self, *words: str) -> bool:
        """Whether a notice's subject has all of ``words``."""
        notices = [message.subject for message in self.seen.messages if message.topic == "notice"]
        return any(all(word in subject for word in words) for subject in notices)

    def _tell_of_calls(self, domain: str) -> None:
        """Have CloudTrail tell of the trail function's own call, and of one that changed a domain's name servers."""
        own, changed = (json.loads((EVENTS / f"trail-{name}.json").read_text()) for name in ("own-call", "nameservers"))
        own["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = cloud.role_of(TRAIL, "trail")
        changed["detail"]["requestParameters"]["domainName"]["name"] = domain
        for what, event in (("own", own), ("changed", changed)):
            event["detail"]["eventTime"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            self.seen.rules[what] = cloud.tell_of_call(event)

    def _lose_the_primary(self) -> None:
        for region, function in LETTERS:
            cloud.leave_letter(region, function)
        self._mark("primary lost")
        # Calls hang, as they do when packets vanish: the worst that timeouts have to cope with.
        self._proxy.lose(PRIMARY, Loss.HANGS)
        self._hijack(COINCHECK)
        # From now on connections are reset: the other way to be gone.
        self._proxy.lose(PRIMARY, Loss.CLOSES)
        self._status("without the primary")
        wait_for("a notice that the primary is silent", lambda: self._noticed("hub", PRIMARY, "silent"), UNTIL_SILENT)

    def _recover_the_primary(self) -> None:
        self._mark("primary recovered")
        recovered = time.time()
        self._proxy.recover(PRIMARY)
        wait_for("a pass recorded in the primary again", lambda: self._passes_since(PRIMARY, recovered), UNTIL_EQUAL)
        # Until then it would page for the next domain by itself: a page too many, and never one too few.
        wait_for("what the standby sent meanwhile", lambda: cloud.knows_of_page(PRIMARY, COINCHECK), UNTIL_EQUAL)
        self._hijack("example.net")
        until = time.time() + AFTER_PAGE
        self._mark(f"{COINCHECK} repaired")
        self._internet.repair(COINCHECK)
        wait_for("a recovering notice", lambda: self._told("recovering", COINCHECK), UNTIL_EQUAL)
        self._await_passes(HUBS, UNTIL_EQUAL, recovered)
        wait_for("equal logs in both hubs", lambda: cloud.log_of(PRIMARY) == cloud.log_of(STANDBY), UNTIL_EQUAL, 2)
        self._mark("logs equal")
        wait_for("a notice of dead letters", lambda: self._noticed("us-west-2", "dead letters"), UNTIL_LETTERS)
        self._mark("letters told")
        wait_for("turns of both collectors", lambda: all(map(cloud.has_collected, HUBS)), UNTIL_EQUAL)
        self._mark("collected")
        time.sleep(max(0, until - time.time()))

    def _passes_since(self, hub: str, since: float) -> bool:
        after = datetime.fromtimestamp(since, UTC)
        found = self.seen.passes.get(hub, {}).values()
        return any(datetime.fromisoformat(at) >= after for passes in found for at in passes)

    def _status(self, when: str) -> None:
        self.seen.status[when] = self._commands.status(when.replace(" ", "-"))

    def _look_back(self) -> None:
        """Note what failed silently, who may write what, and keep the functions' logs."""
        for hub in HUBS:
            self.seen.logs[hub] = cloud.log_of(hub)
            reports = [key for key in cloud.items(hub) if cloud.is_report(key)]
            self.seen.reports[hub] = sorted(reports)
            self.seen.chains |= {f"{hub} {who}": values for who, values in cloud.chains(hub).items()}
        for region, function in LETTERS:
            cloud.take_letters(region, function)
        for region, function in cloud.functions():
            self.seen.dead_letters[f"{function} in {region}"] = cloud.dead_letters(region, function)
            lines = cloud.log_lines(region, function)
            (self._home / f"{region}-{function}.log").write_text("\n".join(lines) + "\n")
            self.seen.denied += [f"{function} in {region}: {line}" for line in lines if _DENIED.search(line)]
        for function, partitions in MAY_WRITE.items():
            region = TRIED_IN[function]
            self.seen.written[function] = {
                partition: cloud.write_as(region, function, PRIMARY, partition) for partition in partitions
            }

    def _destroy(self) -> None:
        self._mark("destroying")
        self._commands.destroy()
        self._mark("destroyed")
        for region in REGIONS:
            summaries = cloud.client("cloudformation", region).list_stacks()["StackSummaries"]
            there = {each["StackName"] for each in summaries if each["StackStatus"] != "DELETE_COMPLETE"}
            self.seen.left += sorted(name for name in there if name.startswith(f"{NAME}-"))
            for table in cloud.client("dynamodb", region).list_tables()["TableNames"]:
                self.seen.tables[f"{table} in {region}"] = len(cloud.items(region))


def _end_with_the_caller() -> None:
    """End, and by that all within the namespace, when the one who started this is gone (it holds the other end)."""
    while os.read(0, 1):
        pass
    os._exit(1)


def main(home: Path, source: Path, begin_with: str) -> None:
    """Bring up the network, the name servers and the emulator; play; write what was seen.

    ``begin_with`` is the earlier commit's built template, or says why there is none.
    """
    environment = tools.environment(home / "home")
    os.environ.update(environment)
    for command in ("link set lo up", "route add local 0.0.0.0/0 dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    internet = Internet(home / "internet")
    earlier = Path(begin_with) if Path(begin_with).is_file() else None
    with Proxy(cloud.PORT, cloud.PORTS) as proxy, deadman.Service() as service:
        story = Story(home, source, earlier, internet, proxy)
        story.seen.not_upgraded = "" if earlier else begin_with
        emulator = None
        try:
            internet.start()
            story.configure(internet.trust_anchor, deadman.URL)
            emulator = cloud.start(home, environment)
            say("name servers and emulator are up")
            story.play()
        except (TimeoutError, RuntimeError, OSError, subprocess.SubprocessError, BotoCoreError, ClientError) as error:
            story.seen.errors.append(f"{type(error).__name__}: {error}")
        finally:
            story.seen.pings = service.pings
            internet.stop()
            if emulator is not None:
                emulator.terminate()
            json.dump(asdict(story.seen), sys.stdout, indent=1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_caller, name="caller", daemon=True).start()
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
