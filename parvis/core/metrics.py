"""The few measures that an operator watches, for /metrics."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

requests = Counter("parvis_requests", "Requests answered", ["method", "status"])
seconds = Histogram(
    "parvis_request_seconds",
    "Seconds to answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
pending_events = Gauge("parvis_pending_events", "Events that consumers have not taken yet")
failed_deliveries = Gauge("parvis_failed_deliveries", "Deliveries in error")
waiting_jobs = Gauge("parvis_waiting_jobs", "Jobs that wait or run")
unsequenced_leaves = Gauge("parvis_unsequenced_leaves", "Ledger leaves without an index")


def page() -> bytes:
    """Return the metrics in Prometheus text format."""
    return generate_latest(REGISTRY)
