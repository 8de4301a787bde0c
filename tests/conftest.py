"""What the tests of all parts share."""

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong.
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
# The same examples in every run: a change is to blame for what fails, not luck.
settings.register_profile("same", settings.get_profile("unhurried"), derandomize=True)
# New examples, and many: `pytest --hypothesis-profile=explore` looks for what nobody thought of.
settings.register_profile("explore", settings.get_profile("unhurried"), max_examples=2000)
settings.load_profile("same")
