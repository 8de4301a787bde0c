"""What the tests of all parts share."""

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong. Where CI is set, Hypothesis brings a profile of its own.
settings.register_profile(
    "unhurried",
    settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")
