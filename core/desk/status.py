"""How a desk's feed does, for those who look at it."""

from __future__ import annotations

from core.desk.snapshot import FeedState, FeedStatus
from core.market.appraisal import Appraisal
from core.market.feed import Feed
from core.market.replay import ReplayFeed


def feed_status(feed: Feed, appraisal: Appraisal) -> FeedStatus:
    """The state of `feed`, whose quotes are judged in `appraisal`."""
    if isinstance(feed, ReplayFeed):
        still = feed.source == "csv"
        state: FeedState = "still" if still else "ended" if feed.ended else "live"
        return FeedStatus(feed.source, state, "", feed.row + 1, feed.rows, 0.0 if still else feed.speed)
    trouble = feed.trouble
    if trouble:
        return FeedStatus(feed.source, "down", trouble, answered=feed.answered)
    if feed.asking:
        return FeedStatus(feed.source, "asking")
    usable = [trust for trust in appraisal.trusts.values() if trust.usable]
    resting = bool(usable) and all(trust.closed for trust in usable)
    return FeedStatus(feed.source, "closed" if resting else "live", answered=feed.answered)
