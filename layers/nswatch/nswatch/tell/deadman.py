"""The dead-man ping: as long as it comes, a service outside of this account keeps quiet.

What it tells of is the loss of both hubs together, which nobody inside can tell. Any service does that waits for a GET
of a URL and tells people when it stays away.
"""

import logging
from urllib.parse import urlsplit

import urllib3

SECONDS = 3.0

logger = logging.getLogger(__name__)


class DeadMan:
    """Pings ``url``, an http or https URL; with an empty one (there is no service) it does nothing."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(total=SECONDS), retries=False)

    def ping(self) -> None:
        """Ask for the URL once. What fails is logged and never raised: the service notices by itself."""
        if not self._url:
            return
        if urlsplit(self._url).scheme not in ("http", "https"):
            logger.error("the dead-man URL is neither http nor https, so it is not asked for")
            return
        try:
            answer = self._pool.request("GET", self._url, preload_content=False)
            answer.close()
        except urllib3.exceptions.HTTPError as error:
            # The URL itself may be a secret: whoever knows it can keep the service quiet.
            logger.warning("the dead-man service was not reached: %s", type(error).__name__)
            return
        if answer.status >= 300:
            logger.warning("the dead-man service answered with status %d", answer.status)
