"""Lost UDP replies: the first N of each region's pass; the same question asked again is answered."""


class PassLoss:
    """Counts what each region has lost in its current pass. ``limit`` is N."""

    def __init__(self) -> None:
        self.limit = 0
        self._lost: dict[str, set[tuple[str, bytes]]] = {}

    def begin(self, region: str) -> None:
        """Begin a new pass of ``region``."""
        self._lost.pop(region, None)

    def loses(self, region: str, server: str, query: bytes) -> bool:
        """Whether the reply to ``query`` (wire) from ``server`` is lost; its ID and letter case do not matter."""
        if not self.limit:
            return False
        lost = self._lost.setdefault(region, set())
        question = (server, query[12:].lower())
        if question in lost or len(lost) >= self.limit:
            return False
        lost.add(question)
        return True
